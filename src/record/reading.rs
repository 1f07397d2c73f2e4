//! A phone call of our own, read as every other conversation is.

use jiff::tz::TimeZone;

use super::extraction::{Answer, Claim, ConversationKind, Extraction, Finding, Setting, Stakeholder, extract};
use super::proposal::is_meeting;
use super::transcript::{Heard, Party, Said, Side};
use super::withhold::{WITHHELD, told};
use crate::call::{CallRecord, Disposition, Participant, Speaker};
use crate::conversation::{Business, Language, Question, QuestionKind};

/// What an ended call says; what its outcome knows stands in where its words do not. Sensitive answers are withheld: they
/// are known to be given, and read by nobody.
pub fn read_call(call: &CallRecord, business: Option<&Business>) -> Extraction {
    let (questions, competitors) =
        business.map_or((&[][..], &[][..]), |b| (&b.policy.questions[..], &b.policy.competitors[..]));
    let zone = business.map_or(TimeZone::UTC, |b| b.timezone.clone());
    let setting = Setting {
        kind: kind(call),
        language: Language::of(&call.language).unwrap_or_default(),
        day: call.started_at.to_zoned(zone).date(),
        questions,
        competitors,
    };
    let (whole, told) = (extract(&heard(call), &setting), told(call, questions));
    let mut found = match told.transcript == call.transcript {
        true => whole.clone(),
        false => {
            let mut heard = heard(&told);
            heard.lines.retain(|said| said.text != WITHHELD);
            extract(&heard, &setting)
        }
    };
    add_slots(call, questions, &mut found);
    withhold(questions, &whole, &mut found);
    add_outcome(call, &mut found);
    found
}

/// Of a meeting nobody called us for, or a call.
pub(super) fn kind(call: &CallRecord) -> ConversationKind {
    match is_meeting(call) {
        true => ConversationKind::Meeting,
        false => ConversationKind::Call,
    }
}

/// The transcript as it was heard: of a call, a conversation of two; of a meeting, everybody by their name.
pub(super) fn heard(call: &CallRecord) -> Heard {
    let elsewhere = call.elsewhere.as_deref();
    let named =
        |n: usize| elsewhere.and_then(|e| e.speakers.get(n)).map(String::as_str).filter(|name| !name.is_empty());
    let mut people: Vec<Party> = elsewhere.iter().flat_map(|e| &e.people).map(party).collect();
    let mut lines = Vec::new();
    for (n, line) in call.transcript.iter().enumerate().filter(|(_, line)| !line.text.trim().is_empty()) {
        let ours = line.speaker == Speaker::Agent;
        let speaker = named(n).unwrap_or(if ours { AGENT } else { CALLER });
        if ours && people.iter().all(|party| party.name != speaker) {
            people.push(Party { name: speaker.to_owned(), side: Side::Ours, ..Party::default() });
        }
        let end_ms = line.end_ms.max(line.start_ms);
        lines.push(Said { speaker: speaker.to_owned(), text: line.text.clone(), start_ms: line.start_ms, end_ms });
    }
    Heard { lines, people }
}

fn party(person: &Participant) -> Party {
    let side = match person.ours {
        Some(true) => Side::Ours,
        Some(false) => Side::Theirs,
        None => Side::Unknown,
    };
    Party { name: person.name.clone(), email: person.email.clone(), title: None, side }
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

/// What whoever sent the call asked already answers the question of that name, where the caller's words do not.
fn add_slots(call: &CallRecord, questions: &[Question], found: &mut Extraction) {
    let slots = call.arrival.as_deref().map(|arrival| &arrival.slots);
    for question in questions.iter().filter(|question| !question.sensitive) {
        let told = slots.and_then(|slots| slots.get(&question.id)).and_then(|text| answer(question, text));
        let open = found.answers.get(&question.id).is_none_or(|known| known.claim().is_none());
        if let Some(value) = told.filter(|_| open) {
            found.answers.insert(question.id.clone(), Finding::Known(Claim::new(value, SETTLED, Vec::new())));
        }
    }
}

/// A text as an answer of the question's kind.
fn answer(question: &Question, text: &str) -> Option<Answer> {
    match question.kind {
        QuestionKind::Text => Some(Answer::Text(text.to_owned())),
        QuestionKind::Choice => {
            let meant = question.choices.iter().find(|choice| choice.eq_ignore_ascii_case(text));
            meant.map(|choice| Answer::Text(choice.clone()))
        }
        QuestionKind::Number => text.parse().ok().filter(|n: &f64| n.is_finite()).map(Answer::Number),
        QuestionKind::Date => text.parse().ok().map(Answer::Date),
        QuestionKind::YesNo => match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" => Some(Answer::YesNo(true)),
            "no" | "false" | "0" => Some(Answer::YesNo(false)),
            _ => None,
        },
    }
}

/// That it was answered may be known; the answer and its words may not.
fn withhold(questions: &[Question], whole: &Extraction, found: &mut Extraction) {
    found.transcript_hash.clone_from(&whole.transcript_hash);
    for question in questions.iter().filter(|q| q.sensitive) {
        let answered = whole.answers.get(&question.id).and_then(Finding::claim);
        let known = answered.map(|claim| Claim::new(Answer::Text(WITHHELD.to_owned()), claim.confidence, Vec::new()));
        found.answers.insert(question.id.clone(), known.into());
    }
}

/// The two of a phone call, as citations name them.
pub(super) const AGENT: &str = "Agent";
pub(super) const CALLER: &str = "Caller";
/// Confidence in what the call itself settled.
const SETTLED: f32 = 0.95;
