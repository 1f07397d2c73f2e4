//! The caller's e-mail address: asked for or said unasked, read back, set right, or gone without.

use super::agreement::Answer;
use super::completeness::is_cut;
use super::conversation::Conversation;
use super::email;
use super::email_back;
use super::event::Completeness;
use super::flows::{Ask, Kind};
use super::hearing::{Said, Turn};
use super::lexicon::ENGLISH;
use super::services::find_services;
use super::step::{Step, Task};
use super::times::Ear;
use super::when::{At, Wish};
use super::words::Words;

/// Turns that may bring no address before it is gone without: keys cannot type one.
const FAILURES_MAX: u8 = 2;
/// Times an address is read back: whoever still corrects it then is asked by a person.
const READINGS_MAX: u8 = 6;
/// Most words of "no, I haven't got one of those".
const REFUSAL_WORDS: usize = 12;
/// Most words that are taken for a piece of an address without a mark or a letter in it.
const PLAIN_PART_WORDS: usize = 3;
/// Longest piece that waits for its end, bytes.
const PART_BYTES_MAX: usize = 200;

/// An address on its way from the caller's mouth to the record.
#[derive(Debug, Clone, Default)]
pub(super) struct Mailing {
    /// Heard in the middle of something else: read back before the next question.
    heard: Option<String>,
    /// The question it came before.
    back_to: Option<Step>,
    /// Dictated so far, without an end.
    part: String,
    /// Read back and refused: what is corrected.
    refused: Option<String>,
    failures: u8,
    readings: u8,
    /// The caller has none, keeps it back, or it could not be made out.
    gone_without: bool,
}

impl Conversation {
    /// Whether an address is still to be asked for.
    pub(super) fn lacks_email(&self) -> bool {
        let stored = self.known.as_ref().is_some_and(|known| known.proof.email.is_some());
        self.outcome.email.is_none() && !self.mailing.gone_without && !stored
    }

    /// An address that was heard is read back before anything else is asked.
    pub(super) fn email_first(&mut self, step: Step) -> Step {
        let due = !matches!(step, Step::ConfirmEnd | Step::EmailBack(_));
        match self.mailing.heard.take_if(|_| due) {
            Some(address) => {
                self.mailing.back_to = Some(step);
                self.mailing.readings += 1;
                Step::EmailBack(address)
            }
            None => step,
        }
    }

    /// Takes the address out of a turn: what is left to be understood, if anything is.
    pub(super) fn without_email(&mut self, said: Said, at: &At) -> Option<Said> {
        match self.step.clone() {
            Step::Email => self.email_dictated(said, at),
            Step::EmailBack(address) => {
                let whole = email::find(&said.text, self.language()).map(|found| found.address);
                let right = whole.or_else(|| email_back::corrected(&address, &said.text, self.language()));
                match right.filter(|right| *right != address) {
                    Some(right) => self.read_email_back(right, at),
                    None => return Some(said),
                }
                None
            }
            Step::Message => {
                self.mailing.heard = email::mentioned(&said.text, self.language()).map(|found| found.address);
                Some(said)
            }
            step => {
                let Some(found) = email::mentioned(&said.text, self.language()) else { return Some(said) };
                self.mailing.heard = Some(found.address).filter(|new| self.outcome.email.as_ref() != Some(new));
                if !found.rest.is_empty() {
                    return Some(Said { text: found.rest, ..said });
                }
                self.strikes = 0;
                if !step.is_waiting() {
                    self.ask(step);
                }
                None
            }
        }
    }

    /// An address that came with something else, once that is dealt with.
    pub(super) fn email_after_all(&mut self) {
        if self.step == Step::Open && self.mailing.heard.is_some() {
            self.ask(Step::Open);
        }
    }

    /// A turn of somebody who was asked for an address.
    fn email_dictated(&mut self, said: Said, at: &At) -> Option<Said> {
        let language = self.language();
        let joined = format!("{} {}", self.mailing.part, said.text);
        let alone = email::find(&said.text, language);
        let found = alone.or_else(|| email::find(&joined, language).filter(|_| !self.mailing.part.is_empty()));
        let refused = self.mailing.refused.as_ref();
        let address = found.map(|found| found.address);
        match address.or_else(|| email_back::corrected(refused?, &said.text, language)) {
            Some(address) => self.read_email_back(address, at),
            None if email::is_part(&said.text) => self.email_goes_on(&said.text, at),
            None => return Some(said),
        }
        None
    }

    /// Part of an address: the rest is waited for.
    fn email_goes_on(&mut self, text: &str, at: &At) {
        self.strikes = 0;
        if self.mailing.part.len() + text.len() > PART_BYTES_MAX {
            return self.email_failed(at);
        }
        let first = self.mailing.part.is_empty();
        self.mailing.part = format!("{} {}", self.mailing.part, text.trim()).trim().to_string();
        if first { self.say("email_more", &[]) } else { self.email_failed(at) }
    }

    fn read_email_back(&mut self, address: String, at: &At) {
        self.strikes = 0;
        self.mailing.part.clear();
        self.mailing.refused = None;
        self.mailing.readings += 1;
        if self.mailing.readings > READINGS_MAX {
            return self.go_without_email("email_skipped", at);
        }
        self.step = Step::EmailBack(address);
        self.ask_again();
    }

    /// The answer to "what is your e-mail address?" that is none.
    pub(super) fn email_step(&mut self, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        if ENGLISH.means("email_none", w) || turn.answer == Answer::No && w.len() <= REFUSAL_WORDS {
            self.go_without_email("email_declined", at);
            return true;
        }
        if ENGLISH.is_question(w) {
            return false;
        }
        let plain = w.without_fillers().len() <= PLAIN_PART_WORDS && turn.answer == Answer::Unclear;
        let other = !find_services(w, &self.business.services).is_empty() || !Wish::read(w, at, Ear::Open).is_empty();
        if plain && !other && !w.without_fillers().is_empty() && !ENGLISH.means("unsure", w) {
            self.email_goes_on(turn.text, at);
            return true;
        }
        false
    }

    /// The answer to "is that right?".
    pub(super) fn email_answered(&mut self, address: String, yes: bool, sure: bool, at: &At) {
        match (yes, sure) {
            (true, true) => {
                self.outcome.email = Some(address);
                self.outcome.email_wanted = false;
                self.mailing = Mailing::default();
                self.after_email(at);
            }
            (true, false) => self.ask_again(),
            (false, _) => {
                self.mailing.refused = Some(address);
                self.email_failed(at);
            }
        }
    }

    /// A turn that brought no address.
    pub(super) fn email_failed(&mut self, at: &At) {
        self.mailing.failures += 1;
        self.mailing.part.clear();
        if self.mailing.failures >= FAILURES_MAX {
            return self.go_without_email("email_skipped", at);
        }
        self.step = Step::Email;
        self.say("email_again", &[]);
    }

    /// On without one; a person asks where the business needs it.
    fn go_without_email(&mut self, why: &'static str, at: &At) {
        let back_to = self.mailing.back_to.take();
        self.mailing = Mailing { gone_without: true, back_to, ..Mailing::default() };
        self.outcome.email_wanted = self.outcome.email.is_none() && self.needs_email();
        self.say(why, &[]);
        self.after_email(at);
    }

    fn after_email(&mut self, at: &At) {
        match self.back_to() {
            Some(step) => self.ask(step),
            None => self.advance(at),
        }
    }

    fn back_to(&mut self) -> Option<Step> {
        self.mailing.back_to.take().filter(|step| *step != Step::Email)
    }

    fn needs_email(&self) -> bool {
        let kind = match self.task {
            Task::Booking => Kind::Book,
            Task::Message if self.note.call_back => Kind::Callback,
            Task::Message => Kind::Message,
            _ => return false,
        };
        let flow = self.flow(kind);
        flow.needs_email && flow.asks.contains(&Ask::Email)
    }

    /// Whether what was said of an address sounds finished; none when none is being said.
    pub(super) fn email_judged(&self, text: &str, words: &Words) -> Option<Completeness> {
        let language = self.language();
        match &self.step {
            Step::Email => Some(self.dictation_judged(text, words)),
            Step::EmailBack(_) if email::find(text, language).is_some() => Some(Completeness::Complete),
            // "No, with two l's": the correction is still to come.
            Step::EmailBack(_) if words.without_fillers().is_any(&["no", "nope"]) => Some(Completeness::Unclear),
            Step::EmailBack(_) | Step::Message => None,
            _ if email::is_begun(text, language) => Some(Completeness::Incomplete),
            _ => None,
        }
    }

    fn dictation_judged(&self, text: &str, words: &Words) -> Completeness {
        let whole = format!("{} {text}", self.mailing.part);
        match email::find(&whole, self.language()) {
            _ if is_cut(text) => Completeness::Incomplete,
            Some(found) if email::ends_for_sure(&found.address) => Completeness::Complete,
            Some(_) => Completeness::Unclear,
            None if ENGLISH.means("email_none", words) => Completeness::Complete,
            None if ENGLISH.is_question(words) => Completeness::Unclear,
            None => Completeness::Incomplete,
        }
    }
}
