//! A call that begins in the middle: whoever sent it has asked already what it is about.

use super::agreement::Answer;
use super::conversation::Conversation;
use super::escalation::Reason;
use super::flows::Kind;
use super::hearing::Turn;
use super::step::Wanted;
use super::when::At;
use super::words::Words;

impl Conversation {
    /// The greeting is followed by the first question of this flow instead of asking what is wanted.
    pub fn beginning_with(mut self, flow: Option<Kind>) -> Self {
        self.begins_with = flow.filter(|kind| Kind::OPENING.contains(kind));
        self
    }

    /// Whether the greeting leaves out its own question.
    pub(super) fn begins_at_once(&self) -> bool {
        self.begins_with.is_some_and(|kind| self.flow(kind).on)
    }

    /// Begins with what whoever sent the call says it is about.
    pub(super) fn begin(&mut self, at: &At) {
        let Some(kind) = self.begins_with.take().filter(|kind| self.flow(*kind).on) else { return };
        match kind {
            Kind::Book => {
                self.start_booking();
                self.advance(at);
            }
            Kind::Move => self.begin_case(Wanted::Moved, at),
            Kind::Cancel => self.begin_case(Wanted::Cancelled, at),
            Kind::When => self.begin_case(Wanted::Told, at),
            Kind::Callback => self.call_back(&self.nothing_said(), at),
            Kind::Person => self.begin_with_person(),
            _ => self.start_message(None),
        }
    }

    fn begin_case(&mut self, wanted: Wanted, at: &At) {
        let turn = self.nothing_said();
        self.start_case(wanted, &turn, at);
    }

    fn begin_with_person(&mut self) {
        self.enter(Kind::Person);
        self.press(Reason::Request);
        if !self.put_through(Reason::Request, None, None) {
            self.say("person", &[]);
            self.start_message(Some(self.language().phrase("note_person", &[])));
        }
    }

    fn nothing_said(&self) -> Turn<'static> {
        let words = Words::heard("", self.language());
        Turn { text: "", words, sure: true, clear: true, answer: Answer::Unclear, answers: &[] }
    }
}
