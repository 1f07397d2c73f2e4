//! `[[trunks]]`: where we sign in, whose addresses we know, and with which password, which is never in an error.

use std::collections::BTreeSet;
use std::time::Duration;

use super::check::{each, number, read, text};
use super::error::{ConfigError, Source};
use super::raw;
use super::secret::{Secret, secret};
use super::settings::{Cidr, SipConfig};
use super::value;
use crate::sip::Transport;
use crate::sip::sdp::Security;

/// A trunk: a carrier or a PBX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkConfig {
    /// What logs and the API call it.
    pub name: String,
    /// Host name or address of its registrar or proxy; none of one that only calls us.
    pub host: Option<String>,
    /// Its port, where the configuration says so.
    pub port: Option<u16>,
    /// Whether we sign in there.
    pub signs_in: bool,
    /// Networks its calls come from, beside its host.
    pub peers: Vec<Cidr>,
    /// What carries messages to it; none: as its name's NAPTR and SRV records say.
    pub transport: Option<Transport>,
    /// Domain of our address there; empty without a host.
    pub domain: String,
    /// Our name and password there.
    pub login: Option<(String, Secret)>,
    /// Our number there; none: the user name.
    pub number: Option<String>,
    /// How long a sign-in is asked to last.
    pub expires: Duration,
    /// Whether media with it is protected; none: as `[media]` says.
    pub srtp: Option<Security>,
    /// Whether calls that are put through may show the caller's number.
    pub show_caller: bool,
    /// The trunk that takes the calls of ours it does not take.
    pub fallback: Option<String>,
    /// Where it is told to send the calls we cannot take: a number there, or a SIP address.
    pub failover: Option<String>,
    /// How it is told through whom a call of ours came: in Diversion, in History-Info.
    pub forwarding: (bool, bool),
    /// Whether its calls have to show our password there.
    pub inbound_auth: bool,
    /// How often it is asked whether it is there; none: never.
    pub health: Option<Duration>,
}

/// Checks every trunk.
pub(super) fn trunks(
    source: &Source<'_>,
    raw: &[raw::Trunk],
    sip: &SipConfig,
) -> Result<Vec<TrunkConfig>, ConfigError> {
    for fallback in raw.iter().filter_map(|one| one.fallback.as_ref()) {
        let named = raw.iter().find(|one| one.name.get_ref() == fallback.get_ref());
        let placeable = named.is_some_and(|one| one.registrar.is_some() || one.proxy.is_some());
        if !placeable {
            let message = format!(
                "no trunk `{}` takes calls of ours; name one of [[trunks]] with a registrar or proxy",
                fallback.get_ref()
            );
            return Err(source.at(fallback.span(), message));
        }
    }
    let mut names = BTreeSet::new();
    raw.iter()
        .map(|one| {
            let trunk = trunk(source, one)?;
            let by = trunk.transport.filter(|_| trunk.host.is_some());
            if by.is_some_and(|by| sip.listen.iter().all(|listen| listen.transport != by)) {
                let message = format!(
                    "trunk `{}` is not reached by what [sip] listens on; add a listen address of its transport",
                    trunk.name
                );
                return Err(source.at(one.name.span(), message));
            }
            match names.insert(trunk.name.clone()) {
                true => Ok(trunk),
                false => Err(source.at(one.name.span(), format!("two trunks are named `{}`; rename one", trunk.name))),
            }
        })
        .collect()
}

fn trunk(source: &Source<'_>, raw: &raw::Trunk) -> Result<TrunkConfig, ConfigError> {
    let place = raw.name.span();
    let needed = |what: &str| source.at(place.clone(), format!("trunk `{}` has no {what}", raw.name.get_ref()));
    let signs_in = raw.registrar.is_some();
    if let (true, Some(proxy)) = (signs_in, &raw.proxy) {
        return Err(
            source.at(proxy.span(), "registrar and proxy are the same here; keep registrar to sign in, else proxy")
        );
    }
    if !signs_in && raw.proxy.is_none() && raw.peers.is_empty() {
        return Err(needed(
            "registrar; name the host your carrier gave you to sign in at, like registrar = \"sip.example.com\", or the \
             addresses its calls come from, like peers = [\"203.0.113.0/24\"]",
        ));
    }
    let (host, port) =
        read(source, raw.registrar.as_ref().map_or(&raw.proxy, |_| &raw.registrar), |text| host_and_port(text))?
            .map_or((None, None), |(host, port)| (Some(host), port));
    let called = read(source, &raw.number, |text| user(text))?;
    let expires = number(source, "expires_seconds", &raw.expires_seconds, EXPIRES_S, EXPIRES_S_MIN..=EXPIRES_S_MAX)?;
    let health = number(source, "options_seconds", &raw.options_seconds, OPTIONS_S, 0..=3600)?;
    let login = login(source, raw, signs_in, &needed)?;
    if raw.inbound_auth && login.is_none() {
        return Err(needed("username and password, which inbound_auth asks its calls for; add them"));
    }
    Ok(TrunkConfig {
        name: raw.name.get_ref().clone(),
        domain: text(source, "domain", &raw.domain)?.or_else(|| host.clone()).unwrap_or_default(),
        host,
        port,
        signs_in,
        peers: each(source, &raw.peers, value::cidr)?,
        transport: read(source, &raw.transport, |text| value::transport(text))?,
        login,
        number: called,
        expires: Duration::from_secs(expires),
        srtp: read(source, &raw.srtp, |text| value::srtp(text))?,
        show_caller: raw.show_caller,
        fallback: read(source, &raw.fallback, |name| Ok(name.clone()))?,
        failover: read(source, &raw.failover, |text| failover(text))?,
        forwarding: read(source, &raw.forwarding, |text| forwarding(text))?.unwrap_or((true, false)),
        inbound_auth: raw.inbound_auth,
        health: (health > 0).then(|| Duration::from_secs(health)),
    })
}

fn login(
    source: &Source<'_>,
    raw: &raw::Trunk,
    signs_in: bool,
    needed: &dyn Fn(&str) -> ConfigError,
) -> Result<Option<(String, Secret)>, ConfigError> {
    let username = read(source, &raw.username, |text| user(text))?;
    let password = secret(source, "password", [&raw.password, &raw.password_env, &raw.password_file])?;
    match (username, password) {
        (Some(username), Some(password)) => Ok(Some((username, password.into_inner()))),
        (None, None) if !signs_in => Ok(None),
        (None, _) => Err(needed("username; it is the one your carrier gave you for SIP")),
        (Some(_), None) => Err(needed("password; set password_file, password_env or password")),
    }
}

fn failover(text: &str) -> Result<String, String> {
    let number = text.strip_prefix('+').unwrap_or(text);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let uri = text.parse::<crate::sip::Uri>().ok();
    let is_address = uri.is_some_and(|uri| uri.is_sip() && uri.user().is_some() && !uri.has_headers());
    match is_number || is_address {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is nobody to send calls to; write \"+12125550199\" or \"sip:desk@192.0.2.7\"")),
    }
}

fn forwarding(text: &str) -> Result<(bool, bool), String> {
    match text {
        "diversion" => Ok((true, false)),
        "history-info" => Ok((false, true)),
        "both" => Ok((true, true)),
        "none" => Ok((false, false)),
        other => Err(format!("no forwarding `{other}`; known are diversion, history-info, both and none")),
    }
}

/// "sip.example.com", "sip.example.com:5080", "192.0.2.7", `[2001:db8::1]:5060`.
pub(super) fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    let wrong =
        || format!("`{text}` is no registrar; write its host, like \"sip.example.com\" or \"sip.example.com:5080\"");
    let uri: crate::sip::Uri = format!("sip:{}", text.trim()).parse().map_err(|_| wrong())?;
    let plain = uri.user().is_none() && !uri.host().is_empty() && !text.contains([';', '?', '/', ' ']);
    match plain {
        true => Ok((uri.host().trim_matches(['[', ']']).to_owned(), uri.port())),
        false => Err(wrong()),
    }
}

/// What stands before the @ of a SIP address.
fn user(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,".contains(c);
    match !text.is_empty() && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no SIP user name; leave out the @ and what follows, and spaces")),
    }
}

/// Long enough to be polite, short enough to notice a registrar that forgot us.
const EXPIRES_S: u32 = 300;
/// Often enough to know before a caller does.
const OPTIONS_S: u32 = 60;
const EXPIRES_S_MIN: i64 = 30;
const EXPIRES_S_MAX: i64 = 7200;
