//! `[calendar]`: which one, where it is, and the password, which is never in an error.

use toml::Spanned;

use super::check::{read, text};
use super::error::{ConfigError, Source};
use super::raw::{self, Given};
use super::secret::Secret;
use super::settings::{CalDavConfig, CalendarConfig};

/// Checks the section; `password_env` is resolved here, where its line is known.
pub(super) fn calendar(source: &Source<'_>, raw: &raw::Calendar) -> Result<CalendarConfig, ConfigError> {
    let remote = read(source, &raw.kind, |text| match text.as_str() {
        "builtin" => Ok(false),
        "caldav" => Ok(true),
        other => Err(format!("no calendar `{other}`; known: builtin, caldav")),
    })?;
    if !remote.unwrap_or(false) {
        return nothing_else(source, raw).map(|()| CalendarConfig::Builtin);
    }
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
    Ok(CalendarConfig::CalDav(CalDavConfig {
        url,
        calendar: text(source, "calendar", &raw.calendar)?,
        username,
        password: password.map(Spanned::into_inner),
        organizer: read(source, &raw.organizer, |text| mail(text))?,
    }))
}

/// A key that means something only elsewhere is a mistake worth telling.
fn nothing_else(source: &Source<'_>, raw: &raw::Calendar) -> Result<(), ConfigError> {
    let given = [
        ("url", &raw.url),
        ("calendar", &raw.calendar),
        ("username", &raw.username),
        ("password", &raw.password),
        ("password_env", &raw.password_env),
        ("password_file", &raw.password_file),
        ("organizer", &raw.organizer),
    ];
    match given.into_iter().find_map(|(key, given)| Some((key, given.as_ref()?))) {
        Some((key, given)) => Err(source
            .at(given.span(), format!("the built-in calendar has no {key}; set kind = \"caldav\" or leave it out"))),
        None => Ok(()),
    }
}

fn password(source: &Source<'_>, raw: &raw::Calendar) -> Result<Option<Spanned<Secret>>, ConfigError> {
    let given = [&raw.password, &raw.password_env, &raw.password_file];
    let mut places = given.into_iter().flatten();
    if let (Some(_), Some(second)) = (places.next(), places.next()) {
        return Err(source.at(second.span(), "more than one of password, password_env and password_file; keep one"));
    }
    let found = [
        placed(source, &raw.password, |text| Ok(text.clone()))?,
        placed(source, &raw.password_env, |name| {
            std::env::var(name).map_err(|_| format!("the environment has no {name}; set it or name another"))
        })?,
        placed(source, &raw.password_file, |path| {
            let text = std::fs::read_to_string(path);
            text.map_err(|error| format!("password_file `{path}` cannot be read: {error}"))
        })?,
    ];
    Ok(found.into_iter().flatten().next())
}

fn placed(
    source: &Source<'_>,
    given: &Given<String>,
    reader: impl Fn(&String) -> Result<String, String>,
) -> Result<Option<Spanned<Secret>>, ConfigError> {
    let Some(value) = given else { return Ok(None) };
    let secret = reader(value.get_ref()).and_then(|text| match text.trim_end_matches(['\r', '\n']) {
        "" => Err("the calendar's password is empty".to_owned()),
        text => Ok(Secret::new(text)),
    });
    secret.map(|secret| Some(Spanned::new(value.span(), secret))).map_err(|message| source.at(value.span(), message))
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

fn mail(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && !"\"<>:;,@".contains(c));
    match text.split_once('@') {
        Some((name, host)) if plain(name) && plain(host) => Ok(text.to_owned()),
        _ => Err(format!("`{text}` is no e-mail address; write it like \"desk@example.com\"")),
    }
}
