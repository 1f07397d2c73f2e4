//! A worker: lease, deliver, acknowledge.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::deliver::{Delivered, Delivery, deliver};
use super::describe::Described;
use super::gate::is_limit;
use super::guarded::Guarded;
use super::meter::Counted;
use super::retry::{Backoff, next_attempt};
use super::rows::SETTLE;
use super::run::{Doors, Settings, Signal};
use crate::store::{Done, Lease, Store, StoreError};

/// What all workers share.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) store: Store,
    pub(super) doors: Arc<Doors>,
    /// The same CRM as in `doors`, as a gate.
    pub(super) guarded: Arc<Guarded>,
    pub(super) described: Arc<Described>,
    pub(super) settings: Settings,
    /// This run of the process, in the leases it takes.
    pub(super) boot: String,
    pub(super) signal: Signal,
}

impl Worker {
    /// Works until told to stop; a delivery under way is finished first.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut woken = self.signal.subscribe();
        while !*stop.borrow() {
            // Marked before looking, so that what is added while looking wakes at once.
            woken.mark_unchanged();
            let wait = match self.step().await {
                Ok(true) => continue,
                Ok(false) => self.until_due().await,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be worked on, trying again");
                    Some(RETRY_AFTER)
                }
            };
            tokio::select! {
                _ = woken.changed() => {}
                _ = stop.changed() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Handles one row; false when none is due.
    async fn step(&self) -> Result<bool, StoreError> {
        let now = Timestamp::now();
        if !self.store.job_due(now).await? {
            return Ok(false);
        }
        let Some(lease) = self.store.lease_job(&self.boot, now, hold(self.settings.lease)).await? else {
            return Ok(false);
        };
        let Some(delivery) = self.deliver_held(&lease).await else {
            tracing::warn!(key = lease.job.key, "another worker took over a delivery");
            return Ok(true);
        };
        let held = self.settle(&lease, delivery).await?;
        if !held {
            tracing::warn!(key = lease.job.key, "delivered after another worker took over; its key keeps it single");
        }
        self.signal.send();
        Ok(true)
    }

    /// Delivers while renewing the lease; none when the lease was lost.
    async fn deliver_held(&self, lease: &Lease) -> Option<Delivery> {
        let delivery = deliver(self, lease);
        tokio::pin!(delivery);
        loop {
            // Side by side: the delivery may hold the one connection that the renewal waits for.
            let renewal = async {
                tokio::time::sleep(self.settings.lease / RENEWALS_PER_LEASE).await;
                self.store.renew_lease(lease, Timestamp::now(), hold(self.settings.lease)).await
            };
            tokio::select! {
                done = &mut delivery => return Some(done),
                renewed = renewal => {
                    if let Ok(false) = renewed {
                        return None;
                    }
                }
            }
        }
    }

    async fn settle(&self, lease: &Lease, delivery: Delivery) -> Result<bool, StoreError> {
        let (key, now) = (lease.job.key.as_str(), Timestamp::now());
        let attempt = lease.job.attempts.saturating_add(1);
        let ended = |how| self.settings.meter.count(Counted::Delivery(lease.job.kind.clone(), how));
        match delivery {
            Delivery::Done(done) => {
                ended("done");
                let Delivered { external_id, contact, prior, audit } = *done;
                self.store.job_done(lease, Done { external_id: &external_id, contact, prior, audit }, now).await
            }
            // An outage, or a limit, is not the row's fault.
            Delivery::Failed { reason, after }
                if lease.job.lane.is_some() && (self.guarded.resting().is_some() || is_limit(&reason)) =>
            {
                let asked = after.and_then(|a| now.checked_add(hold(a)).ok());
                let until = self.guarded.resting().or(asked).unwrap_or(now).max(now);
                let spread = next_attempt(until, 1, lease.job.id.unsigned_abs(), &SPREAD);
                ended("postponed");
                tracing::warn!(key, reason, %until, "postponed");
                self.store.job_postponed(lease, &reason, spread, now).await
            }
            Delivery::Failed { reason, after } if attempt < self.tries(lease) => {
                let asked = after.and_then(|a| now.checked_add(hold(a)).ok()).unwrap_or(now);
                let next = next_attempt(now, attempt, lease.job.id.unsigned_abs(), &self.settings.backoff).max(asked);
                ended("failed");
                tracing::warn!(key, attempt, reason, %next, "delivery failed");
                self.store.job_failed(lease, &reason, next, now).await
            }
            Delivery::Failed { reason, .. } => {
                ended("parked");
                tracing::error!(key, attempt, reason, "parked: out of tries");
                self.store.job_rejected(lease, &format!("gave up after {attempt} tries: {reason}"), now).await
            }
            Delivery::Refused { reason } => {
                ended("parked");
                self.settings.meter.count(Counted::Refused(why(&reason)));
                tracing::error!(key, reason, "parked: refused");
                self.store.job_rejected(lease, &reason, now).await
            }
            Delivery::Asked { reason } => {
                ended("asked");
                tracing::info!(key, reason, "awaits approval");
                self.store.job_asks(lease, &reason, now).await
            }
        }
    }

    /// A calendar that lost an answer may be down for hours, and what became of the write has to be found out.
    fn tries(&self, lease: &Lease) -> u32 {
        if lease.job.kind == SETTLE { self.settings.attempts.max(SETTLE_TRIES) } else { self.settings.attempts }
    }

    /// How long until a row or a lease is due; none when nothing is in sight.
    async fn until_due(&self) -> Option<Duration> {
        match self.store.next_due().await {
            Ok(due) => {
                let wait = due.map(|at| at.duration_since(Timestamp::now()).try_into().unwrap_or(Duration::ZERO));
                Some(wait.unwrap_or(LOOK_EVERY).min(LOOK_EVERY))
            }
            Err(_) => Some(RETRY_AFTER),
        }
    }
}

/// The kind of a refusal.
fn why(reason: &str) -> &'static str {
    let kinds = ["ambiguous", "partial", "policy"];
    kinds.into_iter().find(|kind| reason.starts_with(kind)).unwrap_or("crm")
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait.max(TURN_MIN)).await,
        None => std::future::pending().await,
    }
}

fn hold(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// Rows may also come from another process: the command line.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Those that waited for the same moment come one after the other.
const SPREAD: Backoff = Backoff { first: Duration::from_millis(20), factor: 1, longest: Duration::from_millis(20) };
/// At the longest wait between two, about a day.
const SETTLE_TRIES: u32 = 100;
/// A lease is renewed this often within its length, so that one late renewal does not lose it.
const RENEWALS_PER_LEASE: u32 = 3;
/// After a failure of the database.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// Two workers that see the same due row do not spin while one takes it.
const TURN_MIN: Duration = Duration::from_millis(1);
