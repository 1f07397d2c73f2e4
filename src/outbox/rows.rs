//! Proposals as outbox rows, held against the policy, and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::confirm::{CUSTOMER, Confirmation, Confirmations, MAIL, WEBHOOK};
use super::fit::shortened;
use super::pace::Pace;
use super::run::Settings;
use crate::call::CallRecord;
use crate::conversation::{Business, Unsettled};
use crate::crm::{Fields, Object};
use crate::events::{Share, Shared};
use crate::record::{
    Effect, Ground, Policy, Proposal, Proposed, Source, Verdict, call_fields, gathered, informed_proposals, is_meeting,
    meanwhile, others, read_call, told,
};
use crate::store::{JobRow, JobState, NewJob};

/// What decides how a call becomes rows.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// Where appointments are confirmed.
    pub(super) confirmations: Confirmations,
    /// What each business wants to know.
    pub(super) businesses: Vec<Arc<Business>>,
    pub(super) policy: Arc<Policy>,
    pub(super) pace: Pace,
    /// Makes the links an activity carries.
    pub(super) share: Option<Share>,
}

impl Rules {
    /// Without confirmations: what was sent cannot be looked up, and is nothing of the CRM's.
    pub(super) fn of(settings: &Settings, businesses: &[Arc<Business>]) -> Rules {
        Rules {
            confirmations: Confirmations::default(),
            businesses: businesses.to_vec(),
            policy: settings.policy.clone(),
            pace: settings.pace,
            share: settings.share.clone(),
        }
    }

    /// The call as everybody outside may know it.
    pub(super) fn told(&self, call: &CallRecord) -> CallRecord {
        told(call, self.business(call).map_or(&[], |business| &business.policy.questions))
    }

    fn business(&self, call: &CallRecord) -> Option<&Arc<Business>> {
        self.businesses.iter().find(|business| business.id == call.business)
    }
}

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

/// The rows of an ended call, of which `told` is what others may know.
pub(super) fn rows(call: &CallRecord, told: &CallRecord, rules: &Rules, now: Timestamp) -> Vec<NewJob> {
    let business = rules.business(call);
    let questions = business.map_or(&[][..], |business| &business.policy.questions);
    let found = read_call(call, business.map(Arc::as_ref));
    let call = told;
    let zone = business.map_or(TimeZone::UTC, |business| business.timezone.clone());
    let mut proposed = informed_proposals(call, &found, questions);
    proposed.extend(gathered(call, &found, &zone));
    let acts = proposed.iter().any(|proposal| matches!(proposal.effect, Effect::Task { .. }));
    let phone = proposed.iter().find_map(|proposal| match &proposal.effect {
        Effect::Contact { phone, .. } => phone.as_deref(),
        _ => None,
    });
    let mut basis = basis(call, rules);
    basis["transcript_hash"] = json!(found.transcript_hash);
    basis["extractor"] = json!(found.rules);
    let frame = Frame { call, rules, due: rules.pace.due(now, acts), lane: lane(call, phone), basis };
    let mut tasks = 0;
    let mut all = Vec::new();
    for mut proposal in proposed {
        if let Effect::Activity { fields, .. } = &mut proposal.effect {
            presentable(fields, call, rules, now);
        }
        let is_task = matches!(proposal.effect, Effect::Task { .. });
        all.push(row(&frame, proposal, tasks, now));
        tasks += usize::from(is_task);
    }
    all.extend(rules.confirmations.rows(call, now));
    all
}

/// The row of a call that runs: its activity as it stands, as others may know it. None before it is answered.
pub(super) fn row_meanwhile(call: &CallRecord, rules: &Rules, now: Timestamp) -> Option<NewJob> {
    let proposal = meanwhile(call)?;
    let (due, lane) = (rules.pace.due(now, false), lane(call, call.from.as_deref()));
    Some(row(&Frame { call, rules, due, lane, basis: basis(call, rules) }, proposal, 0, now))
}

/// What was said is cut to what may be written, and can be read in full behind a link.
fn presentable(fields: &mut BTreeMap<String, Value>, call: &CallRecord, rules: &Rules, now: Timestamp) {
    let Some(Value::String(said)) = fields.get_mut("transcript") else { return };
    if let Some(short) = shortened(said, TRANSCRIPT_CHARS_MAX.min(rules.policy.chars_max)) {
        *said = short;
    }
    let link = rules.share.as_ref().map(|share| share.link(Shared::Transcript, &call.id, now).0);
    fields.extend(link.map(|link| ("transcript_url".to_owned(), Value::from(link))));
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

/// Where a row's words come from.
pub(super) fn source(job: &JobRow) -> Source {
    match job.basis.get("meeting").and_then(Value::as_bool) {
        Some(true) => Source::Meeting,
        // Rows of former versions name the source only.
        None if job.basis.get("source").and_then(Value::as_str).is_some_and(|source| source != PHONE) => {
            Source::Meeting
        }
        _ => Source::Call,
    }
}

/// Whom a meeting was with, by their addresses.
pub(super) fn met(job: &JobRow) -> Vec<&str> {
    let people = job.basis.get("people").and_then(Value::as_array);
    people.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What all rows of a call have in common.
struct Frame<'a> {
    call: &'a CallRecord,
    rules: &'a Rules,
    due: Timestamp,
    lane: String,
    basis: Value,
}

/// Everything about one person is delivered in the order it happened.
fn lane(call: &CallRecord, phone: Option<&str>) -> String {
    format!("{}/{}", call.business, phone.unwrap_or(&call.id))
}

fn basis(call: &CallRecord, rules: &Rules) -> Value {
    let mut basis = json!({ "source": PHONE, "event_key": call.id, "policy": rules.policy.version });
    if let Some(elsewhere) = &call.elsewhere {
        basis["source"] = json!(elsewhere.source);
        basis["event_key"] = json!(elsewhere.key);
        basis["meeting"] = json!(elsewhere.meeting);
        basis["people"] = others(call).map(|(_, email)| email).collect();
    }
    basis
}

fn row(frame: &Frame<'_>, proposal: Proposal, tasks_before: usize, now: Timestamp) -> NewJob {
    let (kind, payload) = values(frame.call, proposal.effect);
    let ground = proposal.ground.as_ref();
    let (state, reason) = match (&payload, Object::parse(kind)) {
        (Value::Object(fields), Some(_)) => judged(frame, kind, fields, ground, tasks_before),
        _ => (JobState::Ready, None),
    };
    let mut basis = frame.basis.clone();
    if let Some(ground) = ground {
        basis["confidence"] = json!((f64::from(ground.confidence) * 100.0).round() / 100.0);
        basis["citations"] = json!(ground.citations);
    }
    let is_record = Object::parse(kind).is_some();
    NewJob {
        key: proposal.key,
        after: proposal.after,
        call_id: frame.call.id.clone(),
        business: frame.call.business.clone(),
        kind: kind.to_owned(),
        payload,
        // What the calendar did is settled at once, whatever the pace.
        run_at: if is_record { frame.due } else { now },
        lane: is_record.then(|| frame.lane.clone()),
        state,
        reason,
        basis,
    }
}

/// Where a proposal goes; what does not fit goes to a person, never to nowhere.
fn judged(
    frame: &Frame<'_>,
    object: &str,
    fields: &Map<String, Value>,
    ground: Option<&Ground>,
    tasks_before: usize,
) -> (JobState, Option<String>) {
    let proposed = Proposed {
        object,
        fields,
        source: if is_meeting(frame.call) { Source::Meeting } else { Source::Call },
        confidence: ground.map(|ground| f64::from(ground.confidence)),
        cited: ground.map(|ground| !ground.citations.is_empty()),
        tasks_before,
        ended_at: frame.call.ended_at.unwrap_or(frame.call.started_at),
    };
    match frame.rules.policy.judge(&proposed) {
        Verdict::Go => match ground.and_then(|ground| ground.asks) {
            Some(why) => (JobState::AwaitingApproval, Some(why.to_owned())),
            None => (JobState::Ready, None),
        },
        Verdict::Ask(why) => (JobState::AwaitingApproval, Some(why)),
        Verdict::Refuse(why) => (JobState::Parked, Some(why)),
    }
}

fn values(call: &CallRecord, effect: Effect) -> (&'static str, Value) {
    let call_id = &call.id;
    match effect {
        Effect::Contact { phone, name, email, notes } => {
            let mut payload = json!({ "phone": phone, "name": name, "email": email, "notes": notes, "source": SOURCE });
            // What brought a caller here is known by the number that was dialled.
            let came = call.arrival.as_deref();
            for (field, text) in
                [("lead_source", came.map(|c| &c.lead_source)), ("campaign", came.map(|c| &c.campaign))]
            {
                if let Some(text) = text.and_then(Option::as_ref) {
                    payload[field] = json!(text);
                }
            }
            (Object::Contact.as_str(), payload)
        }
        Effect::Activity { subject, body, source, occurred_at, fields } => {
            let mut payload = json!({ "call_id": call_id, "subject": subject, "body": body, "source": source,
                "started_at": occurred_at });
            if let Some(payload) = payload.as_object_mut() {
                // What the record itself says is not overwritten by what was read out of words.
                payload.extend(call_fields(call));
                let new: Vec<_> = fields.into_iter().filter(|(name, _)| !payload.contains_key(name)).collect();
                payload.extend(new);
            }
            (Object::Activity.as_str(), payload)
        }
        Effect::Task { subject, body, due_at, kind, owner } => {
            let mut payload = json!({ "call_id": call_id, "subject": subject, "body": body, "due_at": due_at });
            if let Some(kind) = kind {
                payload["type"] = json!(kind);
            }
            if let Some(owner) = owner {
                payload["owner"] = json!(owner);
            }
            (Object::Task.as_str(), payload)
        }
        Effect::Change { object, fields } => (object, json!(fields)),
        Effect::Settle { write, name } => {
            // Plain strings always become JSON; an empty payload would be parked with its reason, not lost.
            (SETTLE, serde_json::to_value(Settlement { write, name }).unwrap_or_default())
        }
    }
}

fn parse<T: DeserializeOwned>(job: &JobRow) -> Result<T, String> {
    T::deserialize(&job.payload).map_err(|e| format!("its values cannot be read: {e}"))
}

pub(super) const SETTLE: &str = "settle";
/// How the CRM's readers see who wrote it.
const SOURCE: &str = "AI receptionist";
/// Of a longer conversation the rest is behind the link.
const TRANSCRIPT_CHARS_MAX: usize = 10_000;
/// The source of our own calls.
const PHONE: &str = "phone";
