//! Proposals with what the conversation says: fields of the activity.

use std::collections::BTreeMap;

use serde_json::Value;

use super::extraction::Extraction;
use super::proposal::{Effect, Proposal, proposals};
use super::reading::heard;
use super::withhold::told_lines;
use crate::call::CallRecord;
use crate::conversation::Question;

/// What an ended call proposes, its activity filled with what was read out of the words.
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
    let told = CallRecord { transcript: told_lines(call, questions), ..call.clone() };
    let said = heard(&told).lines.into_iter();
    let lines: Vec<String> = said.map(|said| format!("{}: {}", said.speaker, said.text)).collect();
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
