//! The write policy: what may be written, what only added to, what a person is asked about, what never happens. A value,
//! so that the same proposal and the same record always get the same answer.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What may be done to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permit {
    /// Written.
    Write,
    /// Added to what is there; what is there stays.
    Append,
    /// Written once a person has said yes.
    Approve,
    /// Never written.
    Forbid,
}

/// Where a proposal comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Somebody called, from a number that shows.
    Call,
    /// A meeting, an upload, another platform.
    Meeting,
}

/// Who may write what. Sales Ops owns it.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Goes into every audit row.
    pub version: String,
    /// How far the automation is trusted with calls: 1 notes and tasks, 2 also fields that only grow, 3 also guarded
    /// proposals of stages.
    pub phase: u8,
    /// The same for meetings.
    pub meeting_phase: u8,
    /// "object.field" or "object.*"; the field before the star. `create` is the making of a record.
    pub rules: BTreeMap<String, Permit>,
    /// Tasks of one call; further ones are for a person.
    pub tasks_max: usize,
    /// A task is due no later than this after the call.
    pub due_within: SignedDuration,
    /// Proposals surer than this are written, others asked about, 0..=1.
    pub confidence_min: f64,
    /// Stages in their order: only forward.
    pub stages: Vec<String>,
    /// Fields a deal must have before a stage.
    pub stage_needs: BTreeMap<String, Vec<String>>,
    /// "object.field": the values it may have.
    pub allowed: BTreeMap<String, Vec<String>>,
    /// Characters of a text field at most.
    pub chars_max: usize,
}

/// What is proposed for one record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposed<'a> {
    /// "contact", "activity", "task", "deal".
    pub object: &'a str,
    /// The values.
    pub fields: &'a Map<String, Value>,
    /// Where it comes from.
    pub source: Source,
    /// 0..=1; none for what is no guess.
    pub confidence: Option<f64>,
    /// Whether words are named that it stands on; none for what needs none (the call's own account).
    pub cited: Option<bool>,
    /// How many tasks of the same call come before it.
    pub tasks_before: usize,
    /// When the call or meeting ended.
    pub ended_at: Timestamp,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody has to be asked.
    Go,
    /// A person has to say yes.
    Ask(String),
    /// It is not written as it is: to review.
    Refuse(String),
}

/// What is about to be set, beside what is there: the last look before the CRM.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mutation<'a> {
    /// "contact", ...
    pub object: &'a str,
    /// As it is; none when it is to be made.
    pub stored: Option<&'a BTreeMap<String, Value>>,
    /// What is to be set.
    pub set: &'a BTreeMap<String, Value>,
    /// Where it comes from.
    pub source: Source,
    /// A person said yes to it.
    pub approved: bool,
}

/// The matrix for the first day: notes and tasks are written, what only grows is added to, what forecasts stand on is
/// asked about, and a caller who shows a number becomes a contact.
impl Default for Policy {
    fn default() -> Self {
        let rules = [
            ("activity.*", Permit::Write),
            ("task.*", Permit::Write),
            ("contact.*", Permit::Write),
            ("contact.create", Permit::Write),
            ("contact.notes", Permit::Append),
            ("contact.lead_source", Permit::Approve),
            ("contact.owner", Permit::Approve),
            ("deal.next_step", Permit::Append),
            ("deal.objections", Permit::Append),
            ("deal.stakeholders", Permit::Append),
            ("deal.summary", Permit::Append),
            ("deal.*", Permit::Approve),
        ];
        Policy {
            version: "default-1".to_owned(),
            phase: 3,
            meeting_phase: 1,
            rules: rules.into_iter().map(|(at, mode)| (at.to_owned(), mode)).collect(),
            tasks_max: 3,
            due_within: SignedDuration::from_hours(24 * 90),
            confidence_min: 0.5,
            stages: Vec::new(),
            stage_needs: BTreeMap::new(),
            allowed: BTreeMap::new(),
            chars_max: 32_000,
        }
    }
}

impl Policy {
    /// What may be done to a field, in the phase the source is in.
    pub fn mode(&self, object: &str, field: &str, source: Source) -> Permit {
        let rule = |at: &str| self.rules.get(&format!("{object}.{at}")).copied();
        let mode = rule(field).or_else(|| rule("*")).unwrap_or(Permit::Forbid);
        let mode = match (object, source) {
            // Only a caller who shows a number becomes a contact unasked.
            ("contact", Source::Meeting) if field == CREATE => mode.max(Permit::Approve),
            _ => mode,
        };
        let phase = if source == Source::Call { self.phase } else { self.meeting_phase };
        match (object, mode) {
            // Notes and tasks are what phase 1 is; a caller's own contact is the exception that inbound calls have.
            ("activity" | "task", _) => mode,
            ("contact", _) if source == Source::Call => mode,
            (_, Permit::Write) if phase < 3 => Permit::Approve,
            (_, Permit::Append) if phase < 2 => Permit::Approve,
            _ if object == "deal" && field == STAGE && phase < 3 => Permit::Forbid,
            _ => mode,
        }
    }

    /// Whether a proposal may go on its way.
    pub fn judge(&self, proposed: &Proposed<'_>) -> Verdict {
        let Proposed { object, fields, source, .. } = *proposed;
        if let Some(reason) = self.invalid(proposed) {
            return Verdict::Refuse(reason);
        }
        let mut asks = Vec::new();
        for (field, value) in fields.iter().filter(|(field, value)| !value.is_null() && !is_link(object, field)) {
            match self.mode(object, field, source) {
                Permit::Forbid => return Verdict::Refuse(format!("policy forbids {object}.{field}")),
                Permit::Approve if object == "deal" => asks.push(field.as_str()),
                // Of a contact only what is overwritten is asked about, which shows when it has been found.
                Permit::Write | Permit::Append | Permit::Approve => {}
            }
            if let Some(reason) = self.misfit(object, field, value) {
                return Verdict::Refuse(reason);
            }
        }
        let unsure = proposed.confidence.filter(|sure| *sure < self.confidence_min);
        match (asks.is_empty(), unsure) {
            (false, _) => Verdict::Ask(format!("policy asks a person about {object}.{}", asks.join(", "))),
            (true, Some(sure)) => Verdict::Ask(format!("confidence {sure:.2} is below {:.2}", self.confidence_min)),
            (true, None) => Verdict::Go,
        }
    }

    /// The last look, at what is really about to change. Whatever way a change came here, it passes this.
    pub fn guard(&self, mutation: &Mutation<'_>) -> Verdict {
        let Mutation { object, stored, set, source, approved } = *mutation;
        if stored.is_none() && !approved && self.mode(object, CREATE, source) == Permit::Approve {
            return Verdict::Ask(format!("policy asks a person before a new {object}"));
        }
        for (field, value) in set.iter().filter(|(field, _)| !is_link(object, field)) {
            let old = stored.and_then(|stored| stored.get(field)).filter(|old| !is_empty(old));
            let mode = self.mode(object, field, source);
            if mode == Permit::Forbid {
                return Verdict::Refuse(format!("policy forbids {object}.{field}"));
            }
            let stage = object == "deal" && field == STAGE;
            if let Some(reason) = stage.then(|| self.stage_refused(old, value, stored, set)).flatten() {
                return Verdict::Refuse(reason);
            }
            if let Some(old) = old.filter(|_| mode == Permit::Append && !contains(value, stored, field)) {
                return Verdict::Refuse(format!("{object}.{field} is append-only and has {old}"));
            }
            let overwrites = old.is_some() && object == "contact" && field != "notes";
            let asks = mode == Permit::Approve && (object != "contact" || old.is_some()) || overwrites;
            if asks && !approved {
                return Verdict::Ask(format!("policy asks a person about {object}.{field}"));
            }
        }
        Verdict::Go
    }

    /// What is wrong with a proposal as a whole.
    fn invalid(&self, proposed: &Proposed<'_>) -> Option<String> {
        let text = |field: &str| proposed.fields.get(field).and_then(Value::as_str);
        if proposed.cited == Some(false) && proposed.object != "activity" {
            return Some("no words of the conversation support it".to_owned());
        }
        if proposed.object != "task" {
            return None;
        }
        if proposed.tasks_before >= self.tasks_max {
            return Some(format!("more than {} tasks of one call", self.tasks_max));
        }
        let due: Timestamp = text("due_at")?.parse().ok()?;
        let latest = proposed.ended_at.saturating_add(self.due_within).unwrap_or(Timestamp::MAX);
        if due < proposed.ended_at {
            return Some(format!("due {due}, before the call ended"));
        }
        (due > latest).then(|| format!("due {due}, later than {latest}"))
    }

    /// What is wrong with a value.
    fn misfit(&self, object: &str, field: &str, value: &Value) -> Option<String> {
        let text = value.as_str();
        if let Some(length) = text.map(|text| text.chars().count()).filter(|length| *length > self.chars_max) {
            return Some(format!("{object}.{field} has {length} characters, {} are allowed", self.chars_max));
        }
        let allowed = self.allowed.get(&format!("{object}.{field}"))?;
        let fits = text.is_some_and(|text| allowed.iter().any(|one| one == text));
        (!fits).then(|| format!("{object}.{field}: {value} is none of {}", allowed.join(", ")))
    }

    /// Why a stage may not follow another; none when it may.
    fn stage_refused(
        &self,
        old: Option<&Value>,
        new: &Value,
        stored: Option<&BTreeMap<String, Value>>,
        set: &BTreeMap<String, Value>,
    ) -> Option<String> {
        let place = |stage: &Value| self.stages.iter().position(|known| stage.as_str() == Some(known));
        let Some(to) = place(new) else { return Some(format!("{new} is no stage of the pipeline")) };
        if let Some(old) = old {
            match place(old) {
                None => return Some(format!("the deal is in {old}, which is no stage of the pipeline")),
                Some(from) if to <= from => return Some(format!("from {old} to {new} is not forward")),
                Some(_) => {}
            }
        }
        let has = |field: &str| {
            let value = set.get(field).or_else(|| stored.and_then(|stored| stored.get(field)));
            value.is_some_and(|value| !is_empty(value))
        };
        let needs = self.stage_needs.get(new.as_str()?).into_iter().flatten();
        let missing: Vec<&str> = needs.filter(|field| !has(field)).map(String::as_str).collect();
        (!missing.is_empty()).then(|| format!("{new} needs {}", missing.join(", ")))
    }
}

/// Who belongs to whom is no claim.
fn is_link(object: &str, field: &str) -> bool {
    matches!((object, field), (_, "contact_id" | "deal_id" | "call_id") | ("deal", "phone" | "email"))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(all) => all.is_empty(),
        _ => false,
    }
}

/// Whether what was there is still in it.
fn contains(new: &Value, stored: Option<&BTreeMap<String, Value>>, field: &str) -> bool {
    match (stored.and_then(|stored| stored.get(field)), new) {
        (Some(Value::Array(old)), Value::Array(new)) => old.iter().all(|one| new.contains(one)),
        (Some(Value::String(old)), Value::String(new)) => new.contains(old.trim()),
        (old, _) => old.is_none_or(is_empty),
    }
}

const CREATE: &str = "create";
const STAGE: &str = "stage";
