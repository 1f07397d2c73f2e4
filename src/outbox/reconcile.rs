//! The call log against the CRM, record by record. What is missing goes through the same queue under the same key, so
//! that nothing is written twice.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::rows::{Rules, rows};
use super::run::Settings;
use crate::call::{CallRecord, CallState};
use crate::conversation::Business;
use crate::crm::{Crm, CrmError, Lookup, Object};
use crate::store::{JobRow, JobState, NewJob, Page, Store, StoreError};

/// What was found, and what was done about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Ended calls looked at.
    pub calls: u64,
    /// Records they should have left.
    pub expected: u64,
    /// Found in the CRM.
    pub present: u64,
    /// Missing there and put into the queue.
    pub repaired: Vec<String>,
    /// Under way, or waiting for a person: the queue knows of them.
    pub waiting: u64,
}

/// Why it could not be done to the end; done again, it goes on where it is needed.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The CRM did not answer.
    #[error("{0}")]
    Crm(#[from] CrmError),
    /// The database did not.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Compares every call that began at or after `since`.
pub async fn reconcile(
    store: &Store,
    crm: &dyn Crm,
    settings: &Settings,
    businesses: &[Arc<Business>],
    since: Timestamp,
) -> Result<Reconciled, ReconcileError> {
    let rules = Rules::of(settings, businesses);
    let mut found = Reconciled::default();
    let mut before = None;
    loop {
        let page = store.calls(Page { limit: PAGE, before: before.clone() }).await?;
        let Some(last) = page.last() else { return Ok(found) };
        before = Some(last.id.clone());
        let done = last.started_at < since;
        for call in page.into_iter().filter(|call| call.state == CallState::Ended && call.started_at >= since) {
            compare(store, crm, &rules, &call, &mut found).await?;
        }
        if done {
            return Ok(found);
        }
    }
}

async fn compare(
    store: &Store,
    crm: &dyn Crm,
    rules: &Rules,
    call: &CallRecord,
    found: &mut Reconciled,
) -> Result<(), ReconcileError> {
    found.calls += 1;
    let now = Timestamp::now();
    let known = store.jobs_of_call(&call.id).await?;
    // What was linked since is not what was proposed then.
    let call = CallRecord { contact_id: None, ..call.clone() };
    let expected: Vec<NewJob> = rows(&call, &rules.told(&call), rules, now)
        .into_iter()
        .filter(|job| Object::parse(&job.kind).is_some())
        .collect();
    let mut missing = Vec::new();
    for job in &expected {
        let row = known.iter().find(|row| row.key == job.key);
        found.expected += 1;
        match row.map(|row| row.state) {
            // A person's no, and what was taken back, is not repaired.
            Some(JobState::Rejected | JobState::RolledBack) => found.present += 1,
            None | Some(JobState::Done) if is_there(crm, job, row).await? => found.present += 1,
            None | Some(JobState::Done) => missing.push(job.key.clone()),
            Some(_) => found.waiting += 1,
        }
    }
    for job in expected.iter().filter(|_| !missing.is_empty()) {
        match known.iter().find(|row| row.key == job.key) {
            Some(row) if missing.contains(&row.key) => drop(store.repair_job(row.id, now).await?),
            Some(_) => {}
            // Also where the record is there: what comes after it waits for its row.
            None => store.add_job(job).await?,
        }
    }
    found.repaired.append(&mut missing);
    Ok(())
}

/// By the key it was made with, by the id the row remembers, or, for a contact, by its number.
async fn is_there(crm: &dyn Crm, job: &NewJob, row: Option<&JobRow>) -> Result<bool, CrmError> {
    let Some(object) = Object::parse(&job.kind) else { return Ok(true) };
    let found = crm.find(&job.business, object, Lookup::Key(&job.key)).await?;
    if !found.is_empty() {
        // A write that was given up may have arrived after all, and after the last word.
        return Ok(!found.iter().any(|record| record.text("status") == Some("IN_PROGRESS")));
    }
    if object != Object::Contact {
        return Ok(false);
    }
    if let Some(id) = row.and_then(|row| row.external_id.as_deref()) {
        return Ok(crm.read(&job.business, object, id).await?.is_some());
    }
    match job.payload.get("phone").and_then(Value::as_str) {
        Some(phone) => Ok(!crm.find(&job.business, object, Lookup::Phone(phone)).await?.is_empty()),
        None => Ok(false),
    }
}

/// Calls compared between two reads of the call log.
const PAGE: u32 = 200;
