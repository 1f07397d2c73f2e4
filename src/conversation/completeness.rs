//! Whether a text sounds finished, given what was asked.

use super::agreement::{Answer, answer, place};
use super::conversation::Conversation;
use super::event::Completeness;
use super::names::find_name;
use super::numbers::dictated;
use super::phone::{Phone, check};
use super::services::find_services;
use super::step::Step;
use super::times::{Ear, find_times};
use super::words::Words;

/// Words after which more is coming.
const OPEN_ENDS: [&str; 45] = [
    "and", "um", "uh", "on", "at", "the", "a", "an", "or", "but", "to", "for", "of", "in", "with", "my", "is", "its",
    "im", "so", "because", "from", "like", "about", "around", "between", "before", "after", "next", "this", "half",
    "quarter", "past", "if", "then", "i", "id", "erm", "would", "by", "~a", "~para", "~por", "~que", "~entre",
];

/// Judges a partial text.
pub(super) fn judge(conversation: &Conversation, text: &str) -> Completeness {
    // The recogniser ends half of what it hears in a pause with a comma: a hint, not more.
    match judge_words(conversation, text) {
        Completeness::Complete if text.trim_end().ends_with(',') => Completeness::Unclear,
        judged => judged,
    }
}

fn judge_words(conversation: &Conversation, text: &str) -> Completeness {
    let words = Words::heard(text, conversation.language());
    let Some(last) = words.len().checked_sub(1) else { return Completeness::Unclear };
    if let Some(judged) = conversation.email_judged(text, &words) {
        return judged;
    }
    if conversation.step == Step::Phone {
        return phone(conversation, &words);
    }
    if is_cut(text) || OPEN_ENDS.contains(&words.word(last)) && !short_answer(conversation, &words) {
        return Completeness::Incomplete;
    }
    match &conversation.step {
        step if step.is_yes_no() => yes_no(&words),
        Step::Name => match find_name(text, true, conversation.language()) {
            Some(_) => Completeness::Complete,
            None => Completeness::Unclear,
        },
        Step::Offer | Step::WhichDay(_) | Step::WhichTime(_) | Step::WhichAppointment => {
            let choice = place(&words, 3).is_some() || answer(&words) != Answer::Unclear || timed(&words);
            if choice { Completeness::Complete } else { Completeness::Unclear }
        }
        Step::When if timed(&words) => Completeness::Complete,
        Step::Open | Step::Service(_) => opening(conversation, &words),
        _ => Completeness::Unclear,
    }
}

/// The recogniser heard that it breaks off.
pub(super) fn is_cut(text: &str) -> bool {
    text.trim_end().ends_with(['-', '…']) || text.trim_end().ends_with("...")
}

/// "at to", "for": homophones of an hour that end an answer about time.
fn short_answer(conversation: &Conversation, words: &Words) -> bool {
    matches!(conversation.step, Step::When | Step::Offer | Step::WhichTime(_))
        && words.before(words.len()) != "at"
        && timed(words)
}

fn timed(words: &Words) -> bool {
    find_times(words, Ear::Expecting, &mut vec![false; words.len()]).is_some()
}

fn yes_no(words: &Words) -> Completeness {
    match answer(words) {
        Answer::Unclear => Completeness::Unclear,
        _ => Completeness::Complete,
    }
}

fn phone(conversation: &Conversation, words: &Words) -> Completeness {
    let digits = format!("{}{}", conversation.digits, dictated(words, true).digits);
    match check(&digits, &conversation.business.country) {
        Phone::Valid(_) => Completeness::Complete,
        Phone::Unassigned(_) | Phone::Doubtful(_) | Phone::Wrong => Completeness::Unclear,
        Phone::Short => Completeness::Incomplete,
    }
}

/// A whole booking in one sentence, or a short phrase with nothing open.
fn opening(conversation: &Conversation, words: &Words) -> Completeness {
    let service = !find_services(words, &conversation.business.services).is_empty();
    let done = super::lexicon::ENGLISH.is_only("done", words) && conversation.settled();
    let whole = service && (timed(words) || matches!(conversation.step, Step::Service(_)));
    if whole || done || words.question { Completeness::Complete } else { Completeness::Unclear }
}
