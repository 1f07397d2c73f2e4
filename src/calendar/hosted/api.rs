//! Requests to a provider's JSON API: its token, its limits, its bad moments.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;
use tokio::time::Instant;

use crate::cloud::{OAuthSettings, Tokens, Trouble, client, https, retry_after, words};

/// A provider and who we are there.
#[derive(Clone)]
pub(in crate::calendar) struct Api {
    client: Client,
    base: Url,
    auth: Auth,
    /// Whether an answer that is no 429 means the same.
    throttles: fn(&Answer) -> bool,
    health: Arc<Mutex<Health>>,
}

/// How a provider knows us.
#[derive(Clone)]
pub(in crate::calendar) enum Auth {
    /// With tokens that run out.
    Granted(Tokens),
    /// With a token that stays.
    Token(String),
    /// With a name and a key.
    Basic(String, String),
}

/// A request.
#[derive(Debug, Clone)]
pub(in crate::calendar) struct Ask {
    method: Method,
    url: Url,
    body: Option<Value>,
    headers: Vec<(HeaderName, String)>,
}

/// An answer that is neither a refusal of our token nor an outage.
#[derive(Debug, Clone)]
pub(in crate::calendar) struct Answer {
    pub(in crate::calendar) status: StatusCode,
    pub(in crate::calendar) body: Value,
}

/// When the provider may be asked again.
#[derive(Debug, Default)]
struct Health {
    failed: u32,
    not_before: Option<Instant>,
}

/// What one attempt came to.
enum Attempt {
    Answered(Answer),
    /// Our token was not taken.
    Refused(String),
    /// Too much was asked; wait that long.
    Throttled(Duration),
    /// It may come to its senses; whether it did what was asked is unknown.
    Failed(String),
}

impl Auth {
    /// Tokens bought at the provider's own server.
    pub(in crate::calendar) fn oauth(settings: OAuthSettings) -> Result<Auth, Trouble> {
        https(&settings.token_url)?;
        Ok(Auth::Granted(Tokens::new(client(REQUEST_WAIT)?, settings)?))
    }

    async fn header(&self, refused: Option<&str>) -> Result<Option<String>, Trouble> {
        match self {
            Auth::Granted(tokens) => tokens.access(refused).await.map(Some),
            Auth::Token(token) => Ok(Some(token.clone())),
            Auth::Basic(..) => Ok(None),
        }
    }
}

impl Api {
    /// Connects to nothing yet.
    pub(in crate::calendar) fn new(base: &str, auth: Auth, throttles: fn(&Answer) -> bool) -> Result<Api, Trouble> {
        Ok(Api { client: client(REQUEST_WAIT)?, base: https(base)?, auth, throttles, health: Arc::default() })
    }

    /// A request to a path of the API; each part is one segment, whatever is in it.
    pub(in crate::calendar) fn ask(&self, method: Method, parts: &[&str]) -> Ask {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        Ask { method, url, body: None, headers: Vec::new() }
    }

    /// A request to an address the provider gave; none when it leads elsewhere: our token is only for the provider.
    pub(in crate::calendar) fn follow(&self, address: &str) -> Option<Ask> {
        let url = Url::parse(address).ok().filter(|url| url.origin() == self.base.origin())?;
        Some(Ask { method: Method::GET, url, body: None, headers: Vec::new() })
    }

    /// Asks: reads a second time after a failure, everything a second time after a short wait that the provider wants,
    /// and with a new token when the old one was not taken.
    pub(in crate::calendar) async fn send(&self, ask: &Ask) -> Result<Answer, Trouble> {
        self.may_ask()?;
        let (mut refused, mut again) = (None, true);
        let mut renewed = false;
        loop {
            let token = self.auth.header(refused.as_deref()).await?;
            match self.attempt(ask, token.as_deref()).await {
                Attempt::Answered(answer) => {
                    self.note(true, None);
                    return Ok(answer);
                }
                Attempt::Refused(_) if !renewed && matches!(self.auth, Auth::Granted(_)) => {
                    (renewed, refused) = (true, token);
                }
                Attempt::Refused(why) => return Err(Trouble::Refused(why)),
                Attempt::Throttled(wait) if again && wait <= WAIT_MAX => {
                    again = false;
                    tokio::time::sleep(wait).await;
                }
                Attempt::Throttled(wait) => {
                    self.note(false, Some(wait));
                    return Err(Trouble::Unavailable(format!(
                        "the provider has enough of us for {} seconds",
                        wait.as_secs()
                    )));
                }
                Attempt::Failed(_) if again && ask.method == Method::GET => {
                    again = false;
                    tokio::time::sleep(READ_AGAIN).await;
                }
                Attempt::Failed(why) => {
                    self.note(false, None);
                    return Err(Trouble::Unavailable(why));
                }
            }
        }
    }

    async fn attempt(&self, ask: &Ask, token: Option<&str>) -> Attempt {
        let Some(request) = self.request(ask, token) else {
            return Attempt::Refused("the token or a header cannot be sent".to_owned());
        };
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Attempt::Failed(words(error)),
        };
        let (status, wait) = (response.status(), retry_after(&response));
        let answer = match read(response).await {
            Ok(answer) => answer,
            Err(why) => return Attempt::Failed(why),
        };
        match status {
            StatusCode::UNAUTHORIZED => {
                Attempt::Refused(format!("the provider does not take our {}", self.credential()))
            }
            StatusCode::TOO_MANY_REQUESTS => Attempt::Throttled(wait.unwrap_or(WAIT_UNSAID)),
            _ if (self.throttles)(&answer) => Attempt::Throttled(wait.unwrap_or(WAIT_UNSAID)),
            StatusCode::SERVICE_UNAVAILABLE if wait.is_some() => Attempt::Throttled(wait.unwrap_or(WAIT_UNSAID)),
            StatusCode::REQUEST_TIMEOUT => Attempt::Failed(format!("the provider answers {status}")),
            status if status.is_server_error() => Attempt::Failed(format!("the provider answers {status}")),
            _ => Attempt::Answered(answer),
        }
    }

    fn request(&self, ask: &Ask, token: Option<&str>) -> Option<RequestBuilder> {
        let mut request = self.client.request(ask.method.clone(), ask.url.clone());
        request = match (&self.auth, token) {
            (Auth::Basic(name, key), _) => request.basic_auth(name, Some(key)),
            (_, Some(token)) => {
                let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
                header.set_sensitive(true);
                request.header(AUTHORIZATION, header)
            }
            (_, None) => request,
        };
        for (name, value) in &ask.headers {
            request = request.header(name, HeaderValue::from_str(value).ok()?);
        }
        Some(match &ask.body {
            Some(body) => request.json(body),
            None => request,
        })
    }

    fn credential(&self) -> &'static str {
        match self.auth {
            Auth::Granted(_) => "permission; run `offhook calendar login` again",
            Auth::Token(_) => "token; correct token_file, token_env or token",
            Auth::Basic(..) => "username and password; correct them",
        }
    }

    fn may_ask(&self) -> Result<(), Trouble> {
        let health = self.health.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match health.not_before.and_then(|at| at.checked_duration_since(Instant::now())) {
            Some(left) if !left.is_zero() => {
                Err(Trouble::Unavailable(format!("the provider is left alone for {} seconds more", left.as_secs() + 1)))
            }
            _ => Ok(()),
        }
    }

    /// Several failures in a row, or its own word, and a provider is left alone for a while.
    fn note(&self, good: bool, wait: Option<Duration>) {
        let mut health = self.health.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        health.failed = if good { 0 } else { health.failed.saturating_add(1) };
        let rest = wait.or((health.failed >= FAILURES_MAX).then_some(REST));
        health.not_before = rest.map(|rest| Instant::now() + rest.min(REST_MAX));
    }
}

impl Ask {
    /// Adds to the query.
    pub(in crate::calendar) fn with(mut self, name: &str, value: impl AsRef<str>) -> Ask {
        self.url.query_pairs_mut().append_pair(name, value.as_ref());
        self
    }

    /// Sends JSON.
    pub(in crate::calendar) fn json(mut self, body: Value) -> Ask {
        self.body = Some(body);
        self
    }

    /// Sends a header.
    pub(in crate::calendar) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Ask {
        self.headers.push((name, value.into()));
        self
    }
}

impl Answer {
    /// What a success says; anything else is a refusal in the provider's words.
    pub(in crate::calendar) fn good(self, doing: &str) -> Result<Value, Trouble> {
        match self.status.is_success() {
            true => Ok(self.body),
            false => Err(self.refused(doing)),
        }
    }

    /// A refusal in the provider's words.
    pub(in crate::calendar) fn refused(&self, doing: &str) -> Trouble {
        let said = ["/error/message", "/message", "/title"].iter().find_map(|at| self.body.pointer(at)?.as_str());
        let said: String = said.unwrap_or_default().chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        Trouble::Refused(format!("{doing} answers {}: {said}", self.status))
    }

    /// A text inside.
    pub(in crate::calendar) fn text(&self, at: &str) -> Option<&str> {
        self.body.pointer(at)?.as_str()
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

async fn read(mut response: Response) -> Result<Answer, String> {
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(words)? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            return Err(format!("an answer of more than {BODY_BYTES_MAX} bytes"));
        }
    }
    // An error may come from something before the provider, in HTML.
    let body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(_) if body.is_empty() || !status.is_success() => Value::Null,
        Err(error) => return Err(format!("an answer that is no JSON: {error}")),
    };
    Ok(Answer { status, body })
}

/// Longer than a call waits: whoever asks puts the deadline.
const REQUEST_WAIT: Duration = Duration::from_secs(6);
/// Before a read is tried again.
const READ_AGAIN: Duration = Duration::from_millis(150);
/// A caller is on the phone: longer waits are left to the next question.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Where a provider says too much but not for how long.
const WAIT_UNSAID: Duration = Duration::from_secs(1);
/// Requests that failed in a row before a provider is left alone, and for how long.
const FAILURES_MAX: u32 = 6;
const REST: Duration = Duration::from_secs(5);
/// No provider's word keeps us away for longer.
const REST_MAX: Duration = Duration::from_secs(300);
/// Two months of a very busy calendar are below a megabyte.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Characters of another's words that are repeated.
const WORDS_MAX: usize = 200;
