//! What can be wrong with a configuration, said so that it can be mended.

use std::ops::Range;
use std::path::PathBuf;

/// Why no configuration came out of a file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file, or a file it names, could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A value is missing, unknown or out of range.
    #[error("{file}:{line}: {message}")]
    Invalid {
        /// Name of the file as it was given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// A value from the environment is unusable.
    #[error("environment variable {name}: {message}")]
    Environment {
        /// The variable.
        name: &'static str,
        /// What is wrong and how to mend it.
        message: String,
    },
}

/// A configuration text and its name: turns places in the text into errors with a line.
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error at a place in the text.
    pub(super) fn at(&self, span: Range<usize>, message: impl Into<String>) -> ConfigError {
        ConfigError::Invalid { file: self.file.into(), line: self.line(span.start), message: message.into() }
    }

    /// The TOML reader's own complaint, reworded where it is about an unknown key.
    pub(super) fn syntax(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span().unwrap_or(0..0);
        let message = match error.message().strip_prefix("unknown field ") {
            Some(rest) => self.unknown_key(rest, span.start),
            None => error.message().trim().replace("missing field", "missing key"),
        };
        self.at(span, message)
    }

    /// `rest` is serde's "`key`, expected one of `a`, `b`".
    fn unknown_key(&self, rest: &str, offset: usize) -> String {
        let (key, known) = rest.split_once(", ").unwrap_or((rest, ""));
        let known = known.trim_start_matches("expected one of ").trim_start_matches("expected ").replace('`', "");
        let inside = match self.headers().take_while(|(at, _)| *at <= offset).last() {
            // A mistyped header is itself the unknown key: it sits in its parent.
            Some((_, name)) if name.trim_matches(['[', ']']).rsplit('.').next() != Some(key.trim_matches('`')) => {
                format!(" in {name}")
            }
            _ => String::new(),
        };
        format!("unknown key {key}{inside}; known keys: {known}")
    }

    /// Section headers in order: byte offset and text, brackets included.
    fn headers(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut offset = 0;
        self.text.split_inclusive('\n').filter_map(move |line| {
            let at = offset;
            offset += line.len();
            let code = line.split('#').next().unwrap_or(line).trim();
            (code.starts_with('[') && code.ends_with(']')).then_some((at, code))
        })
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        1 + before.filter(|byte| **byte == b'\n').count()
    }
}
