//! `[[trunks]]`: where we sign in, and with which password, which is never in an error.

use std::collections::BTreeSet;
use std::time::Duration;

use super::check::{number, read, text};
use super::error::{ConfigError, Source};
use super::raw;
use super::secret::secret;
use super::settings::{SipConfig, TrunkConfig};
use super::value;
use crate::sip::Transport;

/// Checks every trunk.
pub(super) fn trunks(
    source: &Source<'_>,
    raw: &[raw::Trunk],
    sip: &SipConfig,
) -> Result<Vec<TrunkConfig>, ConfigError> {
    let mut names = BTreeSet::new();
    raw.iter()
        .map(|one| {
            let trunk = trunk(source, one)?;
            if !sip.listen.iter().any(|listen| listen.transport == trunk.transport) {
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
    let (host, port) = read(source, &raw.registrar, |text| host_and_port(text))?.ok_or_else(|| {
        needed("registrar; name the host your carrier gave you, like registrar = \"sip.example.com\"")
    })?;
    let transport = read(source, &raw.transport, |text| value::transport(text))?.unwrap_or_default();
    let port = port.unwrap_or(if transport == Transport::Tls { SIPS_PORT } else { SIP_PORT });
    let username = read(source, &raw.username, |text| user(text))?
        .ok_or_else(|| needed("username; it is the one your carrier gave you for SIP"))?;
    let password = secret(source, "password", [&raw.password, &raw.password_env, &raw.password_file])?
        .ok_or_else(|| needed("password; set password_file, password_env or password"))?;
    let called = read(source, &raw.number, |text| user(text))?;
    let expires = number(source, "expires_seconds", &raw.expires_seconds, EXPIRES_S, EXPIRES_S_MIN..=EXPIRES_S_MAX)?;
    Ok(TrunkConfig {
        name: raw.name.get_ref().clone(),
        domain: text(source, "domain", &raw.domain)?.unwrap_or_else(|| host.clone()),
        host,
        port,
        transport,
        username,
        password: password.into_inner(),
        number: called,
        expires: Duration::from_secs(expires),
        srtp: read(source, &raw.srtp, |text| value::srtp(text))?,
        show_caller: raw.show_caller,
    })
}

/// "sip.example.com", "sip.example.com:5080", "192.0.2.7", `[2001:db8::1]:5060`.
fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
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

/// RFC 3261's ports, without and with TLS.
const SIP_PORT: u16 = 5060;
const SIPS_PORT: u16 = 5061;
/// Long enough to be polite, short enough to notice a registrar that forgot us.
const EXPIRES_S: u32 = 300;
const EXPIRES_S_MIN: i64 = 30;
const EXPIRES_S_MAX: i64 = 7200;
