//! Asking: the question of each step, and what happens when no answer comes.

use jiff::civil::{Date, Time};

use super::business::Verify;
use super::conversation::Conversation;
use super::email_back;
use super::escalation::Reason;
use super::event::Expectation;
use super::outcome::{Disposition, Outcome};
use super::phone;
use super::services::listed;
use super::slots::Slot;
use super::step::{Step, Task};
use super::when::At;

/// Turns that may lead nowhere before the keypad is offered.
pub(super) const STRIKES_BEFORE_KEYS: u8 = 2;
/// Turns that may lead nowhere before a message is taken.
const STRIKES_BEFORE_MESSAGE: u8 = 3;
/// Turns that may lead nowhere before the call is ended.
const STRIKES_BEFORE_END: u8 = 5;

impl Conversation {
    /// Goes to a step and asks its question.
    pub(super) fn ask(&mut self, step: Step) {
        self.step = self.email_first(step);
        self.ask_again();
    }

    /// Asks the question of the step again, in other words.
    pub(super) fn ask_again(&mut self) {
        match self.step.clone() {
            Step::Open if self.settled() => self.say("anything_else", &[]),
            Step::Open => self.say("help", &[]),
            Step::Service(some) if some.len() > 1 => {
                let names = listed(&self.business, some.into_iter());
                self.say("which_service", &[("candidates", &names)]);
            }
            Step::Service(_) => self.say("ask_service", &[]),
            Step::When => self.say("ask_when", &[]),
            Step::WhichDay(days) => {
                let days: Vec<String> = days.iter().map(|d: &Date| self.language().date(*d)).collect();
                self.say("which_day", &[("choices", &self.language().either(&days))]);
            }
            Step::WhichTime(times) => {
                let times: Vec<String> = times.iter().map(|t| self.choice_time(*t)).collect();
                self.say("which_time", &[("choices", &self.language().either(&times))]);
            }
            Step::Offer => {
                let offers = self.spoken_offers();
                let key = if self.draft.offers.len() == 1 { "offer_one" } else { "which_offer" };
                self.say(key, &[("offers", &offers)]);
            }
            Step::WhichAppointment => {
                let appointments = self.spoken_appointments();
                self.say("which_appointment", &[("appointments", &appointments)]);
            }
            Step::MoveOrCancel => self.about_chosen("move_or_cancel"),
            Step::ConfirmCancel => self.about_chosen("confirm_cancel"),
            Step::OfferRebook(_) => self.say("offer_rebook", &[]),
            Step::Name if self.task == Task::Message => self.say("ask_message_name", &[]),
            Step::Name => self.say("ask_name", &[]),
            Step::ConfirmPhone => {
                let ending = self.caller.number.as_deref().map(phone::ending).unwrap_or_default();
                self.say("confirm_phone", &[("ending", &ending)]);
            }
            Step::Phone if !self.digits.is_empty() => {
                let digits = phone::grouped(&self.digits);
                self.say("phone_more", &[("digits", &digits)]);
            }
            Step::Proof => self.say(proof_question(self.business.verify), &[]),
            Step::Phone if self.task == Task::Existing => self.say("ask_booked_phone", &[]),
            Step::Phone => self.say("ask_phone", &[]),
            Step::PhoneBack(number) => self.say("phone_back", &[("digits", &phone::spoken(&number))]),
            Step::Email => self.say("ask_email", &[]),
            Step::EmailBack(address) => {
                let email = email_back::spoken(&address, self.language());
                self.say("email_back", &[("email", &email)]);
            }
            Step::Inquiry(question) => self.inquire(question),
            Step::ReadBack => self.read_back("read_back"),
            Step::Change => self.say("ask_change", &[]),
            Step::OfferService(service) => {
                let name = self.business.services.get(service).map(|s| s.name.clone()).unwrap_or_default();
                self.say("offers_service", &[("service", &name), ("a_service", &self.language().with_article(&name))]);
            }
            Step::OfferMessage(_) => self.say("unknown_question", &[]),
            Step::OfferPass(_) => self.say("offer_pass", &[]),
            Step::Message if self.note.call_back => self.say("ask_callback", &[]),
            Step::Message => self.say("ask_message", &[]),
            Step::ConfirmEnd => self.say("confirm_end", &[]),
            Step::WaitPerson(_) => self.say("bridge_person", &[]),
            Step::WaitSlots(_) | Step::WaitBook(_) | Step::WaitFind(_) | Step::WaitChange(_) => self.say("bridge", &[]),
            Step::Ended => {}
        }
    }

    fn choice_time(&self, time: Time) -> String {
        self.language().phrase("choice_time", &[("time", &self.language().time(time))])
    }

    /// Says something about the appointment in hand.
    pub(super) fn about_chosen(&mut self, key: &'static str) {
        let Some(chosen) = self.case.chosen.clone() else { return };
        let (service, time) = self.named(&chosen);
        self.say(key, &[("service", &service), ("time", &time)]);
    }

    /// Reads the move back: from when to when.
    fn read_move_back(&mut self, key: &'static str) {
        let (Some(chosen), Some(slot)) = (self.case.chosen.clone(), self.draft.slot) else { return };
        let (service, old) = self.named(&chosen);
        let time = self.language().moment(slot.starts_at, &self.business.timezone);
        self.say(key, &[("service", &service), ("old", &old), ("time", &time)]);
    }

    /// Reads the booking back.
    pub(super) fn read_back(&mut self, key: &'static str) {
        if self.task == Task::Moving {
            return self.read_move_back(if key == "really" { "really_move" } else { "read_back_move" });
        }
        let (Some(service), Some(slot)) =
            (self.draft.service.and_then(|i| self.business.services.get(i)), self.draft.slot)
        else {
            return;
        };
        let service = service.name.clone();
        let time = self.language().moment(slot.starts_at, &self.business.timezone);
        let name = self.outcome.name.clone().unwrap_or_default();
        // The number they call from was named by its end, and is again; another one is read out whole.
        let phone = match &self.outcome.phone {
            Some(number) if self.caller.number.as_ref() == Some(number) => {
                self.language().phrase("ending", &[("digits", &phone::ending(number))])
            }
            number => number.as_deref().map(phone::spoken).unwrap_or_default(),
        };
        let a_service = self.with_staff(self.language().with_article(&service));
        let values = [
            ("service", service.as_str()),
            ("a_service", &a_service),
            ("time", &time),
            ("name", &name),
            ("phone", &phone),
        ];
        self.say(key, &values);
    }

    /// The offers as read out; the day is said once when it is the same.
    pub(super) fn spoken_offers(&self) -> String {
        let (zone, language) = (&self.business.timezone, self.language());
        let local = |s: &Slot| s.starts_at.to_zoned(zone.clone());
        let mut day = None;
        let texts: Vec<String> = self
            .draft
            .offers
            .iter()
            .map(|slot| {
                let (date, time) = (local(slot).date(), language.time(local(slot).time()));
                let key = if day == Some(date) { "same_day" } else { "moment" };
                day = Some(date);
                language.phrase(key, &[("date", &language.date(date)), ("time", &time)])
            })
            .collect();
        language.either(&texts)
    }

    /// Whether something was already done in this call.
    pub(super) fn settled(&self) -> bool {
        let Outcome { booking, moved, cancelled, message, .. } = &self.outcome;
        self.informed || booking.is_some() || moved.is_some() || cancelled.is_some() || message.is_some()
    }

    /// Nothing was said.
    pub(super) fn silent(&mut self, at: &At) {
        if self.step == Step::Phone && !self.digits.is_empty() && self.try_digits(true, at) {
            return;
        }
        self.strike(at, true);
    }

    /// Something was said that made no sense.
    pub(super) fn missed(&mut self, at: &At) {
        self.strike(at, false);
    }

    /// One more turn that led nowhere: ask differently, then take a message, then end.
    fn strike(&mut self, at: &At, silent: bool) {
        self.strikes = self.strikes.saturating_add(1);
        let finished = self.step == Step::Open && self.settled();
        if silent && finished && self.strikes >= 2 {
            return self.end("goodbye", Disposition::InfoOnly);
        }
        if self.strikes >= STRIKES_BEFORE_END || self.strikes > STRIKES_BEFORE_MESSAGE && self.step == Step::Message {
            self.keep_message();
            return self.end(if silent { "goodbye_silence" } else { "goodbye_confused" }, Disposition::Abandoned);
        }
        if self.step.is_waiting() {
            // What is being written is waited for: it may already be done.
            if self.strikes >= STRIKES_BEFORE_MESSAGE && !self.step.is_writing() {
                self.calendar_down(at);
            }
            return;
        }
        match &self.step {
            Step::Email if !silent || self.strikes > 1 => return self.email_failed(at),
            Step::EmailBack(_) if self.strikes > 1 => return self.email_failed(at),
            Step::Inquiry(question) if silent => return self.go_without(*question, at),
            Step::Inquiry(question) => return self.inquiry_failed(*question, at),
            _ => {}
        }
        if self.strikes >= self.business.policy.escalation.failures.min(STRIKES_BEFORE_MESSAGE) {
            return self.give_up();
        }
        let lost = self.step == Step::Open && !self.settled() && !silent;
        match (silent, self.strikes) {
            (true, 1) if matches!(self.step, Step::Phone | Step::Message) => self.say("hold", &[]),
            (true, 1) => self.say("silence_1", &[]),
            (true, _) => self.say("silence_2", &[]),
            (false, 1) => self.say("missed_1", &[]),
            (false, _) => self.say("missed_2", &[]),
        }
        match lost {
            // Whoever was not understood is told what can be: "what can I do for you?" leads to the same words again.
            true => self.say("help_choices", &[]),
            false => self.ask_again(),
        }
        if self.strikes >= STRIKES_BEFORE_KEYS {
            self.offer_keys();
        }
    }

    /// The keypad form of the question.
    fn offer_keys(&mut self) {
        match (&self.step, self.expectation()) {
            (Step::Open, _) => self.say("menu", &[]),
            (_, Expectation::Choice) => self.say("choice_keys", &[]),
            (_, Expectation::YesNo) => self.say("yes_no_keys", &[]),
            (_, Expectation::Phone) => self.say("phone_keys", &[]),
            _ => {}
        }
    }

    /// Too many turns led nowhere: a message is taken instead.
    fn give_up(&mut self) {
        if self.task == Task::Message && self.note.text.is_some() {
            // The message is there; what is missing is only who left it.
            self.keep_message();
            self.say("message_taken_no_phone", &[]);
            self.task = Task::None;
            return self.end("goodbye", Disposition::Message);
        }
        self.press(Reason::Failure);
        let about = self.appointment_wish();
        if self.put_through(Reason::Failure, None, about.as_deref()) {
            return;
        }
        self.task = Task::Message;
        self.note.about = self.note.about.take().or(about);
        self.step = Step::Message;
        self.say("message_trouble", &[]);
    }
}

/// What is asked to see who calls.
fn proof_question(verify: Verify) -> &'static str {
    match verify {
        Verify::BirthDate => "ask_birth_date",
        Verify::Zip => "ask_zip",
        _ => "ask_reference",
    }
}
