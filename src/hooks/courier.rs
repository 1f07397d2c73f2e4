//! Carries one endpoint's events.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::guard::Guarded;
use super::run::{Endpoint, Settings};
use super::send::{Answer, send};
use crate::outbox::next_attempt;
use crate::store::{Due, Store, StoreError, Told};

/// What a courier works with.
pub(super) struct Courier {
    pub(super) store: Store,
    pub(super) client: Guarded,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) settings: Settings,
    /// Under way, by delivery.
    pub(super) flying: HashSet<i64>,
    pub(super) tries: JoinSet<(Due, Answer)>,
    /// Nothing is sent before: the endpoint asked for a pause.
    pub(super) pause: Timestamp,
}

impl Courier {
    /// Sends until told to stop; what is under way then is finished.
    pub(super) async fn run(mut self, mut changed: watch::Receiver<()>, mut stop: watch::Receiver<bool>) {
        let mut outbox = true;
        while !*stop.borrow() {
            // Marked before looking, so that what is added while looking wakes at once.
            changed.mark_unchanged();
            let wait = match self.set_off().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(%error, endpoint = self.endpoint.name, "events cannot be read, trying again");
                    RETRY_AFTER
                }
            };
            tokio::select! {
                done = self.tries.join_next(), if !self.tries.is_empty() => self.landed(done.and_then(Result::ok)).await,
                told = changed.changed(), if outbox => outbox = told.is_ok(),
                _ = stop.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        while let Some(done) = self.tries.join_next().await {
            self.landed(done.ok()).await;
        }
    }

    /// Starts what is due while there is room; how long until something else is.
    async fn set_off(&mut self) -> Result<Duration, StoreError> {
        let (now, room) = (Timestamp::now(), self.settings.at_once.saturating_sub(self.flying.len()));
        if room == 0 {
            return Ok(LOOK_AGAIN);
        }
        if self.pause > now {
            return Ok(span(now, self.pause).min(LOOK_AGAIN));
        }
        let due = self.store.due_events(&self.endpoint.name, now, room + self.flying.len()).await?;
        for due in due.into_iter().filter(|due| !self.flying.contains(&due.id)).take(room).collect::<Vec<_>>() {
            self.flying.insert(due.id);
            let (client, endpoint) = (self.client.clone(), self.endpoint.clone());
            self.tries.spawn(async move {
                let answer = send(&client, &endpoint.url, &endpoint.secrets, &due).await;
                (due, answer)
            });
        }
        match self.store.next_event_due(&self.endpoint.name).await? {
            Some(due) if self.flying.is_empty() => Ok(span(now, due).clamp(TURN_MIN, LOOK_AGAIN)),
            _ => Ok(LOOK_AGAIN),
        }
    }

    /// Notes what came of one try, and of all that landed with it, in one write.
    async fn landed(&mut self, first: Option<(Due, Answer)>) {
        let mut all: Vec<(Due, Answer)> = first.into_iter().collect();
        while let Some(done) = self.tries.try_join_next() {
            all.extend(done.ok());
        }
        let now = Timestamp::now();
        let tries: Vec<(i64, Told)> =
            all.into_iter().map(|(due, answer)| (due.id, self.judge(&due, answer, now))).collect();
        let patience = self.settings.patience;
        let settled = self.store.settle_events(&self.endpoint.name, &tries, patience, now).await;
        for (id, _) in &tries {
            self.flying.remove(id);
        }
        match settled {
            Ok(true) => {}
            Ok(false) => {
                tracing::error!(endpoint = self.endpoint.name, "the webhook is disabled: see /api/v1/webhooks")
            }
            // They wait as before and are sent again.
            Err(error) => tracing::error!(%error, endpoint = self.endpoint.name, "deliveries cannot be noted"),
        }
    }

    fn judge(&mut self, due: &Due, answer: Answer, now: Timestamp) -> Told {
        let (attempt, name) = (due.attempts.saturating_add(1), &self.endpoint.name);
        match answer {
            Answer::Taken => Told::Taken,
            Answer::Gone => Told::Gone { reason: "it answered 410 Gone".to_owned() },
            Answer::NotTaken { reason, .. } if attempt >= self.settings.attempts => {
                tracing::error!(endpoint = name, event = due.event_id, attempt, reason, "an event was given up");
                Told::Never { reason: format!("gave up after {attempt} tries: {reason}") }
            }
            Answer::NotTaken { reason, wait } => {
                let asked = now.saturating_add(wait.unwrap_or(SignedDuration::ZERO)).unwrap_or(now);
                self.pause = self.pause.max(asked);
                let at = next_attempt(now, attempt, due.id.unsigned_abs(), &self.settings.backoff).max(asked);
                tracing::warn!(endpoint = name, event = due.event_id, attempt, reason, %at, "an event was not taken");
                Told::Again { reason, at }
            }
        }
    }
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// Another process (`offhook events replay`) may have added something: looked at now and then.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Two looks that see the same row do not spin.
const TURN_MIN: Duration = Duration::from_millis(1);
/// After a failure of the database.
const RETRY_AFTER: Duration = Duration::from_millis(500);
