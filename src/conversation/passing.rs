//! Passing on: to a person or a department by name, a call back, a late arrival.

use super::conversation::Conversation;
use super::hearing::Turn;
use super::language::Language;
use super::lexicon::ENGLISH;
use super::people::People;
use super::step::{Note, Step, Task};
use super::times::Ear;
use super::when::{At, Wish};
use super::words::Words;

/// Most words of a person's name after the title.
const NAME_WORDS: usize = 2;

impl Conversation {
    /// Somebody is asked for, by name or by what they do: a message for them.
    pub(super) fn for_somebody(&mut self, turn: &Turn) -> bool {
        let Some(whom) = whom(turn.text, &turn.words, self.language()) else { return false };
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
    let bare = words.without_fillers();
    let asked = people.asks.iter().any(has) || bare.len() <= 3 && !ENGLISH.is_question(words);
    people.departments.iter().find(|d| asked && has(d)).cloned()
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
