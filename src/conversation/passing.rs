//! Passing on: to a person or a department by name, a call back, a late arrival.

use super::conversation::Conversation;
use super::hearing::Turn;
use super::lexicon::ENGLISH;
use super::step::{Note, Step, Task};
use super::times::Ear;
use super::when::{At, Wish};
use super::words::Words;

/// Most words of a person's name after the title.
const NAME_WORDS: usize = 2;

impl Conversation {
    /// Somebody is asked for, by name or by what they do: a message for them.
    pub(super) fn for_somebody(&mut self, turn: &Turn) -> bool {
        let Some(whom) = whom(turn.text, &turn.words) else { return false };
        self.intent("person");
        self.say("person_named", &[("whom", &whom)]);
        self.start_message(None);
        self.note.for_whom = Some(whom);
        true
    }

    /// The caller wants to be called back, at a time said or asked for.
    pub(super) fn call_back(&mut self, turn: &Turn, at: &At) {
        self.intent("callback");
        self.intent("message");
        self.task = Task::Message;
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
    let bare = words.without_fillers();
    let asked = ASKS.iter().any(|ask| words.has(ask)) || bare.len() <= 3 && !ENGLISH.is_question(words);
    let part = DEPARTMENTS.iter().find(|d| asked && words.has(d))?;
    Some((*part).to_string())
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
const ASKS: [&str; 15] = [
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

/// After "is Maria".
const PRESENT: [&str; 7] = ["in", "there", "available", "around", "free", "working", "about"];

const TITLES: [&str; 9] = ["dr", "doctor", "mr", "mrs", "ms", "miss", "nurse", "professor", "prof"];

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
