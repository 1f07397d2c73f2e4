//! What every request to somebody else's server keeps to.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, Url};

use super::trouble::{Trouble, words};

/// Only over TLS, or to this machine itself.
pub(crate) fn https(address: &str) -> Result<Url, Trouble> {
    let refused = |why: &str| Trouble::Refused(format!("`{address}` {why}"));
    let url = Url::parse(address).map_err(|error| refused(&format!("is no address: {error}")))?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        _ => Err(refused("is no https address")),
    }
}

/// A client for one provider: no redirects, no waiting without end.
pub(crate) fn client(answer_within: Duration) -> Result<Client, Trouble> {
    Client::builder()
        .connect_timeout(CONNECT_WAIT)
        .timeout(answer_within)
        // A token does not travel on to where an answer points.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Trouble::Refused(format!("no HTTP client: {}", words(error))))
}

/// The wait a provider asks for in `Retry-After`; none when it names a time that has passed.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    wait(response.headers().get(RETRY_AFTER)?.to_str().ok()?, Timestamp::now())
}

/// Seconds, or a date (RFC 9110 section 10.2.3).
fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u32>() {
        Ok(seconds) => Duration::from_secs(seconds.into()),
        Err(_) => Duration::try_from(rfc2822::parse(text).ok()?.timestamp().duration_since(now)).ok()?,
    };
    Some(wait.min(WAIT_MAX))
}

/// A provider that is up answers a SYN at once.
const CONNECT_WAIT: Duration = Duration::from_secs(3);
/// Longest wait another side may ask for.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_date_to_come_and_never_longer_than_a_day() {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        assert_eq!(wait("120", now), Some(Duration::from_secs(120)));
        assert_eq!(wait("Sat, 21 Nov 2026 12:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sat, 21 Nov 2026 11:00:00 GMT", now), None);
        assert_eq!(wait("4294967295", now), Some(Duration::from_secs(24 * 3600)));
        assert_eq!(wait("-5", now), None);
        assert_eq!(wait("soon", now), None);
    }
}
