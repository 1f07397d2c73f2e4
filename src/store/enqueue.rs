//! Adding outbox rows, many at once: one look, one insert and one sync for all that wait.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::approvals::change;
use super::audit::{NewAudit, insert_audits};
use super::error::{Doing, Result};
use super::events::insert_event;
use super::job_state::JobState;
use super::jobs::{NewJob, waits_for};
use super::open::{Store, Writer};
use super::rows::JobRow;
use super::superseded::drop_superseded;

/// A row that waits to be written, and who waits for it.
pub(super) type Enqueued = (NewJob, oneshot::Sender<bool>);

impl Store {
    /// Enqueues an effect, unless it is enqueued already; synced on return. Whoever asks at the same time shares the
    /// transaction.
    pub async fn add_job(&self, job: &NewJob) -> Result<()> {
        let (done, written) = oneshot::channel();
        // A queue that is gone, and an answer that was dropped, mean that the group was not written.
        let sent = self.enqueues().send((job.clone(), done)).await.is_ok();
        match sent && written.await == Ok(true) {
            true => Ok(()),
            // Alone it says what is wrong.
            false => self.add_jobs(std::slice::from_ref(job)).await,
        }
    }

    /// Enqueues effects in one transaction; those that are enqueued already stay as they are.
    pub async fn add_jobs(&self, jobs: &[NewJob]) -> Result<()> {
        self.writer().add_jobs(jobs.iter()).await
    }
}

/// Writes what waits, group by group, until nobody can ask any more.
pub(super) async fn run(writer: Writer, mut waiting: mpsc::Receiver<Enqueued>) {
    let mut group = Vec::new();
    while waiting.recv_many(&mut group, GROUP_MAX).await > 0 {
        let written = writer.add_jobs(group.iter().map(|(job, _)| job)).await;
        for (_, done) in group.drain(..) {
            // Who does not wait any more has no use for the answer.
            let _ = done.send(written.is_ok());
        }
    }
}

impl Writer {
    async fn add_jobs(&self, jobs: impl Iterator<Item = &NewJob>) -> Result<()> {
        let mut tx = self.write().await?;
        insert_jobs(&mut tx, jobs).await?;
        tx.commit().await.doing("commit outbox rows")
    }
}

/// Adds rows; an effect that is enqueued already stays as it is.
pub(super) async fn insert_jobs(tx: &mut SqliteConnection, jobs: impl Iterator<Item = &NewJob>) -> Result<()> {
    let jobs: Vec<&NewJob> = jobs.collect();
    if jobs.is_empty() {
        return Ok(());
    }
    let mut states = states(tx, &jobs).await?;
    let now = Timestamp::now();
    let (mut rows, mut audit, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for job in jobs {
        if states.contains_key(job.key.as_str()) || !seen.insert(job.key.as_str()) {
            continue;
        }
        let row = held_up(job, &states);
        states.insert(job.key.clone(), row.state);
        if job.lane.is_some() {
            audit.extend(NewAudit::proposed(job));
        }
        rows.push(row);
    }
    for chunk in chunks(&rows) {
        insert_chunk(tx, chunk, now).await?;
    }
    insert_audits(tx, &audit, now).await?;
    for row in rows.iter().filter(|row| row.job.state == JobState::AwaitingApproval) {
        asked(tx, row, now).await?;
    }
    drop_superseded(tx, rows.iter().map(|row| (row.job.kind.as_str(), row.job.call_id.as_str())), now).await
}

/// Somebody is asked.
async fn asked(tx: &mut SqliteConnection, row: &NewRow<'_>, now: Timestamp) -> Result<()> {
    let found = sqlx::query("SELECT * FROM jobs WHERE key = $1").bind(&row.job.key).fetch_one(&mut *tx).await;
    let new = JobRow::read(&found.doing("read a new outbox row")?)?;
    insert_event(&mut *tx, &change(&new, new.reason.as_deref()).asked(now)).await
}

/// How the rows stand, and those they wait for, that are there already.
async fn states(tx: &mut SqliteConnection, jobs: &[&NewJob]) -> Result<HashMap<String, JobState>> {
    let keys: Vec<&String> = jobs.iter().flat_map(|job| [Some(&job.key), job.after.as_ref()]).flatten().collect();
    let keys = serde_json::to_string(&keys).unwrap_or_default();
    let sql = "SELECT key, state FROM jobs WHERE key IN (SELECT value FROM json_each($1))";
    let found = sqlx::query(sql).bind(keys).fetch_all(tx).await.doing("look for outbox rows")?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        let (key, state): (String, String) = (row.try_get("key")?, row.try_get("state")?);
        // A state of a later version holds nobody up.
        Ok((key, JobState::parse(&state).unwrap_or(JobState::Ready)))
    };
    found.iter().map(read).collect::<Result<_, sqlx::Error>>().doing("look for outbox rows")
}

/// A row as it is written.
struct NewRow<'a> {
    job: &'a NewJob,
    state: JobState,
    reason: Option<String>,
}

/// A row behind one that is held up is held up with it, and one that is held up itself for its own reason.
fn held_up<'a>(job: &'a NewJob, states: &HashMap<String, JobState>) -> NewRow<'a> {
    let before = job.after.as_ref().and_then(|key| Some((key, *states.get(key)?)));
    match before {
        Some((key, state)) if is_held_up(state) && !is_held_up(job.state) => {
            NewRow { job, state, reason: Some(waits_for(key, state)) }
        }
        _ => NewRow { job, state: job.state, reason: job.reason.clone() },
    }
}

fn is_held_up(state: JobState) -> bool {
    matches!(state, JobState::AwaitingApproval | JobState::Parked)
}

async fn insert_chunk(tx: &mut SqliteConnection, rows: &[NewRow<'_>], now: Timestamp) -> Result<()> {
    let sql = format!(
        "INSERT INTO jobs (key, after_key, call_id, business, kind, payload, run_at_us, created_us, updated_us, lane,
            basis, state, reason) VALUES {}",
        places(rows.len(), 13)
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for NewRow { job, state, reason } in rows {
        query = query.bind(&job.key).bind(&job.after).bind(&job.call_id).bind(&job.business).bind(&job.kind);
        query = query.bind(job.payload.to_string()).bind(job.run_at.as_microsecond()).bind(now.as_microsecond());
        query = query.bind(now.as_microsecond()).bind(&job.lane).bind(job.basis.to_string());
        query = query.bind(state.as_str()).bind(reason);
    }
    query.execute(tx).await.doing("enqueue outbox rows").map(drop)
}

/// In few sizes, so that few statements have to be prepared.
pub(super) fn chunks<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let size = CHUNKS.into_iter().find(|size| *size <= rest.len())?;
        let (chunk, after) = rest.split_at(size);
        rest = after;
        Some(chunk)
    })
}

/// `(?, ?), (?, ?)`
pub(super) fn places(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    vec![row; rows].join(", ")
}

/// Calls a caller of [`Store::add_job`] does not wait behind: more wait for room.
pub(super) const WAITING_MAX: usize = 4096;
/// Rows per transaction: a sync costs about as much as writing thirty of them, and nobody should wait for more than
/// some tens of milliseconds.
const GROUP_MAX: usize = 512;
/// Rows per statement.
const CHUNKS: [usize; 3] = [64, 8, 1];
