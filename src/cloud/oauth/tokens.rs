//! Access tokens: bought with the refresh token before they run out, by one at a time.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, RwLock};
use tokio::time::Instant;

use super::sealed::Vault;
use crate::cloud::trouble::{Trouble, words};

/// Who we are to a provider, and where the user's permission is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct OAuthSettings {
    /// The provider's name: that of the sealed file.
    pub name: String,
    /// Where tokens are bought.
    pub token_url: String,
    /// Where the user allows it, in a browser.
    pub authorize_url: String,
    /// What is asked for.
    pub scope: String,
    /// Our name there.
    pub client_id: String,
    /// And our password, where the provider gives one.
    pub client_secret: Option<String>,
    /// A refresh token from elsewhere; none where the login got it.
    pub refresh_token: Option<String>,
    /// Whether the client itself is allowed, with no user behind it (RFC 6749 section 4.4): there is no login then.
    pub machine: bool,
    /// What of ours it is for, "calendar" or "crm": the section and the command that mend it.
    pub room: &'static str,
    /// Where the sealed file lives.
    pub folder: PathBuf,
    /// Its key; none for the one in the folder.
    pub seal_key: Option<String>,
}

/// The access tokens of one permission, shared by all who ask its provider.
#[derive(Clone)]
pub(crate) struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    settings: OAuthSettings,
    vault: Vault,
    now: RwLock<Option<Access>>,
    /// Held by the one who refreshes; how many refreshes there were, and how the last one ended.
    refreshing: Mutex<(u64, Result<String, Trouble>)>,
    begun: std::sync::atomic::AtomicU64,
}

#[derive(Clone)]
struct Access {
    token: String,
    /// When it is time for the next one.
    until: Instant,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    refresh_token: String,
    /// Which configured refresh token it came from: another one there replaces it.
    seed: String,
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

/// RFC 6749 section 5.2.
#[derive(Deserialize)]
struct Denied {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Tokens {
    /// Asks nobody yet; a sealed file that cannot be read is said here.
    pub(crate) fn new(client: Client, settings: OAuthSettings) -> Result<Tokens, Trouble> {
        let vault = Vault::open(&settings.folder, &settings.name, settings.seal_key.as_deref());
        let vault = vault.map_err(Trouble::Refused)?;
        let none = (0, Err(Trouble::Unavailable("nothing was asked yet".to_owned())));
        let (now, refreshing) = (RwLock::default(), Mutex::new(none));
        Ok(Tokens { inner: Arc::new(Inner { client, settings, vault, now, refreshing, begun: 0.into() }) })
    }

    /// A token that is good for some time; `refused` is one that the provider did not take.
    pub(crate) async fn access(&self, refused: Option<&str>) -> Result<String, Trouble> {
        let seen = self.inner.begun.load(std::sync::atomic::Ordering::Acquire);
        if let Some(token) = self.inner.good(refused).await {
            return Ok(token);
        }
        let (inner, refused) = (self.inner.clone(), refused.map(str::to_owned));
        // A task of its own: the caller may hang up, the new refresh token must still be kept.
        let refreshed = tokio::spawn(async move { inner.refresh_once(seen, refused.as_deref()).await });
        refreshed.await.unwrap_or_else(|panic| Err(Trouble::Unavailable(panic.to_string())))
    }

    /// Keeps what a login brought.
    pub(super) async fn keep(settings: OAuthSettings, client: Client, answer: Response) -> Result<(), Trouble> {
        let tokens = Tokens::new(client, settings)?;
        let granted = granted(answer, tokens.inner.settings.room).await?;
        let Some(refresh_token) = &granted.refresh_token else {
            return Err(Trouble::Refused(
                "the provider gave no refresh token; withdraw the old permission there and log in again".to_owned(),
            ));
        };
        tokens.inner.seal(refresh_token).map_err(Trouble::Refused)
    }
}

impl Inner {
    async fn good(&self, refused: Option<&str>) -> Option<String> {
        let now = self.now.read().await;
        let access = now.as_ref().filter(|access| access.until > Instant::now())?;
        (Some(access.token.as_str()) != refused).then(|| access.token.clone())
    }

    /// Refreshes, unless somebody else did since it was looked at.
    async fn refresh_once(&self, seen: u64, refused: Option<&str>) -> Result<String, Trouble> {
        let mut last = self.refreshing.lock().await;
        if let Some(token) = self.good(refused).await {
            return Ok(token);
        }
        if last.0 > seen && last.1.is_err() {
            return last.1.clone();
        }
        let result = self.refresh().await;
        last.0 = 1 + self.begun.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        last.1.clone_from(&result);
        result
    }

    async fn refresh(&self) -> Result<String, Trouble> {
        let settings = &self.settings;
        let refresh_token = match settings.machine {
            true => None,
            false => Some(self.refresh_token().map_err(Trouble::Refused)?),
        };
        let form = form(&[
            ("grant_type", Some(if settings.machine { "client_credentials" } else { "refresh_token" })),
            ("refresh_token", refresh_token.as_deref()),
            ("scope", settings.machine.then_some(settings.scope.as_str())),
            ("client_id", Some(&settings.client_id)),
            ("client_secret", settings.client_secret.as_deref()),
        ]);
        let asked = Instant::now();
        let request = self.client.post(&settings.token_url).header(reqwest::header::CONTENT_TYPE, FORM);
        let answer = request.body(form).send().await.map_err(|error| Trouble::Unavailable(words(error)))?;
        let granted = granted(answer, settings.room).await?;
        if let (Some(old), Some(rotated)) = (refresh_token, granted.refresh_token.as_deref())
            && old != rotated
            && let Err(error) = self.seal(rotated)
        {
            // The access token is good all the same; the next start needs a login.
            tracing::error!("[{}] the new refresh token is not kept: {error}", settings.room);
        }
        let lives = Duration::from_secs(granted.expires_in.unwrap_or(LIFE_SECONDS));
        let until = asked + lives.saturating_sub(EARLY.min(lives / 5));
        *self.now.write().await = Some(Access { token: granted.access_token.clone(), until });
        Ok(granted.access_token)
    }

    /// The newest one: another process may have put it there.
    fn refresh_token(&self) -> Result<String, String> {
        let kept = self.vault.read()?.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        match (kept, &self.settings.refresh_token) {
            (Some(kept), _) if kept.seed == self.seed() => Ok(kept.refresh_token),
            (_, Some(given)) => Ok(given.clone()),
            (Some(kept), None) => Ok(kept.refresh_token),
            (None, None) => Err(format!(
                "nobody has allowed the use of this {} {room} yet; run `offhook {room} login`, or set \
                 refresh_token_file",
                self.settings.name,
                room = self.settings.room
            )),
        }
    }

    fn seal(&self, refresh_token: &str) -> Result<(), String> {
        let kept = Kept { refresh_token: refresh_token.to_owned(), seed: self.seed() };
        self.vault.write(&serde_json::to_vec(&kept).map_err(|error| error.to_string())?)
    }

    fn seed(&self) -> String {
        let given = self.settings.refresh_token.as_deref().unwrap_or_default();
        Sha256::digest(given.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for OAuthSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthSettings")
            .field("name", &self.name)
            .field("token_url", &self.token_url)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

async fn granted(mut answer: Response, room: &str) -> Result<Granted, Trouble> {
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Trouble::Unavailable(words(error)))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            return Err(Trouble::Refused("the token server's answer is too long".to_owned()));
        }
    }
    if status.is_success() {
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| Trouble::Refused("the token server's answer is no token; correct token_url".to_owned()))?;
        return match granted.token_type.eq_ignore_ascii_case("bearer") {
            true => Ok(granted),
            false => Err(Trouble::Refused(format!("tokens of type `{}` are not understood", granted.token_type))),
        };
    }
    if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
        return Err(Trouble::Unavailable(format!("the token server answers {status}")));
    }
    Err(Trouble::Refused(match serde_json::from_slice::<Denied>(&body) {
        Ok(denied) => denial(&denied, room),
        Err(_) => format!("the token server answers {status}; correct token_url"),
    }))
}

/// The provider's own words help, cut to a line.
fn denial(denied: &Denied, room: &str) -> String {
    let said: String = denied.error_description.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
    let remedy = match denied.error.as_str() {
        "invalid_grant" => format!("the permission has ended or was withdrawn; run `offhook {room} login` again"),
        "invalid_client" | "unauthorized_client" => "correct client_id and client_secret".to_owned(),
        "invalid_scope" => format!("allow the {room} scopes for this client at the provider"),
        _ => "see the provider's page of this client".to_owned(),
    };
    let code: String = denied.error.chars().filter(|c| c.is_ascii_graphic()).take(WORDS_MAX).collect();
    format!("no token ({code}): {remedy}. The provider says: {said}")
}

/// `application/x-www-form-urlencoded`.
pub(super) fn form(pairs: &[(&str, Option<&str>)]) -> String {
    let Ok(mut url) = Url::parse("form:/") else { return String::new() };
    for (name, value) in pairs {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    url.query().unwrap_or_default().to_owned()
}

pub(super) const FORM: &str = "application/x-www-form-urlencoded";
/// What a token lives if its server does not say.
const LIFE_SECONDS: u64 = 3600;
/// A token this close to its end is not used: a request must not meet its end on the way.
const EARLY: Duration = Duration::from_secs(60);
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Characters of another's words that are repeated.
const WORDS_MAX: usize = 200;
