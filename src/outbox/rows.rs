//! Proposals as outbox rows, and back.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::confirm::{CUSTOMER, Confirmation, Confirmations, MAIL, WEBHOOK};
use crate::call::CallRecord;
use crate::conversation::Unsettled;
use crate::crm::{NewActivity, NewContact, NewTask};
use crate::record::{Effect, Proposal, proposals};
use crate::store::{JobRow, NewJob};

/// What a row writes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Write {
    Contact(NewContact),
    Activity(NewActivity),
    Task(NewTask),
    Settle(Settlement),
    Confirm(Confirmation),
}

/// A write to the calendar whose end is to be found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Settlement {
    pub(super) write: Unsettled,
    /// Who it was for.
    pub(super) name: Option<String>,
}

/// The rows of an ended call.
pub(super) fn rows(call: &CallRecord, confirmations: &Confirmations, now: Timestamp) -> Vec<NewJob> {
    let proposed = proposals(call).into_iter().map(|proposal| row(call, proposal, now));
    proposed.chain(confirmations.rows(call, now)).collect()
}

/// Reads a row's values; the reason when it holds none of ours. `after_id` is the contact it waited for.
pub(super) fn read(job: &JobRow, after_id: Option<&str>) -> Result<Write, String> {
    let contact_id = after_id.map(str::to_owned);
    match job.kind.as_str() {
        CONTACT => parse(job).map(Write::Contact),
        ACTIVITY => parse(job).map(|a| Write::Activity(NewActivity { contact_id, ..a })),
        TASK => parse(job).map(|t| Write::Task(NewTask { contact_id, ..t })),
        SETTLE => parse(job).map(Write::Settle),
        MAIL | CUSTOMER | WEBHOOK => parse(job).map(Write::Confirm),
        other => Err(format!("this offhook knows no rows of kind {other:?}")),
    }
}

fn row(call: &CallRecord, proposal: Proposal, now: Timestamp) -> NewJob {
    let call_id = call.id.clone();
    let (kind, payload) = match proposal.effect {
        Effect::Contact { phone, name, email, notes } => {
            (CONTACT, serde_json::to_value(NewContact { phone, name, email, notes, call_id }))
        }
        Effect::Activity { subject, body, source, occurred_at } => {
            let source = source.to_owned();
            (
                ACTIVITY,
                serde_json::to_value(NewActivity { contact_id: None, call_id, subject, body, source, occurred_at }),
            )
        }
        Effect::Task { subject, body, due_at } => {
            (TASK, serde_json::to_value(NewTask { contact_id: None, call_id, subject, body, due_at }))
        }
        Effect::Settle { write, name } => (SETTLE, serde_json::to_value(Settlement { write, name })),
    };
    NewJob {
        key: proposal.key,
        after: proposal.after,
        call_id: call.id.clone(),
        business: call.business.clone(),
        kind: kind.to_owned(),
        // Plain strings always become JSON; an empty payload would be parked with its reason, not lost.
        payload: payload.unwrap_or_default(),
        run_at: now,
    }
}

fn parse<T: DeserializeOwned>(job: &JobRow) -> Result<T, String> {
    T::deserialize(&job.payload).map_err(|e| format!("its values cannot be read: {e}"))
}

const CONTACT: &str = "contact";
const ACTIVITY: &str = "activity";
const TASK: &str = "task";
pub(super) const SETTLE: &str = "settle";
