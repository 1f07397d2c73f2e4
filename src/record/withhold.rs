//! A call as others may know it: answers to sensitive questions, and the numbers of cards, are nobody else's.

use jiff::tz::TimeZone;

use super::cards::without_cards;
use super::extraction::{Setting, extract};
use super::reading::{heard, kind};
use crate::call::{CallRecord, Line, Speaker};
use crate::conversation::{Language, Question};

/// The call for everybody outside: the CRM, whoever is told of events, whoever has a link. What they are given is made
/// of this and of nothing else.
pub fn told(call: &CallRecord, questions: &[Question]) -> CallRecord {
    let lines = told_lines(call, questions);
    let withheld = call.transcript.iter().zip(&lines).filter(|(said, told)| said.text != told.text);
    let withheld: Vec<&str> = withheld.map(|(said, _)| said.text.trim()).filter(|text| !text.is_empty()).collect();
    let mut told = CallRecord { transcript: lines, ..call.clone() };
    let outcome = &mut told.outcome;
    let free = outcome.message.iter_mut().map(|message| &mut message.text);
    for text in free.chain(outcome.handover.iter_mut().map(|handover| &mut handover.summary)) {
        *text = withheld.iter().fold(text.clone(), |text, said| text.replace(said, WITHHELD));
        *text = without_cards(&[text.as_str()]).pop().unwrap_or_default();
    }
    for (name, text) in told.arrival.iter_mut().flat_map(|arrival| &mut arrival.slots) {
        let sensitive = questions.iter().any(|question| question.sensitive && question.id == *name);
        *text = if sensitive { WITHHELD.to_owned() } else { text.clone() };
        *text = without_cards(&[text.as_str()]).pop().unwrap_or_default();
    }
    told
}

/// What was said, as others may read it.
pub fn told_lines(call: &CallRecord, questions: &[Question]) -> Vec<Line> {
    let sensitive: Vec<Question> = questions.iter().filter(|question| question.sensitive).cloned().collect();
    let unasked = told_unasked(call, &sensitive);
    let mut asked = false;
    let mut lines: Vec<Line> = call.transcript.clone();
    for line in &mut lines {
        if line.speaker == Speaker::Agent {
            asked = sensitive.iter().any(|question| asks(&line.text, &question.prompt));
        } else if asked || unasked.contains(&line.start_ms) {
            line.text = WITHHELD.to_owned();
        }
    }
    for side in [Speaker::Caller, Speaker::Agent] {
        let mut own: Vec<&mut Line> = lines.iter_mut().filter(|line| line.speaker == side).collect();
        let texts: Vec<&str> = own.iter().map(|line| line.text.as_str()).collect();
        let texts = without_cards(&texts);
        own.iter_mut().zip(texts).for_each(|(line, text)| line.text = text);
    }
    lines
}

/// When lines begin that answer a sensitive question nobody asked.
fn told_unasked(call: &CallRecord, sensitive: &[Question]) -> Vec<u64> {
    if sensitive.is_empty() {
        return Vec::new();
    }
    let setting = Setting {
        kind: kind(call),
        language: Language::of(&call.language).unwrap_or_default(),
        day: call.started_at.to_zoned(TimeZone::UTC).date(),
        questions: sensitive,
        competitors: &[],
    };
    let found = extract(&heard(call), &setting);
    let known = found.answers.into_values().filter_map(|finding| finding.claim().cloned());
    known.flat_map(|claim| claim.citations).map(|cited| cited.start_ms).collect()
}

/// Also where the caller spoke before the prompt was out.
fn asks(said: &str, prompt: &str) -> bool {
    let last = said.rsplit(['.', '!', '?']).map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
    said.contains(prompt) || last.len() >= PROMPT_CHARS_MIN && prompt.contains(last)
}

/// So much of a prompt tells which one it was.
const PROMPT_CHARS_MIN: usize = 8;
/// In place of what is nobody else's.
pub(super) const WITHHELD: &str = "(withheld)";
