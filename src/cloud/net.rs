//! What every request to somebody else's server keeps to.

use std::time::Duration;

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

/// The wait a provider asks for: seconds, or a date (RFC 9110 section 10.2.3).
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(at.duration_since(jiff::Timestamp::now())).ok()
}

/// A provider that is up answers a SYN at once.
const CONNECT_WAIT: Duration = Duration::from_secs(3);
