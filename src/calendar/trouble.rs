//! Why a calendar on another machine brought nothing, in words for the person who mends it.

use std::error::Error;

use super::provider::{BookFailure, CalendarError};

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Not reachable, or it failed; whether it did what was asked is unknown.
    Unavailable(String),
    /// It will not do it.
    Refused(String),
}

impl From<Trouble> for CalendarError {
    fn from(trouble: Trouble) -> CalendarError {
        match trouble {
            Trouble::Unavailable(why) => CalendarError::Unavailable(why),
            Trouble::Refused(why) => CalendarError::Rejected(why),
        }
    }
}

impl From<Trouble> for BookFailure {
    fn from(trouble: Trouble) -> BookFailure {
        match trouble {
            Trouble::Unavailable(why) => BookFailure::Unavailable(why),
            Trouble::Refused(why) => BookFailure::Rejected(why),
        }
    }
}

/// The whole chain of causes, without the address: it may hold a password.
pub(super) fn words(error: reqwest::Error) -> String {
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
