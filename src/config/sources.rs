//! `[[sources]]`: platforms that may tell us of their calls.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::check::{each, number, read, text};
use super::error::{ConfigError, Source};
use super::secret::{Secret, from_env, from_file};
use super::settings::SourceConfig;
use super::{raw, value, webhooks};
use crate::conversation::Business;
use crate::events::{Door, Secrets};

/// Checks the list.
pub(super) fn sources(
    source: &Source<'_>,
    raw: &[raw::PlatformSource],
    businesses: &[Arc<Business>],
) -> Result<Vec<SourceConfig>, ConfigError> {
    let mut names = BTreeSet::new();
    let mut all = Vec::new();
    for one in raw {
        if !names.insert(one.name.get_ref()) {
            return Err(source.at(one.name.span(), "two sources have this name; their address ends with it"));
        }
        all.push(platform(source, one, businesses)?);
    }
    Ok(all)
}

fn platform(
    source: &Source<'_>,
    raw: &raw::PlatformSource,
    businesses: &[Arc<Business>],
) -> Result<SourceConfig, ConfigError> {
    let kind = raw.kind.get_ref().as_str();
    let (wait, audio_after, hosts): (u32, u64, &[&str]) = match kind {
        "zoom" => (ZOOM_WAIT_MINUTES, ZOOM_AUDIO_AFTER, &["zoom.us", "zoomgov.com"]),
        "gong" => (WAIT_MINUTES, 0, &["gong.io"]),
        _ => (WAIT_MINUTES, GENERIC_AUDIO_AFTER, &[]),
    };
    let own: Vec<String> = raw.hosts.iter().map(|host| host.get_ref().to_lowercase()).collect();
    let minutes: u32 = number(source, "wait_minutes", &raw.wait_minutes, wait, 0..=7 * 24 * 60)?;
    Ok(SourceConfig {
        name: webhooks::name(source, &raw.name)?,
        door: door(source, raw, kind)?,
        meetings: kind != "generic",
        business: business(source, raw, businesses)?,
        allow: raw.allow.as_deref().map(|list| each(source, list, value::cidr)).transpose()?,
        hosts: if own.is_empty() { hosts.iter().map(|host| (*host).to_owned()).collect() } else { own },
        api: api(source, raw)?,
        wait: Duration::from_secs(u64::from(minutes) * 60),
        audio_after: Duration::from_secs(audio_after),
        allow_private: raw.allow_private,
    })
}

fn door(source: &Source<'_>, raw: &raw::PlatformSource, kind: &str) -> Result<Door, ConfigError> {
    let at = raw.kind.span();
    if let (Some(file), "gong") = (&raw.public_key_file, kind) {
        let key = from_file("public_key_file", file.get_ref()).map_err(|what| source.at(file.span(), what))?;
        return Door::gong_jwt(&key).map_err(|bad| source.at(file.span(), bad.to_string()));
    }
    let secrets = || webhooks::secrets(source, at.clone(), &raw.secrets, &raw.secrets_env, &raw.secrets_file);
    let revealed = || secrets().map(|list| list.iter().map(|one| one.reveal().to_owned()).collect::<Vec<_>>());
    match kind {
        "generic" => {
            Secrets::new(&revealed()?).map(Door::Generic).map_err(|bad| source.at(at.clone(), bad.to_string()))
        }
        "zoom" => revealed().map(|list| Door::zoom(&list)),
        "gong" => revealed().map(|list| Door::gong_key(&list)),
        other => Err(source.at(at, format!("no source `{other}`; known: generic, zoom, gong"))),
    }
}

fn business(
    source: &Source<'_>,
    raw: &raw::PlatformSource,
    businesses: &[Arc<Business>],
) -> Result<String, ConfigError> {
    match (&raw.business, businesses) {
        (Some(id), all) if all.iter().any(|one| one.id == *id.get_ref()) => Ok(id.get_ref().clone()),
        (Some(id), _) => Err(source.at(id.span(), format!("there is no business `{}`", id.get_ref()))),
        (None, [only]) => Ok(only.id.clone()),
        (None, _) => Err(source.at(raw.name.span(), "whose calls are they? add business = \"...\"")),
    }
}

fn api(source: &Source<'_>, raw: &raw::PlatformSource) -> Result<Option<(String, String, Secret)>, ConfigError> {
    let url = text(source, "api_url", &raw.api_url)?;
    let user = text(source, "api_user", &raw.api_user)?;
    let (env, file) = (&raw.api_password_env, &raw.api_password_file);
    let password = match (env, file) {
        (Some(_), _) => read(source, env, |name| from_env(name))?,
        _ => read(source, file, |path| from_file("api_password_file", path))?,
    };
    match (url, user, password) {
        (Some(url), Some(user), Some(password)) => Ok(Some((url, user, Secret::new(password.trim())))),
        (None, None, None) => Ok(None),
        _ => Err(source.at(raw.name.span(), "api_url, api_user and api_password_file go together; set all or none")),
    }
}

/// A transcript that is not there by then will not come.
const WAIT_MINUTES: u32 = 30;
/// Zoom works on a recording for up to a day.
const ZOOM_WAIT_MINUTES: u32 = 24 * 60;
/// Zoom's own transcript comes within an hour of the recording, seconds.
const ZOOM_AUDIO_AFTER: u64 = 3600;
/// Others tell their transcript with the end or soon after it, seconds.
const GENERIC_AUDIO_AFTER: u64 = 60;
