//! What an activity says beside its words: one field per thing a report may ask for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{CallRecord, Disposition};

/// The activity's fields that the record itself knows; what is not known (yet) is not there.
pub fn call_fields(call: &CallRecord) -> BTreeMap<String, Value> {
    let spoken = call.answered_at.zip(call.ended_at);
    let duration =
        spoken.map_or(0, |(answered, ended): (Timestamp, Timestamp)| ended.duration_since(answered).as_secs().max(0));
    let over = !is_live(call);
    let came = call.arrival.as_deref();
    let slots = came.into_iter().flat_map(|came| &came.slots);
    let slots = slots.map(|(name, text)| (format!("{SLOT}{name}"), json!(text)));
    let fields = [
        ("status", Some(json!(status(call)))),
        ("disposition", over.then(|| json!(disposition(call)))),
        ("ended_at", call.ended_at.map(|at| json!(at))),
        ("duration_s", over.then(|| json!(duration))),
        ("from", call.from.as_ref().map(|from| json!(from))),
        ("to", Some(json!(call.to))),
        ("routing_path", Some(json!(routing_path(call)))),
        ("location", came.and_then(|came| came.location.as_ref()).map(|text| json!(text))),
        ("campaign", came.and_then(|came| came.campaign.as_ref()).map(|text| json!(text))),
        ("lead_source", came.and_then(|came| came.lead_source.as_ref()).map(|text| json!(text))),
        ("escalation_reason", call.outcome.handover.as_ref().map(|handover| json!(handover.reason.told()))),
    ];
    fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))).chain(slots).collect()
}

fn is_live(call: &CallRecord) -> bool {
    call.ended_at.is_none() && call.disposition.is_none()
}

fn status(call: &CallRecord) -> &'static str {
    match call.disposition {
        Some(Disposition::Failed) => FAILED,
        _ if call.outcome.transferred.is_some() => "TRANSFERRED",
        _ if is_live(call) => "IN_PROGRESS",
        _ => "COMPLETED",
    }
}

/// Who had the call, in order: the number dialled, the business it belongs to, whoever took it over.
fn routing_path(call: &CallRecord) -> String {
    let person = call.outcome.transferred.as_ref().map(|transfer| transfer.to.as_deref().unwrap_or("a person"));
    [Some(call.to.as_str()), Some(call.business.as_str()), person].into_iter().flatten().collect::<Vec<_>>().join(" > ")
}

/// The word the API uses; the null rule where there is none.
fn disposition(call: &CallRecord) -> String {
    let word = call.disposition.and_then(|disposition| serde_json::to_value(disposition).ok());
    match word.as_ref().and_then(Value::as_str) {
        None | Some("no_disposition") => "NO_DISPOSITION".to_owned(),
        Some(word) => word.to_owned(),
    }
}

/// Before the name of what a header said.
const SLOT: &str = "slot_";
const FAILED: &str = "FAILED - NO DISPOSITION";
