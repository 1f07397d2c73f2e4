//! What a delivery did, for the audit and for taking it back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::write::Written;
use crate::crm::Fields;
use crate::store::{AuditAction, FieldChange, JobRow, NewAudit};

/// What a delivery did.
pub(super) struct Account {
    /// [`Prior`] as JSON.
    pub(super) prior: Value,
    /// The steps taken.
    pub(super) steps: Vec<NewAudit>,
}

/// What a roll-back needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Prior {
    /// The record was made: taking it back deletes it.
    pub(super) created: bool,
    /// What the fields that were set had before; null where there was nothing.
    pub(super) old: Fields,
    /// What they were set to: what is otherwise by now was changed by somebody else and stays.
    pub(super) set: Fields,
}

/// The steps of a delivery.
pub(super) fn account(job: &JobRow, crm: &str, execution: &str, written: &Written) -> Account {
    let before = |field: &str| written.before.as_ref().and_then(|record| record.fields.get(field)).cloned();
    let old: Fields = written.set.keys().map(|f| (f.clone(), before(f).unwrap_or(Value::Null))).collect();
    let created = written.before.is_none();
    let mut steps = Vec::new();
    let mut step = |action, error: Option<&str>, fields: BTreeMap<String, FieldChange>| {
        let mut step = NewAudit::of(job, action, Some(&written.id));
        step.entry.crm_system = Some(crm.to_owned());
        step.entry.execution_id = Some(execution.to_owned());
        step.entry.payload_fingerprint = Some(fingerprint(&written.set));
        step.entry.error = error.map(str::to_owned);
        step.entry.fields = fields;
        steps.push(step);
    };
    let changed = |value: &dyn Fn(&str) -> Value| {
        let change =
            |field: &String| FieldChange { old: old.get(field).cloned().unwrap_or_default(), new: value(field) };
        written.set.keys().map(|field| (field.clone(), change(field))).collect::<BTreeMap<_, _>>()
    };
    if written.set.is_empty() {
        step(AuditAction::Write, Some(DUPLICATE), BTreeMap::new());
    } else {
        step(AuditAction::Write, None, changed(&|field| written.set.get(field).cloned().unwrap_or_default()));
    }
    step(AuditAction::Verify, None, changed(&|field| written.after.fields.get(field).cloned().unwrap_or_default()));
    let prior = Prior { created, old, set: written.set.clone() };
    Account { prior: json!(prior), steps }
}

/// SHA-256 of what was sent; the fields are sorted, so the same values always have the same one.
fn fingerprint(fields: &Fields) -> String {
    Sha256::digest(json!(fields).to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The record was there already and had it all.
const DUPLICATE: &str = "nothing to write: it is there already";
