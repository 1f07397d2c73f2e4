//! The client: one question, one answer, within the deadline.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, StatusCode, Url, redirect};
use serde_json::Value;

use super::request;
use super::rest::Rest;
use super::settings::Settings;
use super::stream::{Broken, Stream};
use crate::conversation::{Proposal, Rephrased, Utterance};

/// A language model at an address. Clones share what was learned of it.
#[derive(Debug, Clone)]
pub struct Model(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    client: Client,
    url: Url,
    pub(super) settings: Settings,
    key: Option<HeaderValue>,
    rest: Rest,
    /// Prompts in other words.
    pub(super) rephrased: Mutex<Arc<Rephrased>>,
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
pub(super) enum Trouble {
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
            // What callers say goes where the settings say, and nowhere else.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ModelError::Client(error.without_url().to_string()))?;
        Ok(Model(Arc::new(Inner { client, url, settings, key, rest: Rest::default(), rephrased: Mutex::default() })))
    }

    /// What the model makes of an utterance; none when it failed, was late, or is being left alone.
    pub async fn interpret(&self, utterance: &Utterance) -> Option<Proposal> {
        let inner = &*self.0;
        if inner.rest.is_on(Instant::now()) {
            return None;
        }
        match inner.ask(utterance).await {
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
        let answer = self.answer(&request::body(&self.settings.model, utterance), self.settings.deadline).await?;
        serde_json::from_str(&answer).map_err(|_| Trouble::Form)
    }

    /// The whole answer to a request, within the deadline.
    pub(super) async fn answer(&self, body: &Value, deadline: Duration) -> Result<String, Trouble> {
        tokio::time::timeout(deadline, self.streamed(body)).await.unwrap_or(Err(Trouble::Late))
    }

    async fn streamed(&self, body: &Value) -> Result<String, Trouble> {
        let mut request = self.client.post(self.url.clone()).json(body);
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
        Ok(stream.finish()?)
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
