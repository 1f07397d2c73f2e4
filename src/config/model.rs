//! `[model]`: where the language model is, and its key, which is never in an error.

use std::time::Duration;

use toml::Spanned;

use super::check::{number, read, text};
use super::error::{ConfigError, Source};
use super::raw;
use super::secret::{Secret, from_env, from_file};
use super::settings::ModelConfig;

/// Checks the section; without a url there is no model.
pub(super) fn model(source: &Source<'_>, raw: &raw::Model) -> Result<Option<ModelConfig>, ConfigError> {
    let Some(url) = read(source, &raw.url, |text| address(text))? else { return nothing_else(source, raw) };
    let place = raw.url.as_ref().map_or(0..0, Spanned::span);
    let name = text(source, "model", &raw.model)?.ok_or_else(|| {
        source.at(place, "a url without model; name the model as the server calls it, like model = \"llama3.2\"")
    })?;
    let deadline = number(source, "deadline_ms", &raw.deadline_ms, DEADLINE_MS, DEADLINE_MS_MIN..=DEADLINE_MS_MAX)?;
    let rephrase = raw.rephrase.as_ref().is_some_and(|given| *given.get_ref());
    let deadline = Duration::from_millis(deadline);
    Ok(Some(ModelConfig { url, name, api_key: key(source, raw)?, deadline, rephrase }))
}

/// Keys that mean nothing without a url are a mistake worth telling.
fn nothing_else(source: &Source<'_>, raw: &raw::Model) -> Result<Option<ModelConfig>, ConfigError> {
    let texts = [&raw.model, &raw.api_key_env, &raw.api_key_file].into_iter().flatten().map(Spanned::span);
    let others = [raw.deadline_ms.as_ref().map(Spanned::span), raw.rephrase.as_ref().map(Spanned::span)];
    match texts.chain(others.into_iter().flatten()).next() {
        Some(span) => Err(source.at(span, "[model] has no url, so no model is asked; set url or leave this out")),
        None => Ok(None),
    }
}

fn key(source: &Source<'_>, raw: &raw::Model) -> Result<Option<Secret>, ConfigError> {
    if let (Some(_), Some(second)) = (&raw.api_key_env, &raw.api_key_file) {
        return Err(source.at(second.span(), "both api_key_env and api_key_file are set; keep one of them"));
    }
    let in_env = read(source, &raw.api_key_env, |name| from_env(name).and_then(|key| checked(&key)))?;
    let in_file = |path: &String| from_file("api_key_file", path).and_then(|key| checked(&key));
    Ok(in_env.or(read(source, &raw.api_key_file, in_file)?))
}

/// A key must survive an HTTP header: visible ASCII.
fn checked(key: &str) -> Result<Secret, String> {
    match key.trim() {
        key if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Secret::new(key)),
        _ => Err("the model's key must be visible ASCII characters, at least one".to_owned()),
    }
}

/// The address of the chat completions, from the server's, from `.../v1`, or as it is.
fn address(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.contains('@') {
        return Err("no name and password in the url; use api_key_file or api_key_env".to_owned());
    }
    if host.is_empty() || text.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '#')) {
        return Err(format!("`{text}` is no address; write it like \"http://127.0.0.1:8080/v1\""));
    }
    Ok(match text {
        whole if whole.ends_with("/chat/completions") => whole.to_owned(),
        v1 if v1.ends_with("/v1") => format!("{v1}/chat/completions"),
        root => format!("{root}/v1/chat/completions"),
    })
}

/// A caller hears nothing of a pause this long but "one moment".
const DEADLINE_MS: u32 = 1500;
/// No model answers faster.
const DEADLINE_MS_MIN: i64 = 50;
/// Nobody waits longer on the phone.
const DEADLINE_MS_MAX: i64 = 10_000;
