//! From the request to the disk: whoever is answered has been kept.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

use super::run::Ingest;
use crate::events::NotAdmitted;
use crate::store::{NewArrival, Store};

/// A request.
#[derive(Debug, Clone)]
pub struct Given<'a> {
    /// The source it names.
    pub source: &'a str,
    /// Where it comes from.
    pub from: IpAddr,
    /// The query of its address.
    pub query: &'a str,
    /// Its headers, names in lower case.
    pub headers: Vec<(&'a str, &'a str)>,
    /// Its bytes.
    pub body: &'a [u8],
}

/// It was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Kept; `fresh` is false when it was known already.
    Kept {
        /// Whether it is new.
        fresh: bool,
    },
    /// Only a question whether we are who we say: this is the answer.
    Challenge(String),
}

/// It was not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such source.
    #[error("there is no such source")]
    Unknown,
    /// Not from its networks.
    #[error("this source does not speak from there")]
    Network,
    /// Not signed as it signs.
    #[error("{0}")]
    Unsigned(#[from] NotAdmitted),
    /// The disk is stuck or full; again later.
    #[error("it could not be kept; try again")]
    Busy,
}

/// One request on its way to the disk.
pub(super) type Waiting = (NewArrival, oneshot::Sender<bool>);

impl Ingest {
    /// Checks, keeps (synced), and only then says so.
    pub async fn take(&self, given: Given<'_>) -> Result<Taken, Refusal> {
        let source = self.sources.iter().find(|source| source.name == given.source).ok_or(Refusal::Unknown)?;
        if !(source.from)(given.from.to_canonical()) {
            return Err(Refusal::Network);
        }
        let header = |name: &str| given.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let now = Timestamp::now();
        source.door.admit(header, given.query, given.body, now).map_err(NotAdmitted::from)?;
        if let Some(answer) = source.door.challenge(given.body) {
            return Ok(Taken::Challenge(answer));
        }
        let arrival = NewArrival {
            source: source.name.clone(),
            key: source.door.key(header, given.body).chars().take(KEY_CHARS_MAX).collect(),
            received_at: now,
            headers: kept(&given.headers).to_string(),
            body: given.body.to_vec(),
        };
        let (done, kept) = oneshot::channel();
        self.intake.try_send((arrival, done)).map_err(|_| Refusal::Busy)?;
        let fresh = kept.await.map_err(|_| Refusal::Busy)?;
        Ok(Taken::Kept { fresh })
    }
}

/// Writes whatever waits in one transaction, until nobody sends any more.
pub(super) async fn keep(store: Store, mut waiting: mpsc::Receiver<Waiting>, bell: watch::Sender<()>) {
    let mut group = Vec::new();
    while waiting.recv_many(&mut group, GROUP_MAX).await > 0 {
        let (arrivals, answers): (Vec<NewArrival>, Vec<_>) = group.drain(..).unzip();
        match store.keep_arrivals(&arrivals).await {
            Ok(fresh) => {
                for (answer, fresh) in answers.into_iter().zip(fresh) {
                    // Whoever asked may be gone; what came is kept all the same.
                    let _ = answer.send(fresh);
                }
                bell.send_replace(());
            }
            // Nobody is told that it was kept: they send it again.
            Err(error) => tracing::error!(%error, lost = arrivals.len(), "what arrived cannot be kept"),
        }
    }
}

/// Headers for whoever has to find out later what came; what opens doors is left out.
fn kept(headers: &[(&str, &str)]) -> Value {
    let secret = |name: &str| matches!(name, "authorization" | "cookie" | "proxy-authorization");
    let shown = |name: &str, value: &str| Value::from(if secret(name) { "..." } else { value });
    headers.iter().map(|(name, value)| ((*name).to_owned(), shown(name, value))).collect()
}

/// Requests per transaction.
const GROUP_MAX: usize = 128;
/// Of a key; a header may be longer.
const KEY_CHARS_MAX: usize = 300;
