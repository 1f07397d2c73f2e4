//! Settings of this room.

use std::time::Duration;

/// Where a language model is.
#[derive(Clone)]
pub struct Settings {
    /// Address of its chat completions, whole.
    pub url: String,
    /// Its name there.
    pub model: String,
    /// Sent as bearer token; none: nothing is sent.
    pub api_key: Option<String>,
    /// Longest wait for a whole answer.
    pub deadline: Duration,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Settings { url, model, deadline, .. } = self;
        f.debug_struct("Settings")
            .field("url", url)
            .field("model", model)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}
