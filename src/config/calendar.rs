//! `[calendar]`: which one, where it is, and the password, which is never in an error.

use std::sync::Arc;

use toml::Spanned;

use super::check::{read, text};
use super::error::{ConfigError, Source};
use super::hosted;
use super::raw;
use super::secret::{Secret, secret};
use super::settings::{CalDavConfig, CalendarConfig};
use crate::conversation::Business;

/// Checks the section; secrets from files and the environment are resolved here, where their line is known.
pub(super) fn calendar(
    source: &Source<'_>,
    raw: &raw::Calendar,
    businesses: &[Arc<Business>],
) -> Result<CalendarConfig, ConfigError> {
    let kind = raw.kind.as_ref().map_or("builtin", |kind| kind.get_ref().as_str());
    let Some((_, keys)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        let known: Vec<&str> = KINDS.iter().map(|(known, _)| *known).collect();
        let span = raw.kind.as_ref().map_or(0..0, Spanned::span);
        return Err(source.at(span, format!("no calendar `{kind}`; known: {}", known.join(", "))));
    };
    nothing_else(source, raw, kind, keys)?;
    match kind {
        "caldav" => caldav(source, raw).map(CalendarConfig::CalDav),
        "google" => hosted::google(source, raw).map(CalendarConfig::Google),
        "microsoft" => hosted::microsoft(source, raw).map(CalendarConfig::Microsoft),
        "calendly" => hosted::calendly(source, raw, businesses).map(CalendarConfig::Calendly),
        "acuity" => hosted::acuity(source, raw, businesses).map(CalendarConfig::Acuity),
        _ => Ok(CalendarConfig::Builtin),
    }
}

fn caldav(source: &Source<'_>, raw: &raw::Calendar) -> Result<CalDavConfig, ConfigError> {
    let kind = raw.kind.as_ref().map_or(0..0, Spanned::span);
    let url = read(source, &raw.url, |text| address(text))?.ok_or_else(|| {
        source.at(kind.clone(), "a CalDAV calendar has a url, like url = \"https://cloud.example.com/remote.php/dav\"")
    })?;
    let username = text(source, "username", &raw.username)?;
    let password = password(source, raw)?;
    if let (Some(given), None) = (&password, &username) {
        return Err(source.at(given.span(), "a password without username; set both or none"));
    }
    if let (Some(name), None) = (&raw.username, &password) {
        let remedy = "a username without a password; set password_file, password_env or password";
        return Err(source.at(name.span(), remedy));
    }
    Ok(CalDavConfig {
        url,
        calendar: text(source, "calendar", &raw.calendar)?,
        username,
        password: password.map(Spanned::into_inner),
        organizer: read(source, &raw.organizer, |text| mail(text))?,
    })
}

/// A key that means something only elsewhere is a mistake worth telling.
fn nothing_else(source: &Source<'_>, raw: &raw::Calendar, kind: &str, keys: &[&str]) -> Result<(), ConfigError> {
    let texts = [
        ("url", &raw.url),
        ("calendar", &raw.calendar),
        ("username", &raw.username),
        ("password", &raw.password),
        ("password_env", &raw.password_env),
        ("password_file", &raw.password_file),
        ("organizer", &raw.organizer),
        ("client_id", &raw.client_id),
        ("client_secret", &raw.client_secret),
        ("client_secret_env", &raw.client_secret_env),
        ("client_secret_file", &raw.client_secret_file),
        ("refresh_token_env", &raw.refresh_token_env),
        ("refresh_token_file", &raw.refresh_token_file),
        ("token_url", &raw.token_url),
        ("authorize_url", &raw.authorize_url),
        ("tenant", &raw.tenant),
        ("user", &raw.user),
        ("token", &raw.token),
        ("token_env", &raw.token_env),
        ("token_file", &raw.token_file),
        ("email", &raw.email),
    ];
    let texts = texts.into_iter().filter_map(|(key, given)| Some((key, given.as_ref()?.span())));
    let busy = raw.busy.iter().map(|list| ("busy", list.span()));
    let services = raw.services.values().map(|one| ("services", one.span()));
    match texts.chain(busy).chain(services).find(|(key, _)| !keys.contains(key)) {
        Some((key, span)) if kind == "builtin" => {
            Err(source.at(span, format!("the built-in calendar has no {key}; set kind = \"caldav\" or leave it out")))
        }
        found => unexpected(source, "calendar", kind, keys, found),
    }
}

/// A key that this kind does not have.
pub(super) fn unexpected(
    source: &Source<'_>,
    what: &str,
    kind: &str,
    keys: &[&str],
    found: Option<(&str, std::ops::Range<usize>)>,
) -> Result<(), ConfigError> {
    match found {
        None => Ok(()),
        Some((key, span)) => Err(source
            .at(span, format!("a {what} of kind \"{kind}\" has no {key}; leave it out. It has {}", keys.join(", ")))),
    }
}

fn password(source: &Source<'_>, raw: &raw::Calendar) -> Result<Option<Spanned<Secret>>, ConfigError> {
    secret(source, "password", [&raw.password, &raw.password_env, &raw.password_file])
}

/// The text itself is not repeated where it may hold a password.
fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host {
        Some(host) if host.contains('@') => {
            Err("no name and password in the url; use username and password".to_owned())
        }
        Some(host) if !host.is_empty() && !text.contains(char::is_whitespace) => Ok(text.to_owned()),
        _ => Err(format!("`{text}` is no address; write it like \"https://cloud.example.com/remote.php/dav\"")),
    }
}

pub(super) fn mail(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && !"\"<>:;,@".contains(c));
    match text.split_once('@') {
        Some((name, host)) if plain(name) && plain(host) => Ok(text.to_owned()),
        _ => Err(format!("`{text}` is no e-mail address; write it like \"desk@example.com\"")),
    }
}

/// Which calendars there are, and which keys each has.
const KINDS: [(&str, &[&str]); 6] = [
    ("builtin", &[]),
    ("caldav", &["url", "calendar", "username", "password", "password_env", "password_file", "organizer"]),
    (
        "google",
        &[
            "client_id",
            "client_secret",
            "client_secret_env",
            "client_secret_file",
            "refresh_token_env",
            "refresh_token_file",
            "calendar",
            "busy",
            "url",
            "token_url",
            "authorize_url",
        ],
    ),
    (
        "microsoft",
        &[
            "client_id",
            "client_secret",
            "client_secret_env",
            "client_secret_file",
            "refresh_token_env",
            "refresh_token_file",
            "tenant",
            "user",
            "calendar",
            "busy",
            "url",
            "token_url",
            "authorize_url",
        ],
    ),
    ("calendly", &["token", "token_env", "token_file", "email", "services", "url"]),
    ("acuity", &["username", "password", "password_env", "password_file", "calendar", "email", "services", "url"]),
];
