//! What a call proposes to write.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::extraction::Citation;
use super::summary;
use crate::call::{CallRecord, Disposition, Participant, Speaker};
use crate::conversation::Unsettled;

/// One effect on the CRM.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Idempotency key: call, object, action.
    pub key: String,
    /// Key of the proposal that must be written first.
    pub after: Option<String>,
    /// What is written.
    pub effect: Effect,
    /// The words it was read out of; none for what needs none, the call's own account.
    pub ground: Option<Ground>,
}

/// What a proposal stands on that was read out of words.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    /// 0..=1.
    pub confidence: f32,
    /// The words.
    pub citations: Vec<Citation>,
    /// Why a person is asked, whatever the policy says.
    pub asks: Option<&'static str>,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The caller as a contact.
    Contact {
        /// E.164; none of somebody who was met.
        phone: Option<String>,
        /// Name as heard.
        name: Option<String>,
        /// E-mail address, confirmed by the caller.
        email: Option<String>,
        /// What else was learned.
        notes: Vec<String>,
    },
    /// The call as an activity of the contact.
    Activity {
        /// One line.
        subject: String,
        /// Summary.
        body: String,
        /// Who says so.
        source: &'static str,
        /// When the call began.
        occurred_at: Timestamp,
        /// What else is known, by the CRM room's field names.
        fields: BTreeMap<String, Value>,
    },
    /// Something a person has to do.
    Task {
        /// One line.
        subject: String,
        /// Details.
        body: String,
        /// Do it by then.
        due_at: Timestamp,
        /// "send_recap", ...; none where only a person can say.
        kind: Option<String>,
        /// Whose it is, by the e-mail address of one of us; the mapping says who that is in the CRM.
        owner: Option<String>,
    },
    /// Fields of a record that is there already.
    Change {
        /// "deal", "contact".
        object: &'static str,
        /// By the CRM room's names: what is changed, and whose record it is.
        fields: BTreeMap<String, Value>,
    },
    /// The calendar is asked what became of a write whose answer was lost.
    Settle {
        /// The write.
        write: Unsettled,
        /// Who it was for.
        name: Option<String>,
    },
}

/// What an ended call proposes: the contact when there is a usable number, the activity always, a task when somebody
/// has to follow up. The order is the order of writing.
pub fn proposals(call: &CallRecord) -> Vec<Proposal> {
    let contact = if is_meeting(call) { met(call) } else { contact(call) };
    // Who was met waits for a yes; the note of the meeting does not.
    let after = contact.as_ref().filter(|_| !is_meeting(call)).map(|c| c.key.clone());
    let plain = |action: &str, effect| Proposal { key: key(call, action), after: after.clone(), effect, ground: None };
    let activity = plain(ACTIVITY, activity(call));
    let email = email_task(call).map(|effect| plain("task/email", effect));
    let task = task(call).map(|effect| plain("task/create", effect));
    contact.into_iter().chain([activity]).chain(task).chain(email).chain(settlements(call)).collect()
}

/// The call's activity while the call runs; none before it is answered. Its key is that of the activity, an `@` and
/// what state of it this is: all of them are one record of the CRM.
pub fn meanwhile(call: &CallRecord) -> Option<Proposal> {
    let state = match (&call.outcome.transferred, call.answered_at) {
        (Some(_), _) => "transferred",
        (None, Some(_)) => "started",
        (None, None) => return None,
    };
    let contact = call.contact_id.iter().map(|id| ("contact_id".to_owned(), Value::from(id.as_str())));
    let effect = Effect::Activity {
        subject: summary::subject_meanwhile(call).to_owned(),
        body: summary::body_meanwhile(call),
        source: SOURCE,
        occurred_at: call.started_at,
        fields: contact.collect(),
    };
    Some(Proposal { key: format!("{}@{state}", key(call, ACTIVITY)), after: None, effect, ground: None })
}

/// What was asked of the calendar without an answer is settled first of all: it waits for nothing.
fn settlements(call: &CallRecord) -> impl Iterator<Item = Proposal> {
    call.outcome.unsettled.iter().map(|write| {
        let effect = Effect::Settle { write: write.clone(), name: call.outcome.name.clone() };
        Proposal { key: format!("{}/settle", write.key), after: None, effect, ground: None }
    })
}

/// A caller who was recognised stays the contact of the number called from; another number given is only noted.
fn contact(call: &CallRecord) -> Option<Proposal> {
    let given = call.outcome.phone.as_deref().filter(|n| is_e164(n));
    let from = call.from.as_deref().filter(|n| is_e164(n));
    let known = call.contact_id.as_ref().and(from);
    let phone = known.or(given).or(from)?.to_owned();
    let other = given.filter(|n| *n != phone).or(from.filter(|n| *n != phone));
    let effect = Effect::Contact {
        name: call.outcome.name.clone(),
        email: call.outcome.email.clone(),
        notes: other.map(|n| format!("Also uses {n}")).into_iter().collect(),
        phone: Some(phone),
    };
    Some(Proposal { key: key(call, CONTACT), after: None, effect, ground: None })
}

/// The one person of the other side whose address is known; of several it is not clear whose meeting it was.
fn met(call: &CallRecord) -> Option<Proposal> {
    let mut others = others(call);
    let (person, email) = others.next().filter(|_| others.next().is_none())?;
    let name = Some(person.name.clone()).filter(|name| !name.is_empty());
    let effect = Effect::Contact { phone: None, name, email: Some(email.to_owned()), notes: Vec::new() };
    Some(Proposal { key: key(call, CONTACT), after: None, effect, ground: None })
}

/// Whom the platform says to be of the other side, with their addresses.
pub fn others(call: &CallRecord) -> impl Iterator<Item = (&Participant, &str)> {
    let people = call.elsewhere.iter().flat_map(|elsewhere| &elsewhere.people);
    people.filter(|person| person.ours == Some(false)).filter_map(|person| Some((person, person.email.as_deref()?)))
}

/// Whether nobody called us.
pub fn is_meeting(call: &CallRecord) -> bool {
    call.elsewhere.as_deref().is_some_and(|elsewhere| elsewhere.meeting)
}

fn activity(call: &CallRecord) -> Effect {
    Effect::Activity {
        subject: summary::subject(call),
        body: summary::body(call),
        source: SOURCE,
        occurred_at: call.started_at,
        fields: BTreeMap::new(),
    }
}

fn task(call: &CallRecord) -> Option<Effect> {
    Some(task_for(call, reason(call)?))
}

/// The business needs an address and the call brought none.
fn email_task(call: &CallRecord) -> Option<Effect> {
    call.outcome.email_wanted.then(|| task_for(call, "Ask for an e-mail address"))
}

fn task_for(call: &CallRecord, reason: &str) -> Effect {
    let who = call.outcome.name.as_deref().or(call.outcome.phone.as_deref()).or(call.from.as_deref());
    let ended = call.ended_at.unwrap_or(call.started_at);
    Effect::Task {
        subject: format!("{reason}: {}", who.unwrap_or("number withheld")),
        body: summary::body(call),
        due_at: ended.checked_add(FOLLOW_UP_WITHIN).unwrap_or(ended),
        kind: None,
        owner: None,
    }
}

/// Why somebody has to follow up; none when nobody has to.
fn reason(call: &CallRecord) -> Option<&'static str> {
    let spoke = call.transcript.iter().any(|l| l.speaker == Speaker::Caller && !l.text.trim().is_empty());
    match (&call.outcome.message, call.disposition) {
        (Some(message), _) if message.callback => Some("Call back"),
        (Some(_), _) | (None, Some(Disposition::Message)) => Some("Read the message"),
        (None, Some(Disposition::Escalated)) if call.outcome.transferred.is_none() => Some("Asked for a person"),
        (None, Some(Disposition::Failed)) if spoke && !is_meeting(call) => Some("Call failed, call back"),
        _ => None,
    }
}

pub(super) fn key(call: &CallRecord, action: &str) -> String {
    format!("{}/{action}", call.id)
}

/// A plus sign and 7 to 15 digits: shorter ones are extensions and short codes, nobody's contact.
fn is_e164(phone: &str) -> bool {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The caller's record.
pub(super) const CONTACT: &str = "contact/upsert";
/// The one record of the call itself.
const ACTIVITY: &str = "activity/upsert";
/// How the CRM's readers see who wrote it.
const SOURCE: &str = "AI receptionist";
/// A caller who was promised a call back expects it the same working day.
const FOLLOW_UP_WITHIN: SignedDuration = SignedDuration::from_hours(4);
