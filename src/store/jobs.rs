//! Outbox rows: leased with a fencing number, acknowledged, retried, parked. The drawing is in the `outbox` room.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::appointments::link_contact;
use super::approvals::change;
use super::audit::{NewAudit, insert_audit, insert_audits};
use super::error::{Doing, Result, StoreError};
use super::events::insert_event;
use super::job_state::{JobEvent, JobState};
use super::open::Store;
use super::rows::JobRow;
use super::superseded::{alone, drop_leased, drop_superseded};

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
    pub payload: Value,
    /// Not before.
    pub run_at: Timestamp,
    /// Rows of one lane are delivered one after the other, in order; none waits for nobody.
    pub lane: Option<String>,
    /// [`JobState::Ready`], or where a person is asked.
    pub state: JobState,
    /// Why a person is asked.
    pub reason: Option<String>,
    /// What it stands on: source, transcript hash, confidence, citations, policy.
    pub basis: Value,
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

/// What is acknowledged of a delivery.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Done<'a> {
    /// The other side's id.
    pub external_id: &'a str,
    /// It is a contact: the call and its appointments are linked to it.
    pub contact: bool,
    /// What a roll-back restores.
    pub prior: Option<Value>,
    /// The steps taken, for the audit.
    pub audit: Vec<NewAudit>,
}

/// How long rows wait and take, in milliseconds; 0 where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobAges {
    /// The oldest row under way.
    pub oldest_ms: u64,
    /// The oldest question to a person.
    pub oldest_approval_ms: u64,
    /// Enqueued to verified, half of the last deliveries.
    pub lag_p50_ms: u64,
    /// The same, 99 of 100.
    pub lag_p99_ms: u64,
}

impl Store {
    /// Outbox rows, all or those in one state, newest first.
    pub async fn jobs(&self, state: Option<JobState>, limit: u32) -> Result<Vec<JobRow>> {
        let sql = "SELECT * FROM jobs WHERE $1 IS NULL OR state = $1 ORDER BY id DESC LIMIT $2";
        let rows =
            sqlx::query(sql).bind(state.map(JobState::as_str)).bind(i64::from(limit)).fetch_all(self.reader()).await;
        rows.doing("list outbox rows")?.iter().map(JobRow::read).collect()
    }

    /// How many rows there are of each state but [`JobState::Done`].
    pub async fn jobs_by_state(&self) -> Result<Vec<(JobState, u64)>> {
        let sql = "SELECT state, COUNT(*) AS n FROM jobs WHERE state <> 'done' GROUP BY state";
        let rows = sqlx::query(sql).fetch_all(self.reader()).await.doing("count outbox rows")?;
        let mut counts = Vec::new();
        for row in rows {
            let (state, n): (String, i64) =
                (|| Ok((row.try_get("state")?, row.try_get("n")?)))().doing("read a count")?;
            counts.extend(JobState::parse(&state).map(|state| (state, n.unsigned_abs())));
        }
        Ok(counts)
    }

    /// How long rows wait, and how long the last ones took.
    pub async fn job_ages(&self, now: Timestamp) -> Result<JobAges> {
        let oldest = |states: &'static str| async move {
            let sql = format!("SELECT MIN(created_us) FROM jobs WHERE state IN ({states})");
            let us: Option<i64> = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(self.reader())
                .await
                .doing("look for the oldest row")?;
            Ok::<u64, StoreError>(us.map_or(0, |us| ((now.as_microsecond() - us).max(0) / 1000).unsigned_abs()))
        };
        let sql = "SELECT (updated_us - created_us) / 1000 FROM jobs WHERE state = 'done' AND lane IS NOT NULL
            ORDER BY id DESC LIMIT $1";
        let mut lags: Vec<i64> =
            sqlx::query_scalar(sql).bind(LAGS).fetch_all(self.reader()).await.doing("read how long rows took")?;
        lags.sort_unstable();
        let quantile = |part: usize| lags.get((lags.len() * part / 100).min(lags.len().saturating_sub(1))).copied();
        Ok(JobAges {
            oldest_ms: oldest("'ready', 'leased', 'retrying'").await?,
            oldest_approval_ms: oldest("'awaiting_approval'").await?,
            lag_p50_ms: quantile(50).unwrap_or(0).unsigned_abs(),
            lag_p99_ms: quantile(99).unwrap_or(0).unsigned_abs(),
        })
    }

    /// One outbox row.
    pub async fn job(&self, id: i64) -> Result<Option<JobRow>> {
        let row = sqlx::query("SELECT * FROM jobs WHERE id = $1").bind(id).fetch_optional(self.reader()).await;
        row.doing("read an outbox row")?.as_ref().map(JobRow::read).transpose()
    }

    /// The outbox rows of a call, oldest first.
    pub async fn jobs_of_call(&self, call_id: &str) -> Result<Vec<JobRow>> {
        let query = sqlx::query("SELECT * FROM jobs WHERE call_id = $1 ORDER BY id").bind(call_id);
        query.fetch_all(self.reader()).await.doing("list a call's rows")?.iter().map(JobRow::read).collect()
    }

    /// Contacts that delivered rows with this number or this address were about, the latest first.
    pub async fn contacts_of_rows(
        &self,
        business: &str,
        phone: Option<&str>,
        email: Option<&str>,
    ) -> Result<Vec<String>> {
        let of = "SELECT id, external_id FROM jobs WHERE kind = 'contact' AND state = 'done' AND business = $1";
        let sql = format!(
            "SELECT external_id FROM ({of} AND json_extract(payload, '$.phone') = $2
                UNION ALL {of} AND lower(json_extract(payload, '$.email')) = lower($3))
            GROUP BY external_id ORDER BY MAX(id) DESC LIMIT $4"
        );
        let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(business).bind(phone).bind(email);
        query.bind(CONTACTS_PER_KEY).fetch_all(self.reader()).await.doing("look for contacts of former rows")
    }

    /// Takes the next job that is due, or whose holder let its lease run out, until `now + hold`.
    pub async fn lease_job(&self, owner: &str, now: Timestamp, hold: SignedDuration) -> Result<Option<Lease>> {
        let sql = format!(
            "UPDATE jobs SET state = 'leased', lease_owner = $1, run_at_us = $3, fence = fence + 1, updated_us = $2
            WHERE id = (SELECT j.id FROM jobs AS j WHERE {DELIVERABLE} AND j.run_at_us <= $2
                ORDER BY j.run_at_us, j.id LIMIT 1)
            RETURNING *, (SELECT p.external_id FROM jobs AS p WHERE p.key = jobs.after_key
                AND p.state = 'done') AS after_id"
        );
        let mut tx = self.write().await?;
        let lease = loop {
            let query = sqlx::query(AssertSqlSafe(sql.as_str())).bind(owner).bind(now.as_microsecond());
            let query = query.bind(later(now, hold).as_microsecond());
            let row = query.fetch_optional(&mut *tx).await.doing("lease an outbox row")?;
            let Some(row) = row else { break None };
            let job = JobRow::read(&row)?;
            if !drop_leased(&mut tx, &job, now).await? {
                let read = || Ok((row.try_get("fence")?, row.try_get("after_id")?));
                let (fence, after_id) = read().doing("read a lease")?;
                break Some(Lease { job, fence, after_id });
            }
        };
        tx.commit().await.doing("commit a lease")?;
        Ok(lease)
    }

    /// Whether [`Store::lease_job`] would find something at `now`, without taking the write lock.
    pub async fn job_due(&self, now: Timestamp) -> Result<bool> {
        Ok(self.next_due().await?.is_some_and(|due| due <= now))
    }

    /// When the next job is due or the next lease runs out; none when nothing waits but for other rows.
    pub async fn next_due(&self) -> Result<Option<Timestamp>> {
        let sql = format!("SELECT j.run_at_us FROM jobs AS j WHERE {DELIVERABLE} ORDER BY j.run_at_us, j.id LIMIT 1");
        let us: Option<i64> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_optional(self.reader())
            .await
            .doing("look for due outbox rows")?;
        Ok(us.and_then(|us| Timestamp::from_microsecond(us).ok()))
    }

    /// How many rows are not at rest: ready, leased or retrying.
    pub async fn jobs_pending(&self) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM jobs WHERE state IN ('ready', 'leased', 'retrying')";
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

    /// Acknowledges a delivery that was written and verified. False, with nothing changed, when the lease was lost.
    pub async fn job_done(&self, lease: &Lease, done: Done<'_>, now: Timestamp) -> Result<bool> {
        // What was there before the first write is what a roll-back goes back to.
        let sql = "UPDATE jobs SET state = 'done', external_id = $3, reason = NULL, lease_owner = NULL,
                updated_us = $4, prior = COALESCE(prior, $5)
            WHERE id = $1 AND fence = $2 AND state = 'leased'";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(lease.job.id).bind(lease.fence).bind(done.external_id);
        let query = query.bind(now.as_microsecond()).bind(done.prior.map(|prior| prior.to_string()));
        let held = query.execute(&mut *tx).await.doing("acknowledge an outbox row")?.rows_affected() == 1;
        if held && done.contact {
            link_contact(&mut tx, &lease.job.call_id, done.external_id).await?;
        }
        if held {
            insert_audits(&mut tx, &done.audit, now).await?;
        }
        tx.commit().await.doing("commit an acknowledgement")?;
        Ok(held)
    }

    /// Counts a failed delivery and lets the job be tried again at `run_at`; false when the lease was lost.
    pub async fn job_failed(&self, lease: &Lease, reason: &str, run_at: Timestamp, now: Timestamp) -> Result<bool> {
        self.put_back(lease, reason, run_at, 1, now).await
    }

    /// Lets a job wait until `run_at` without counting it against the job: the CRM is down or asks to be left alone.
    pub async fn job_postponed(&self, lease: &Lease, reason: &str, run_at: Timestamp, now: Timestamp) -> Result<bool> {
        self.put_back(lease, reason, run_at, 0, now).await
    }

    async fn put_back(
        &self,
        lease: &Lease,
        reason: &str,
        run_at: Timestamp,
        count: i64,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE jobs SET state = 'retrying', attempts = attempts + $6, reason = $3, run_at_us = $4,
                lease_owner = NULL, updated_us = $5
            WHERE id = $1 AND fence = $2 AND state = 'leased'";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(lease.job.id).bind(lease.fence).bind(reason);
        let query = query.bind(run_at.as_microsecond()).bind(now.as_microsecond()).bind(count);
        let held = query.execute(&mut *tx).await.doing("put back an outbox row")?.rows_affected() == 1;
        if held && count > 0 {
            insert_audit(&mut tx, &NewAudit::failed(&lease.job, reason), now).await?;
        }
        drop_superseded(&mut tx, alone(&lease.job), now).await?;
        tx.commit().await.doing("commit a retry")?;
        Ok(held)
    }

    /// Counts a failed delivery and parks the job and what waits for it; false when the lease was lost.
    pub async fn job_rejected(&self, lease: &Lease, reason: &str, now: Timestamp) -> Result<bool> {
        self.stop(lease, JobState::Parked, reason, now).await
    }

    /// A person has to be asked after all; what waits for the job waits with it. False when the lease was lost.
    pub async fn job_asks(&self, lease: &Lease, reason: &str, now: Timestamp) -> Result<bool> {
        self.stop(lease, JobState::AwaitingApproval, reason, now).await
    }

    async fn stop(&self, lease: &Lease, state: JobState, reason: &str, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE jobs SET state = $5, attempts = attempts + 1, reason = $3, lease_owner = NULL,
                updated_us = $4
            WHERE id = $1 AND fence = $2 AND state = 'leased'";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(lease.job.id).bind(lease.fence).bind(reason).bind(now.as_microsecond());
        let query = query.bind(state.as_str());
        let held = query.execute(&mut *tx).await.doing("park an outbox row")?.rows_affected() == 1;
        if held {
            hold_followers(&mut tx, &lease.job.key, state, now).await?;
            insert_audit(&mut tx, &NewAudit::failed(&lease.job, reason), now).await?;
            if state == JobState::AwaitingApproval {
                insert_event(&mut tx, &change(&lease.job, Some(reason)).asked(now)).await?;
            }
        }
        drop_superseded(&mut tx, alone(&lease.job), now).await?;
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
            hold_followers(&mut tx, key, JobState::Parked, now).await?;
        }
        tx.commit().await.doing("commit a parking")?;
        Ok(key.is_some())
    }

    /// Makes a parked or retrying job ready at once with a fresh count, and frees what was parked for its sake; false
    /// when it is leased, done or unknown.
    pub async fn retry_job(&self, id: i64, now: Timestamp) -> Result<bool> {
        self.ready_again(id, JobEvent::Free, now).await
    }

    /// Makes a job ready that was done and whose record is gone over there; false when it is not done.
    pub async fn repair_job(&self, id: i64, now: Timestamp) -> Result<bool> {
        self.ready_again(id, JobEvent::Repair, now).await
    }

    async fn ready_again(&self, id: i64, event: JobEvent, now: Timestamp) -> Result<bool> {
        let sql = format!(
            "UPDATE jobs SET state = 'ready', attempts = 0, reason = NULL, run_at_us = $2, updated_us = $2
            WHERE id = $1 AND state IN ({}) RETURNING key",
            event.states_before()
        );
        let mut tx = self.write().await?;
        let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(id).bind(now.as_microsecond());
        let key: Option<String> = query.fetch_optional(&mut *tx).await.doing("retry an outbox row")?;
        if let Some(key) = &key {
            free_followers(&mut tx, key, now).await?;
        }
        tx.commit().await.doing("commit a retry")?;
        Ok(key.is_some())
    }

    /// Makes every parked and retrying job ready at once; how many.
    pub async fn drain_jobs(&self, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE jobs SET state = 'ready', attempts = 0, reason = NULL, run_at_us = $1, updated_us = $1
            WHERE state IN ('parked', 'retrying')";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(now.as_microsecond());
        let freed = query.execute(&mut *tx).await.doing("drain the outbox")?.rows_affected();
        tx.commit().await.doing("commit a retry")?;
        Ok(freed)
    }
}

/// A job that waits for one that is held up is held up too: it would wait for ever, unseen.
pub(super) async fn hold_followers(
    tx: &mut SqliteConnection,
    key: &str,
    state: JobState,
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE jobs SET state = $4, reason = $2, updated_us = $3
        WHERE after_key = $1 AND state IN ('ready', 'retrying')";
    let query = sqlx::query(sql).bind(key).bind(waits_for(key, state)).bind(now.as_microsecond()).bind(state.as_str());
    query.execute(tx).await.doing("park what waits").map(drop)
}

/// Only those held up by [`hold_followers`]; what a person parked stays parked.
pub(super) async fn free_followers(tx: &mut SqliteConnection, key: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE jobs SET state = 'ready', reason = NULL, run_at_us = $4, updated_us = $4
        WHERE after_key = $1 AND (state = 'parked' AND reason = $2 OR state = 'awaiting_approval' AND reason = $3)";
    let query = sqlx::query(sql).bind(key).bind(waits_for(key, JobState::Parked));
    let query = query.bind(waits_for(key, JobState::AwaitingApproval)).bind(now.as_microsecond());
    query.execute(tx).await.doing("free what waited").map(drop)
}

pub(super) fn waits_for(key: &str, state: JobState) -> String {
    match state {
        JobState::AwaitingApproval => format!("waits for {key}, which awaits approval"),
        _ => format!("waits for {key}, which is parked"),
    }
}

/// A hold that overflows time is held for ever.
fn later(now: Timestamp, hold: SignedDuration) -> Timestamp {
    now.checked_add(hold).unwrap_or(Timestamp::MAX)
}

/// More people than share a line or an address.
const CONTACTS_PER_KEY: i64 = 10;
/// Deliveries that the lag is taken of.
const LAGS: i64 = 1000;
/// What a worker may take, its time apart: not behind a row that is not done (what was refused leaves its followers
/// without it), and not past an older one of its lane, nor of the same activity.
const DELIVERABLE: &str = "j.state IN ('ready', 'leased', 'retrying')
    AND (j.after_key IS NULL
        OR EXISTS (SELECT 1 FROM jobs AS p WHERE p.key = j.after_key AND p.state IN ('done', 'rejected', 'rolled_back')))
    AND (j.lane IS NULL OR NOT EXISTS (SELECT 1 FROM jobs AS b
        WHERE b.lane = j.lane AND b.id < j.id AND b.state IN ('ready', 'leased', 'retrying')))
    AND (j.kind <> 'activity' OR NOT EXISTS (SELECT 1 FROM jobs AS e WHERE e.call_id = j.call_id
        AND e.kind = 'activity' AND e.id < j.id AND e.state IN ('ready', 'leased', 'retrying')))";
