//! Finding the file, reading it, and joining what the environment adds.

use std::path::Path;

use super::check;
use super::error::{ConfigError, Source};
use super::raw::Document;
use super::settings::Config;
use super::value;

/// The file `offhook serve` takes when it is there and none is named.
pub const DEFAULT_FILE: &str = "offhook.toml";

/// The commented example: what runs without a file, and what `offhook init` writes.
pub const DEMO_TOML: &str = include_str!("demo.toml");

/// The configuration of a named file, else of [`DEFAULT_FILE`] where it exists, else of the built-in demo; then what
/// the environment sets (`OFFHOOK_API_TOKEN`, `OFFHOOK_TESTING_NOW`).
pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
    load_from(path, |name| std::env::var(name).ok())
}

/// [`load`] with the environment as an argument.
pub fn load_from(path: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let default = Path::new(DEFAULT_FILE);
    let mut config = match path.or_else(|| default.exists().then_some(default)) {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_path_buf(), source })?;
            parse(&path.display().to_string(), &text)?
        }
        None => parse("built-in demo", DEMO_TOML)?,
    };
    environment(&mut config, env)?;
    Ok(config)
}

/// The configuration written in `text`; `file` is its name in errors.
pub fn parse(file: &str, text: &str) -> Result<Config, ConfigError> {
    let source = Source { file, text };
    let document: Document = toml::from_str(text).map_err(|error| source.syntax(&error))?;
    check::config(&source, document)
}

fn environment(config: &mut Config, env: impl Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
    if let Some(token) = env(API_TOKEN).filter(|token| !token.is_empty()) {
        let token = check::checked_token(token.trim());
        config.http.api_token = Some(token.map_err(|message| ConfigError::Environment { name: API_TOKEN, message })?);
    }
    if let Some(now) = env(TESTING_NOW).filter(|now| !now.is_empty()) {
        let now = value::instant(&toml::Value::String(now));
        config.testing.now = Some(now.map_err(|message| ConfigError::Environment { name: TESTING_NOW, message })?);
    }
    Ok(())
}

const API_TOKEN: &str = "OFFHOOK_API_TOKEN";
const TESTING_NOW: &str = "OFFHOOK_TESTING_NOW";
