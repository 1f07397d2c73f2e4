//! Values that must not be printed.

use std::fmt;

use toml::Spanned;

use super::error::{ConfigError, Source};
use super::raw::Given;

/// A secret: its `Debug` shows nothing, so that it cannot slip into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself: only where it is used.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A secret that stands in the file, in the environment or in a file of its own; it is never in an error.
pub(super) fn secret(
    source: &Source<'_>,
    key: &str,
    given: [&Given<String>; 3],
) -> Result<Option<Spanned<Secret>>, ConfigError> {
    let mut places = given.iter().enumerate().filter_map(|(n, one)| Some((n, one.as_ref()?)));
    let Some((place, first)) = places.next() else { return Ok(None) };
    if let Some((_, second)) = places.next() {
        return Err(source.at(second.span(), format!("more than one of {key}, {key}_env and {key}_file; keep one")));
    }
    let found = match place {
        0 => Ok(first.get_ref().clone()),
        1 => from_env(first.get_ref()),
        _ => from_file(&format!("{key}_file"), first.get_ref()),
    };
    let found = found.and_then(|text| match text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("{key} is empty")),
        text => Ok(Secret::new(text)),
    });
    found.map(|secret| Some(Spanned::new(first.span(), secret))).map_err(|what| source.at(first.span(), what))
}

/// What the environment has under that name.
pub(super) fn from_env(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("the environment has no {name}; set it or name another"))
}

/// What stands in the file that a key names.
pub(super) fn from_file(key: &str, path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{key} `{path}` cannot be read: {error}"))
}
