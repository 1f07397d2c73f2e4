//! The client: one question, one answer, within the deadline.

use std::sync::Arc;
use std::time::Instant;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, StatusCode, Url, redirect};

use super::request;
use super::rest::Rest;
use super::settings::Settings;
use super::stream::{Broken, Stream};
use crate::conversation::{Proposal, Utterance};

/// A language model at an address. Clones share what was learned of it.
#[derive(Debug, Clone)]
pub struct Model(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    url: Url,
    settings: Settings,
    key: Option<HeaderValue>,
    rest: Rest,
}

/// What is wrong with the settings of a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The address cannot be asked.
    #[error("url cannot be used: {0}")]
    Url(String),
    /// The key cannot be sent.
    #[error("the key holds characters that cannot be sent")]
    Key,
    /// There is no HTTP client.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Why a question brought nothing.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("not in time")]
    Late,
    #[error("not reached: {0}")]
    Unreached(String),
    #[error("it answers {0}")]
    Status(StatusCode),
    #[error("its answer is of no use: {0}")]
    Broken(#[from] Broken),
    #[error("its answer is not the form it was given")]
    Form,
}

impl Model {
    /// Connects to nothing yet.
    pub fn new(settings: Settings) -> Result<Model, ModelError> {
        let url = Url::parse(&settings.url).map_err(|error| ModelError::Url(error.to_string()))?;
        let key = settings.api_key.as_ref().map(|key| HeaderValue::try_from(format!("Bearer {key}")));
        let mut key = key.transpose().map_err(|_| ModelError::Key)?;
        key.iter_mut().for_each(|key| key.set_sensitive(true));
        let client = Client::builder()
            .timeout(settings.deadline)
            // What callers say goes where the settings say, and nowhere else.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ModelError::Client(error.without_url().to_string()))?;
        Ok(Model(Arc::new(Inner { client, url, settings, key, rest: Rest::default() })))
    }

    /// What the model makes of an utterance; none when it failed, was late, or is being left alone.
    pub async fn interpret(&self, utterance: &Utterance) -> Option<Proposal> {
        let inner = &*self.0;
        if inner.rest.is_on(Instant::now()) {
            return None;
        }
        let answer = tokio::time::timeout(inner.settings.deadline, inner.ask(utterance));
        match answer.await.unwrap_or(Err(Trouble::Late)) {
            Ok(proposal) => {
                inner.rest.answered();
                Some(proposal)
            }
            Err(trouble) => {
                inner.note(&trouble);
                None
            }
        }
    }
}

impl Inner {
    async fn ask(&self, utterance: &Utterance) -> Result<Proposal, Trouble> {
        let body = request::body(&self.settings.model, utterance);
        let mut request = self.client.post(self.url.clone()).json(&body);
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.clone());
        }
        let mut response = request.send().await.map_err(unreached)?;
        if !response.status().is_success() {
            return Err(Trouble::Status(response.status()));
        }
        let mut stream = Stream::default();
        while !stream.is_done()
            && let Some(bytes) = response.chunk().await.map_err(unreached)?
        {
            stream.take(&bytes)?;
        }
        serde_json::from_str(&stream.finish()?).map_err(|_| Trouble::Form)
    }

    /// A model that answers nonsense is there all the same; what callers said is in no log.
    fn note(&self, trouble: &Trouble) {
        let now = Instant::now();
        match trouble {
            Trouble::Form | Trouble::Broken(Broken::Tool | Broken::Long) => self.rest.answered(),
            Trouble::Status(StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                self.rest.refused(now);
            }
            _ => self.rest.failed(now),
        }
        tracing::warn!(%trouble, "the call goes on without the language model");
    }
}

fn unreached(error: reqwest::Error) -> Trouble {
    if error.is_timeout() { Trouble::Late } else { Trouble::Unreached(error.without_url().to_string()) }
}
