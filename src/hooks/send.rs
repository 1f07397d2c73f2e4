//! One event to one endpoint.

use std::error::Error;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, Response, StatusCode};

use super::guard::Guarded;
use crate::cloud::retry_after;
use crate::events::Secrets;
use crate::store::Due;

/// What the other side said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has the event.
    Taken,
    /// It has not; `wait` is the wait it asked for.
    NotTaken { reason: String, wait: Option<SignedDuration> },
    /// It wants no more events.
    Gone,
}

/// Signs and sends; the signature's time is now, its id the event's.
pub(super) async fn send(client: &Guarded, url: &str, secrets: &Secrets, due: &Due) -> Answer {
    let now = Timestamp::now();
    let request = match client.request(Method::POST, url) {
        Ok(request) => request,
        Err(refused) => return Answer::NotTaken { reason: refused.to_string(), wait: None },
    };
    let signature = secrets.sign(&due.event_id, now, due.body.as_bytes());
    let request = request
        .header("content-type", "application/json")
        .header("webhook-id", &due.event_id)
        .header("webhook-timestamp", now.as_second().to_string())
        .header("webhook-signature", signature)
        .body(due.body.clone());
    match request.send().await {
        Ok(answer) => judged(answer).await,
        Err(error) => Answer::NotTaken { reason: told(error), wait: None },
    }
}

async fn judged(answer: Response) -> Answer {
    let status = answer.status();
    let asked = retry_after(&answer).and_then(|wait| SignedDuration::try_from(wait).ok());
    if answer.content_length().is_some_and(|length| length <= ANSWER_BYTES_READ) {
        // Read so that the connection can be used again; what it says is of no interest.
        let _ = answer.bytes().await;
    }
    match status {
        status if status.is_success() => Answer::Taken,
        StatusCode::GONE => Answer::Gone,
        status => Answer::NotTaken { reason: format!("it answered {status}"), wait: asked },
    }
}

/// The whole chain of causes without the address, which may hold a token.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text.chars().take(REASON_CHARS_MAX).collect()
}

/// How long the other side may take to answer; it should only store what it gets.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// An answer that long is read to its end.
const ANSWER_BYTES_READ: u64 = 64 * 1024;
/// Of an error, enough to see what it was.
const REASON_CHARS_MAX: usize = 300;
