//! One event to one endpoint.

use std::error::Error;
use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, Response, StatusCode};

use super::guard::Guarded;
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
        Ok(answer) => judged(answer, now).await,
        Err(error) => Answer::NotTaken { reason: told(error), wait: None },
    }
}

async fn judged(answer: Response, now: Timestamp) -> Answer {
    let status = answer.status();
    let asked = answer.headers().get("retry-after").and_then(|value| wait(value.to_str().ok()?, now));
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

/// `Retry-After`: seconds, or a date.
fn wait(text: &str, now: Timestamp) -> Option<SignedDuration> {
    let wait = match text.trim().parse::<u32>() {
        Ok(seconds) => SignedDuration::from_secs(i64::from(seconds)),
        Err(_) => rfc2822::parse(text.trim()).ok()?.timestamp().duration_since(now),
    };
    Some(wait.clamp(SignedDuration::ZERO, WAIT_MAX))
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
/// Longest wait another side may ask for.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Of an error, enough to see what it was.
const REASON_CHARS_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_date_and_never_longer_than_a_day() {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        assert_eq!(wait("120", now), Some(SignedDuration::from_secs(120)));
        assert_eq!(wait("Sat, 21 Nov 2026 12:00:30 GMT", now), Some(SignedDuration::from_secs(30)));
        assert_eq!(wait("Sat, 21 Nov 2026 11:00:00 GMT", now), Some(SignedDuration::ZERO));
        assert_eq!(wait("4294967295", now), Some(SignedDuration::from_hours(24)));
        assert_eq!(wait("-5", now), None);
        assert_eq!(wait("soon", now), None);
    }
}
