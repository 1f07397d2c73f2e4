//! `[calendar]` of the providers behind an API of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;

use super::calendar::mail;
use super::check::{each, read, spoken, text};
use super::error::{ConfigError, Source};
use super::raw::{self, Given};
use super::secret::{Secret, secret};
use super::settings::{AcuityConfig, CalendlyConfig, GoogleConfig, MicrosoftConfig, PermissionConfig};
use crate::conversation::Business;

pub(super) fn google(source: &Source<'_>, raw: &raw::Calendar) -> Result<GoogleConfig, ConfigError> {
    Ok(GoogleConfig {
        url: url(source, &raw.url, GOOGLE_URL)?,
        calendar: text(source, "calendar", &raw.calendar)?.unwrap_or_else(|| GOOGLE_CALENDAR.to_owned()),
        busy: busy(source, raw)?,
        permission: permission(source, raw, "google", GOOGLE_TOKEN_URL, GOOGLE_AUTHORIZE_URL, GOOGLE_SCOPE)?,
    })
}

pub(super) fn microsoft(source: &Source<'_>, raw: &raw::Calendar) -> Result<MicrosoftConfig, ConfigError> {
    let tenant =
        read(source, &raw.tenant, |text| match text.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)) {
            true if !text.is_empty() => Ok(text.clone()),
            _ => Err(format!("`{text}` is no tenant; write its id or domain, or \"common\"")),
        })?;
    let tenant = tenant.unwrap_or_else(|| MICROSOFT_TENANT.to_owned());
    let login = |last: &str| format!("{MICROSOFT_LOGIN}/{tenant}/oauth2/v2.0/{last}");
    let permission = permission(source, raw, "microsoft", &login("token"), &login("authorize"), MICROSOFT_SCOPE)?;
    Ok(MicrosoftConfig {
        url: url(source, &raw.url, MICROSOFT_URL)?,
        calendar: text(source, "calendar", &raw.calendar)?,
        user: text(source, "user", &raw.user)?,
        busy: busy(source, raw)?,
        permission,
    })
}

pub(super) fn calendly(
    source: &Source<'_>,
    raw: &raw::Calendar,
    businesses: &[Arc<Business>],
) -> Result<CalendlyConfig, ConfigError> {
    let token = secret(source, "token", [&raw.token, &raw.token_env, &raw.token_file])?;
    let token = token.ok_or_else(|| {
        missing(source, raw, "Calendly has a personal access token; set token_file, token_env or token")
    })?;
    Ok(CalendlyConfig {
        url: url(source, &raw.url, CALENDLY_URL)?,
        token: token.into_inner(),
        email: email(source, raw)?,
        services: services(source, raw, businesses, |value| match value.as_str() {
            Some(uri) if uri.contains("/event_types/") => Ok(uri.to_owned()),
            _ => Err("is no event type; write its uri, \"https://api.calendly.com/event_types/...\"".to_owned()),
        })?,
    })
}

pub(super) fn acuity(
    source: &Source<'_>,
    raw: &raw::Calendar,
    businesses: &[Arc<Business>],
) -> Result<AcuityConfig, ConfigError> {
    let username = text(source, "username", &raw.username)?
        .ok_or_else(|| missing(source, raw, "Acuity has a numeric user id; set username, like username = \"12345\""))?;
    let password = secret(source, "password", [&raw.password, &raw.password_env, &raw.password_file])?
        .ok_or_else(|| missing(source, raw, "Acuity has an API key; set password_file, password_env or password"))?;
    Ok(AcuityConfig {
        url: url(source, &raw.url, ACUITY_URL)?,
        username,
        password: password.into_inner(),
        calendar: read(source, &raw.calendar, |text| {
            text.trim().parse().map_err(|_| format!("`{text}` is no calendar of Acuity; write its number, as a text"))
        })?,
        email: email(source, raw)?,
        services: services(source, raw, businesses, |value| {
            let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
            let number = number.or_else(|| value.as_str()?.parse().ok());
            number.ok_or_else(|| "is no appointment type; write its number".to_owned())
        })?,
    })
}

/// How somebody else's server is used: what a section says of it, and what holds where it says nothing.
pub(super) struct Granting<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a Given<String>,
    pub(super) client_id: &'a Given<String>,
    pub(super) client_secret: [&'a Given<String>; 3],
    /// In the environment and in a file.
    pub(super) refresh_token: [&'a Given<String>; 2],
    pub(super) token_url: (&'a Given<String>, &'a str),
    pub(super) authorize_url: (&'a Given<String>, &'a str),
    pub(super) scope: &'a str,
}

fn permission(
    source: &Source<'_>,
    raw: &raw::Calendar,
    name: &str,
    token_url: &str,
    authorize_url: &str,
    scope: &str,
) -> Result<PermissionConfig, ConfigError> {
    granted(
        source,
        &Granting {
            name,
            kind: &raw.kind,
            client_id: &raw.client_id,
            client_secret: [&raw.client_secret, &raw.client_secret_env, &raw.client_secret_file],
            refresh_token: [&raw.refresh_token_env, &raw.refresh_token_file],
            token_url: (&raw.token_url, token_url),
            authorize_url: (&raw.authorize_url, authorize_url),
            scope,
        },
    )
}

/// A client's name, its secrets from where they lie, and the addresses of the permission.
pub(super) fn granted(source: &Source<'_>, from: &Granting<'_>) -> Result<PermissionConfig, ConfigError> {
    let client_id = text(source, "client_id", from.client_id)?.ok_or_else(|| {
        let at = from.kind.as_ref().map_or(0..0, Spanned::span);
        source.at(at, "client_id is missing; make a client at the provider and write its id here")
    })?;
    let inner = |found: Option<Spanned<Secret>>| found.map(Spanned::into_inner);
    let [refresh_env, refresh_file] = from.refresh_token;
    Ok(PermissionConfig {
        name: from.name.to_owned(),
        token_url: url(source, from.token_url.0, from.token_url.1)?,
        authorize_url: url(source, from.authorize_url.0, from.authorize_url.1)?,
        scope: from.scope.to_owned(),
        client_id,
        client_secret: inner(secret(source, "client_secret", from.client_secret)?),
        refresh_token: inner(secret(source, "refresh_token", [&None, refresh_env, refresh_file])?),
    })
}

/// An address over TLS, or on this machine.
pub(super) fn url(source: &Source<'_>, given: &Given<String>, default: &str) -> Result<String, ConfigError> {
    let found = read(source, given, |text| {
        let text = text.trim();
        let host = |rest: &str| rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
        let here =
            |host: &str| matches!(host.rsplit_once(':').map_or(host, |(name, _)| name), "127.0.0.1" | "localhost");
        let secure =
            text.strip_prefix("https://").map(host).is_some_and(|host| !host.is_empty() && !host.contains('@'));
        let near = text.strip_prefix("http://").map(host).is_some_and(|host| here(&host));
        match (secure || near) && !text.contains(char::is_whitespace) {
            true => Ok(text.trim_end_matches('/').to_owned()),
            false => {
                Err("this is no https address (http is for this machine only); leave it out for the provider's own"
                    .to_owned())
            }
        }
    })?;
    Ok(found.unwrap_or_else(|| default.to_owned()))
}

fn busy(source: &Source<'_>, raw: &raw::Calendar) -> Result<Vec<String>, ConfigError> {
    let Some(list) = &raw.busy else { return Ok(Vec::new()) };
    if list.get_ref().len() > BUSY_MAX {
        return Err(
            source.at(list.span(), format!("more than {BUSY_MAX} calendars; providers answer for no more at once"))
        );
    }
    each(source, list.get_ref(), |text| spoken("busy", text))
}

fn email(source: &Source<'_>, raw: &raw::Calendar) -> Result<String, ConfigError> {
    read(source, &raw.email, |text| mail(text))?.ok_or_else(|| {
        let remedy = "the provider wants an e-mail address for every booking; set email to one of your own that takes \
                      mail with a +tag";
        missing(source, raw, remedy)
    })
}

/// Every service of every business has its name at the provider, and nothing else has.
fn services<T>(
    source: &Source<'_>,
    raw: &raw::Calendar,
    businesses: &[Arc<Business>],
    reader: impl Fn(&toml::Value) -> Result<T, String>,
) -> Result<BTreeMap<String, T>, ConfigError> {
    let ours: Vec<&str> = businesses.iter().flat_map(|one| &one.services).map(|one| one.id.as_str()).collect();
    if let Some(left) = ours.iter().find(|service| !raw.services.contains_key(**service)) {
        let message =
            format!("service `{left}` has no name at the provider; add {left} = ... under [calendar.services]");
        return Err(missing(source, raw, &message));
    }
    let mut found = BTreeMap::new();
    for (service, value) in &raw.services {
        if !ours.contains(&service.as_str()) {
            return Err(
                source.at(value.span(), format!("no business has a service `{service}`; correct it or leave it out"))
            );
        }
        let read = reader(value.get_ref()).map_err(|why| source.at(value.span(), format!("{service} {why}")))?;
        found.insert(service.clone(), read);
    }
    Ok(found)
}

fn missing(source: &Source<'_>, raw: &raw::Calendar, message: &str) -> ConfigError {
    source.at(raw.kind.as_ref().map_or(0..0, Spanned::span), message)
}

const GOOGLE_URL: &str = "https://www.googleapis.com/calendar/v3";
const GOOGLE_CALENDAR: &str = "primary";
const GOOGLE_TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
/// `offline` brings a refresh token, `consent` brings it again at a second login.
const GOOGLE_AUTHORIZE_URL: &str = "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent";
const GOOGLE_SCOPE: &str =
    "https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.freebusy";
const MICROSOFT_URL: &str = "https://graph.microsoft.com/v1.0";
const MICROSOFT_LOGIN: &str = "https://login.microsoftonline.com";
const MICROSOFT_TENANT: &str = "common";
const MICROSOFT_SCOPE: &str = "offline_access https://graph.microsoft.com/Calendars.ReadWrite";
const CALENDLY_URL: &str = "https://api.calendly.com";
const ACUITY_URL: &str = "https://acuityscheduling.com/api/v1";
/// Microsoft answers for 20, Google for 50.
const BUSY_MAX: usize = 20;
