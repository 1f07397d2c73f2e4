//! Outbox rows: leased with a fencing number, acknowledged, retried, parked. The drawing is in the `outbox` room.

use jiff::{SignedDuration, Timestamp};
use sqlx::{Row, SqliteConnection};

use super::appointments::link_contact;
use super::error::{Doing, Result};
use super::open::Store;
use super::rows::{JobRow, JobState};

/// An effect to be written outside, once per key.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Idempotency key: the same effect always has the same one.
    pub key: String,
    /// Key of the effect that must be done first.
    pub after: Option<String>,
    /// The call it comes from.
    pub call_id: String,
    /// Business key.
    pub business: String,
    /// What is written ("contact", "activity", "task").
    pub kind: String,
    /// The values.
    pub payload: serde_json::Value,
    /// Not before.
    pub run_at: Timestamp,
}

/// A worker's hold on a job, valid while the row's fencing number is the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// The job.
    pub job: JobRow,
    /// Grows with every lease of the row: who holds an older one has lost it.
    pub fence: i64,
    /// The other side's id of what `job.after` wrote.
    pub after_id: Option<String>,
}

impl Store {
    /// Outbox rows, all or those in one state, oldest first.
    pub async fn jobs(&self, state: Option<JobState>, limit: u32) -> Result<Vec<JobRow>> {
        let sql = "SELECT * FROM jobs WHERE $1 IS NULL OR state = $1 ORDER BY id DESC LIMIT $2";
        let rows =
            sqlx::query(sql).bind(state.map(JobState::as_str)).bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.doing("list outbox rows")?.iter().map(JobRow::read).collect()
    }

    /// One outbox row.
    pub async fn job(&self, id: i64) -> Result<Option<JobRow>> {
        let row = sqlx::query("SELECT * FROM jobs WHERE id = $1").bind(id).fetch_optional(self.reader()).await;
        row.doing("read an outbox row")?.as_ref().map(JobRow::read).transpose()
    }

    /// Takes the next job that is due, or whose holder let its lease run out, until `now + hold`.
    pub async fn lease_job(&self, owner: &str, now: Timestamp, hold: SignedDuration) -> Result<Option<Lease>> {
        let sql =
            "UPDATE jobs SET state = 'leased', lease_owner = $1, run_at_us = $3, fence = fence + 1, updated_us = $2
            WHERE id = (
                SELECT j.id FROM jobs AS j
                WHERE j.state <> 'done' AND j.state <> 'parked' AND j.run_at_us <= $2
                  AND (j.after_key IS NULL
                    OR EXISTS (SELECT 1 FROM jobs AS p WHERE p.key = j.after_key AND p.state = 'done'))
                ORDER BY j.run_at_us, j.id LIMIT 1)
            RETURNING *, (SELECT p.external_id FROM jobs AS p WHERE p.key = jobs.after_key) AS after_id";
        let mut tx = self.write().await?;
        let row = sqlx::query(sql)
            .bind(owner)
            .bind(now.as_microsecond())
            .bind(later(now, hold).as_microsecond())
            .fetch_optional(&mut *tx)
            .await
            .doing("lease an outbox row")?;
        tx.commit().await.doing("commit a lease")?;
        let Some(row) = row else { return Ok(None) };
        let (fence, after_id) = (|| Ok((row.try_get("fence")?, row.try_get("after_id")?)))().doing("read a lease")?;
        Ok(Some(Lease { job: JobRow::read(&row)?, fence, after_id }))
    }

    /// Whether [`Store::lease_job`] would find something at `now`, without taking the write lock.
    pub async fn job_due(&self, now: Timestamp) -> Result<bool> {
        Ok(self.next_due().await?.is_some_and(|due| due <= now))
    }

    /// When the next job is due or the next lease runs out; none when nothing waits but for other rows.
    pub async fn next_due(&self) -> Result<Option<Timestamp>> {
        let sql = "SELECT j.run_at_us FROM jobs AS j
            WHERE j.state <> 'done' AND j.state <> 'parked' AND (j.after_key IS NULL
                OR EXISTS (SELECT 1 FROM jobs AS p WHERE p.key = j.after_key AND p.state = 'done'))
            ORDER BY j.run_at_us, j.id LIMIT 1";
        let us: Option<i64> =
            sqlx::query_scalar(sql).fetch_optional(self.reader()).await.doing("look for due outbox rows")?;
        Ok(us.and_then(|us| Timestamp::from_microsecond(us).ok()))
    }

    /// How many rows are not at rest: ready, leased or retrying.
    pub async fn jobs_pending(&self) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM jobs WHERE state <> 'done' AND state <> 'parked'";
        let count: i64 = sqlx::query_scalar(sql).fetch_one(self.reader()).await.doing("count outbox rows")?;
        Ok(count.unsigned_abs())
    }

    /// Holds a job longer; false when the lease was lost.
    pub async fn renew_lease(&self, lease: &Lease, now: Timestamp, hold: SignedDuration) -> Result<bool> {
        let sql = "UPDATE jobs SET run_at_us = $3 WHERE id = $1 AND fence = $2 AND state = 'leased'";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(lease.job.id).bind(lease.fence).bind(later(now, hold).as_microsecond());
        let done = query.execute(&mut *tx).await.doing("renew a lease")?;
        tx.commit().await.doing("commit a lease")?;
        Ok(done.rows_affected() == 1)
    }

    /// Acknowledges a delivery; with `contact`, also links the call and its appointments to the contact written.
    /// False, with nothing changed, when the lease was lost.
    pub async fn job_done(&self, lease: &Lease, external_id: &str, contact: bool, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE jobs SET state = 'done', external_id = $3, reason = NULL, lease_owner = NULL,
                updated_us = $4
            WHERE id = $1 AND fence = $2 AND state = 'leased'";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(lease.job.id).bind(lease.fence).bind(external_id).bind(now.as_microsecond());
        let held = query.execute(&mut *tx).await.doing("acknowledge an outbox row")?.rows_affected() == 1;
        if held && contact {
            link_contact(&mut tx, &lease.job.call_id, external_id).await?;
        }
        tx.commit().await.doing("commit an acknowledgement")?;
        Ok(held)
    }

    /// Counts a failed delivery and lets the job be tried again at `run_at`; false when the lease was lost.
    pub async fn job_failed(&self, lease: &Lease, reason: &str, run_at: Timestamp, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE jobs SET state = 'retrying', attempts = attempts + 1, reason = $3, run_at_us = $4,
                lease_owner = NULL, updated_us = $5
            WHERE id = $1 AND fence = $2 AND state = 'leased'";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(lease.job.id).bind(lease.fence).bind(reason);
        let query = query.bind(run_at.as_microsecond()).bind(now.as_microsecond());
        let done = query.execute(&mut *tx).await.doing("put back an outbox row")?;
        tx.commit().await.doing("commit a retry")?;
        Ok(done.rows_affected() == 1)
    }

    /// Counts a failed delivery and parks the job and what waits for it; false when the lease was lost.
    pub async fn job_rejected(&self, lease: &Lease, reason: &str, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE jobs SET state = 'parked', attempts = attempts + 1, reason = $3, lease_owner = NULL,
                updated_us = $4
            WHERE id = $1 AND fence = $2 AND state = 'leased'";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(lease.job.id).bind(lease.fence).bind(reason).bind(now.as_microsecond());
        let held = query.execute(&mut *tx).await.doing("park an outbox row")?.rows_affected() == 1;
        if held {
            park_followers(&mut tx, &lease.job.key, now).await?;
        }
        tx.commit().await.doing("commit a parking")?;
        Ok(held)
    }

    /// Parks a job nobody is delivering, by hand; false when it is leased, done or unknown.
    pub async fn park_job(&self, id: i64, reason: &str, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE jobs SET state = 'parked', reason = $2, updated_us = $3
            WHERE id = $1 AND state IN ('ready', 'retrying', 'parked') RETURNING key";
        let mut tx = self.write().await?;
        let query = sqlx::query_scalar(sql).bind(id).bind(reason).bind(now.as_microsecond());
        let key: Option<String> = query.fetch_optional(&mut *tx).await.doing("park an outbox row")?;
        if let Some(key) = &key {
            park_followers(&mut tx, key, now).await?;
        }
        tx.commit().await.doing("commit a parking")?;
        Ok(key.is_some())
    }

    /// Makes a parked or retrying job ready at once with a fresh count, and frees what was parked for its sake; false
    /// when it is leased, done or unknown.
    pub async fn retry_job(&self, id: i64, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE jobs SET state = 'ready', attempts = 0, reason = NULL, run_at_us = $2, updated_us = $2
            WHERE id = $1 AND state IN ('parked', 'retrying') RETURNING key";
        let mut tx = self.write().await?;
        let query = sqlx::query_scalar(sql).bind(id).bind(now.as_microsecond());
        let key: Option<String> = query.fetch_optional(&mut *tx).await.doing("retry an outbox row")?;
        if let Some(key) = &key {
            free_followers(&mut tx, key, now).await?;
        }
        tx.commit().await.doing("commit a retry")?;
        Ok(key.is_some())
    }
}

/// An effect that is enqueued already stays as it is.
pub(super) async fn insert_job(tx: &mut SqliteConnection, job: &NewJob) -> Result<()> {
    let sql =
        "INSERT INTO jobs (key, after_key, call_id, business, kind, payload, state, run_at_us, created_us, updated_us)
        VALUES ($1, $2, $3, $4, $5, $6, 'ready', $7, $8, $8) ON CONFLICT (key) DO NOTHING";
    sqlx::query(sql)
        .bind(&job.key)
        .bind(&job.after)
        .bind(&job.call_id)
        .bind(&job.business)
        .bind(&job.kind)
        .bind(job.payload.to_string())
        .bind(job.run_at.as_microsecond())
        .bind(Timestamp::now().as_microsecond())
        .execute(tx)
        .await
        .doing("enqueue an outbox row")
        .map(drop)
}

/// A job that waits for a parked one is parked too: it would wait for ever, unseen.
async fn park_followers(tx: &mut SqliteConnection, key: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE jobs SET state = 'parked', reason = $2, updated_us = $3
        WHERE after_key = $1 AND state IN ('ready', 'retrying')";
    let query = sqlx::query(sql).bind(key).bind(waits_for(key)).bind(now.as_microsecond());
    query.execute(tx).await.doing("park what waits").map(drop)
}

/// Only those parked by [`park_followers`]; what a person parked stays parked.
async fn free_followers(tx: &mut SqliteConnection, key: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE jobs SET state = 'ready', reason = NULL, run_at_us = $3, updated_us = $3
        WHERE after_key = $1 AND state = 'parked' AND reason = $2";
    let query = sqlx::query(sql).bind(key).bind(waits_for(key)).bind(now.as_microsecond());
    query.execute(tx).await.doing("free what waited").map(drop)
}

fn waits_for(key: &str) -> String {
    format!("waits for {key}, which is parked")
}

/// A hold that overflows time is held for ever.
fn later(now: Timestamp, hold: SignedDuration) -> Timestamp {
    now.checked_add(hold).unwrap_or(Timestamp::MAX)
}
