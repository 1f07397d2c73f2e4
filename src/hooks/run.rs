//! Starting and stopping.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::courier::Courier;
use super::guard::Guarded;
use super::send::ANSWER_WITHIN;
use crate::events::{Kind, Reach, Secrets};
use crate::outbox::Backoff;
use crate::store::Store;

/// Somebody who is told.
#[derive(Clone)]
pub struct Endpoint {
    /// Its name: health and replays go by it.
    pub name: String,
    /// The web address, which may hold a token.
    pub url: String,
    /// What requests are signed with.
    pub secrets: Secrets,
    /// What it is told of.
    pub kinds: Vec<Kind>,
    /// How far requests to it may reach.
    pub reach: Reach,
}

/// How events are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Requests to one endpoint at the same time.
    pub at_once: usize,
    /// How long it may take to answer.
    pub answer_within: Duration,
    /// Tries after which an event is given up.
    pub attempts: u32,
    /// Waits between them.
    pub backoff: Backoff,
    /// An endpoint that takes nothing for so long is disabled.
    pub patience: SignedDuration,
    /// How long events can be replayed.
    pub kept: SignedDuration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            at_once: 16,
            answer_within: ANSWER_WITHIN,
            // About four days: 5 s, 20 s, 80 s, ... then every six hours.
            attempts: 20,
            backoff: Backoff { first: Duration::from_secs(5), factor: 4, longest: Duration::from_secs(6 * 3600) },
            patience: SignedDuration::from_hours(3 * 24),
            kept: SignedDuration::from_hours(30 * 24),
        }
    }
}

/// The running couriers.
pub struct Hooks {
    stop: watch::Sender<bool>,
    couriers: JoinSet<()>,
}

impl Hooks {
    /// Starts telling those whom the store knows from [`Store::set_endpoints`]. `changed` is marked whenever
    /// something was written.
    pub fn start(store: Store, endpoints: Vec<Endpoint>, settings: Settings, changed: watch::Receiver<()>) -> Hooks {
        let (stop, stopped) = watch::channel(false);
        let mut couriers = JoinSet::new();
        for endpoint in endpoints {
            let client = match Guarded::new(endpoint.reach, settings.answer_within) {
                Ok(client) => client,
                Err(error) => {
                    tracing::error!(error, endpoint = endpoint.name, "no web client: its events wait");
                    continue;
                }
            };
            let courier = Courier {
                store: store.clone(),
                client,
                endpoint: Arc::new(endpoint),
                settings: settings.clone(),
                flying: HashSet::new(),
                tries: JoinSet::new(),
                pause: Timestamp::MIN,
            };
            couriers.spawn(courier.run(changed.clone(), stopped.clone()));
        }
        couriers.spawn(forget(store, settings.kept, stopped));
        Hooks { stop, couriers }
    }

    /// Finishes requests under way; what is not taken stays in the database for the next start.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.couriers.join_next().await.is_some() {}
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("couriers", &self.couriers.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Who is told of what, as [`Store::set_endpoints`] takes it.
pub fn named(endpoints: &[Endpoint]) -> Vec<(String, Vec<Kind>)> {
    endpoints.iter().map(|endpoint| (endpoint.name.clone(), endpoint.kinds.clone())).collect()
}

/// Forgets what is too old to be replayed, now and every day.
async fn forget(store: Store, kept: SignedDuration, mut stop: watch::Receiver<bool>) {
    loop {
        let before = Timestamp::now().saturating_sub(kept).unwrap_or(Timestamp::MIN);
        if let Err(error) = store.forget_events(before).await {
            tracing::warn!(%error, "old events stay for now");
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(FORGET_EVERY) => {}
        }
    }
}

const FORGET_EVERY: Duration = Duration::from_secs(24 * 3600);
