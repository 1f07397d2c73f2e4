//! A phone call of our own, read as every other conversation is.

use jiff::tz::TimeZone;

use super::extraction::{
    Answer, Citation, Claim, ConversationKind, Extraction, Finding, Setting, Stakeholder, extract,
};
use super::transcript::{Heard, Party, Said, Side};
use crate::call::{CallRecord, Disposition, Line, Speaker};
use crate::conversation::{Business, Language, Question};

/// What an ended call says; what its outcome knows stands in where its words do not. Sensitive answers are withheld.
pub fn read_call(call: &CallRecord, business: Option<&Business>) -> Extraction {
    let (questions, competitors) =
        business.map_or((&[][..], &[][..]), |b| (&b.policy.questions[..], &b.policy.competitors[..]));
    let zone = business.map_or(TimeZone::UTC, |b| b.timezone.clone());
    let setting = Setting {
        kind: ConversationKind::Call,
        language: Language::of(&call.language).unwrap_or_default(),
        day: call.started_at.to_zoned(zone).date(),
        questions,
        competitors,
    };
    let mut found = extract(&heard(call), &setting);
    add_outcome(call, &mut found);
    withhold(questions, &mut found);
    found
}

/// The call's transcript as a conversation of two.
fn heard(call: &CallRecord) -> Heard {
    let lines = call.transcript.iter().filter(|line| !line.text.trim().is_empty()).map(|line| {
        let speaker = if line.speaker == Speaker::Agent { AGENT } else { CALLER };
        let end_ms = line.end_ms.max(line.start_ms);
        Said { speaker: speaker.to_owned(), text: line.text.clone(), start_ms: line.start_ms, end_ms }
    });
    let agent = Party { name: AGENT.to_owned(), side: Side::Ours, ..Party::default() };
    Heard { lines: lines.collect(), people: vec![agent] }
}

/// What was settled is known, whatever the words were.
fn add_outcome(call: &CallRecord, found: &mut Extraction) {
    let settled = match call.disposition {
        Some(Disposition::Booked) => Some("book"),
        Some(Disposition::Rescheduled) => Some("reschedule"),
        Some(Disposition::Cancelled) => Some("cancel"),
        _ => None,
    };
    if let (None, Some(intent)) = (found.intent.claim(), settled) {
        found.intent = Finding::Known(Claim::new(intent.to_owned(), SETTLED, Vec::new()));
    }
    if let Some(name) = call.outcome.name.as_ref().filter(|_| found.stakeholders.is_empty()) {
        let person = Stakeholder { name: name.clone(), role: None, email: None };
        found.stakeholders.push(Claim::new(person, SETTLED, Vec::new()));
    }
}

/// That it was answered may be known; the answer and its words may not.
fn withhold(questions: &[Question], found: &mut Extraction) {
    for question in questions.iter().filter(|q| q.sensitive) {
        let Some(Finding::Known(claim)) = found.answers.get_mut(&question.id) else { continue };
        let said: Vec<Citation> = std::mem::take(&mut claim.citations);
        claim.value = Answer::Text(WITHHELD.to_owned());
        found.key_quotes.retain(|quote| said.iter().all(|cited| cited.start_ms != quote.start_ms));
        found.summary.citations.retain(|quote| said.iter().all(|cited| cited.start_ms != quote.start_ms));
    }
}

/// What was said, as others may read it: answers to sensitive questions are withheld.
pub fn told_lines(call: &CallRecord, questions: &[Question]) -> Vec<Line> {
    let sensitive = || questions.iter().filter(|q| q.sensitive);
    let mut asked = false;
    let lines = call.transcript.iter().filter(|line| !line.text.trim().is_empty()).map(|line| {
        if line.speaker == Speaker::Agent {
            asked = sensitive().any(|q| asks(&line.text, &q.prompt));
        }
        let withheld = asked && line.speaker == Speaker::Caller;
        Line { text: if withheld { WITHHELD.to_owned() } else { line.text.clone() }, ..line.clone() }
    });
    lines.collect()
}

/// Also where the caller spoke before the prompt was out.
fn asks(said: &str, prompt: &str) -> bool {
    let last = said.rsplit(['.', '!', '?']).map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
    said.contains(prompt) || last.len() >= PROMPT_CHARS_MIN && prompt.contains(last)
}

/// So much of a prompt tells which one it was.
const PROMPT_CHARS_MIN: usize = 8;
/// The two of a phone call, as citations name them.
pub(super) const AGENT: &str = "Agent";
pub(super) const CALLER: &str = "Caller";
/// In place of a sensitive answer.
pub(super) const WITHHELD: &str = "(withheld)";
/// Confidence in what the call itself settled.
const SETTLED: f32 = 0.95;
