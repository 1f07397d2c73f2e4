//! Answers: what was said, taken as the answer to what was asked.

use super::conversation::Conversation;
use super::lexicon::{ENGLISH, Lexicon};
use super::names::find_name;
use super::numbers::dictated;
use super::outcome::Disposition;
use super::services::{find_services, wanted_services};
use super::step::{Step, Task};
use super::times::{Ear, TimeWish};
use super::when::{At, Wish};
use super::words::Words;

use super::agreement::{Answer, place};
use super::hearing::Turn;

/// Most words of "oh, and one more thing".
const MORE_WORDS: usize = 8;
/// Most words of a no that only declines.
const NO_WORDS: usize = 12;
/// Most digits by which the end of a number is corrected.
const MAX_TAIL_DIGITS: usize = 6;
/// Most words of "no, it's Kovacs, not Covax".
const MAX_NAME_ANSWER: usize = 7;

impl Conversation {
    /// The answer to what was asked.
    pub(super) fn in_step(&mut self, turn: &Turn, at: &At) -> bool {
        if self.task == Task::Moving && corrective(&turn.words) && self.other_appointment(turn, at) {
            return true;
        }
        match self.step.clone() {
            Step::Open => self.opened(turn, at),
            // "Okay.", "um": the message is still to come.
            Step::Message
                if turn.words.without_fillers().is_empty() || turn.words.len() <= 2 && turn.answer == Answer::Yes =>
            {
                self.ask_again();
                true
            }
            Step::Message if self.another_way(turn, at) || self.redirected(turn) => true,
            Step::Message if turn.clear => {
                self.message_heard(turn.text);
                true
            }
            Step::Name => self.name_step(turn, at),
            Step::Email => self.email_step(turn, at),
            Step::Inquiry(question) => self.inquiry_heard(question, turn, at),
            Step::Proof => self.proof_heard(turn, at),
            Step::Phone => {
                let few = dictated(&turn.words, true).digits.len() < 3;
                few && self.use_calling_number(turn, at) || self.digits_heard(&turn.words, at)
            }
            Step::Offer => self.offer_answered(turn, at),
            Step::WhichDay(days) => self.which_day(turn, &days, at),
            Step::WhichTime(times) => self.which_time(turn, &times, at),
            Step::Service(candidates) => self.which_service(turn, &candidates, at),
            Step::Change => self.change_what(turn, at),
            Step::WhichAppointment => self.which_appointment(turn, at),
            Step::MoveOrCancel => self.move_or_cancel(turn, at),
            Step::ConfirmCancel if self.confirm_cancel_heard(turn, at) => true,
            step if step.is_yes_no() => self.yes_no_heard(turn, at),
            _ => false,
        }
    }

    pub(super) fn opened(&mut self, turn: &Turn, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        if self.settled() && (lexicon.is_only("done", w) || w.len() <= 12 && lexicon.means("done_sure", w)) {
            self.say_goodbye(turn);
            return true;
        }
        if self.settled() && turn.answer == Answer::Yes && w.len() <= 3 {
            self.say("help", &[]);
            return true;
        }
        if turn.answer == Answer::No && w.len() <= 3 {
            self.say_goodbye(turn);
            return true;
        }
        if lexicon.is_only("greeting", w) || self.settled() && lexicon.means("more", w) && w.len() <= MORE_WORDS {
            self.say("help", &[]);
            return true;
        }
        if self.settled() && self.nothing_new(turn, at) {
            self.say_goodbye(turn);
            return true;
        }
        if lexicon.is_only("repeat_only", w) {
            let again = self.last_said.clone();
            again.into_iter().for_each(|text| self.speak(text));
            return true;
        }
        self.asks_service(turn, lexicon, at)
    }

    /// "No, you've been great": nothing in it but the no.
    fn nothing_new(&self, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        w.len() <= NO_WORDS
            && matches!(w.without_fillers().word(0), "no" | "nope" | "nah")
            && !ENGLISH.is_question(w)
            && !w.has_any(&["but", "wait", "need", "want", "can", "could", "wrong", "another", "also"])
            && find_services(w, &self.business.services).is_empty()
            && (Wish::read(w, at, Ear::Open).is_empty() || only_thanks(w))
    }

    /// "Do you do whitening?"
    pub(super) fn asks_service(&mut self, turn: &Turn, lexicon: &Lexicon, at: &At) -> bool {
        let services = find_services(&turn.words, &self.business.services);
        if let [service] = services.as_slice()
            && lexicon.means("service_question", &turn.words)
            && !lexicon.means("book_sure", &turn.words)
            && !turn.words.has_any(&["i need", "i want", "id like", "id need", "id love", "id want"])
            && Wish::read(&turn.words, at, Ear::Open).is_empty()
            && !lexicon.means("asks_price", &turn.words)
            && !turn.words.has("do you have any")
        {
            self.informed = true;
            self.ask(Step::OfferService(*service));
            return true;
        }
        false
    }

    pub(super) fn name_step(&mut self, turn: &Turn, at: &At) -> bool {
        if ENGLISH.means("name_refused", &turn.words) {
            return self.name_kept_back(at);
        }
        // A bare "yes" to "may I have your name?": the question again, without a fuss.
        let nothing = turn.words.without_fillers().is_empty() || turn.answer == Answer::No && turn.words.len() <= 2;
        let yes = turn.answer == Answer::Yes && ENGLISH.is_only("yes", &turn.words);
        if (yes || nothing) && self.strikes == 0 {
            self.strikes = 1;
            self.ask_again();
            return true;
        }
        if ENGLISH.asks_in_words(&turn.words) && !turn.words.has("name is") && !introduces(turn) {
            return false;
        }
        // "Bob Jones, and my number is ..." answers twice.
        if dictated(&turn.words, false).digits.len() >= 7 {
            self.take_phone(turn);
        }
        // "Ann Lee, and sorry, I meant Thursday": two answers, one of them late.
        let changed = self.task.is_scheduling()
            && corrective(&turn.words)
            && (self.take_service(turn) | self.take_wish(&turn.words, at));
        if self.task == Task::Message && turn.answer == Answer::No && turn.words.len() > MORE_WORDS {
            self.note.text = self.note.text.take().map(|text| format!("{text} {}", turn.text.trim()));
        }
        let named = turn.clear && self.name_heard(turn.text, at);
        // "Eleven, if it's the same to you": no name, and a time all the same.
        let late = !changed && !named && self.task.is_scheduling() && self.late_wish(turn, at);
        if (changed || late) && !named {
            self.advance(at);
        }
        changed || named || late
    }

    /// A message may be left without a name, a booking is not made without one.
    fn name_kept_back(&mut self, at: &At) -> bool {
        if self.task != Task::Message {
            return false;
        }
        self.note.nameless = true;
        self.advance(at);
        true
    }

    pub(super) fn use_calling_number(&mut self, turn: &Turn, at: &At) -> bool {
        if self.caller.number.is_some() && (ENGLISH.means("this_number", &turn.words)) {
            self.outcome.phone = self.caller.number.clone();
            self.advance(at);
            return true;
        }
        false
    }

    pub(super) fn yes_no_heard(&mut self, turn: &Turn, at: &At) -> bool {
        if self.more_than_an_answer(turn, at) {
            return true;
        }
        let correction = self.task.is_scheduling() && self.step == Step::ReadBack && self.absorb(turn, at);
        if correction {
            self.advance(at);
            return true;
        }
        if self.step == Step::ReadBack && turn.answer != Answer::Yes && says_time(&turn.words, at) {
            // "Could you make it half past eleven", where it is.
            self.ask_again();
            return true;
        }
        if matches!(self.step, Step::ConfirmPhone | Step::PhoneBack(_)) && self.number_heard(turn, at) {
            return true;
        }
        // "No, that's fine" declines what is only offered.
        let offered = matches!(
            self.step,
            Step::OfferService(_) | Step::OfferMessage(_) | Step::OfferPass(_) | Step::OfferRebook(_)
        );
        if offered && ENGLISH.means("done_sure", &turn.words) {
            self.say_goodbye(turn);
            return true;
        }
        let answer = match turn.words.without_fillers().word(0) {
            "no" | "nope" | "nah" if offered => Answer::No,
            _ => turn.answer,
        };
        match answer {
            Answer::Unclear => {
                self.step == Step::ReadBack && !ENGLISH.is_question(&turn.words) && self.named_part(turn, at)
            }
            Answer::Yes => {
                self.yes_no(true, turn.sure, at);
                true
            }
            Answer::No => {
                let same = find_name(turn.text, true, self.language());
                if self.step == Step::ReadBack && same.is_some() && same == self.outcome.name {
                    // "No, it's Ellery": as we have it.
                    self.ask_again();
                    return true;
                }
                if self.step == Step::ReadBack && self.named_part(turn, at) {
                    return true;
                }
                if offered && turn.words.len() > 4 && self.in_any_order(turn, at) {
                    return true;
                }
                self.yes_no(false, turn.sure, at);
                true
            }
        }
    }

    /// What is said to "shall I use this number?" besides yes and no.
    fn number_heard(&mut self, turn: &Turn, at: &At) -> bool {
        if self.tail_corrected(turn, at) {
            return true;
        }
        let digits = dictated(&turn.words, true).digits.len();
        // "It has to be Thursday at two thirty" dictates nothing.
        let dated = digits < 7 && Wish::read(&turn.words, at, Ear::Open).days.is_some();
        if dated && turn.answer != Answer::Yes && self.task == Task::Booking && self.absorb(turn, at) {
            self.advance(at);
            return true;
        }
        if digits >= 3 && !dated {
            if self.task.is_scheduling() {
                self.take_name(turn);
            }
            self.digits.clear();
            return self.digits_heard(&turn.words, at);
        }
        if turn.answer != Answer::Yes && ENGLISH.means("other_number", &turn.words) {
            self.ask(Step::Phone);
            return true;
        }
        let agreed =
            matches!(turn.words.without_fillers().word(0), "yes" | "yeah" | "yep") && !corrective_of_number(turn);
        if (turn.answer == Answer::Unclear || agreed) && ENGLISH.means("this_number", &turn.words) {
            self.yes_no(true, true, at);
            return true;
        }
        false
    }

    /// An offer is answered with what is wanted instead, or a number with a change of the booking.
    fn more_than_an_answer(&mut self, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        let services = wanted_services(w, &self.business.services);
        let wished = !Wish::read(w, at, Ear::Open).is_empty();
        match self.step.clone() {
            Step::OfferService(service) | Step::OfferRebook(service)
                if turn.answer != Answer::No && (wished || !services.is_empty()) =>
            {
                self.step = Step::Open;
                self.start_booking();
                self.draft.service = Some(service);
                self.absorb(turn, at);
                self.advance(at);
                true
            }
            Step::OfferMessage(_) | Step::OfferPass(_)
                if !services.is_empty() || ENGLISH.means("book_sure", w) && !ENGLISH.is_question(w) =>
            {
                self.step = Step::Open;
                self.in_any_order(turn, at)
            }
            Step::ConfirmPhone if self.task.is_scheduling() && (corrective(w) || w.has_any(&["spelled", "spelt"])) => {
                let agreed =
                    turn.answer == Answer::Yes || matches!(w.without_fillers().word(0), "yes" | "yeah" | "yep");
                let changed = dictated(w, true).digits.len() < 3 && self.absorb(turn, at);
                if changed && agreed {
                    self.outcome.phone = self.caller.number.clone();
                }
                if changed {
                    self.advance(at);
                }
                changed
            }
            _ => false,
        }
    }

    /// "It ends in 2672": the end of the number read back, said again.
    fn tail_corrected(&mut self, turn: &Turn, at: &At) -> bool {
        let Step::PhoneBack(number) = &self.step else { return false };
        let said = dictated(&turn.words, true).digits;
        if !(1..=MAX_TAIL_DIGITS).contains(&said.len()) || !ENGLISH.means("tail", &turn.words) {
            return false;
        }
        self.digits = format!("{}{said}", &number[..number.len().saturating_sub(said.len())]);
        self.try_digits(false, at)
    }

    pub(super) fn yes_no(&mut self, yes: bool, sure: bool, at: &At) {
        match (self.step.clone(), yes) {
            (Step::ReadBack | Step::ConfirmCancel, true) if sure => self.agreed(),
            (Step::ReadBack, true) => self.read_back("really"),
            (Step::ReadBack, false) if self.task == Task::Moving => self.another_day(),
            (Step::ReadBack, false) => self.ask(Step::Change),
            (Step::ConfirmCancel, true) => self.ask_again(),
            (Step::ConfirmCancel, false) => self.keep_as_is(),
            (Step::ConfirmPhone, true) => {
                self.outcome.phone = self.caller.number.clone();
                self.advance(at);
            }
            (Step::ConfirmPhone | Step::PhoneBack(_), false) => {
                self.digits.clear();
                self.ask(Step::Phone);
            }
            (Step::PhoneBack(number), true) => {
                self.outcome.phone = Some(number);
                self.advance(at);
            }
            (Step::EmailBack(address), yes) => self.email_answered(address, yes, sure, at),
            (Step::OfferService(service) | Step::OfferRebook(service), true) => {
                self.start_booking();
                self.draft.service = Some(service);
                self.advance(at);
            }
            (Step::OfferMessage(about), true) => self.start_message(Some(about)),
            (Step::OfferPass(text), true) => self.pass_on(text),
            (Step::Offer, true) if self.draft.offers.len() == 1 => self.choose(self.draft.offers[0], at),
            (Step::Offer, false) => self.offer_others(at),
            (Step::ConfirmEnd, true) => {
                self.keep_message();
                self.end("goodbye", Disposition::NoDisposition);
            }
            (Step::OfferService(_) | Step::OfferRebook(_), false) => self.back_to_open(at),
            (Step::OfferMessage(_) | Step::OfferPass(_) | Step::ConfirmEnd, false) => self.back_to_open(at),
            _ => self.ask_again(),
        }
    }

    fn back_to_open(&mut self, at: &At) {
        self.step = Step::Open;
        self.advance(at);
    }

    /// What was read back is done.
    pub(super) fn agreed(&mut self) {
        match (&self.step, self.task) {
            (Step::ConfirmCancel, _) => self.cancel_appointment(),
            (_, Task::Moving) => self.reschedule(),
            _ => self.book(),
        }
    }

    /// "The time is wrong": asks for that part again.
    pub(super) fn named_part(&mut self, turn: &Turn, at: &At) -> bool {
        let (w, lexicon) = (&turn.words, &*ENGLISH);
        if self.task == Task::Moving {
            let time = lexicon.means("what_time", w);
            if time {
                self.another_day();
            }
            return time;
        }
        if lexicon.means("what_email", w) {
            self.outcome.email = None;
            self.ask(Step::Email);
        } else if lexicon.means("what_phone", w) {
            self.outcome.phone = None;
            self.ask(Step::Phone);
        } else if lexicon.means("what_name", w) {
            self.ask(Step::Name);
        } else if lexicon.means("what_time", w) {
            self.another_day();
        } else if lexicon.means("what_service", w) {
            self.draft.service = None;
            self.draft.slot = None;
            self.advance(at);
        } else {
            return false;
        }
        true
    }

    pub(super) fn change_what(&mut self, turn: &Turn, at: &At) -> bool {
        if self.absorb(turn, at) {
            self.advance(at);
            return true;
        }
        if turn.words.has("everything") && turn.words.len() <= 3 {
            self.draft.service = None;
            self.draft.slot = None;
            self.draft.wish = Wish::default();
            self.advance(at);
            return true;
        }
        let nothing = ENGLISH.means("nothing_wrong", &turn.words) || turn.answer == Answer::Yes;
        if !nothing && self.named_part(turn, at) {
            return true;
        }
        let introduced = turn.words.len() <= MAX_NAME_ANSWER && turn.words.has_any(&["its", "it is", "for"]);
        match find_name(turn.text, introduced, self.language()).filter(|_| turn.clear) {
            Some(name) if !nothing => self.outcome.name = Some(name),
            None if turn.answer == Answer::No && turn.words.len() <= 4 => {}
            _ if nothing => {}
            _ => return false,
        }
        self.ask(Step::ReadBack);
        true
    }

    pub(super) fn which_service(&mut self, turn: &Turn, candidates: &[usize], at: &At) -> bool {
        let some = wanted_services(&turn.words, &self.business.services);
        // The question read out all of them in this order.
        let all: Vec<usize> = (0..self.business.services.len()).collect();
        let candidates = if candidates.is_empty() { &all } else { candidates };
        let timed = !Wish::read(&turn.words, at, Ear::Open).is_empty();
        let place = place(&turn.words, candidates.len()).filter(|_| !timed);
        let chosen = match (some.as_slice(), place) {
            ([one], _) => Some(*one),
            (_, Some(n)) => Some(candidates[n]),
            // The one whose price was just asked.
            _ if turn.words.has_any(&["that one", "that please", "this one"]) => self.topic,
            _ => None,
        };
        let more = self.absorb(turn, at);
        if let Some(service) = chosen {
            self.draft.service = Some(service);
            self.advance(at);
            return true;
        }
        if some.len() > 1 {
            self.ask(Step::Service(some));
            return true;
        }
        if more {
            self.ask_again();
            return true;
        }
        let lexicon = &*ENGLISH;
        if lexicon.means("for_whom", &turn.words)
            || lexicon.means("unsure", &turn.words)
            || lexicon.is_question(&turn.words)
        {
            // Whom it is for, or what there is: the services again.
            self.ask_again();
            return true;
        }
        if turn.words.without_fillers().len() >= 2 && turn.answer == Answer::Unclear && self.strikes == 0 {
            self.strikes = 1;
            self.lost = turn.sure && turn.clear;
            self.say("unknown_service", &[]);
            return true;
        }
        false
    }
}

/// A time of day is said.
fn says_time(words: &Words, at: &At) -> bool {
    matches!(Wish::read(words, at, Ear::Expecting).time, Some(TimeWish::At(_)))
}

/// "Yes, no, use another": no plain yes.
fn corrective_of_number(turn: &Turn) -> bool {
    ENGLISH.means("other_number", &turn.words) || turn.words.has_any(&["wait", "but", "not", "wrong", "actually"])
}

/// "No, thanks, on Thursday all": that is it, whatever the rest was misheard as.
fn only_thanks(words: &Words) -> bool {
    let words = words.without_fillers();
    let after = ["no thank you", "no thanks"].iter().find(|no| words.starts(0, no)).map(|no| no.split(' ').count());
    after.is_some_and(|after| !corrective(&words.part(after, words.len())))
}

/// Words with which something said before is taken back.
pub(super) fn corrective(words: &Words) -> bool {
    ENGLISH.means("corrects", words)
}

/// "Do you need my full name? It's ...": a question with its answer.
fn introduces(turn: &Turn) -> bool {
    turn.words.has_any(&["its", "it is", "my name", "im"])
}
