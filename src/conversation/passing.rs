//! Passing on: to a person or a department by name, a call back, a late arrival.

use super::conversation::Conversation;
use super::escalation::Reason;
use super::flows::Kind;
use super::hearing::Turn;
use super::language::Language;
use super::lexicon::ENGLISH;
use super::names::find_name;
use super::people::People;
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
/// Most words of whom something is told: "the young man with the van".
const WHOM_WORDS: usize = 6;
/// Most words of a person's name after the title.
const NAME_WORDS: usize = 2;
/// Most words of a department's name.
const PART_WORDS: usize = 3;

impl Conversation {
    /// Somebody is asked for, by name or by what they do: a message for them.
    pub(super) fn for_somebody(&mut self, turn: &Turn) -> bool {
        let Some(whom) = whom(turn.text, &turn.words, self.language()) else { return false };
        let kind = if whom.starts_with(char::is_uppercase) { Kind::Person } else { Kind::Department };
        if !self.flow(kind).on {
            return false;
        }
        self.enter(kind);
        self.press(Reason::Request);
        if self.put_through(Reason::Request, Some(&whom), Some(turn.text)) {
            return true;
        }
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

    /// "I think I left my veil in the fitting room": somebody has to look, and nothing is booked.
    pub(super) fn left_behind(&mut self, turn: &Turn) -> bool {
        let left = self.task == Task::None && ENGLISH.means("left_behind", &turn.words);
        if left {
            self.pass_on(turn.text.trim().to_string());
        }
        left
    }

    /// "Tell them the gate is open": a message with its words.
    pub(super) fn told_at_once(&mut self, turn: &Turn, verbs: &[&str]) -> bool {
        let w = &turn.words;
        let end = ENGLISH.marked("told", w).iter().rposition(|t| *t);
        let end = end.max(told_somebody(w));
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
        let Some(whom) = named_after(turn.text, People::of(self.language())) else {
            return false;
        };
        self.note.for_whom = Some(whom);
        self.ask_again();
        true
    }

    /// What was said is the message: who it is from is still to be asked.
    pub(super) fn pass_on(&mut self, text: String) {
        if !self.flow(Kind::Message).on {
            return self.no_messages();
        }
        self.intent("message");
        self.task = Task::Message;
        if self.outcome.name.is_none() {
            self.outcome.name = find_name(&text, false, self.language());
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
        if !self.flow(Kind::Callback).on {
            return self.start_message(None);
        }
        self.enter(Kind::Callback);
        self.intent("message");
        self.task = Task::Message;
        self.take_phone(turn);
        let said = !Wish::read(&turn.words, at, Ear::Open).is_empty();
        let text = said.then(|| turn.text.trim().to_string());
        self.note = Note {
            about: Some(self.language().phrase("note_callback", &[])),
            text,
            call_back: true,
            ..Note::default()
        };
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

/// "Let the lad know", "tell your colleague that": where it ends.
fn told_somebody(words: &Words) -> Option<usize> {
    let somebody = |from: usize, end: &'static str| {
        let found = (from + 1..from + 1 + WHOM_WORDS).find(|i| words.word(*i) == end);
        found.filter(|_| !matches!(words.word(from), "me" | "us" | "you"))
    };
    let told = |at: usize| match words.word(at) {
        "let" => somebody(at + 1, "know"),
        "tell" | "remind" | "inform" => somebody(at + 1, "that"),
        _ => None,
    };
    (0..words.len()).filter_map(told).max()
}

/// The name after "it should go to".
fn named_after(text: &str, people: &People) -> Option<String> {
    let raw: Vec<&str> = text.split_whitespace().collect();
    let plain: Vec<String> = raw.iter().map(|w| trimmed(w).to_lowercase()).collect();
    let after = |start: &usize| people.goes_to.iter().any(|phrase| ends_with(&plain[..*start], phrase));
    (0..raw.len()).filter(after).find_map(|start| name_at(&raw, &plain, start, people))
}

/// Who is asked for: "Dr. Smith", "Maria", "billing".
fn whom(text: &str, words: &Words, language: Language) -> Option<String> {
    let people = People::of(language);
    let raw: Vec<&str> = text.split_whitespace().collect();
    let plain: Vec<String> = raw.iter().map(|w| trimmed(w).to_lowercase()).collect();
    let said = format!(" {} ", plain.join(" "));
    let has = |phrase: &String| said.contains(&format!(" {phrase} "));
    for start in 0..raw.len() {
        let asked = people.asks.iter().any(|ask| ends_with(&plain[..start], ask));
        let is = start > 0 && people.here.contains(&plain[start - 1]) && people.present.iter().any(has);
        if (asked || is)
            && let Some(name) = name_at(&raw, &plain, start, people)
        {
            return Some(name);
        }
    }
    if let Some(part) = put_through(&plain, people) {
        return Some(part);
    }
    let bare = words.without_fillers();
    let asked = people.asks.iter().chain(&people.wants).any(has) || bare.len() <= 3 && !ENGLISH.is_question(words);
    people.departments.iter().find(|d| asked && has(d)).cloned()
}

/// "Connect me with the pharmacy please": whatever it is called.
fn put_through(plain: &[String], people: &People) -> Option<String> {
    let after = (0..plain.len()).find(|at| people.through.iter().any(|phrase| ends_with(&plain[..*at], phrase)))?;
    let part = plain[after..].iter().take(PART_WORDS).take_while(|w| !people.part_ends.contains(w));
    let part: Vec<&str> = part.map(String::as_str).collect();
    let name = part.iter().find(|w| !people.articles.iter().any(|a| a == *w))?;
    (!people.anybody.contains(*name)).then(|| part.join(" "))
}

/// A title with a name, or words the recogniser wrote as a name.
fn name_at(raw: &[&str], plain: &[String], start: usize, people: &People) -> Option<String> {
    let title = |t: &&String| starts_with(&plain[start..], t);
    let titled = people.titles.iter().filter(title).map(|t| t.split(' ').count()).max().unwrap_or(0);
    let first = start + titled;
    let is_name = |i: &usize| {
        let word = trimmed(raw[*i]);
        word.len() > 1 && word.starts_with(char::is_uppercase) && !people.no_names.contains(&plain[*i])
    };
    let mut end = (first..raw.len().min(first + NAME_WORDS)).take_while(is_name).count() + first;
    if titled > 0 && end == first && first < raw.len() {
        end += 1;
    }
    (end > first).then(|| raw[start..end].iter().map(|w| trimmed(w)).collect::<Vec<_>>().join(" "))
}

fn starts_with(words: &[String], phrase: &str) -> bool {
    phrase.split(' ').enumerate().all(|(i, w)| words.get(i).is_some_and(|x| x == w))
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn ends_with(words: &[String], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.len() >= phrase.len() && words[words.len() - phrase.len()..].iter().zip(phrase).all(|(w, p)| w == p)
}
