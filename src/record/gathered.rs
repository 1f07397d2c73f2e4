//! What was found in a conversation and is more than its note: tasks somebody promised, fields the CRM could be told.
//!
//! All of it is proposed, with the words it stands on. What is written, what is asked about and what is refused is the
//! policy's affair; what would take the place of something is always asked about.

use std::collections::BTreeMap;

use jiff::civil::time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::extraction::{Change, Citation, Claim, Extraction, Mode, Task};
use super::proposal::{CONTACT, Effect, Ground, Proposal, is_meeting, key, others};
use crate::call::CallRecord;

/// What a call's or a meeting's words propose beside its note. What the receptionist itself promises is in the outcome.
pub fn gathered(call: &CallRecord, found: &Extraction, zone: &TimeZone) -> Vec<Proposal> {
    let mut all = if call.elsewhere.is_some() { tasks(call, found, zone) } else { Vec::new() };
    all.extend(changes(call, found));
    all
}

/// Each promise a task, due by the end of the day that was said, else two days later; never before the end of the
/// conversation, never later than two months.
fn tasks(call: &CallRecord, found: &Extraction, zone: &TimeZone) -> Vec<Proposal> {
    let mut before: BTreeMap<&str, usize> = BTreeMap::new();
    let sure = found.tasks.iter().filter(|claim| claim.confidence >= SURE);
    let task = |claim| {
        let Claim { value, confidence, citations }: &Claim<Task> = claim;
        let count = before.entry(value.kind.as_str()).or_default();
        *count += 1;
        let action = if *count == 1 { format!("task/{}", value.kind) } else { format!("task/{}-{count}", value.kind) };
        let effect = Effect::Task {
            subject: format!("{}: {}", value.kind.replace('_', " "), value.owner),
            body: format!("{}\n{}", value.details, citations.iter().map(quoted).collect::<Vec<_>>().join("\n")),
            due_at: due(value, call.ended_at.unwrap_or(call.started_at), zone),
            kind: Some(value.kind.clone()),
            owner: address_of_ours(call, &value.owner),
        };
        let ground = Ground { confidence: *confidence, citations: citations.clone(), asks: None };
        Proposal { key: key(call, &action), after: None, effect, ground: Some(ground) }
    };
    sure.map(task).collect()
}

/// The address of the one of us who is called so; none for a guest, or when two are.
fn address_of_ours(call: &CallRecord, name: &str) -> Option<String> {
    let people = call.elsewhere.iter().flat_map(|elsewhere| &elsewhere.people);
    let mut named = people.filter(|person| person.ours == Some(true) && person.name == name);
    let only = named.next().filter(|_| named.next().is_none())?;
    only.email.as_ref().map(|email| email.to_lowercase())
}

fn due(task: &Task, ended: Timestamp, zone: &TimeZone) -> Timestamp {
    let said = task.due.and_then(|day| zone.to_timestamp(day.to_datetime(DAY_ENDS)).ok());
    let latest = ended.saturating_add(DUE_LATEST).unwrap_or(Timestamp::MAX);
    let usual = ended.saturating_add(DUE_USUAL).unwrap_or(Timestamp::MAX);
    said.unwrap_or(usual).clamp(ended, latest)
}

/// `Ann Lee, 1:05: "I'll send the recap."`
fn quoted(cited: &Citation) -> String {
    let (minutes, seconds) = (cited.start_ms / 60_000, cited.start_ms / 1000 % 60);
    format!("{}, {minutes}:{seconds:02}: \"{}\"", cited.speaker, cited.words)
}

/// One proposal per field; what is added to one field is added at once.
fn changes(call: &CallRecord, found: &Extraction) -> Vec<Proposal> {
    let mut fields: BTreeMap<(&str, &str), Vec<&Claim<Change>>> = BTreeMap::new();
    for claim in found.proposed_changes.iter().filter(|claim| !is_known(call, &claim.value)) {
        fields.entry((&claim.value.object, &claim.value.field)).or_default().push(claim);
    }
    fields.into_iter().filter_map(|((object, field), claims)| change(call, object, field, &claims)).collect()
}

/// What the caller confirmed is the outcome's.
fn is_known(call: &CallRecord, change: &Change) -> bool {
    let confirmed = call.outcome.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(&change.value));
    change.object == "contact" && change.field == "email" && confirmed
}

fn change(call: &CallRecord, object: &str, field: &str, claims: &[&Claim<Change>]) -> Option<Proposal> {
    let object = OBJECTS.into_iter().find(|known| *known == object)?;
    let mut fields = whose(call, object)?;
    let last = claims.last()?;
    let value = match last.value.mode {
        Mode::Set if field == "amount" => last.value.value.parse::<f64>().map_or(Value::Null, Value::from),
        Mode::Set => json!(last.value.value),
        Mode::Append => claims.iter().map(|claim| claim.value.value.as_str()).collect::<Vec<_>>().join("\n").into(),
    };
    fields.insert(field.to_owned(), value);
    let ground = Ground {
        confidence: claims.iter().map(|claim| claim.confidence).fold(1.0, f32::min),
        citations: claims.iter().flat_map(|claim| claim.citations.clone()).collect(),
        asks: (last.value.mode == Mode::Set).then_some(UNCONFIRMED),
    };
    let after = (object == "contact").then(|| key(call, CONTACT));
    let effect = Effect::Change { object, fields };
    Some(Proposal { key: key(call, &format!("{object}/{field}")), after, effect, ground: Some(ground) })
}

/// By what the record is found; none when there is nobody to look for. A deal is looked for by everybody who was there.
fn whose(call: &CallRecord, object: &str) -> Option<BTreeMap<String, Value>> {
    let phone = call.outcome.phone.as_ref().or(call.from.as_ref()).map(|phone| ("phone".to_owned(), json!(phone)));
    let emails: Vec<&str> = others(call).map(|(_, email)| email).collect();
    match object {
        // Of a meeting it is not clear whose address was said.
        "contact" if is_meeting(call) => None,
        "contact" => phone.map(|phone| BTreeMap::from([phone])),
        _ => Some(phone.into_iter().chain((!emails.is_empty()).then(|| ("email".to_owned(), json!(emails)))).collect()),
    }
}

const OBJECTS: [&str; 2] = ["contact", "deal"];
const UNCONFIRMED: &str = "read out of what was said: somebody has to confirm it";
/// A task of less confidence is only in the extraction: a "maybe" is no promise.
const SURE: f32 = 0.6;
/// When a day's tasks are due, local time.
const DAY_ENDS: jiff::civil::Time = time(18, 0, 0, 0);
/// When no day was said.
const DUE_USUAL: SignedDuration = SignedDuration::from_hours(48);
/// No promise reaches further.
const DUE_LATEST: SignedDuration = SignedDuration::from_hours(24 * 60);
