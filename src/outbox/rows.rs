//! Proposals as outbox rows, and back.

use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::confirm::{CUSTOMER, Confirmation, Confirmations, MAIL, WEBHOOK};
use crate::call::CallRecord;
use crate::conversation::{Business, Unsettled};
use crate::crm::{Fields, Object};
use crate::record::{Effect, Proposal, informed_proposals, read_call};
use crate::store::{JobRow, NewJob};

/// What a row writes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Write {
    /// A record of the CRM.
    Record(Object, Fields),
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

/// What the rows of an ended call depend on besides the call.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    /// Where appointments are confirmed.
    pub(super) confirmations: Confirmations,
    /// What each business wants to know.
    pub(super) businesses: Vec<Arc<Business>>,
}

/// The rows of an ended call.
pub(super) fn rows(call: &CallRecord, closing: &Closing, now: Timestamp) -> Vec<NewJob> {
    let business = closing.businesses.iter().find(|business| business.id == call.business);
    let questions = business.map_or(&[][..], |business| &business.policy.questions);
    let found = read_call(call, business.map(Arc::as_ref));
    let proposed = informed_proposals(call, &found, questions).into_iter().map(|proposal| row(call, proposal, now));
    proposed.chain(closing.confirmations.rows(call, now)).collect()
}

/// Reads a row's values; the reason when it holds none of ours. `after_id` is the contact it waited for.
pub(super) fn read(job: &JobRow, after_id: Option<&str>) -> Result<Write, String> {
    if let Some(object) = Object::parse(&job.kind) {
        let mut fields: Fields = parse(job)?;
        fields.extend(after_id.map(|id| ("contact_id".to_owned(), Value::from(id))));
        // Rows of former versions call it so.
        if let Some(at) = fields.remove("occurred_at") {
            fields.insert("started_at".to_owned(), at);
        }
        return Ok(Write::Record(object, fields));
    }
    match job.kind.as_str() {
        SETTLE => parse(job).map(Write::Settle),
        MAIL | CUSTOMER | WEBHOOK => parse(job).map(Write::Confirm),
        other => Err(format!("this offhook knows no rows of kind {other:?}")),
    }
}

fn row(call: &CallRecord, proposal: Proposal, now: Timestamp) -> NewJob {
    let call_id = &call.id;
    let (kind, payload) = match proposal.effect {
        Effect::Contact { phone, name, email, notes } => {
            let payload = json!({ "phone": phone, "name": name, "email": email, "notes": notes, "source": SOURCE });
            (Object::Contact.as_str(), payload)
        }
        Effect::Activity { subject, body, source, occurred_at, fields } => {
            let mut payload = json!({ "call_id": call_id, "subject": subject, "body": body, "source": source,
                "started_at": occurred_at });
            if let Some(payload) = payload.as_object_mut() {
                // What the record itself says is not overwritten by what was read out of words.
                let new: Vec<_> = fields.into_iter().filter(|(name, _)| !payload.contains_key(name)).collect();
                payload.extend(new);
            }
            (Object::Activity.as_str(), payload)
        }
        Effect::Task { subject, body, due_at } => {
            let payload = json!({ "call_id": call_id, "subject": subject, "body": body, "due_at": due_at });
            (Object::Task.as_str(), payload)
        }
        Effect::Settle { write, name } => {
            // Plain strings always become JSON; an empty payload would be parked with its reason, not lost.
            (SETTLE, serde_json::to_value(Settlement { write, name }).unwrap_or_default())
        }
    };
    NewJob {
        key: proposal.key,
        after: proposal.after,
        call_id: call.id.clone(),
        business: call.business.clone(),
        kind: kind.to_owned(),
        payload,
        run_at: now,
    }
}

fn parse<T: DeserializeOwned>(job: &JobRow) -> Result<T, String> {
    T::deserialize(&job.payload).map_err(|e| format!("its values cannot be read: {e}"))
}

pub(super) const SETTLE: &str = "settle";
/// How the CRM's readers see who wrote it.
const SOURCE: &str = "AI receptionist";
