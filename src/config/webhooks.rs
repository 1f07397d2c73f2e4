//! `[[webhooks]]`: who is told what happens, and their secrets, which are never in an error.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::error::{ConfigError, Source};
use super::raw::{self, Given};
use super::secret::{Secret, from_env, from_file};
use super::settings::EndpointConfig;
use crate::events::{BadSecret, Kind, Secrets};

/// Checks the list.
pub(super) fn webhooks(source: &Source<'_>, raw: &[raw::Webhook]) -> Result<Vec<EndpointConfig>, ConfigError> {
    let mut names = BTreeSet::new();
    raw.iter().map(|one| webhook(source, one, &mut names)).collect()
}

fn webhook<'a>(
    source: &Source<'_>,
    raw: &'a raw::Webhook,
    names: &mut BTreeSet<&'a str>,
) -> Result<EndpointConfig, ConfigError> {
    let name = name(source, &raw.name)?;
    if !names.insert(raw.name.get_ref()) {
        return Err(source.at(raw.name.span(), "two webhooks have this name; replays and health go by it"));
    }
    let schemes: &[&str] = if raw.allow_private { &["https://", "http://"] } else { &["https://"] };
    if !schemes.iter().any(|scheme| raw.url.get_ref().starts_with(scheme)) {
        let what = "this is no https:// address; http:// is only for private targets, with allow_private = true";
        return Err(source.at(raw.url.span(), what));
    }
    let secrets = secrets(source, raw.name.span(), &raw.secrets, &raw.secrets_env, &raw.secrets_file)?;
    let revealed: Vec<&str> = secrets.iter().map(Secret::reveal).collect();
    Secrets::new(&revealed).map_err(|bad| source.at(raw.name.span(), bad.to_string()))?;
    Ok(EndpointConfig {
        name,
        url: Secret::new(raw.url.get_ref()),
        secrets,
        kinds: kinds(source, raw.events.as_deref())?,
        allow_private: raw.allow_private,
    })
}

/// A name that can stand in a path.
pub(super) fn name(source: &Source<'_>, raw: &Spanned<String>) -> Result<String, ConfigError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match raw.get_ref() {
        name if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(fits) => Ok(name.clone()),
        _ => Err(source.at(raw.span(), "a name is letters, digits, - and _, like \"zapier\"")),
    }
}

/// Secrets that stand in the file, in the environment or in a file of their own, one a line, the newest first.
pub(super) fn secrets(
    source: &Source<'_>,
    at: Range<usize>,
    written: &[Spanned<String>],
    env: &Given<String>,
    file: &Given<String>,
) -> Result<Vec<Secret>, ConfigError> {
    let at = env.as_ref().or(file.as_ref()).or(written.first()).map_or(at, Spanned::span);
    if usize::from(!written.is_empty()) + usize::from(env.is_some()) + usize::from(file.is_some()) > 1 {
        return Err(source.at(at, "more than one of secrets, secrets_env and secrets_file; keep one"));
    }
    let found = match (env, file) {
        (Some(name), _) => from_env(name.get_ref()),
        (None, Some(file)) => from_file("secrets_file", file.get_ref()),
        (None, None) => Ok(written.iter().map(|one| one.get_ref().as_str()).collect::<Vec<_>>().join("\n")),
    };
    let found = found.map_err(|what| source.at(at.clone(), what))?;
    let lines: Vec<&str> = found.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Err(source.at(at, BadSecret::Missing.to_string()));
    }
    Ok(lines.into_iter().map(Secret::new).collect())
}

fn kinds(source: &Source<'_>, filters: Option<&[Spanned<String>]>) -> Result<Vec<Kind>, ConfigError> {
    let Some(filters) = filters else { return Ok(Kind::ALL.to_vec()) };
    let mut wanted = Vec::new();
    for filter in filters {
        match Kind::matching(filter.get_ref()) {
            none if none.is_empty() => {
                let known = Kind::ALL.map(Kind::as_str).join(", ");
                return Err(source.at(filter.span(), format!("no such event; there are {known}, and \"call.*\"")));
            }
            kinds => wanted.extend(kinds),
        }
    }
    Ok(Kind::ALL.into_iter().filter(|kind| wanted.contains(kind)).collect())
}

const NAME_CHARS_MAX: usize = 64;
