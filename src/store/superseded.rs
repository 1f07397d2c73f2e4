//! Rows about a call's activity that a later row of the call has made old: what runs is not told once it is over.

use jiff::Timestamp;
use serde_json::json;
use sqlx::SqliteConnection;

use super::audit::{AuditAction, NewAudit, insert_audit};
use super::error::{Doing, Result};
use super::record::Object;
use super::rows::JobRow;

/// Takes out the earlier states of calls' activities that nobody holds, where a later one is there. One that is being
/// delivered is waited for (see `DELIVERABLE`): the last word is written last.
/// `changed` are the rows that changed, by kind and call: another kind makes no activity old.
pub(super) async fn drop_superseded(
    tx: &mut SqliteConnection,
    changed: impl Iterator<Item = (&str, &str)>,
    now: Timestamp,
) -> Result<()> {
    let calls: Vec<&str> =
        changed.filter(|(kind, _)| *kind == Object::Activity.as_str()).map(|(_, call_id)| call_id).collect();
    if calls.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM jobs WHERE call_id IN (SELECT value FROM json_each($1)) AND kind = 'activity'
            AND key LIKE '%@%' AND state IN ('ready', 'retrying', 'parked', 'awaiting_approval')
            AND id < (SELECT MAX(n.id) FROM jobs AS n WHERE n.call_id = jobs.call_id AND n.kind = 'activity')
        RETURNING *";
    let query = sqlx::query(sql).bind(json!(calls).to_string());
    let rows = query.fetch_all(&mut *tx).await.doing("take out what is superseded")?;
    for row in &rows {
        noted(tx, &JobRow::read(row)?, now).await?;
    }
    Ok(())
}

/// A row alone, as [`drop_superseded`] wants it.
pub(super) fn alone(job: &JobRow) -> impl Iterator<Item = (&str, &str)> {
    std::iter::once((job.kind.as_str(), job.call_id.as_str()))
}

/// Takes out a row that was just leased, if it is such an old one: its holder died, and the call went on without it.
/// False for every other row.
pub(super) async fn drop_leased(tx: &mut SqliteConnection, job: &JobRow, now: Timestamp) -> Result<bool> {
    if job.record_key() == job.key {
        return Ok(false);
    }
    let sql = "DELETE FROM jobs WHERE id = $1 AND id < (SELECT MAX(n.id) FROM jobs AS n
        WHERE n.call_id = $2 AND n.kind = 'activity')";
    let query = sqlx::query(sql).bind(job.id).bind(&job.call_id);
    let old = query.execute(&mut *tx).await.doing("take out what is superseded")?.rows_affected() == 1;
    if old {
        noted(tx, job, now).await?;
    }
    Ok(old)
}

async fn noted(tx: &mut SqliteConnection, job: &JobRow, now: Timestamp) -> Result<()> {
    let mut step = NewAudit::of(job, AuditAction::Approve, None);
    step.entry.approval_status = Some("superseded".to_owned());
    insert_audit(tx, &step, now).await
}
