//! Calls: opened at INVITE, saved while they run, finished exactly once.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::enqueue::insert_jobs;
use super::error::{Doing, Result, StoreError};
use super::events::insert_event;
use super::jobs::NewJob;
use super::open::Store;
use crate::call::{CallRecord, CallState, Disposition};
use crate::conversation::Became;
use crate::events::Event;

/// Which part of a newest-first list is wanted.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// At most this many rows.
    pub limit: u32,
    /// Only calls older than the one with this id.
    pub before: Option<String>,
}

/// One call's turn in a group of writes.
#[derive(Debug, Clone, Copy)]
pub struct CallWrite<'a> {
    /// The whole record as it stands.
    pub call: &'a CallRecord,
    /// Whether this is its last word.
    pub over: bool,
    /// Outbox rows that come with it; those that are there already are not added again.
    pub jobs: &'a [NewJob],
    /// What has happened in it so far; what is written already is not written again.
    pub events: &'a [Event],
}

impl Store {
    /// Remembers a call from its INVITE on.
    pub async fn open_call(&self, call: &CallRecord) -> Result<()> {
        self.save_call(call).await
    }

    /// Replaces a live call's snapshot; an ended call stays as it is.
    pub async fn save_call(&self, call: &CallRecord) -> Result<()> {
        self.write_calls(&[CallWrite { call, over: false, jobs: &[], events: &[] }]).await.map(drop)
    }

    /// Closes the call's row and adds its outbox rows in one transaction, synced on return. False, with nothing
    /// written, when the call was already closed.
    pub async fn finish_call(&self, call: &CallRecord, jobs: &[NewJob]) -> Result<bool> {
        let written = self.write_calls(&[CallWrite { call, over: true, jobs, events: &[] }]).await?;
        Ok(written.first().copied().unwrap_or(false))
    }

    /// A group of calls in one transaction and one sync; per call, whether it was still open. All or nothing.
    pub async fn write_calls(&self, group: &[CallWrite<'_>]) -> Result<Vec<bool>> {
        let mut tx = self.write().await?;
        let mut written = Vec::with_capacity(group.len());
        let mut jobs = Vec::new();
        for write in group {
            let open = write_call(&mut tx, write.call, write.over).await?;
            jobs.extend(write.jobs.iter().filter(|_| open));
            for event in write.events.iter().filter(|_| open) {
                insert_event(&mut tx, event).await?;
            }
            written.push(open);
        }
        insert_jobs(&mut tx, jobs.into_iter()).await?;
        tx.commit().await.doing("commit calls")?;
        Ok(written)
    }

    /// Notes in an ended call's record what became of a write whose answer was lost.
    pub async fn settle_write(&self, call_id: &str, key: &str, became: Became) -> Result<()> {
        let mut tx = self.write().await?;
        let sql = "SELECT id, contact_id, record FROM calls WHERE id = $1 AND state = 'ended'";
        let row = sqlx::query(sql).bind(call_id).fetch_optional(&mut *tx).await.doing("read a call")?;
        let Some(mut call) = row.as_ref().map(read).transpose()? else { return Ok(()) };
        call.outcome.unsettled.iter_mut().filter(|w| w.key == key).for_each(|w| w.became = Some(became));
        let record = encode(&call, true)?;
        let query = sqlx::query("UPDATE calls SET record = $2 WHERE id = $1").bind(call_id).bind(record);
        query.execute(&mut *tx).await.doing("settle a write")?;
        tx.commit().await.doing("commit a settled write")
    }

    /// Calls that were not finished, oldest first. After a start these are the calls a crash cut off.
    pub async fn unfinished_calls(&self) -> Result<Vec<CallRecord>> {
        let sql = "SELECT id, contact_id, record FROM calls WHERE state <> 'ended' ORDER BY started_us, id";
        let rows = sqlx::query(sql).fetch_all(self.reader()).await.doing("list unfinished calls")?;
        Ok(readable(&rows))
    }

    /// One call.
    pub async fn call(&self, id: &str) -> Result<Option<CallRecord>> {
        let sql = "SELECT id, contact_id, record FROM calls WHERE id = $1";
        let row = sqlx::query(sql).bind(id).fetch_optional(self.reader()).await.doing("read a call")?;
        row.as_ref().map(read).transpose()
    }

    /// Calls, newest first.
    pub async fn calls(&self, page: Page) -> Result<Vec<CallRecord>> {
        let sql = "SELECT id, contact_id, record FROM calls
            WHERE $1 IS NULL OR (started_us, id) < (SELECT started_us, id FROM calls WHERE id = $1)
            ORDER BY started_us DESC, id DESC LIMIT $2";
        let rows = sqlx::query(sql)
            .bind(page.before)
            .bind(i64::from(page.limit))
            .fetch_all(self.reader())
            .await
            .doing("list calls")?;
        Ok(readable(&rows))
    }
}

/// Inserts or replaces; false when the row is there and closed.
async fn write_call(tx: &mut SqliteConnection, call: &CallRecord, ended: bool) -> Result<bool> {
    let sql = "INSERT INTO calls (id, sip_call_id, business, state, disposition, started_us, contact_id, record)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, disposition = excluded.disposition,
            contact_id = COALESCE(excluded.contact_id, calls.contact_id), record = excluded.record
        WHERE calls.state <> 'ended'";
    let done = sqlx::query(sql)
        .bind(&call.id)
        .bind(&call.sip_call_id)
        .bind(&call.business)
        .bind(if ended { "ended" } else { live_state(call.state) })
        .bind(call.disposition.map(disposition_word))
        .bind(call.started_at.as_microsecond())
        .bind(&call.contact_id)
        .bind(encode(call, ended)?)
        .execute(tx)
        .await
        .doing("write a call")?;
    Ok(done.rows_affected() == 1)
}

/// Only [`Store::finish_call`] ends a row: a snapshot that already says "ended" is still waiting for its outbox rows.
fn live_state(state: CallState) -> &'static str {
    match state {
        CallState::Ringing => "ringing",
        CallState::Active | CallState::Ended => "active",
    }
}

fn disposition_word(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Booked => "booked",
        Disposition::Rescheduled => "rescheduled",
        Disposition::Cancelled => "cancelled",
        Disposition::Message => "message",
        Disposition::InfoOnly => "info_only",
        Disposition::Escalated => "escalated",
        Disposition::Abandoned => "abandoned",
        Disposition::Failed => "failed",
        Disposition::NoDisposition => "no_disposition",
    }
}

/// JSON has no NaN: a number that is none is written as 0, so that the row can be read back.
fn encode(call: &CallRecord, ended: bool) -> Result<String> {
    let mut call = call.clone();
    if ended {
        call.state = CallState::Ended;
    }
    let numbers = call.transcript.iter_mut().map(|l| &mut l.confidence).chain([&mut call.media.jitter_ms]);
    numbers.filter(|n| !n.is_finite()).for_each(|n| *n = 0.0);
    serde_json::to_string(&call).map_err(|e| corrupt(&call.id, &e))
}

/// The contact's id may be newer than the record: it is known once the outbox wrote the contact.
fn read(row: &SqliteRow) -> Result<CallRecord> {
    let (id, json): (String, String) = (|| Ok((row.try_get("id")?, row.try_get("record")?)))().doing("read a call")?;
    let mut call: CallRecord = serde_json::from_str(&json).map_err(|e| corrupt(&id, &e))?;
    call.contact_id = row.try_get("contact_id").doing("read a call")?;
    Ok(call)
}

/// One row nobody can read must not hide the others, nor keep the process from starting.
fn readable(rows: &[SqliteRow]) -> Vec<CallRecord> {
    let calls = rows.iter().map(read);
    calls.filter_map(|call| call.inspect_err(|error| tracing::error!(%error, "left out")).ok()).collect()
}

fn corrupt(id: &str, reason: &serde_json::Error) -> StoreError {
    StoreError::Corrupt { what: "call", id: id.to_owned(), reason: reason.to_string() }
}
