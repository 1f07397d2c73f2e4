//! Taking back what was written: what was made is deleted, what was set gets its old value, unless somebody else has
//! changed it since.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::account::Prior;
use super::merge::alike;
use crate::crm::{Crm, CrmError, Fields, Object};
use crate::store::{AuditAction, FieldChange, JobRow, JobState, NewAudit, Store, StoreError};

/// What came of taking a row back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// Fields that have their old value again; empty when the record was deleted.
    pub restored: Vec<String>,
    /// Fields somebody else has changed since: left as they are.
    pub left: Vec<String>,
    /// The record was deleted.
    pub deleted: bool,
}

/// Why a row was not taken back.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// There is no such row.
    #[error("there is no row {0}")]
    Unknown(i64),
    /// Only what was written can be taken back.
    #[error("row {id} is {}, only what is done can be taken back", state.as_str())]
    NotDone {
        /// The row.
        id: i64,
        /// Where it stands.
        state: JobState,
    },
    /// The same record was written again since.
    #[error("row {last} wrote the same record since row {id}: take that one back, and all of it goes")]
    NotLast {
        /// The row.
        id: i64,
        /// The last one.
        last: i64,
    },
    /// It is no record of the CRM, or was written before offhook kept what was there.
    #[error("row {0} holds nothing that can be restored")]
    Nothing(i64),
    /// The CRM did not do it.
    #[error("{0}")]
    Crm(#[from] CrmError),
    /// The database did not.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Takes a row back in somebody's name, and reads back whether it worked.
pub async fn roll_back(store: &Store, crm: &dyn Crm, id: i64, by: &str) -> Result<RolledBack, RollbackError> {
    let job = store.job(id).await?.ok_or(RollbackError::Unknown(id))?;
    if job.state != JobState::Done {
        return Err(RollbackError::NotDone { id, state: job.state });
    }
    let prior = job.prior.as_ref().and_then(|prior| Prior::deserialize(prior).ok());
    let (prior, earlier) = whole(store, &job, prior).await?;
    let (Some(prior), Some(object), Some(record)) = (prior, Object::parse(&job.kind), job.external_id.clone()) else {
        return Err(RollbackError::Nothing(id));
    };
    let done = match prior.created {
        true => deleted(crm, &job, object, &record).await?,
        false => restored(crm, &job, object, &record, &prior).await?,
    };
    let step = step(&job, crm.name(), by, &prior, &done);
    let (reason, now) = (format!("taken back by {by}"), Timestamp::now());
    store.roll_back_job(id, &reason, &[step], now).await?;
    for row in earlier {
        store.roll_back_job(row, &reason, &[], now).await?;
    }
    Ok(done)
}

/// A call's activity is taken back as one: its last row goes back to before its first, and the rows between go with it.
async fn whole(store: &Store, job: &JobRow, prior: Option<Prior>) -> Result<(Option<Prior>, Vec<i64>), RollbackError> {
    if job.kind != Object::Activity.as_str() {
        return Ok((prior, Vec::new()));
    }
    let rows = store.jobs_of_call(&job.call_id).await?;
    let states = rows.into_iter().filter(|row| row.kind == job.kind && row.record_key() == job.record_key());
    let (earlier, later): (Vec<_>, Vec<_>) = states.filter(|row| row.id != job.id).partition(|row| row.id < job.id);
    if let Some(last) = later.iter().rfind(|row| row.state == JobState::Done) {
        return Err(RollbackError::NotLast { id: job.id, last: last.id });
    }
    let first = earlier.iter().find_map(|row| Prior::deserialize(row.prior.as_ref()?).ok());
    let created = first.is_some_and(|first| first.created);
    let ids = earlier.iter().filter(|row| row.state == JobState::Done).map(|row| row.id).collect();
    Ok((prior.map(|prior| Prior { created: prior.created || created, ..prior }), ids))
}

async fn deleted(crm: &dyn Crm, job: &JobRow, object: Object, id: &str) -> Result<RolledBack, CrmError> {
    crm.delete(&job.business, object, id).await?;
    if crm.read(&job.business, object, id).await?.is_some() {
        return Err(CrmError::Retry { after: None, reason: format!("{object} {id} is still there") });
    }
    Ok(RolledBack { restored: Vec::new(), left: Vec::new(), deleted: true })
}

async fn restored(
    crm: &dyn Crm,
    job: &JobRow,
    object: Object,
    id: &str,
    prior: &Prior,
) -> Result<RolledBack, CrmError> {
    let Some(now) = crm.read(&job.business, object, id).await? else {
        return Ok(RolledBack { restored: Vec::new(), left: prior.set.keys().cloned().collect(), deleted: false });
    };
    let ours = |field: &str| {
        let set = prior.set.get(field).unwrap_or(&Value::Null);
        now.fields.get(field).is_some_and(|value| alike(value, set))
    };
    let (back, left): (Vec<_>, Vec<_>) = prior.old.iter().partition(|(field, _)| ours(field));
    let back: Fields = back.into_iter().map(|(field, value)| (field.clone(), value.clone())).collect();
    if !back.is_empty() {
        crm.update(&job.business, object, id, now.version.as_deref(), &back).await?;
    }
    let left = left.into_iter().map(|(field, _)| field.clone()).collect();
    Ok(RolledBack { restored: back.into_keys().collect(), left, deleted: false })
}

fn step(job: &JobRow, crm: &str, by: &str, prior: &Prior, done: &RolledBack) -> NewAudit {
    let mut step = NewAudit::of(job, AuditAction::Rollback, job.external_id.as_deref());
    step.entry.actor = by.to_owned();
    step.entry.crm_system = Some(crm.to_owned());
    let fields = prior.set.iter().filter(|(field, _)| done.deleted || done.restored.contains(field));
    let change = |(field, set): (&String, &Value)| {
        let new = if done.deleted { Value::Null } else { prior.old.get(field).cloned().unwrap_or_default() };
        (field.clone(), FieldChange { old: set.clone(), new })
    };
    step.entry.fields = fields.map(change).collect();
    step.entry.error = (!done.left.is_empty()).then(|| format!("changed since, left alone: {}", done.left.join(", ")));
    step
}
