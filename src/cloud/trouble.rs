//! Why a server of somebody else's brought nothing, in words for the person who mends it.

use std::error::Error;

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Not reachable, or it failed; whether it did what was asked is unknown.
    #[error("{0}")]
    Unavailable(String),
    /// It will not do it.
    #[error("{0}")]
    Refused(String),
}

/// The whole chain of causes, without the address: it may hold a password.
pub(crate) fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "the server does not answer in time".to_owned();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
