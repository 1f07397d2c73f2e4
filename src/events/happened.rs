//! What a call's record says has happened.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{Event, Kind};
use crate::call::{CallRecord, Disposition, Line, Speaker};
use crate::conversation::Booking;
use crate::record::read_call;

/// Every event the record implies so far, in order; `over` when it is the call's last word.
pub fn happened(call: &CallRecord, over: bool) -> Vec<Event> {
    let mut events = vec![event(call, Kind::CallStarted, "", call.started_at, head(call))];
    events.extend(appointments(call));
    if let Some(transfer) = &call.outcome.transferred {
        let mut data = head(call);
        data["handover"] = json!(call.outcome.handover);
        data["taken_by"] = json!(transfer.to);
        events.push(event(call, Kind::CallTransferred, "", transfer.at, data));
    }
    if over {
        events.extend(ending(call));
    }
    events
}

fn appointments(call: &CallRecord) -> impl Iterator<Item = Event> {
    let outcome = &call.outcome;
    let booked = outcome.also_booked.iter().chain(&outcome.booking).map(|one| (Kind::AppointmentBooked, one));
    let moved = outcome.moved.iter().map(|one| (Kind::AppointmentMoved, one));
    let cancelled = outcome.cancelled.iter().map(|one| (Kind::AppointmentCancelled, one));
    booked.chain(moved).chain(cancelled).map(|(kind, booking)| {
        // A call may move one appointment twice, and each time counts.
        let subject = format!("{}@{}", booking.appointment_id, booking.starts_at);
        event(call, kind, &subject, latest(call), appointment(call, booking))
    })
}

fn appointment(call: &CallRecord, booking: &Booking) -> Value {
    json!({
        "business": call.business,
        "call_id": call.id,
        "appointment_id": booking.appointment_id,
        "service": booking.service,
        "starts_at": booking.starts_at.to_string(),
        "ends_at": booking.ends_at.to_string(),
        "name": call.outcome.name,
        "phone": call.outcome.phone.as_ref().or(call.from.as_ref()),
    })
}

fn ending(call: &CallRecord) -> Vec<Event> {
    let at = call.ended_at.unwrap_or_else(|| latest(call));
    let failed = call.disposition == Some(Disposition::Failed);
    let kind = if failed { Kind::CallFailed } else { Kind::CallEnded };
    let mut events = vec![event(call, kind, "", at, whole(call))];
    if !call.transcript.is_empty() {
        let data = json!({
            "business": call.business,
            "call_id": call.id,
            "language": call.language,
            "lines": call.transcript.iter().map(spoken).collect::<Vec<_>>(),
        });
        events.push(event(call, Kind::TranscriptionComplete, "", at, data));
    }
    if let Some(found) = read_call(call, None).sentiment.value() {
        let data = json!({
            "business": call.business,
            "call_id": call.id,
            "sentiment": found.label,
            "score": found.score,
        });
        events.push(event(call, Kind::SentimentScored, "", at, data));
    }
    events
}

/// What is known of a call from its first moment.
fn head(call: &CallRecord) -> Value {
    let mut data = json!({
        "business": call.business,
        "call_id": call.id,
        "from": call.from,
        "to": call.to,
        "language": call.language,
        "started_at": call.started_at.to_string(),
    });
    if let Some(arrival) = &call.arrival {
        data["arrival"] = json!(arrival);
    }
    data
}

fn whole(call: &CallRecord) -> Value {
    let (answered, ended, outcome) = (call.answered_at, call.ended_at, &call.outcome);
    let seconds = answered.zip(ended).map(|(from, to)| to.duration_since(from).as_secs().max(0));
    let mut data = head(call);
    data["answered_at"] = json!(answered.map(|at| at.to_string()));
    data["ended_at"] = json!(ended.map(|at| at.to_string()));
    data["duration_s"] = json!(seconds.unwrap_or(0));
    data["disposition"] = json!(call.disposition.unwrap_or(Disposition::NoDisposition));
    data["contact_id"] = json!(call.contact_id);
    data["name"] = json!(outcome.name);
    data["phone"] = json!(outcome.phone.as_ref().or(call.from.as_ref()));
    data["intents"] = json!(outcome.intents);
    data["message"] = json!(outcome.message);
    data["appointment_ids"] = json!(appointment_ids(call));
    data
}

fn appointment_ids(call: &CallRecord) -> Vec<&str> {
    let outcome = &call.outcome;
    let all = outcome.also_booked.iter().chain(&outcome.booking).chain(&outcome.moved).chain(&outcome.cancelled);
    all.map(|booking| booking.appointment_id.as_str()).collect()
}

fn spoken(line: &Line) -> Value {
    let speaker = if line.speaker == Speaker::Caller { "caller" } else { "agent" };
    // JSON has no NaN.
    let confidence = if line.confidence.is_finite() { line.confidence } else { 0.0 };
    json!({
        "speaker": speaker,
        "text": line.text,
        "start_ms": line.start_ms,
        "end_ms": line.end_ms,
        "confidence": confidence,
    })
}

fn event(call: &CallRecord, kind: Kind, subject: &str, at: Timestamp, data: Value) -> Event {
    Event::new(kind, &call.business, &call.id, subject, at, data)
}

/// The last moment the record knows of.
fn latest(call: &CallRecord) -> Timestamp {
    let spoken = call.transcript.iter().map(|line| line.end_ms).max().unwrap_or(0);
    let begin = call.answered_at.unwrap_or(call.started_at);
    let spoken = jiff::SignedDuration::from_millis(i64::try_from(spoken).unwrap_or(0));
    call.ended_at.unwrap_or_else(|| begin.checked_add(spoken).unwrap_or(begin))
}
