//! What an activity says beside its words: one field per thing a report may ask for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{CallRecord, Disposition};

/// The activity's fields that the record itself knows; what is not known is not there.
pub fn call_fields(call: &CallRecord) -> BTreeMap<String, Value> {
    let failed = call.disposition == Some(Disposition::Failed);
    let spoken = call.answered_at.zip(call.ended_at);
    let duration =
        spoken.map_or(0, |(answered, ended): (Timestamp, Timestamp)| ended.duration_since(answered).as_secs().max(0));
    let fields = [
        ("status", Some(json!(if failed { FAILED } else { status(call) }))),
        ("disposition", Some(json!(disposition(call)))),
        ("ended_at", call.ended_at.map(|at| json!(at))),
        ("duration_s", Some(json!(duration))),
        ("from", call.from.as_ref().map(|from| json!(from))),
        ("to", Some(json!(call.to))),
    ];
    fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))).collect()
}

fn status(call: &CallRecord) -> &'static str {
    if call.disposition == Some(Disposition::Escalated) { "TRANSFERRED" } else { "COMPLETED" }
}

/// The word the API uses; the null rule where there is none.
fn disposition(call: &CallRecord) -> String {
    let word = call.disposition.and_then(|disposition| serde_json::to_value(disposition).ok());
    match word.as_ref().and_then(Value::as_str) {
        None | Some("no_disposition") => "NO_DISPOSITION".to_owned(),
        Some(word) => word.to_owned(),
    }
}

const FAILED: &str = "FAILED - NO DISPOSITION";
