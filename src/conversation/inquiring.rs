//! What the business wants to know besides: asked once the time is agreed on and before it is read back. Whatever is
//! said there is the answer, which is read out of the conversation afterwards; nobody has to give one.

use std::collections::BTreeSet;

use super::answering::corrective;
use super::conversation::Conversation;
use super::flows::Kind;
use super::hearing::Turn;
use super::lexicon::ENGLISH;
use super::qualifying::{Question, QuestionKind};
use super::step::Task;
use super::times::Ear;
use super::when::{At, Wish};

/// Questions asked in one call: more is an interrogation.
const ASKED_MAX: usize = 3;
/// Times one is asked that leads nowhere.
const TRIES_MAX: u8 = 2;

/// How far it has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Inquiry {
    /// Asked, and answered or left open.
    asked: BTreeSet<usize>,
    /// Spoken of unasked.
    told: BTreeSet<usize>,
    /// Turns to the one being asked that led nowhere.
    tries: u8,
}

impl Conversation {
    /// The next question to be asked aloud; none when all were, or the call is in another language than they are.
    pub(super) fn next_inquiry(&self) -> Option<usize> {
        let due = self.task == Task::Booking && self.home.is_none() && self.inquiry.asked.len() < ASKED_MAX;
        let open = |(n, question): (usize, &Question)| {
            let done = self.inquiry.asked.contains(&n) || self.inquiry.told.contains(&n);
            (question.is_asked_in(Kind::Book) && !done).then_some(n)
        };
        self.business.policy.questions.iter().enumerate().find_map(open).filter(|_| due)
    }

    /// Asks it.
    pub(super) fn inquire(&mut self, question: usize) {
        let prompt = self.business.policy.questions.get(question).map(|question| question.prompt.clone());
        prompt.into_iter().for_each(|prompt| self.speak(prompt));
    }

    /// Takes note of what was said before anybody asked.
    pub(super) fn told_unasked(&mut self, text: &str) {
        let said = spaced(text);
        let questions = self.business.policy.questions.iter().enumerate();
        let says = |question: &Question| question.listen_for.iter().any(|phrase| said.contains(&spaced(phrase)));
        self.inquiry.told.extend(questions.filter(|(_, question)| says(question)).map(|(n, _)| n));
    }

    /// What was said to it. A question of the caller's, and a change of what was agreed, are no answer.
    pub(super) fn inquiry_heard(&mut self, question: usize, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        let dated = self.business.policy.questions.get(question).is_some_and(|q| q.kind == QuestionKind::Date);
        let changes = !dated && corrective(w) && !Wish::read(w, at, Ear::Open).is_empty();
        if changes || ENGLISH.is_question(w) || ENGLISH.asks_something(w) {
            return false;
        }
        if !turn.clear {
            self.inquiry_failed(question, at);
        } else if ENGLISH.means("keeps_back", w) {
            self.go_without(question, at);
        } else {
            self.inquiry.tries = 0;
            self.inquiry.asked.insert(question);
            self.advance(at);
        }
        true
    }

    /// Nothing that could be made out: once more, then on without.
    pub(super) fn inquiry_failed(&mut self, question: usize, at: &At) {
        self.inquiry.tries += 1;
        if self.inquiry.tries >= TRIES_MAX {
            return self.go_without(question, at);
        }
        self.say("missed_1", &[]);
        self.ask_again();
    }

    /// It stays open.
    pub(super) fn go_without(&mut self, question: usize, at: &At) {
        self.strikes = 0;
        self.inquiry.tries = 0;
        self.inquiry.asked.insert(question);
        self.say("question_skipped", &[]);
        self.advance(at);
    }
}

/// Plain words with spaces around them, so that only whole ones fit.
fn spaced(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |all, word| all + &word.to_lowercase() + " ")
}
