//! A server that is harmed, its CRM, and everybody who knows what has to be in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use offhook::call::CallRecord;
use offhook::store::{JobRow, JobState, Page, Store};
use tempfile::TempDir;

use crate::crm::Crm;
use crate::harm::Harm;
use crate::server::{Server, block_on};
use crate::traffic::{Platform, SOURCE};

/// One folder through all its servers.
pub struct House {
    pub crm: Crm,
    pub harm: Harm,
    pub platform: Platform,
    /// None while a server has it.
    folder: Option<TempDir>,
    /// Calls that were on the disk after some death.
    on_disk: BTreeSet<String>,
}

impl House {
    /// With a CRM of that kind.
    pub fn open(crm: &'static str) -> Self {
        let crm = Crm::start(crm);
        let harm = Harm::new(&format!("{}{SOURCE}", crm.config()), crm.port);
        let folder = Some(tempfile::tempdir().expect("a temporary folder"));
        Self { crm, harm, platform: Platform::default(), folder, on_disk: BTreeSet::new() }
    }

    /// The folder, for the next server; it has to come back.
    pub fn take(&mut self) -> TempDir {
        self.folder.take().expect("no other server has it")
    }

    /// A server is gone. What the disk knows now is a fact from now on; what was a fact is still there.
    pub fn give_back(&mut self, folder: TempDir) {
        self.folder = Some(folder);
        let known = self.rows().0.into_iter().map(|call| call.id).collect();
        let lost: Vec<_> = self.on_disk.difference(&known).collect();
        assert!(lost.is_empty(), "calls that were on the disk are gone: {lost:?}");
        self.on_disk = known;
    }

    /// Calls and outbox rows on the disk, read from a copy: the files are left as the last death left them.
    pub fn rows(&self) -> (Vec<CallRecord>, Vec<JobRow>) {
        let folder = self.folder.as_ref().expect("no server has it");
        let copy = tempfile::tempdir().expect("a temporary folder");
        for name in ["offhook.db", "offhook.db-wal"].iter().filter(|name| folder.path().join(name).exists()) {
            std::fs::copy(folder.path().join(name), copy.path().join(name)).expect("both folders are ours");
        }
        rows_of(copy.path())
    }

    /// Another server, left alone, delivers everything; then the CRM's journal is compared with what was acknowledged.
    pub fn recovers(&mut self) {
        self.harm.disarm();
        let folder = self.take();
        let server = self.harm.start(folder);
        self.judge(&server);
        self.give_back(server.kill());
    }

    /// The same on a server that runs.
    pub fn judge(&mut self, server: &Server) {
        while !self.platform.is_done() {
            let telling = self.platform.tell(server);
            self.platform.heard(telling);
        }
        let acknowledged = &self.platform.acknowledged;
        let calls = block_on(settled(server.folder.path(), acknowledged));
        let missing: Vec<_> = self.on_disk.iter().filter(|id| calls.iter().all(|call| call.id != **id)).collect();
        assert!(missing.is_empty(), "calls that were on the disk are gone: {missing:?}");
        let made = self.crm.made();
        let twice: Vec<_> = made.iter().filter(|(_, count)| **count != 1).collect();
        assert!(twice.is_empty(), "made twice: {twice:?}\n{}", server.log());
        for call in &calls {
            let of =
                |object: &str| made.keys().filter(|key| key.starts_with(&format!("{}/{object}/", call.id))).count();
            let tasks = usize::from(call.sip_call_id.starts_with(TOLD));
            assert_eq!((of("activity"), of("task")), (1, tasks), "{call:#?}");
        }
        let whose = |key: &String| key.split('/').next().unwrap_or_default().to_owned();
        let strangers: Vec<_> = made.keys().filter(|key| calls.iter().all(|call| call.id != whose(key))).collect();
        assert!(strangers.is_empty(), "of calls nobody knows: {strangers:?}");
        for phone in calls.iter().filter_map(|call| call.from.as_deref()).collect::<BTreeSet<_>>() {
            assert_eq!(self.crm.contacts_with(phone), 1, "{phone}");
        }
        let (calls, told, effects) = (calls.len(), acknowledged.len(), made.len());
        println!("{calls} calls, {told} of them acknowledged to a platform: {effects} effects, each once");
    }
}

/// Calls and outbox rows of a database that somebody may be using.
pub fn rows_of(folder: &Path) -> (Vec<CallRecord>, Vec<JobRow>) {
    block_on(async {
        let store = open(folder).await;
        let calls = store.calls(Page { limit: ROWS_MAX, before: None }).await.expect("readable");
        let jobs = store.jobs(None, ROWS_MAX).await.expect("readable");
        store.close().await;
        (calls, jobs)
    })
}

/// Waits until every acknowledged call is in the log and nothing is left to deliver.
async fn settled(folder: &Path, acknowledged: &BTreeSet<String>) -> Vec<CallRecord> {
    let store = open(folder).await;
    let until = Instant::now() + DRAIN_DEADLINE;
    loop {
        let calls = store.calls(Page { limit: ROWS_MAX, before: None }).await.expect("readable");
        let known: BTreeSet<_> = calls.iter().filter_map(|call| call.sip_call_id.strip_prefix(TOLD)).collect();
        let missing = acknowledged.iter().filter(|call| !known.contains(call.as_str())).count();
        let waiting = store.jobs_pending().await.expect("readable");
        if missing == 0 && waiting == 0 {
            let parked = store.jobs(Some(JobState::Parked), ROWS_MAX).await.expect("readable");
            assert!(parked.is_empty(), "{parked:#?}");
            store.close().await;
            return calls;
        }
        if Instant::now() >= until {
            let rows = store.jobs(None, ROWS_MAX).await.expect("readable");
            let waiting: Vec<_> = rows.iter().filter(|row| row.state != JobState::Done).collect();
            panic!("{missing} acknowledged calls are not there, these rows wait: {waiting:#?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn open(folder: &Path) -> Store {
    let url = format!("sqlite:{}", folder.join("offhook.db").display());
    Store::open(&url).await.unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// How the log calls the platform's calls.
const TOLD: &str = "call:other:";
/// Leases of a dead process run out first, and a CRM is asked ten times a second.
const DRAIN_DEADLINE: Duration = Duration::from_secs(120);
/// More rows than any run here makes.
const ROWS_MAX: u32 = 10_000;
