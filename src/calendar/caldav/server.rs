//! The HTTP side: requests with their password, answers within bounds, failures in words for the person who mends them.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};

use super::xml::Resource;
use crate::calendar::trouble::{Trouble, words};

/// A CalDAV server and who we are there.
#[derive(Clone)]
pub(super) struct Server {
    client: Client,
    username: Option<String>,
    password: Option<String>,
}

/// An answer that means something to us.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) etag: Option<String>,
    pub(super) body: String,
}

/// On which state of a resource a write depends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Only<'a> {
    /// There is none yet.
    IfNew,
    /// It is still this one.
    IfStill(&'a str),
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrote {
    /// Done; with the new ETag where the server tells it.
    Done(Option<String>),
    /// The resource is not as expected.
    Changed,
}

impl Server {
    /// Connects to nothing yet.
    pub(super) fn new(username: Option<String>, password: Option<String>) -> Result<Server, Trouble> {
        let client = Client::builder()
            .connect_timeout(CONNECT_WAIT)
            .timeout(REQUEST_WAIT)
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Trouble::Refused(format!("no HTTP client: {}", words(error))))?;
        Ok(Server { client, username, password })
    }

    /// A PROPFIND or REPORT: the resources of its answer.
    pub(super) async fn ask(
        &self,
        method: &str,
        url: &Url,
        depth: &str,
        body: String,
    ) -> Result<Vec<Resource>, Trouble> {
        let method = Method::from_bytes(method.as_bytes()).map_err(|e| Trouble::Refused(e.to_string()))?;
        let request =
            self.client.request(method, url.clone()).header(DEPTH, depth).header(CONTENT_TYPE, XML).body(body);
        let answer = self.send(request).await?;
        if answer.status != StatusCode::MULTI_STATUS {
            return Err(Trouble::Refused(format!("{url} answers {}: is it a CalDAV address?", answer.status)));
        }
        // Repeats and namespaces of a large calendar are work: not for a thread that carries voices.
        let read = tokio::task::spawn_blocking(move || Resource::all(&answer.body)).await.ok().flatten();
        read.ok_or_else(|| Trouble::Refused(format!("{url} answers with something that is no WebDAV")))
    }

    /// A resource's text and ETag; none when it is not there.
    pub(super) async fn get(&self, url: &Url) -> Result<Option<(String, String)>, Trouble> {
        let answer = self.send(self.client.get(url.clone())).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status if status.is_success() => match answer.etag {
                Some(etag) => Ok(Some((answer.body, etag))),
                None => {
                    Err(Trouble::Refused("the server tells no ETag: nothing can be changed safely there".to_owned()))
                }
            },
            status => Err(Trouble::Refused(format!("reading an appointment answers {status}"))),
        }
    }

    /// Writes a resource if it is as expected.
    pub(super) async fn put(&self, url: &Url, only: Only<'_>, text: String) -> Result<Wrote, Trouble> {
        let request = self.client.put(url.clone()).header(CONTENT_TYPE, ICALENDAR).body(text);
        let answer = self.send(conditional(request, only)).await?;
        wrote("writing an appointment", only, answer)
    }

    /// Deletes a resource if it is as expected; one that is gone already is deleted.
    pub(super) async fn delete(&self, url: &Url, only: Only<'_>) -> Result<Wrote, Trouble> {
        let answer = self.send(conditional(self.client.delete(url.clone()), only)).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Wrote::Done(None)),
            _ => wrote("withdrawing an appointment", only, answer),
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Trouble> {
        let request = match &self.username {
            Some(name) => request.basic_auth(name, self.password.as_deref()),
            None => request,
        };
        let unavailable = |error| Trouble::Unavailable(words(error));
        let mut response = request.send().await.map_err(unavailable)?;
        let status = response.status();
        let etag = response.headers().get(ETAG).and_then(|etag| Some(etag.to_str().ok()?.to_owned()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unavailable)? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_BYTES_MAX {
                return Err(Trouble::Refused(format!("an answer of more than {BODY_BYTES_MAX} bytes")));
            }
        }
        match status {
            StatusCode::UNAUTHORIZED => Err(Trouble::Refused(match self.username {
                Some(_) => "the server does not accept this user name and password".to_owned(),
                None => "the server asks for a user name and a password".to_owned(),
            })),
            StatusCode::FORBIDDEN => Err(Trouble::Refused("the server does not allow this user to do that".to_owned())),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Err(Trouble::Unavailable(status.to_string()))
            }
            status if status.is_server_error() => Err(Trouble::Unavailable(format!("the server answers {status}"))),
            status => Ok(Answer { status, etag, body: String::from_utf8_lossy(&body).into_owned() }),
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("username", &self.username).finish_non_exhaustive()
    }
}

fn conditional(request: RequestBuilder, only: Only<'_>) -> RequestBuilder {
    match only {
        Only::IfNew => request.header(IF_NONE_MATCH, "*"),
        Only::IfStill(etag) => request.header(IF_MATCH, etag),
    }
}

fn wrote(what: &str, only: Only<'_>, answer: Answer) -> Result<Wrote, Trouble> {
    match (answer.status, only) {
        (status, _) if status.is_success() => Ok(Wrote::Done(answer.etag)),
        (StatusCode::PRECONDITION_FAILED, _) => Ok(Wrote::Changed),
        (StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::CONFLICT, Only::IfStill(_)) => Ok(Wrote::Changed),
        (status, _) => Err(Trouble::Refused(format!("{what} answers {status}"))),
    }
}

const DEPTH: HeaderName = HeaderName::from_static("depth");
const XML: &str = "application/xml; charset=utf-8";
const ICALENDAR: &str = "text/calendar; charset=utf-8";
/// A server that is up answers a SYN at once.
const CONNECT_WAIT: Duration = Duration::from_secs(3);
/// Longer than a call waits for free slots: whoever asks puts the deadline.
const REQUEST_WAIT: Duration = Duration::from_secs(6);
/// Two months of a very busy calendar are below a megabyte.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
