//! Requests to a CRM: once, with our token, and a failure that says whether it may have been done.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url};
use serde_json::Value;

use super::CrmError;
use crate::cloud::{OAuthSettings, Tokens, Trouble, client, https, retry_after, words};

/// A CRM's API and who we are there.
#[derive(Clone)]
pub(super) struct Api {
    client: Client,
    base: Url,
    auth: Auth,
    /// What an answer that is no success means there, where that is not what it means everywhere.
    means: fn(&Answer) -> Option<CrmError>,
}

/// How a CRM knows us.
#[derive(Clone)]
enum Auth {
    /// With tokens that run out.
    Granted(Tokens),
    /// With a header that stays.
    Header(HeaderName, String),
    /// By what each request itself carries.
    Other,
}

/// Who we are at a CRM.
#[derive(Clone, PartialEq, Eq)]
pub enum Access {
    /// Somebody allowed it: tokens that run out.
    OAuth(Box<OAuthSettings>),
    /// A token or API key that stays.
    Token(String),
}

/// A request.
#[derive(Clone)]
pub(super) struct Ask {
    method: Method,
    url: Url,
    body: Option<String>,
    headers: Vec<(&'static str, String)>,
    /// Changes nothing there, whatever its method.
    reads: bool,
}

/// An answer, good or bad.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
    /// The wait it asks for.
    pub(super) wait: Option<Duration>,
}

impl Api {
    /// Connects to nothing yet. `header` is where a token that stays goes; none for the usual place.
    pub(super) fn new(
        base: &str,
        access: Access,
        header: Option<&'static str>,
        means: fn(&Answer) -> Option<CrmError>,
    ) -> Result<Api, Trouble> {
        let auth = match access {
            Access::OAuth(settings) => {
                https(&settings.token_url)?;
                Auth::Granted(Tokens::new(client(ANSWER_WITHIN)?, *settings)?)
            }
            Access::Token(token) => match header {
                None => Auth::Header(AUTHORIZATION, format!("Bearer {token}")),
                Some(name) => Auth::Header(HeaderName::from_static(name), token),
            },
        };
        Ok(Api { client: client(ANSWER_WITHIN)?, base: https(base)?, auth, means })
    }

    /// Where each request says itself who asks.
    pub(super) fn open(base: &str, means: fn(&Answer) -> Option<CrmError>) -> Result<Api, Trouble> {
        Ok(Api { client: client(ANSWER_WITHIN)?, base: https(base)?, auth: Auth::Other, means })
    }

    /// A request to a path of the API; each part is one segment, whatever is in it.
    pub(super) fn ask(&self, method: Method, parts: &[&str]) -> Ask {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        let reads = method == Method::GET;
        Ask { method, url, body: None, headers: Vec::new(), reads }
    }

    /// A request to an address the CRM gave; none when it leads elsewhere: our token is only for the CRM.
    pub(super) fn follow(&self, address: &str) -> Option<Ask> {
        let url = Url::parse(address).ok().filter(|url| url.origin() == self.base.origin())?;
        Some(Ask { method: Method::GET, url, body: None, headers: Vec::new(), reads: true })
    }

    /// Asks once; a second time only when the token was not taken, with a new one.
    pub(super) async fn send(&self, ask: &Ask) -> Result<Answer, CrmError> {
        let mut refused: Option<String> = None;
        loop {
            let token = self.token(refused.as_deref()).await?;
            let answer = self.attempt(ask, token.as_deref()).await?;
            if answer.status != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            match token {
                Some(token) if refused.is_none() => refused = Some(token),
                _ => return Err(CrmError::Unauthorized { reason: answer.said() }),
            }
        }
    }

    /// What a success says; anything else is an error.
    pub(super) async fn good(&self, ask: &Ask) -> Result<Value, CrmError> {
        let answer = self.send(ask).await?;
        match answer.status.is_success() {
            true => Ok(answer.body),
            false => Err(self.error(ask, &answer)),
        }
    }

    /// What a success says; none when there is no such record.
    pub(super) async fn found(&self, ask: &Ask) -> Result<Option<Value>, CrmError> {
        let answer = self.send(ask).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status if status.is_success() => Ok(Some(answer.body)),
            _ => Err(self.error(ask, &answer)),
        }
    }

    /// What an answer that is no success means.
    pub(super) fn error(&self, ask: &Ask, answer: &Answer) -> CrmError {
        if let Some(error) = (self.means)(answer) {
            return error;
        }
        let reason = answer.said();
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => CrmError::Retry { after: answer.wait, reason },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => CrmError::Unauthorized { reason },
            StatusCode::NOT_FOUND | StatusCode::GONE => CrmError::Gone,
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => CrmError::Conflict { reason },
            StatusCode::SERVICE_UNAVAILABLE => CrmError::Retry { after: answer.wait, reason },
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => ask.lost(reason),
            _ => CrmError::Rejected { field: None, reason },
        }
    }

    async fn token(&self, refused: Option<&str>) -> Result<Option<String>, CrmError> {
        match &self.auth {
            Auth::Header(..) | Auth::Other => Ok(None),
            Auth::Granted(tokens) => tokens.access(refused).await.map(Some).map_err(|trouble| match trouble {
                Trouble::Unavailable(reason) => CrmError::Retry { after: None, reason },
                Trouble::Refused(reason) => CrmError::Unauthorized { reason },
            }),
        }
    }

    async fn attempt(&self, ask: &Ask, token: Option<&str>) -> Result<Answer, CrmError> {
        let mut request = self.client.request(ask.method.clone(), ask.url.clone());
        let known = match (&self.auth, token) {
            (Auth::Header(name, value), _) => Some((name.clone(), value.clone())),
            (_, Some(token)) => Some((AUTHORIZATION, format!("Bearer {token}"))),
            _ => None,
        };
        if let Some((name, value)) = known {
            let mut value = HeaderValue::from_str(&value)
                .map_err(|_| CrmError::Unauthorized { reason: "the token cannot be sent; correct it".to_owned() })?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &ask.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        read(ask, request.send().await).await
    }
}

impl Ask {
    /// Adds to the query.
    pub(super) fn with(mut self, name: &str, value: impl AsRef<str>) -> Ask {
        self.url.query_pairs_mut().append_pair(name, value.as_ref());
        self
    }

    /// Sends JSON.
    pub(super) fn json(mut self, body: Value) -> Ask {
        self.body = Some(body.to_string());
        self
    }

    /// Sends a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Ask {
        self.headers.push((name, value.into()));
        self
    }

    /// It is a question, though it is not sent as one.
    pub(super) fn reading(mut self) -> Ask {
        self.reads = true;
        self
    }

    /// The answer did not come, or says nothing.
    pub(super) fn lost(&self, reason: String) -> CrmError {
        match self.reads {
            true => CrmError::Retry { after: None, reason },
            false => CrmError::Unknown { reason },
        }
    }
}

impl Answer {
    /// Its words, cut to a line.
    pub(super) fn said(&self) -> String {
        let known = ["/message", "/error/message", "/0/message", "/error_info", "/error", "/title", "/detail"];
        let said = known.iter().find_map(|at| self.body.pointer(at)?.as_str()).unwrap_or_default();
        let said: String = said.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        format!("{}: {said}", self.status)
    }

    /// A text inside.
    pub(super) fn text(&self, at: &str) -> Option<&str> {
        self.body.pointer(at)?.as_str()
    }

    /// A header that is a number.
    pub(super) fn number(&self, header: &str) -> Option<u64> {
        self.headers.get(header)?.to_str().ok()?.trim().parse().ok()
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest of an address may be what lets us in.
        f.debug_struct("Api").field("base", &self.base.origin().ascii_serialization()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Access::OAuth(settings) => f.debug_tuple("OAuth").field(settings).finish(),
            Access::Token(_) => f.write_str("Token(..)"),
        }
    }
}

/// The whole answer; what is lost on the way is unknown, except where nothing was sent.
async fn read(ask: &Ask, sent: reqwest::Result<reqwest::Response>) -> Result<Answer, CrmError> {
    let mut response = match sent {
        Ok(response) => response,
        Err(error) if error.is_connect() => return Err(CrmError::Retry { after: None, reason: words(error) }),
        Err(error) if error.is_builder() => return Err(CrmError::rejected(words(error))),
        Err(error) => return Err(ask.lost(words(error))),
    };
    let (status, headers, wait) = (response.status(), response.headers().clone(), retry_after(&response));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| ask.lost(words(error)))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            return Err(ask.lost(format!("an answer of more than {BODY_BYTES_MAX} bytes")));
        }
    }
    // An error may come from something before the CRM, in HTML.
    let body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(_) if body.is_empty() || !status.is_success() => Value::Null,
        Err(error) => return Err(ask.lost(format!("an answer that is no JSON: {error}"))),
    };
    Ok(Answer { status, headers, body, wait })
}

/// Nobody on the phone waits for a write; a ringing call puts its own deadline on a read.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Ten records of any CRM are far below a megabyte; descriptions of whole objects are not.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Characters of another's words that are repeated.
const WORDS_MAX: usize = 300;
