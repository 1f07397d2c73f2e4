//! Passing on: to a person or a department by name, a call back, a late arrival.

use super::conversation::Conversation;
use super::hearing::Turn;
use super::lexicon::ENGLISH;
use super::names::find_name;
use super::services::find_services;
use super::step::{Note, Step, Task};
use super::times::Ear;
use super::when::{At, Wish};
use super::words::Words;

/// After so many words the message was given with the wish to leave it.
const TOLD_WORDS: usize = 3;
/// Longest "no, sorry, that should go to Maria", words.
const REDIRECT_WORDS: usize = 10;
/// From so many words on a sentence says something, and about us.
const SENTENCE_WORDS: usize = 6;
const STATEMENT_WORDS: usize = 8;
/// Most words of a person's name after the title.
const NAME_WORDS: usize = 2;

impl Conversation {
    /// Somebody is asked for, by name or by what they do: a message for them.
    pub(super) fn for_somebody(&mut self, turn: &Turn) -> bool {
        let Some(whom) = whom(turn.text, &turn.words) else { return false };
        self.intent("person");
        if self.told_at_once(turn, &["tell", "let", "because"]) {
            self.note.for_whom = Some(whom);
            self.keep_message();
            return true;
        }
        self.say("person_named", &[("whom", &whom)]);
        self.start_message(None);
        self.note.for_whom = Some(whom);
        true
    }

    /// "Tell them the gate is open": a message with its words.
    pub(super) fn told_at_once(&mut self, turn: &Turn, verbs: &[&str]) -> bool {
        let w = &turn.words;
        let end = ENGLISH.marked("told", w).iter().rposition(|t| *t);
        let end = end.or_else(|| verbs.iter().filter_map(|verb| w.find(verb)).max()).map(|at| at + 1);
        let too_little = end.is_none_or(|end| w.len() - end <= TOLD_WORDS);
        if too_little || w.has_any(&["know something", "tell me", "tell us"]) {
            return false;
        }
        self.pass_on(turn.text.trim().to_string());
        true
    }

    /// "Or let's just fix it now, I want a cleaning": no message after all.
    pub(super) fn another_way(&mut self, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        let wants = ENGLISH.means("book_sure", w) || w.has_any(&["i want", "i need", "id like"]);
        if self.note.text.is_some()
            || !ENGLISH.means("another_way", w)
            || !wants
            || find_services(w, &self.business.services).is_empty()
        {
            return false;
        }
        self.note = Note::default();
        self.task = Task::None;
        self.step = Step::Open;
        self.in_any_order(turn, at)
    }

    /// "No, it should go to Maria": somebody else's message.
    pub(super) fn redirected(&mut self, turn: &Turn) -> bool {
        let starts = matches!(turn.words.word(0), "no" | "sorry" | "not" | "actually" | "wait");
        if self.note.for_whom.is_none() || !starts || turn.words.len() > REDIRECT_WORDS {
            return false;
        }
        let Some(whom) = named_after(turn.text, &["go to", "is for", "it's for", "mean", "meant"]) else {
            return false;
        };
        self.note.for_whom = Some(whom);
        self.ask_again();
        true
    }

    /// What was said is the message: who it is from is still to be asked.
    pub(super) fn pass_on(&mut self, text: String) {
        self.intent("message");
        self.task = Task::Message;
        if self.outcome.name.is_none() {
            self.outcome.name = find_name(&text, false);
        }
        self.note = Note { text: Some(text), ..Note::default() };
        self.keep_message();
        self.advance_message();
    }

    /// A statement that is nothing we do: a complaint, news for somebody. True when it was offered to pass it on.
    pub(super) fn offer_to_pass(&mut self, turn: &Turn) -> bool {
        let w = &turn.words;
        let to_us = w.has_any(&["you", "your", "youve", "youre", "your"]) && w.len() >= STATEMENT_WORDS;
        let again = self.strikes > 0 && w.len() >= SENTENCE_WORDS;
        if !turn.clear || !turn.sure || !(to_us || again || ENGLISH.means("complaint", w) && w.len() >= SENTENCE_WORDS)
        {
            return false;
        }
        self.ask(Step::OfferPass(turn.text.trim().to_string()));
        true
    }

    /// The caller wants to be called back, at a time said or asked for.
    pub(super) fn call_back(&mut self, turn: &Turn, at: &At) {
        self.intent("callback");
        self.intent("message");
        self.task = Task::Message;
        self.take_phone(turn);
        let said = !Wish::read(&turn.words, at, Ear::Open).is_empty();
        let text = said.then(|| turn.text.trim().to_string());
        self.note = Note { about: Some("Wants to be called back.".into()), text, call_back: true, ..Note::default() };
        match said {
            true => {
                self.keep_message();
                self.advance_message();
            }
            false => self.ask(Step::Message),
        }
    }

    /// "I'm running ten minutes late": that is the message.
    pub(super) fn running_late(&mut self, turn: &Turn) {
        self.intent("late");
        self.intent("message");
        self.say("late", &[]);
        self.task = Task::Message;
        self.note = Note { text: Some(turn.text.trim().to_string()), ..Note::default() };
        self.keep_message();
        self.advance_message();
    }
}

/// The name after one of these phrases.
fn named_after(text: &str, phrases: &[&str]) -> Option<String> {
    let raw: Vec<&str> = text.split_whitespace().collect();
    let plain: Vec<String> = raw.iter().map(|w| trimmed(w).to_lowercase()).collect();
    let after = |start: &usize| phrases.iter().any(|phrase| ends_with(&plain[..*start], phrase));
    (0..raw.len()).filter(after).find_map(|start| name_at(&raw, &plain, start))
}

/// Who is asked for: "Dr. Smith", "Maria", "billing".
fn whom(text: &str, words: &Words) -> Option<String> {
    let raw: Vec<&str> = text.split_whitespace().collect();
    let plain: Vec<String> = raw.iter().map(|w| trimmed(w).to_lowercase()).collect();
    for start in 0..raw.len() {
        let asked = ASKS.iter().any(|ask| ends_with(&plain[..start], ask));
        let is = start > 0 && plain[start - 1] == "is" && words.has_any(&PRESENT);
        if (asked || is)
            && let Some(name) = name_at(&raw, &plain, start)
        {
            return Some(name);
        }
    }
    if let Some(part) = put_through(words) {
        return Some(part);
    }
    let bare = words.without_fillers();
    let asked = ASKS.iter().chain(&WANTS).any(|ask| words.has(ask)) || bare.len() <= 3 && !ENGLISH.is_question(words);
    let part = DEPARTMENTS.iter().find(|d| asked && words.has(d))?;
    Some((*part).to_string())
}

/// "Connect me with the pharmacy please": whatever it is called.
fn put_through(words: &Words) -> Option<String> {
    let after = THROUGH.iter().find_map(|t| words.find(t).map(|at| at + t.split(' ').count()))?;
    let part: Vec<&str> = (after..words.len().min(after + PART_WORDS))
        .map(|i| words.word(i))
        .take_while(|w| !w.is_empty() && !PART_ENDS.contains(w))
        .collect();
    let name: Vec<&str> = part.iter().copied().skip_while(|w| *w == "the").collect();
    (!name.is_empty() && !PEOPLE.contains(&name[0])).then(|| part.join(" "))
}

/// A title with a name, or words the recogniser wrote as a name.
fn name_at(raw: &[&str], plain: &[String], start: usize) -> Option<String> {
    let titled = TITLES.contains(&plain.get(start)?.as_str());
    let first = start + usize::from(titled);
    let is_name = |i: &usize| {
        let word = trimmed(raw[*i]);
        word.len() > 1 && word.starts_with(char::is_uppercase) && !NO_NAMES.contains(&plain[*i].as_str())
    };
    let mut end = (first..raw.len().min(first + NAME_WORDS)).take_while(is_name).count() + first;
    if titled && end == first && first < raw.len() {
        end += 1;
    }
    (end > first).then(|| raw[start..end].iter().map(|w| trimmed(w)).collect::<Vec<_>>().join(" "))
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn ends_with(words: &[String], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.len() >= phrase.len() && words[words.len() - phrase.len()..].iter().zip(phrase).all(|(w, p)| w == p)
}

/// After these comes who is asked for.
const ASKS: [&str; 20] = [
    "word for",
    "note for",
    "let",
    "put",
    "phone for",
    "speak to",
    "speak with",
    "talk to",
    "talk with",
    "word with",
    "message for",
    "hold of",
    "through to",
    "transfer me to",
    "connect me to",
    "connect me with",
    "ask for",
    "reach",
    "handles",
    "tell",
];

/// So is a department.
const WANTS: [&str; 4] = ["wanting", "i want", "looking for", "need"];

/// After "is Maria".
const PRESENT: [&str; 7] = ["in", "there", "available", "around", "free", "working", "about"];

const TITLES: [&str; 9] = ["dr", "doctor", "mr", "mrs", "ms", "miss", "nurse", "professor", "prof"];

/// After these comes who or what is to answer.
const THROUGH: [&str; 6] =
    ["connect me with", "connect me to", "put me through to", "transfer me to", "through to", "switch me to"];
/// Most words of a department's name.
const PART_WORDS: usize = 3;
/// With these it ends.
const PART_ENDS: [&str; 8] = ["please", "because", "about", "now", "for", "if", "and", "department"];
/// Anybody is no department.
const PEOPLE: [&str; 16] = [
    "a",
    "an",
    "someone",
    "somebody",
    "anyone",
    "anybody",
    "person",
    "human",
    "you",
    "your",
    "manager",
    "owner",
    "boss",
    "operator",
    "reception",
    "receptionist",
];

/// Parts of a business that callers ask for.
const DEPARTMENTS: [&str; 14] = [
    "billing",
    "accounts",
    "accounting",
    "bookkeeping",
    "sales",
    "human resources",
    "hr",
    "payroll",
    "marketing",
    "purchasing",
    "parts department",
    "service department",
    "front desk",
    "the workshop",
];

/// Written like names, and none.
const NO_NAMES: [&str; 28] = [
    "i",
    "im",
    "id",
    "i'm",
    "i'd",
    "i'll",
    "i've",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "christmas",
    "itv",
];
