//! Appointments there are: found, told, moved, cancelled. Nothing is told to a caller who was not verified, and nothing
//! is changed without a yes.

use super::agreement::{Answer, place};
use super::booking::fits;
use super::business::Verify;
use super::conversation::Conversation;
use super::dates::DayWish;
use super::event::Action;
use super::flows::{Kind, Then};
use super::hearing::Turn;
use super::lexicon::ENGLISH;
use super::mine::old_and_new;
use super::outcome::{Booking, Change, Disposition, Unsettled};
use super::relative::leaning;
use super::services::find_services;
use super::slots::{Appointment, BookError, Slot};
use super::step::{Case, Draft, Step, Task, Wanted};
use super::times::Ear;
use super::when::{At, Wish};
use super::words::Words;

/// Most appointments read out at once.
const READ_OUT: usize = 4;
/// Longest "go ahead and cancel it for me then", words.
const CANCEL_WORDS: usize = 8;

impl Conversation {
    /// Begins to look for an appointment of the caller's.
    pub(super) fn start_case(&mut self, wanted: Wanted, turn: &Turn, at: &At) {
        self.case_intent(wanted);
        let (named, wish) = old_and_new(&turn.words, at);
        let service = match find_services(&turn.words, &self.business.services).as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        self.task = Task::Existing;
        self.draft = Draft::default();
        self.case = Case { wanted, words: turn.text.trim().into(), named, service, wish, ..Case::default() };
        self.advance(at);
    }

    fn case_intent(&mut self, wanted: Wanted) {
        self.enter(kind(wanted));
    }

    /// Goes on with an appointment there is.
    pub(super) fn advance_existing(&mut self, at: &At) {
        match (&self.case.found, &self.case.chosen) {
            (None, _) => self.find_appointments(at),
            (Some(_), None) => self.pick(at),
            (Some(_), Some(_)) => self.deal(at),
        }
    }

    /// Asks the calendar, under a number that the business's check accepts.
    fn find_appointments(&mut self, at: &At) {
        let flow = self.flow(kind(self.case.wanted));
        if !flow.on || flow.then == Then::Message {
            return self.pass_case_on("change");
        }
        if flow.verify && self.must_prove() && self.own().is_none() {
            return self.ask_proof();
        }
        self.look_up(at);
    }

    /// The number whose appointments count: the one called from, or one that may be named.
    pub(super) fn look_up(&mut self, at: &At) {
        let asked = self.case.asked_number;
        if let Some(coming) = self.coming.take().filter(|_| !asked) {
            // Asked while it rang: nobody waits for the same answer twice.
            return self.found(coming, at);
        }
        let phone = if asked { self.outcome.phone.clone() } else { self.caller.number.clone() };
        match phone {
            Some(phone) => {
                self.request += 1;
                self.step = Step::WaitFind(self.request);
                self.actions.push_back(Action::FindAppointments { request: self.request, phone });
            }
            None if self.own().is_some() => {
                self.case.found = Some(self.own().into_iter().collect());
                self.pick(at);
            }
            None if self.names_number() => self.ask_booked_number(),
            // Nobody to compare with: the same as with a wrong answer.
            None if self.reference.is_some() => {
                self.reference_matches(&[], at);
            }
            None => self.pass_case_on("not_verified"),
        }
    }

    /// Whether naming the number it was booked with is enough.
    fn names_number(&self) -> bool {
        self.business.verify == Verify::Number || !self.flow(kind(self.case.wanted)).verify
    }

    fn ask_booked_number(&mut self) {
        self.case.asked_number = true;
        self.case.found = None;
        self.outcome.phone = None;
        self.digits.clear();
        self.ask(Step::Phone);
    }

    /// What was booked in this call needs no looking up.
    fn own(&self) -> Option<Appointment> {
        let booking = self.outcome.booking.as_ref()?;
        let slot = Slot { starts_at: booking.starts_at, ends_at: booking.ends_at };
        Some(Appointment { id: booking.appointment_id.clone(), service: booking.service.clone(), slot })
    }

    /// The calendar's answer; one to an older question is dropped.
    pub(super) fn appointments(&mut self, request: u32, found: Option<Vec<Appointment>>, at: &At) {
        if self.step != Step::WaitFind(request) {
            return;
        }
        match found {
            Some(found) => self.found(found, at),
            None => self.calendar_down(at),
        }
    }

    fn found(&mut self, mut found: Vec<Appointment>, at: &At) {
        if self.reference.is_some() && !self.reference_matches(&found, at) {
            return;
        }
        let own = self.own();
        // A booking the caller was told had failed is taken back after the call, should it have been made after all.
        let failed = |a: &Appointment| self.outcome.unsettled.iter().any(|write| write.told && write.books(a));
        found.retain(|a| own.as_ref().is_some_and(|own| own.id == a.id) || !failed(a));
        found.extend(own.filter(|own| found.iter().all(|a| a.id != own.id)));
        found.retain(|a| a.slot.starts_at > at.now.timestamp());
        found.sort_by_key(|a| a.slot);
        self.case.found = Some(found);
        self.pick(at);
    }

    /// One is dealt with, several are asked about, none is a message.
    fn pick(&mut self, at: &At) {
        let fits_one = self.case.found.iter().flatten().any(|a| fits(&a.slot, &self.case.named, at));
        if self.case.wanted == Wanted::Moved && self.case.wish.is_empty() && !fits_one {
            // No appointment is at the time said: it is the new one.
            self.case.wish = std::mem::take(&mut self.case.named);
        }
        let named = (self.case.named.clone(), self.case.service);
        let mut meant = self.meant(&named.0, named.1, at);
        meant.truncate(READ_OUT);
        match (meant.as_slice(), self.case.wanted) {
            ([], _) if self.names_number() && !self.case.asked_number => self.ask_booked_number(),
            ([], Wanted::Told) => {
                self.say("none_found", &[]);
                self.informed = true;
                self.task = Task::None;
                self.step = Step::OfferMessage(self.language().phrase("note_about", &[("text", &self.case.words)]));
                self.say("offer_message", &[]);
            }
            ([], _) => self.pass_case_on("none_found_pass"),
            (_, Wanted::Told) => self.tell(&meant),
            ([one], _) => self.take_case(one.clone(), at),
            // "Scrap the first one and leave the other."
            (several, _) => match place(&Words::heard(&self.case.words, self.language()), several.len()) {
                Some(n) if named.0.is_empty() => self.take_case(several[n].clone(), at),
                _ => {
                    self.case.found = Some(meant);
                    self.ask(Step::WhichAppointment);
                }
            },
        }
    }

    /// Those that fit what the caller named; all when none does.
    fn meant(&self, wish: &Wish, service: Option<usize>, at: &At) -> Vec<Appointment> {
        let all = self.case.found.clone().unwrap_or_default();
        let id = service.and_then(|i| self.business.services.get(i)).map(|s| s.id.as_str());
        let narrowed = |some: Vec<Appointment>, keep: &dyn Fn(&Appointment) -> bool| {
            let kept: Vec<Appointment> = some.iter().filter(|a| keep(a)).cloned().collect();
            if kept.is_empty() { some } else { kept }
        };
        let all = narrowed(all, &|a| id.is_none_or(|id| a.service == id));
        narrowed(all, &|a| fits(&a.slot, wish, at))
    }

    fn tell(&mut self, some: &[Appointment]) {
        match some {
            [one] => {
                let (service, time) = self.named(one);
                self.say("told", &[("service", &service), ("time", &time)]);
            }
            several => {
                let all: Vec<String> = several.iter().map(|a| self.phrase("one_of", a)).collect();
                self.say("told_several", &[("appointments", &self.language().all_of(&all))]);
            }
        }
        self.informed = true;
        self.task = Task::None;
        self.ask(Step::Open);
    }

    fn take_case(&mut self, chosen: Appointment, at: &At) {
        self.case.chosen = Some(chosen);
        self.deal(at);
    }

    /// Does with the appointment what is wanted.
    fn deal(&mut self, at: &At) {
        let Some(chosen) = self.case.chosen.clone() else { return };
        self.task = Task::Existing;
        self.case_intent(self.case.wanted);
        match self.case.wanted {
            Wanted::Told => self.tell(&[chosen]),
            Wanted::Either => self.ask(Step::MoveOrCancel),
            Wanted::Cancelled => self.ask(Step::ConfirmCancel),
            Wanted::Moved => {
                let Some(service) = self.service_of(&chosen) else { return self.pass_case_on("change") };
                self.task = Task::Moving;
                let wish = std::mem::take(&mut self.case.wish);
                self.draft = Draft { service: Some(service), wish, ..Draft::default() };
                self.wish_from_old(&Words::heard(&self.case.words, self.language()));
                self.step = Step::Open;
                self.advance(at);
            }
        }
    }

    fn service_of(&self, appointment: &Appointment) -> Option<usize> {
        self.business.services.iter().position(|s| s.id == appointment.service)
    }

    /// Service and time of an appointment, as said.
    pub(super) fn named(&self, appointment: &Appointment) -> (String, String) {
        let service = self.service_of(appointment).map(|i| self.business.services[i].name.clone());
        let service = service.unwrap_or_else(|| self.language().phrase("appointment", &[]));
        (service, self.language().moment(appointment.slot.starts_at, &self.business.timezone))
    }

    fn phrase(&self, key: &str, appointment: &Appointment) -> String {
        let (service, time) = self.named(appointment);
        let a_service = self.language().with_article(&service);
        self.language().phrase(key, &[("service", &service), ("a_service", &a_service), ("time", &time)])
    }

    /// "the cleaning on Tuesday or the whitening on Friday"
    pub(super) fn spoken_appointments(&self) -> String {
        let found = self.case.found.iter().flatten();
        self.language().either(&found.map(|a| self.phrase("this_one", a)).collect::<Vec<_>>())
    }

    /// The office does it: a message with the caller's words.
    pub(super) fn pass_case_on(&mut self, why: &'static str) {
        let about = self.appointment_wish();
        self.say(why, &[]);
        self.start_message(about);
    }

    /// What was to become of an appointment, as a line for the office.
    pub(super) fn case_wish(&self) -> String {
        let what = match self.case.wanted {
            Wanted::Told => "note_told",
            Wanted::Cancelled => "note_cancel",
            Wanted::Moved | Wanted::Either => "note_move",
        };
        let which = self.case.chosen.as_ref().map(|a| self.phrase("this_one", a));
        let which = which.map(|w| format!(" ({w})")).unwrap_or_default();
        self.language().phrase(what, &[("which", &which), ("text", &self.case.words)])
    }

    /// "Move it an hour later the same day": what of the old time stays.
    pub(super) fn wish_from_old(&mut self, words: &Words) {
        let Some(old) = &self.case.chosen else { return };
        let old = old.slot.starts_at.to_zoned(self.business.timezone.clone());
        let leaning = leaning(words, old.datetime());
        if words.has("same day") || self.draft.wish.time.is_some() && self.draft.wish.days.is_none() {
            let day = self.draft.proposed.filter(|_| !words.has("same day")).unwrap_or(old.date());
            self.draft.wish.days = Some(DayWish::One(vec![day]));
        }
        // "The Friday after" is the one after the old one.
        let narrows = match (&self.draft.wish.days, &leaning.days) {
            (None, Some(_)) => true,
            (Some(_), Some(_)) if words.has_any(&["same week", "that week"]) => true,
            (Some(DayWish::One(several)), Some(DayWish::One(one))) => several.len() > 1 && several.contains(&one[0]),
            _ => false,
        };
        // "I can't make it at two, an hour later": the day is not refused.
        let shifted = leaning.days.is_some() && leaning.time.is_some() && self.draft.wish.not.contains(&old.date());
        if shifted {
            self.draft.wish.not.clear();
        }
        if narrows || shifted {
            self.draft.wish.days = leaning.days;
        }
        if leaning.time.is_some() {
            self.draft.wish.time = leaning.time;
        }
    }

    /// Which of several.
    pub(super) fn which_appointment(&mut self, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        let found = self.case.found.clone().unwrap_or_default();
        if w.has_any(&["both", "all of them", "all of those"]) {
            self.pass_case_on("change");
            return true;
        }
        let (wish, services) = (Wish::read(w, at, Ear::Expecting), find_services(w, &self.business.services));
        let service = if services.len() == 1 { Some(services[0]) } else { None };
        let one = match self.meant(&wish, service, at).as_slice() {
            [one] => Some(one.clone()),
            _ => place(w, found.len()).map(|n| found[n].clone()),
        };
        match one {
            Some(one) => self.take_case(one, at),
            None if turn.answer == Answer::No || ENGLISH.means("keep", w) => self.keep_as_is(),
            None => return false,
        }
        true
    }

    /// "No, the other one, the whitening": not the one being moved.
    pub(super) fn other_appointment(&mut self, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        let others = self.case.found.iter().flatten().filter(|a| self.case.chosen.as_ref() != Some(*a));
        let others: Vec<Appointment> = others.cloned().collect();
        let services = find_services(w, &self.business.services);
        let named = |a: &&Appointment| services.iter().any(|s| self.business.services[*s].id == a.service);
        let other = match others.as_slice() {
            [one] if w.has_any(&["other one", "the other"]) => Some(one.clone()),
            _ if services.len() == 1 => others.iter().find(named).cloned(),
            _ => None,
        };
        other.map(|one| self.take_case(one, at)).is_some()
    }

    /// The key's appointment.
    pub(super) fn appointment_keyed(&mut self, n: usize, at: &At) -> bool {
        let one = n.checked_sub(1).and_then(|n| self.case.found.as_ref()?.get(n).cloned());
        one.map(|one| self.take_case(one, at)).is_some()
    }

    /// "Move or cancel?"
    pub(super) fn move_or_cancel(&mut self, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        let wish = Wish::read(w, at, Ear::Expecting);
        let place = place(w, 2);
        if ENGLISH.means("cancels", w) || place == Some(1) && wish.is_empty() {
            self.case.wanted = Wanted::Cancelled;
        } else if ENGLISH.means("moves", w) || place == Some(0) || !wish.is_empty() {
            self.case.wanted = Wanted::Moved;
            self.case.wish = wish;
        } else if turn.answer == Answer::No || ENGLISH.means("keep", w) {
            self.keep_as_is();
            return true;
        } else {
            return false;
        }
        self.deal(at);
        true
    }

    /// The key for one of the two.
    pub(super) fn move_or_cancel_keyed(&mut self, n: usize, at: &At) {
        self.case.wanted = if n == 1 { Wanted::Moved } else { Wanted::Cancelled };
        self.deal(at);
    }

    /// What is said to "shall I cancel it?" besides yes and no.
    pub(super) fn confirm_cancel_heard(&mut self, turn: &Turn, at: &At) -> bool {
        let w = &turn.words;
        // "Don't cancel it, just move it to Monday."
        let moves = ENGLISH.means("moves", w);
        if ENGLISH.means("keep", w) && !moves {
            self.keep_as_is();
            return true;
        }
        if turn.answer == Answer::Yes && !moves {
            return false;
        }
        if moves {
            self.case.wanted = Wanted::Moved;
            self.case.wish = Wish::read(w, at, Ear::Expecting);
            self.case.words = turn.text.trim().into();
            self.deal(at);
            return true;
        }
        let wish = Wish::read(w, at, Ear::Open);
        let services = find_services(w, &self.business.services);
        if !wish.is_empty() || services.len() == 1 {
            let meant = self.meant(&wish, services.first().copied(), at);
            if let ([one], true) = (meant.as_slice(), self.case.found.as_ref().is_some_and(|f| f.len() > 1)) {
                self.take_case(one.clone(), at);
                return true;
            }
        }
        const DOUBT: [&str; 18] = [
            "not", "never", "dont", "wont", "without", "unless", "if", "before", "but", "wait", "what", "can", "could",
            "my", "need", "have", "want", "like",
        ];
        if turn.answer != Answer::Unclear || !ENGLISH.means("cancels", w) {
            return false;
        }
        match w.len() <= CANCEL_WORDS && !w.has_any(&DOUBT) && !ENGLISH.is_question(w) {
            true => self.yes_no(true, turn.sure, at),
            // "I have to cancel it" asks again for what was asked: not yet a yes.
            false => self.ask_again(),
        }
        true
    }

    /// "Just cancel it", in the middle of a move: asked about, like any other.
    pub(super) fn cancel_instead(&mut self) {
        self.case.wanted = Wanted::Cancelled;
        self.task = Task::Existing;
        self.draft = Draft::default();
        self.case_intent(Wanted::Cancelled);
        self.ask(Step::ConfirmCancel);
    }

    /// Nothing is changed after all.
    pub(super) fn keep_as_is(&mut self) {
        self.task = Task::None;
        self.draft = Draft::default();
        self.case = Case::default();
        self.say("kept", &[]);
        self.step = Step::Open;
        self.say("anything_else", &[]);
    }

    /// The next key of the call for this change: the same change again has the same.
    pub(super) fn key(&mut self, kind: &str, what: &str) -> String {
        // Once something was changed, the same words mean another change.
        let identity = format!("{kind} {what} after {} changes", self.changes);
        let n = self.keys.iter().position(|k| *k == identity).unwrap_or_else(|| {
            self.keys.push(identity);
            self.keys.len() - 1
        });
        format!("{}:{kind}:{}", self.caller.call_id, n + 1)
    }

    /// Moves the appointment to the slot agreed on.
    pub(super) fn reschedule(&mut self) {
        let (Some(old), Some(slot)) = (self.case.chosen.clone(), self.draft.slot) else { return };
        let key = self.key("move", &format!("{} {}", old.id, slot.starts_at));
        self.await_change(Change::Move, &key, &old, slot);
        self.actions.push_back(Action::Reschedule { request: self.request, appointment_id: old.id, slot, key });
    }

    /// Cancels the appointment read out.
    pub(super) fn cancel_appointment(&mut self) {
        let Some(old) = self.case.chosen.clone() else { return };
        let key = self.key("cancel", &old.id);
        self.await_change(Change::Cancel, &key, &old, old.slot);
        self.actions.push_back(Action::Cancel { request: self.request, appointment_id: old.id, key });
    }

    fn await_change(&mut self, change: Change, key: &str, old: &Appointment, slot: Slot) {
        self.request += 1;
        self.step = Step::WaitChange(self.request);
        let asked = self.outcome.phone.clone().filter(|_| self.case.asked_number);
        self.outcome.asked(Unsettled {
            key: key.into(),
            change,
            appointment_id: Some(old.id.clone()),
            service: old.service.clone(),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            phone: asked.or_else(|| self.caller.number.clone()).or_else(|| self.outcome.phone.clone()),
            told: false,
            became: None,
            request: self.request,
        });
    }

    /// The calendar's word on a move. A move that was made is noted even when nobody waits for it any more.
    pub(super) fn changed(&mut self, request: u32, result: Result<Appointment, BookError>, at: &At) {
        self.outcome.answered(request, result == Err(BookError::Unavailable));
        if let Ok(appointment) = &result {
            self.changes += 1;
            let own = self.outcome.booking.iter_mut().chain(&mut self.outcome.also_booked);
            match own.into_iter().find(|b| b.appointment_id == appointment.id) {
                Some(own) => *own = booking(appointment),
                None => self.outcome.moved = Some(booking(appointment)),
            }
        }
        if self.step != Step::WaitChange(request) {
            return;
        }
        match result {
            Ok(appointment) => {
                let (service, time) = self.named(&appointment);
                self.say("moved", &[("service", &service), ("time", &time)]);
                self.settle_case(Step::Open, "goodbye_booked", Disposition::Rescheduled);
            }
            Err(BookError::Taken) => {
                self.say("conflict", &[]);
                self.retry_elsewhere(at);
            }
            Err(BookError::Unavailable) => self.calendar_down(at),
        }
        self.hear_deferred(at);
    }

    /// The calendar's word on a cancellation.
    pub(super) fn cancelled(&mut self, request: u32, result: Result<(), BookError>, at: &At) {
        self.outcome.answered(request, result == Err(BookError::Unavailable));
        let old = self.case.chosen.clone();
        if let (Ok(()), Some(old)) = (&result, &old) {
            self.changes += 1;
            for kept in [&mut self.outcome.booking, &mut self.outcome.moved] {
                kept.take_if(|b| b.appointment_id == old.id);
            }
            self.outcome.also_booked.retain(|b| b.appointment_id != old.id);
            let before = &mut self.outcome.also_booked;
            self.outcome.booking = self.outcome.booking.take().or_else(|| before.pop());
            self.outcome.cancelled = Some(booking(old));
        }
        if self.step != Step::WaitChange(request) {
            return;
        }
        match (result, old) {
            (Ok(()), Some(old)) => {
                let (service, time) = self.named(&old);
                self.say("cancelled", &[("service", &service), ("time", &time)]);
                let again = self.service_of(&old).filter(|_| !self.leaving);
                self.settle_case(again.map_or(Step::Open, Step::OfferRebook), "goodbye", Disposition::Cancelled);
            }
            _ => self.calendar_down(at),
        }
        self.hear_deferred(at);
    }

    /// Done with the appointment: back to the caller, or goodbye.
    fn settle_case(&mut self, next: Step, goodbye: &'static str, disposition: Disposition) {
        self.task = Task::None;
        self.draft = Draft::default();
        self.case = Case::default();
        match self.leaving {
            true => self.end(goodbye, disposition),
            false => self.ask(next),
        }
    }
}

fn booking(appointment: &Appointment) -> Booking {
    Booking {
        appointment_id: appointment.id.clone(),
        service: appointment.service.clone(),
        starts_at: appointment.slot.starts_at,
        ends_at: appointment.slot.ends_at,
    }
}

/// The flow of what is wanted.
fn kind(wanted: Wanted) -> Kind {
    match wanted {
        Wanted::Told | Wanted::Either => Kind::When,
        Wanted::Cancelled => Kind::Cancel,
        Wanted::Moved => Kind::Move,
    }
}
