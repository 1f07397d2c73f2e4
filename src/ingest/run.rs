//! The tasks behind the door: keeping, merging, fetching, closing.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::close::{closing, record};
use super::fetch::{Ears, FETCH_WITHIN, Trouble, fetch};
use super::intake::{Waiting, keep};
use super::source::Source;
use crate::conversation::Business;
use crate::hooks::Guarded;
use crate::outbox::{Backoff, HandOff, next_attempt};
use crate::store::{DueArtefact, Fetched, Import, Store, StoreError};

/// How it works.
#[derive(Clone)]
pub struct Settings {
    /// Where sound is kept while it is heard.
    pub folder: PathBuf,
    /// What hears it; none leaves it unheard.
    pub ears: Option<Ears>,
    /// Between two fetches.
    pub pace: Duration,
    /// Fetches of one artefact.
    pub attempts: u32,
    /// Waits between them.
    pub backoff: Backoff,
}

/// The door: cheap to clone. Dropping every clone stops keeping.
#[derive(Clone)]
pub struct Ingest {
    pub(super) sources: Arc<Vec<Source>>,
    pub(super) intake: mpsc::Sender<Waiting>,
}

/// The tasks behind it.
pub struct Work {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What the tasks share.
#[derive(Clone)]
struct Desk {
    store: Store,
    sources: Arc<Vec<Source>>,
    settings: Settings,
    hand_off: HandOff,
    businesses: Arc<Vec<Arc<Business>>>,
    bell: watch::Sender<()>,
}

impl Settings {
    /// Usual figures.
    pub fn new(folder: PathBuf, ears: Option<Ears>) -> Settings {
        let backoff = Backoff { first: Duration::from_secs(5), factor: 4, longest: Duration::from_secs(3600) };
        Settings { folder, ears, pace: Duration::from_millis(200), attempts: 10, backoff }
    }
}

impl Ingest {
    /// Opens the door and starts the work behind it; what a former run left is taken up.
    pub fn start(
        store: Store,
        sources: Vec<Source>,
        settings: Settings,
        hand_off: HandOff,
        businesses: Vec<Arc<Business>>,
    ) -> (Ingest, Work) {
        let (intake, waiting) = mpsc::channel(WAITING_MAX);
        let (sources, bell, mut tasks) = (Arc::new(sources), watch::Sender::new(()), JoinSet::new());
        let (stop, stopped) = watch::channel(false);
        tasks.spawn(until(stopped.clone(), keep(store.clone(), waiting, bell.clone())));
        let businesses = Arc::new(businesses);
        let desk = Desk { store, sources: sources.clone(), settings, hand_off, businesses, bell };
        tasks.spawn(until(stopped.clone(), desk.clone().merging()));
        tasks.spawn(until(stopped, desk.fetching()));
        (Ingest { sources, intake }, Work { stop, tasks })
    }
}

impl Work {
    /// Stops at once: everything that was answered is on the disk, and is taken up by the next start.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Desk {
    /// Merges what arrived and closes what is whole.
    async fn merging(self) {
        let mut rung = self.bell.subscribe();
        loop {
            // Marked before looking, so that what arrives while looking wakes at once.
            rung.mark_unchanged();
            match self.merge().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "what arrived cannot be merged, trying again"),
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, rung.changed()).await; // either way it is time to look
        }
    }

    /// One round; whether there was anything to merge.
    async fn merge(&self) -> Result<bool, StoreError> {
        let arrivals = self.store.new_arrivals(ROUND_MAX).await?;
        for arrival in &arrivals {
            let source = self.source(&arrival.source);
            let read = match source {
                Some(source) => source.door.read(&arrival.key, &arrival.body),
                None => Err("the configuration has no such source any more".to_owned()),
            };
            if let Err(reason) = &read {
                tracing::warn!(source = arrival.source, key = arrival.key, reason, "what arrived cannot be read");
            }
            let wait = source.map_or(SignedDuration::ZERO, |source| source.audio_after);
            self.store.merge_arrival(arrival, &read, wait, Timestamp::now()).await?;
        }
        if !arrivals.is_empty() {
            self.bell.send_replace(());
        }
        for import in self.store.open_imports(ROUND_MAX).await? {
            self.close(&import).await?;
        }
        Ok(arrivals.len() == ROUND_MAX as usize)
    }

    /// Hands a whole call over; it is closed here once it is on the disk there.
    async fn close(&self, import: &Import) -> Result<(), StoreError> {
        let Some(source) = self.source(&import.source) else { return Ok(()) };
        if !closing(import, source.quiet, Timestamp::now()) {
            return Ok(());
        }
        let country = self.businesses.iter().find(|one| one.id == source.business).map_or("", |one| &one.country);
        let record = record(source, country, &import.call, &import.told, import.updated_at);
        let id = record.id.clone();
        self.hand_off.ended(record);
        self.hand_off.on_disk(&id, DISK_WAIT).await;
        match self.store.call(&id).await? {
            Some(_) => self.store.close_import(&import.source, &import.call).await,
            None => Ok(()),
        }
    }

    /// Fetches one after the other.
    async fn fetching(self) {
        let mut rung = self.bell.subscribe();
        loop {
            rung.mark_unchanged();
            let now = Timestamp::now();
            let wait = match self.store.due_artefact(now).await {
                Ok((Some(due), _)) => {
                    self.fetch(&due).await;
                    tokio::time::sleep(self.settings.pace).await;
                    continue;
                }
                Ok((None, next)) => next.map_or(LOOK_AGAIN, |at| span(now, at).min(LOOK_AGAIN)),
                Err(error) => {
                    tracing::error!(%error, "what is to be fetched cannot be read, trying again");
                    LOOK_AGAIN
                }
            };
            let _ = tokio::time::timeout(wait, rung.changed()).await; // either way it is time to look
        }
    }

    async fn fetch(&self, due: &DueArtefact) {
        let fetched = self.fetched(due).await;
        if let Fetched::Again { reason, .. } | Fetched::Never { reason } = &fetched {
            tracing::warn!(source = due.source, key = due.key, reason, "an artefact was not fetched");
        }
        if let Err(error) = self.store.settle_artefact(due, &fetched, Timestamp::now()).await {
            tracing::error!(%error, key = due.key, "a fetch cannot be noted; it is fetched again");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.bell.send_replace(());
    }

    async fn fetched(&self, due: &DueArtefact) -> Fetched {
        let Some(source) = self.source(&due.source) else {
            return Fetched::Never { reason: "the configuration has no such source any more".to_owned() };
        };
        let told = match self.store.import(&due.source, &due.call).await {
            Ok(import) => import.map(|import| import.told).unwrap_or_default(),
            Err(_) => Default::default(),
        };
        if due.artefact.what == crate::events::What::Audio && !told.lines().is_empty() {
            return Fetched::Skipped;
        }
        let client = match Guarded::new(source.reach, FETCH_WITHIN) {
            Ok(client) => client,
            Err(reason) => return Fetched::Never { reason },
        };
        let (folder, ears) = (&self.settings.folder, self.settings.ears.as_ref());
        let business = self.businesses.iter().find(|one| one.id == source.business);
        let language = told.language.as_deref().or(business.map(|one| one.language.as_str())).unwrap_or("en");
        let now = Timestamp::now();
        match fetch(source, &client, due, folder, ears, language).await {
            Ok(lines) => Fetched::Words(lines),
            Err(Trouble::Later(reason)) if due.attempts + 1 < self.settings.attempts => {
                let seed = due.key.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
                Fetched::Again { reason, at: next_attempt(now, due.attempts + 1, seed, &self.settings.backoff) }
            }
            Err(Trouble::Later(reason) | Trouble::Never(reason)) => Fetched::Never { reason },
        }
    }

    fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == name)
    }
}

impl fmt::Debug for Ingest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest").field("sources", &self.sources).finish_non_exhaustive()
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

async fn until(mut stop: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = work => {}
    }
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO).max(TURN_MIN)
}

/// Requests on their way to the disk; the next is told to come again.
const WAITING_MAX: usize = 4096;
/// Rows of one round.
const ROUND_MAX: u32 = 500;
/// Calls grow quiet without anybody ringing.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Two looks that see the same row do not spin.
const TURN_MIN: Duration = Duration::from_millis(1);
/// For a record to be written.
const DISK_WAIT: Duration = Duration::from_secs(30);
