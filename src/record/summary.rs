//! The call in a few plain lines.

use super::proposal::is_meeting;
use crate::call::{CallRecord, Disposition};

/// One line: what the call came to.
pub(super) fn subject(call: &CallRecord) -> String {
    let outcome = &call.outcome;
    if is_meeting(call) {
        return format!("Meeting: {}", call.to);
    }
    let about = outcome.booking.as_ref().or(outcome.moved.as_ref()).or(outcome.cancelled.as_ref());
    match (call.disposition.unwrap_or(Disposition::NoDisposition), about.map(|b| b.service.as_str())) {
        (Disposition::Booked, Some(service)) => format!("Inbound call: booked {service}"),
        (Disposition::Rescheduled, Some(service)) => format!("Inbound call: moved {service}"),
        (Disposition::Cancelled, Some(service)) => format!("Inbound call: cancelled {service}"),
        (disposition, _) => format!("Inbound call: {}", word(disposition)),
    }
}

/// The same of a call that runs.
pub(super) fn subject_meanwhile(call: &CallRecord) -> &'static str {
    if call.outcome.transferred.is_some() { "Inbound call: with a person" } else { "Inbound call: in progress" }
}

/// What is known of it so far.
pub(super) fn body_meanwhile(call: &CallRecord) -> String {
    let lines = [
        call.outcome.handover.as_ref().map(|handover| handover.summary.clone()),
        transferred(call),
        Some(format!("From: {}", call.from.as_deref().unwrap_or("withheld"))),
        Some(format!("Dialled: {}", call.to)),
    ];
    lines.into_iter().flatten().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What is known, a line each; nothing is said that the record does not say.
pub(super) fn body(call: &CallRecord) -> String {
    let outcome = &call.outcome;
    let lines = [
        Some(format!("Outcome: {}", word(call.disposition.unwrap_or(Disposition::NoDisposition)))),
        outcome.booking.as_ref().map(|b| format!("Booked: {}, {} to {}", b.service, b.starts_at, b.ends_at)),
        also_booked(call),
        outcome.moved.as_ref().map(|b| format!("Moved: {}, now {} to {}", b.service, b.starts_at, b.ends_at)),
        outcome.cancelled.as_ref().map(|b| format!("Cancelled: {}, {} to {}", b.service, b.starts_at, b.ends_at)),
        outcome.message.as_ref().map(|m| match &m.for_whom {
            Some(whom) => format!("Message for {whom}: {}", m.text),
            None => format!("Message: {}", m.text),
        }),
        outcome.handover.as_ref().map(|h| format!("Escalation: {}; on duty: {}", h.reason.told(), h.to.join(", "))),
        transferred(call),
        outcome.message.as_ref().filter(|m| m.callback).map(|_| "A call back was promised.".to_owned()),
        outcome.name.as_ref().map(|n| format!("Name: {n}")),
        (!is_meeting(call)).then(|| format!("From: {}", call.from.as_deref().unwrap_or("withheld"))),
        outcome.phone.as_ref().filter(|p| call.from.as_ref() != Some(p)).map(|p| format!("Number given: {p}")),
        outcome.email.as_ref().map(|email| format!("E-mail: {email}")),
        (!is_meeting(call)).then(|| format!("Dialled: {}", call.to)),
        people(call),
        Some(format!("Duration: {} s", seconds(call))),
        (!outcome.intents.is_empty()).then(|| format!("About: {}", outcome.intents.join(", "))),
    ];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// Who was there, as the platform says.
fn people(call: &CallRecord) -> Option<String> {
    let people = &call.elsewhere.as_deref().filter(|elsewhere| elsewhere.meeting)?.people;
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then(|| format!("With: {}", names.join(", ")))
}

fn transferred(call: &CallRecord) -> Option<String> {
    let transfer = call.outcome.transferred.as_ref()?;
    Some(format!("Taken over by {} at {}", transfer.to.as_deref().unwrap_or("a person"), transfer.at))
}

fn also_booked(call: &CallRecord) -> Option<String> {
    let lines: Vec<String> = call
        .outcome
        .also_booked
        .iter()
        .map(|b| format!("Booked: {}, {} to {}", b.service, b.starts_at, b.ends_at))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// From the answer to the end; 0 for a call that was never answered.
fn seconds(call: &CallRecord) -> i64 {
    let span = call.answered_at.zip(call.ended_at);
    span.map_or(0, |(answered, ended)| ended.duration_since(answered).as_secs().max(0))
}

fn word(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Booked => "booked",
        Disposition::Rescheduled => "rescheduled",
        Disposition::Cancelled => "cancelled",
        Disposition::Message => "message taken",
        Disposition::InfoOnly => "questions answered",
        Disposition::Escalated => "passed to a person",
        Disposition::Abandoned => "caller hung up",
        Disposition::Failed => "failed",
        Disposition::NoDisposition => "no disposition",
    }
}
