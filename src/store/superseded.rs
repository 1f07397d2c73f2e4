//! Rows about a call's activity that a later row of the call has made old: what runs is not told once it is over.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::audit::{AuditAction, NewAudit, insert_audit};
use super::error::{Doing, Result};
use super::record::Object;
use super::rows::JobRow;

/// Takes out the earlier states of a call's activity that nobody holds, where a later one is there. One that is being
/// delivered is waited for (see `DELIVERABLE`): the last word is written last.
/// `kind` and `call_id` are those of the row that changed: another kind makes no activity old.
pub(super) async fn drop_superseded(
    tx: &mut SqliteConnection,
    kind: &str,
    call_id: &str,
    now: Timestamp,
) -> Result<()> {
    if kind != Object::Activity.as_str() {
        return Ok(());
    }
    let sql = "DELETE FROM jobs WHERE call_id = $1 AND kind = 'activity' AND key LIKE '%@%'
            AND state IN ('ready', 'retrying', 'parked', 'awaiting_approval')
            AND id < (SELECT MAX(n.id) FROM jobs AS n WHERE n.call_id = $1 AND n.kind = 'activity') RETURNING *";
    let rows = sqlx::query(sql).bind(call_id).fetch_all(&mut *tx).await.doing("take out what is superseded")?;
    for row in &rows {
        noted(tx, &JobRow::read(row)?, now).await?;
    }
    Ok(())
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
