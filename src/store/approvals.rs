//! What a person decides: yes or no to a row, once.

use jiff::Timestamp;

use super::audit::{AuditAction, NewAudit, insert_audit};
use super::error::{Doing, Result};
use super::events::insert_event;
use super::job_state::JobState;
use super::jobs::free_followers;
use super::open::Store;
use super::rows::JobRow;
use crate::events::Change;

impl Store {
    /// Rows a person is asked about, oldest first; what only waits for one of them is not asked about.
    pub async fn approvals(&self, limit: u32) -> Result<Vec<JobRow>> {
        let sql = "SELECT j.* FROM jobs AS j WHERE j.state = 'awaiting_approval' AND NOT EXISTS (
                SELECT 1 FROM jobs AS p WHERE p.key = j.after_key AND p.state = 'awaiting_approval')
            ORDER BY j.id LIMIT $1";
        let rows = sqlx::query(sql).bind(i64::from(limit)).fetch_all(self.reader()).await.doing("list approvals")?;
        rows.iter().map(JobRow::read).collect()
    }

    /// Says yes or no, in `by`'s name. Of two who decide at once one is heard; false for the other, and for a row
    /// nobody is asked about.
    pub async fn decide_job(&self, id: i64, yes: bool, by: &str, note: Option<&str>, now: Timestamp) -> Result<bool> {
        let state = if yes { JobState::Ready } else { JobState::Rejected };
        let sql = "UPDATE jobs SET state = $2, approved_by = IIF($2 = 'ready', $3, approved_by), reason = $4,
                attempts = 0, run_at_us = $5, updated_us = $5
            WHERE id = $1 AND state = 'awaiting_approval' RETURNING *";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(id).bind(state.as_str()).bind(by);
        let query = query.bind(note.filter(|_| !yes).or((!yes).then_some("rejected"))).bind(now.as_microsecond());
        let row = query.fetch_optional(&mut *tx).await.doing("decide an approval")?;
        let Some(job) = row.as_ref().map(JobRow::read).transpose()? else { return Ok(false) };
        free_followers(&mut tx, &job.key, now).await?;
        let mut step = NewAudit::of(&job, AuditAction::Approve, job.external_id.as_deref());
        step.entry.actor = by.to_owned();
        step.entry.approval_status = Some(if yes { "approved" } else { "rejected" }.to_owned());
        step.entry.error = note.map(str::to_owned);
        insert_audit(&mut tx, &step, now).await?;
        insert_event(&mut tx, &change(&job, note).decided(yes, by, now)).await?;
        tx.commit().await.doing("commit an approval")?;
        Ok(true)
    }

    /// Marks a row that was done as taken back, with the steps taken; false when it is not done.
    pub async fn roll_back_job(&self, id: i64, reason: &str, steps: &[NewAudit], now: Timestamp) -> Result<bool> {
        let sql =
            "UPDATE jobs SET state = 'rolled_back', reason = $2, updated_us = $3 WHERE id = $1 AND state = 'done'";
        let mut tx = self.write().await?;
        let query = sqlx::query(sql).bind(id).bind(reason).bind(now.as_microsecond());
        let done = query.execute(&mut *tx).await.doing("roll back a row")?.rows_affected() == 1;
        for step in steps.iter().filter(|_| done) {
            insert_audit(&mut tx, step, now).await?;
        }
        tx.commit().await.doing("commit a roll-back")?;
        Ok(done)
    }
}

/// What is told of a row that a person is asked about.
pub(super) fn change<'a>(job: &'a JobRow, reason: Option<&'a str>) -> Change<'a> {
    Change {
        business: &job.business,
        call_id: &job.call_id,
        row: job.id,
        key: &job.key,
        object: &job.kind,
        fields: &job.payload,
        reason,
    }
}
