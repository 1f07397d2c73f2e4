//! Who is calling and what to pass on: name, number, message.

use super::business::Opening;
use super::conversation::Conversation;
use super::escalation::Reason;
use super::flows::{Ask, Kind};
use super::names::find_name;
use super::numbers::dictated;
use super::outcome::Message;
use super::phone::{Phone, check};
use super::step::{Note, Step, Task};
use super::when::At;
use super::words::Words;

/// Longest message kept, characters: what a person says in about two minutes.
const MAX_MESSAGE_CHARS: usize = 2000;

impl Conversation {
    /// Asks for the number: the calling one when there is one.
    pub(super) fn ask_for_phone(&mut self) {
        self.digits.clear();
        let step = if self.caller.number.is_some() { Step::ConfirmPhone } else { Step::Phone };
        self.ask(step);
    }

    /// What the message still needs, in the flow's order.
    pub(super) fn advance_message(&mut self) {
        let kind = if self.note.call_back { Kind::Callback } else { Kind::Message };
        for ask in self.flow(kind).asks.clone() {
            match ask {
                Ask::Message if self.note.text.is_none() => return self.ask(Step::Message),
                Ask::Name if self.outcome.name.is_none() && !self.note.nameless => return self.ask(Step::Name),
                Ask::Phone if self.outcome.phone.is_none() => return self.ask_for_phone(),
                Ask::Email if self.lacks_email() => return self.ask(Step::Email),
                _ => {}
            }
        }
        self.finish_message("message_taken");
    }

    /// The business takes none.
    pub(super) fn no_messages(&mut self) {
        self.task = Task::None;
        self.note = Note::default();
        self.say("no_messages", &[]);
        self.ask(Step::Open);
    }

    /// The message is complete.
    pub(super) fn finish_message(&mut self, key: &'static str) {
        self.keep_message();
        self.note = Note::default();
        self.task = Task::None;
        self.say(key, &[]);
        self.ask(Step::Open);
    }

    /// Keeps what is there of the message, so that a caller who hangs up has left it all the same.
    pub(super) fn keep_message(&mut self) {
        let text = match (&self.note.about, &self.note.text) {
            (Some(about), Some(text)) => format!("{about} {text}"),
            (Some(text), None) | (None, Some(text)) => text.clone(),
            (None, None) => return,
        };
        let text: String = text.chars().take(MAX_MESSAGE_CHARS).collect();
        let callback = self.outcome.phone.is_some() || self.caller.number.is_some();
        let for_whom = self.note.for_whom.clone();
        let urgent = self.pressing >= Some(Reason::Tier);
        self.outcome.message = Some(Message { text, for_whom, callback, urgent });
        self.intent("message");
        let now = self.clock.to_zoned(self.business.timezone.clone());
        let open = self.business.open_at(&now) == Opening::Open;
        let rules = &self.business.policy.escalation;
        self.outcome.handover = self.pressing.and_then(|reason| rules.handover(reason, &self.outcome, &now, open));
    }

    /// Begins to take a message; `about` is what is known of it already.
    pub(super) fn start_message(&mut self, about: Option<String>) {
        if !self.flow(Kind::Message).on {
            return self.no_messages();
        }
        self.task = Task::Message;
        self.note = Note { about, ..Note::default() };
        self.enter(Kind::Message);
        self.advance_message();
    }

    /// The caller dictates the message.
    pub(super) fn message_heard(&mut self, text: &str) {
        self.note.text = Some(text.trim().chars().take(MAX_MESSAGE_CHARS).collect());
        if self.outcome.name.is_none() {
            self.outcome.name = find_name(text, false, self.language());
        }
        self.keep_message();
        self.advance_message();
    }

    /// An answer to "your name?".
    pub(super) fn name_heard(&mut self, text: &str, at: &At) -> bool {
        match find_name(text, true, self.language()) {
            Some(name) => {
                self.outcome.name = Some(name);
                self.advance(at);
                true
            }
            None => false,
        }
    }

    /// Digits dictated or typed as a number; true when there were any.
    pub(super) fn digits_heard(&mut self, words: &Words, at: &At) -> bool {
        let mut said = dictated(words, true);
        said.digits = self.whole_number(words);
        if said.digits.is_empty() {
            return false;
        }
        // A whole number replaces what came before, a part is added to it.
        let whole = matches!(check(&said.digits, &self.business.country), Phone::Valid(_));
        if whole || said.restarted || said.digits.starts_with('+') {
            self.digits.clear();
        }
        self.digits.push_str(&said.digits);
        self.try_digits(false, at);
        true
    }

    /// Typed digits are the whole number.
    pub(super) fn digits_typed(&mut self, keys: &str, at: &At) {
        let digits: String = keys.chars().filter(char::is_ascii_digit).collect();
        if !self.digits.is_empty() && !matches!(check(&digits, &self.business.country), Phone::Valid(_)) {
            self.digits.push_str(&digits);
        } else {
            self.digits = digits;
        }
        self.try_digits(false, at);
    }

    /// Tries the digits collected; `last` when no more will come. True when something was said.
    pub(super) fn try_digits(&mut self, last: bool, _at: &At) -> bool {
        match check(&self.digits, &self.business.country) {
            Phone::Valid(number) => self.phone_heard(number),
            // Read back as any other: whoever says yes knows better than the plan.
            Phone::Unassigned(number) => self.phone_heard(number),
            Phone::Doubtful(number) if self.doubted.as_ref() == Some(&number) => self.phone_heard(number),
            Phone::Doubtful(number) => {
                self.doubted = Some(number);
                self.phone_refused();
            }
            Phone::Short if !last => {
                self.step = Step::Phone;
                self.ask_again();
            }
            Phone::Short | Phone::Wrong => {
                if last {
                    self.strikes = self.strikes.saturating_add(1);
                }
                self.phone_refused();
            }
        }
        true
    }

    fn phone_refused(&mut self) {
        self.digits.clear();
        self.step = Step::Phone;
        self.say("phone_wrong", &[]);
    }

    fn phone_heard(&mut self, number: String) {
        self.digits.clear();
        self.ask(Step::PhoneBack(number));
    }
}
