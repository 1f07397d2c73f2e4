//! What is to happen afterwards: agreed steps, and the tasks the business's own side took on.

use std::ops::Range;

use super::changes::days;
use super::extract::Reading;
use super::schema::{Claim, Task};
use super::sentences::Sentence;

/// Commitments of either side, one per line of the transcript and kind.
pub(super) fn next_steps(reading: &Reading) -> Vec<Claim<String>> {
    let steps = commitments(reading)
        .into_iter()
        .map(|step| Claim::new(step.sentence.text.to_owned(), step.sure, vec![step.sentence.cite()]));
    steps.collect()
}

/// What the business's own side promised to do.
pub(super) fn tasks(reading: &Reading) -> Vec<Claim<Task>> {
    let ours = commitments(reading).into_iter().filter(|step| !step.sentence.theirs && step.promised);
    let task = |step: Step| {
        let sentence = step.sentence;
        let value = Task {
            kind: kind(reading, &step).to_owned(),
            owner: sentence.said.speaker.clone(),
            due: days(reading, sentence),
            details: sentence.text.to_owned(),
        };
        Claim::new(value, step.sure, vec![sentence.cite()])
    };
    let mut tasks: Vec<Claim<Task>> = Vec::new();
    for task in ours.map(task) {
        let same = tasks.iter_mut().find(|t| t.value.kind == task.value.kind && t.value.due == task.value.due);
        match same {
            Some(known) => known.citations.extend(task.citations),
            None => tasks.push(task),
        }
    }
    tasks
}

/// One commitment.
struct Step<'r, 'a> {
    sentence: &'r Sentence<'a>,
    /// Where the promise stands.
    at: Range<usize>,
    /// Whether somebody promised ("I'll ...") rather than proposed ("let's ...").
    promised: bool,
    sure: f32,
}

fn commitments<'r, 'a>(reading: &'r Reading<'a>) -> Vec<Step<'r, 'a>> {
    let mut steps: Vec<Step> = Vec::new();
    for sentence in &reading.sentences {
        let Some(step) = commitment(reading, sentence) else { continue };
        if steps.last().is_none_or(|last| last.sentence.line != sentence.line) {
            steps.push(step);
        }
    }
    steps
}

fn commitment<'r, 'a>(reading: &Reading<'a>, sentence: &'r Sentence<'a>) -> Option<Step<'r, 'a>> {
    let lexicon = reading.lexicon;
    if sentence.question || lexicon.supposes(sentence) || lexicon.has("reported", sentence) {
        return None;
    }
    let promised = lexicon.meant("promises", sentence);
    let agreed = lexicon.meant("agrees", sentence);
    let at = promised.clone().or(agreed)?;
    let idle =
        lexicon.find("promises_nothing", sentence).is_some_and(|idle| idle.start <= at.end && idle.end >= at.start);
    let sure = if lexicon.has("vague", sentence) { VAGUE } else { SAID };
    (!idle).then_some(Step { sentence, at, promised: promised.is_some(), sure })
}

/// What kind of task a promise is: by its own words or, where it only says "it", by what was spoken of just before.
fn kind(reading: &Reading, step: &Step) -> &'static str {
    let own = &step.sentence.words[step.at.start..];
    let named = |words: &[super::sentences::Word]| {
        KINDS.iter().find(|k| reading.lexicon.find_in(&format!("task_{k}"), words).is_some())
    };
    if reading.lexicon.find_in("task_call_back", own).is_some() {
        return "call_back";
    }
    let sends = reading.lexicon.find_in("sends", own).is_some();
    if let Some(kind) = named(own) {
        return kind;
    }
    let whole = named(&step.sentence.words).filter(|_| sends);
    let before = || {
        let line = step.sentence.line;
        let near = |s: &&Sentence| s.line <= line && s.line + CONTEXT_LINES >= line && !std::ptr::eq(*s, step.sentence);
        reading.sentences.iter().rev().filter(near).find_map(|s| named(&s.words))
    };
    let refers = sends && reading.lexicon.find_in("refers", own).is_some();
    match whole.or_else(|| before().filter(|_| refers)) {
        Some(kind) => kind,
        None if sends => "send_info",
        None if reading.lexicon.find_in("task_follow_up", own).is_some() => "follow_up",
        None => "other",
    }
}

/// Kinds of tasks that are told by what they are about, in order of weight.
const KINDS: [&str; 6] =
    ["send_recap", "send_contract", "send_proposal", "security_review", "schedule_demo", "schedule_meeting"];
/// How far back "it" reaches, lines.
const CONTEXT_LINES: usize = 2;
/// Confidence in a plain promise.
const SAID: f32 = 0.85;
/// Confidence in one with a "maybe".
const VAGUE: f32 = 0.5;
