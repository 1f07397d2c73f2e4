//! Proposals with what the conversation says: fields of the activity, and tasks somebody promised.

use std::collections::BTreeMap;

use jiff::civil::time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::extraction::{Claim, Extraction, Task};
use super::proposal::{Effect, Proposal, proposals};
use super::reading::{AGENT, CALLER, told_lines};
use crate::call::{CallRecord, Line, Speaker};
use crate::conversation::Question;

/// What an ended call proposes, its activity filled with what was read out of the words. Its tasks stay those of its
/// outcome: what the receptionist promises is in the outcome.
pub fn informed_proposals(call: &CallRecord, found: &Extraction, questions: &[Question]) -> Vec<Proposal> {
    let mut all = proposals(call);
    for proposal in &mut all {
        if let Effect::Activity { body, fields, .. } = &mut proposal.effect {
            *body = format!("{}\n{body}", found.summary.text);
            fields.extend(activity_fields(found, questions));
            fields.extend(transcript(call, questions).map(|text| ("transcript".to_owned(), Value::from(text))));
        }
    }
    all
}

/// Both sides, a line each; none when nothing was said.
fn transcript(call: &CallRecord, questions: &[Question]) -> Option<String> {
    let line = |line: Line| format!("{}: {}", if line.speaker == Speaker::Agent { AGENT } else { CALLER }, line.text);
    let lines: Vec<String> = told_lines(call, questions).into_iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The activity's fields: intent, urgency, sentiment, lead score, one per answered question. What is unknown is absent.
pub fn activity_fields(found: &Extraction, questions: &[Question]) -> BTreeMap<String, Value> {
    let text = |key: &str, value: Option<&str>| value.map(|v| (key.to_owned(), Value::from(v)));
    let known = [
        text("intent", found.intent.value().map(String::as_str)),
        text("urgency", found.urgency.value().map(|u| u.as_str())),
        text("sentiment", found.sentiment.value().map(|s| s.label.as_str())),
        found.lead_score.value().map(|lead| ("lead_score".to_owned(), Value::from(lead.score))),
    ];
    let answer = |q: &Question| Some((q.field(), found.answers.get(&q.id)?.value()?.json()));
    let answers = questions.iter().filter(|q| !q.sensitive).filter_map(answer);
    known.into_iter().flatten().chain(answers).collect()
}

/// The tasks a meeting leaves, three at most, each due within bounds: by the end of the day that was said, else two
/// days later; never before the meeting ended, never later than two months.
pub fn promised_tasks(found: &Extraction, ended: Timestamp, zone: &TimeZone) -> Vec<Effect> {
    let task = |claim: &Claim<Task>| {
        let said = claim.value.due.and_then(|day| zone.to_timestamp(day.to_datetime(DAY_ENDS)).ok());
        let latest = ended.saturating_add(DUE_LATEST).unwrap_or(Timestamp::MAX);
        let usual = ended.saturating_add(DUE_USUAL).unwrap_or(Timestamp::MAX);
        Effect::Task {
            subject: format!("{}: {}", claim.value.kind.replace('_', " "), claim.value.owner),
            body: claim.value.details.clone(),
            due_at: said.unwrap_or(usual).clamp(ended, latest),
        }
    };
    found.tasks.iter().filter(|claim| claim.confidence >= SURE).take(TASKS_MAX).map(task).collect()
}

/// Tasks per conversation at most.
const TASKS_MAX: usize = 3;
/// A task of less confidence is only in the extraction.
const SURE: f32 = 0.6;
/// When a day's tasks are due, local time.
const DAY_ENDS: jiff::civil::Time = time(18, 0, 0, 0);
/// When no day was said.
const DUE_USUAL: SignedDuration = SignedDuration::from_hours(48);
/// No promise reaches further.
const DUE_LATEST: SignedDuration = SignedDuration::from_hours(24 * 60);
