//! Starting, watching and stopping the outbox.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::confirm::Confirmations;
use super::gate::Limits;
use super::guarded::Guarded;
use super::handoff::{HandOff, Pending};
use super::meter::Meter;
use super::notice::{self, Notices};
use super::pace::Pace;
use super::retry::Backoff;
use super::rows::Rules;
use super::worker::Worker;
use super::{recovery, writer};
use crate::calendar::Calendar;
use crate::conversation::Business;
use crate::crm::Crm;
use crate::events::Share;
use crate::record::Policy;
use crate::store::{Claim, Store, StoreError, fresh_id};

/// How the outbox works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Deliveries at the same time.
    pub workers: usize,
    /// How long a row stays with a process that died: the time until it is taken over.
    pub lease: Duration,
    /// How long one delivery may take.
    pub deadline: Duration,
    /// Failed deliveries after which a row is parked.
    pub attempts: u32,
    /// Waits between them.
    pub backoff: Backoff,
    /// What may be written, and about what a person is asked.
    pub policy: Arc<Policy>,
    /// How much the CRM may be asked.
    pub limits: Limits,
    /// When calls reach the CRM.
    pub pace: Pace,
    /// Counts what comes of it.
    pub meter: Meter,
    /// Who is told of rows that wait for a person.
    pub notices: Notices,
    /// Makes the links to what was said; none leaves them out.
    pub share: Option<Share>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            workers: 4,
            // The takeover promised is 5 s; half a second of it is for starting.
            lease: Duration::from_millis(4500),
            deadline: Duration::from_secs(30),
            attempts: 5,
            backoff: Backoff::default(),
            policy: Arc::default(),
            limits: Limits::none(),
            pace: Pace::RealTime,
            meter: Meter::default(),
            notices: Notices::default(),
            share: None,
        }
    }
}

/// Where rows are delivered.
#[derive(Clone)]
pub struct Doors {
    /// Contacts, activities, tasks.
    pub crm: Arc<dyn Crm>,
    /// Writes whose answer was lost are settled here; none leaves them parked.
    pub calendar: Option<Arc<dyn Calendar>>,
    /// Whose rows they are.
    pub businesses: Vec<Arc<Business>>,
    /// Where appointments are confirmed.
    pub confirmations: Confirmations,
}

/// The running outbox: a writer and its workers.
pub struct Outbox {
    hand_off: HandOff,
    stop_writer: watch::Sender<bool>,
    stop_workers: watch::Sender<bool>,
    writer: JoinSet<()>,
    workers: JoinSet<()>,
    /// Dropped last, when nothing writes any more.
    _claim: Claim,
}

impl Outbox {
    /// Closes the calls a former run left unfinished, as failed, and starts writing and delivering. To be called
    /// before the first call is taken; refused while another outbox works on this database.
    pub async fn start(store: Store, crm: Arc<dyn Crm>, settings: Settings) -> Result<Outbox, StoreError> {
        Outbox::start_with(
            store,
            Doors { crm, calendar: None, businesses: Vec::new(), confirmations: Confirmations::default() },
            settings,
        )
        .await
    }

    /// The same with everything rows can be delivered to.
    pub async fn start_with(store: Store, doors: Doors, settings: Settings) -> Result<Outbox, StoreError> {
        let claim = store.claim()?;
        let rules = Rules { confirmations: doors.confirmations.clone(), ..Rules::of(&settings, &doors.businesses) };
        let closed = recovery::close_unfinished(&store, &rules, Timestamp::now()).await?;
        if closed > 0 {
            tracing::warn!(closed, "calls of a former run were cut off and are closed as failed");
        }
        let hand_off = HandOff { pending: Arc::new(Pending::default()), store: store.clone(), signal: Signal::new() };
        let (stop_writer, writer_stop) = watch::channel(false);
        let (stop_workers, workers_stop) = watch::channel(false);
        let (writers, workers) = (JoinSet::new(), JoinSet::new());
        let mut outbox = Outbox { hand_off, stop_writer, stop_workers, writer: writers, workers, _claim: claim };
        let HandOff { pending, signal, .. } = outbox.hand_off.clone();
        outbox.writer.spawn(writer::run(store.clone(), pending, rules, signal.clone(), writer_stop));
        let guarded = Arc::new(Guarded::new(doors.crm.clone(), settings.limits, settings.meter.clone()));
        let doors = Arc::new(Doors { crm: guarded.clone(), ..doors });
        let worker = Worker { store, doors, guarded, described: Arc::default(), settings, boot: fresh_id(), signal };
        let (notices, signal) = (worker.settings.notices.clone(), worker.signal.clone());
        outbox.workers.spawn(notice::run(worker.store.clone(), notices, signal, workers_stop.clone()));
        for _ in 0..worker.settings.workers.max(1) {
            outbox.workers.spawn(worker.clone().run(workers_stop.clone()));
        }
        Ok(outbox)
    }

    /// A handle for call tasks and for the desk.
    pub fn hand_off(&self) -> HandOff {
        self.hand_off.clone()
    }

    /// Marked whenever something was written, delivered or decided.
    pub fn changed(&self) -> watch::Receiver<()> {
        self.hand_off.signal.subscribe()
    }

    /// Writes what was handed off, finishes deliveries under way; what is not delivered stays in the database for the
    /// next start.
    pub async fn stop(mut self) {
        self.stop_writer.send_replace(true);
        while self.writer.join_next().await.is_some() {}
        self.stop_workers.send_replace(true);
        while self.workers.join_next().await.is_some() {}
    }

    /// Waits until nothing is handed off, ready, leased or retrying.
    pub async fn drained(&self) {
        let HandOff { pending, store, signal } = &self.hand_off;
        let mut changed = signal.subscribe();
        loop {
            changed.mark_unchanged();
            if pending.is_empty() && matches!(store.jobs_pending().await, Ok(0)) {
                return;
            }
            // An error to receive means the outbox is gone, and with it what could change.
            if changed.changed().await.is_err() {
                return;
            }
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}

/// "Something changed": wakes everyone who looked before it was sent, so no wake-up is lost.
#[derive(Debug, Clone)]
pub(super) struct Signal(watch::Sender<()>);

impl Signal {
    fn new() -> Signal {
        Signal(watch::Sender::new(()))
    }

    pub(super) fn send(&self) {
        self.0.send_replace(());
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}
