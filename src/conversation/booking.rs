//! Booking: what is still missing, looking for slots, offering, writing, and what the calendar answers.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::conversation::Conversation;
use super::dates::{DayWish, plus};
use super::event::Action;
use super::flows::{Ask, Kind, Then};
use super::outcome::{Booking, Change, Disposition, Unsettled};
use super::phone;
use super::reference::reference;
use super::slots::{Appointment, BookError, BookingRequest, Hold, Slot, SlotQuery};
use super::step::{Draft, Note, Search, Step, Task};
use super::times::{Clock, TimeWish};
use super::when::{At, When, Wish, earliest, envelope};

/// Most slots asked of the calendar in one query: three weeks of quarter hours.
const QUERY_LIMIT: usize = 1000;
/// Offers read out at once: more cannot be kept in mind.
const OFFERS: usize = 3;
/// Days searched beyond a wish that cannot be met.
const WIDER_DAYS: i64 = 14;

impl Conversation {
    /// Goes on with what is being done: asks for the next thing missing.
    pub(super) fn advance(&mut self, at: &At) {
        match self.task {
            Task::None => self.ask(Step::Open),
            Task::Message => self.advance_message(),
            Task::Booking => self.advance_booking(at),
            Task::Existing => self.advance_existing(at),
            Task::Moving if self.draft.slot.is_none() => self.seek(at),
            Task::Moving => self.ask(Step::ReadBack),
        }
    }

    /// The next thing missing, in the flow's order; what was said already is not asked for.
    fn advance_booking(&mut self, at: &At) {
        if !self.flow(Kind::Book).on {
            return self.booking_passed_on("change");
        }
        if self.draft.service.is_none() && self.business.services.len() <= 1 {
            if self.business.services.is_empty() {
                return self.calendar_down(at);
            }
            self.draft.service = Some(0);
        }
        for ask in self.flow(Kind::Book).asks.clone() {
            match ask {
                Ask::Service if self.draft.service.is_none() => return self.ask(Step::Service(Vec::new())),
                // A calendar is asked about a service; until there is one, the wish is enough.
                Ask::Time if self.draft.service.is_none() && self.draft.wish.is_empty() => return self.ask(Step::When),
                Ask::Time if self.draft.service.is_some() && self.draft.slot.is_none() => return self.seek(at),
                Ask::Name if self.outcome.name.is_none() => return self.ask(Step::Name),
                Ask::Phone if self.outcome.phone.is_none() => return self.ask_for_phone(),
                Ask::Email if self.lacks_email() => return self.ask(Step::Email),
                _ => {}
            }
        }
        if self.draft.slot.is_none() {
            return self.seek(at);
        }
        self.ask(self.next_inquiry().map_or(Step::ReadBack, Step::Inquiry));
    }

    /// The office does it: what was agreed so far is the message.
    fn booking_passed_on(&mut self, why: &'static str) {
        let about = self.appointment_wish().or(self.draft.reason.take());
        self.say(why, &[]);
        self.draft = Draft::default();
        match about {
            Some(text) => self.pass_on(text),
            None => self.start_message(None),
        }
    }

    /// Starts a booking, or goes on with the one begun.
    pub(super) fn start_booking(&mut self) {
        if self.task != Task::Booking {
            self.task = Task::Booking;
            self.draft = Draft::default();
        }
        self.enter(Kind::Book);
    }

    /// The time agreed on, to be kept while it is talked about.
    pub(crate) fn holding(&self) -> Option<Hold> {
        let service = self.draft.service.and_then(|i| self.business.services.get(i))?;
        let slot = self.draft.slot.filter(|_| self.task.is_scheduling() && self.step != Step::Ended)?;
        Some(Hold { service: service.id.clone(), slot, staff: self.draft.staff.clone() })
    }

    /// Turns the wish into a question or a query.
    fn seek(&mut self, at: &At) {
        self.mind_skills();
        match self.draft.wish.resolve(at) {
            When::None => {
                let service = self
                    .draft
                    .service
                    .and_then(|i| self.business.services.get(i))
                    .map(|s| self.language().with_article(&s.name));
                let first = !matches!(self.step, Step::When);
                self.step = Step::When;
                match service {
                    _ if first && self.task == Task::Moving => self.about_chosen("ask_when_move"),
                    Some(service) if first => self.say("ask_when_service", &[("a_service", &service)]),
                    _ => self.say("ask_when", &[]),
                }
            }
            When::WhichDay(days) => {
                let open: Vec<Date> = days.iter().copied().filter(|d| envelope(*d, at).is_some()).collect();
                match open.as_slice() {
                    [day] => self.day_chosen(*day, at),
                    _ => self.ask(Step::WhichDay(days)),
                }
            }
            When::WhichTime(times) => self.ask(Step::WhichTime(times)),
            When::Exact(start) => self.seek_exact(start, at),
            When::Range(spans) if spans.is_empty() => self.seek_nothing(at),
            When::Range(spans) => self.query(Search { spans, ..Search::default() }, at),
        }
    }

    fn seek_exact(&mut self, start: Timestamp, at: &At) {
        let date = start.to_zoned(at.business.timezone.clone()).date();
        if start < at.now.timestamp() {
            return self.refuse_wish("past");
        }
        let same = |a: &Appointment| a.slot.starts_at == start;
        if self.task == Task::Moving && self.case.chosen.as_ref().is_some_and(same) {
            return self.refuse_wish("same_time");
        }
        if date > self.horizon(at) {
            return self.refuse_wish("too_far");
        }
        if envelope(date, at).is_none() {
            self.say("closed_day", &[("day", &self.language().date(date))]);
            return self.widen(date, at);
        }
        let spans = day_span(date, at).into_iter().collect();
        self.query(Search { spans, exact: Some(start), ..Search::default() }, at);
    }

    /// The wish names only closed or past days.
    fn seek_nothing(&mut self, at: &At) {
        let today = at.now.date();
        match &self.draft.wish.days {
            Some(DayWish::One(days)) if days.is_empty() => self.refuse_wish("no_such_day"),
            Some(DayWish::One(days)) if days.iter().all(|d| *d < today) => self.refuse_wish("past"),
            Some(DayWish::One(days) | DayWish::AnyOf(days)) if !days.is_empty() => {
                let date = days[0].max(today);
                if envelope(date, at).is_none() {
                    self.say("closed_day", &[("day", &self.language().date(date))]);
                }
                self.widen(date, at);
            }
            Some(DayWish::Span(from, _)) => self.widen((*from).max(today), at),
            _ => self.refuse_wish("none_free"),
        }
    }

    /// Looks from that date on, at the wished time of day when there was one.
    fn widen(&mut self, from: Date, at: &At) {
        let mut wish = self.draft.wish.clone();
        wish.days = Some(DayWish::Span(from, plus(from, WIDER_DAYS)));
        let spans = match wish.resolve(at) {
            When::Range(spans) if !spans.is_empty() => spans,
            _ => (0..=WIDER_DAYS).filter_map(|n| day_span(plus(from, n), at)).collect(),
        };
        if spans.is_empty() {
            return self.refuse_wish("none_free");
        }
        self.query(Search { spans, widened: true, ..Search::default() }, at);
    }

    /// Says why the wish cannot be, forgets it and asks for another.
    fn refuse_wish(&mut self, why: &'static str) {
        self.draft.wish.days = None;
        self.draft.wish.time = None;
        self.step = Step::When;
        self.say(why, &[]);
    }

    fn horizon(&self, at: &At) -> Date {
        plus(at.now.date(), i64::from(self.business.longest_horizon()))
    }

    fn query(&mut self, search: Search, at: &At) {
        let Some(service) = self.draft.service.and_then(|i| self.business.services.get(i)) else { return };
        let last =
            plus(self.horizon(at), 1).to_zoned(at.business.timezone.clone()).map_or(Timestamp::MAX, |z| z.timestamp());
        let from = search.spans.iter().map(|s| s.0).min().unwrap_or(at.now.timestamp()).max(earliest(at));
        let to = search.spans.iter().map(|s| s.1).max().unwrap_or(last).min(last);
        if from >= to {
            // Either beyond the horizon or too soon: both leave nothing to ask the calendar for.
            let far = from > last;
            self.draft.search = search;
            return if far { self.refuse_wish("too_far") } else { self.no_slots(at) };
        }
        let query = SlotQuery {
            service: service.id.clone(),
            minutes: service.minutes,
            from,
            to,
            limit: QUERY_LIMIT,
            staff: self.draft.staff.clone(),
            holder: self.caller.call_id.clone(),
        };
        self.request += 1;
        self.draft.search = search;
        self.draft.offers.clear();
        self.step = Step::WaitSlots(self.request);
        self.actions.push_back(Action::FindSlots { request: self.request, query });
    }

    /// The calendar's slots; an answer to an older question is dropped.
    pub(super) fn slots(&mut self, request: u32, slots: Option<Vec<Slot>>, at: &At) {
        if self.step != Step::WaitSlots(request) {
            return;
        }
        let Some(slots) = slots else { return self.calendar_down(at) };
        if let Some(exact) = self.draft.search.exact
            && let Some(slot) = slots.iter().find(|s| s.starts_at == exact)
        {
            return self.choose(*slot, at);
        }
        let wanted =
            |s: &&Slot| self.draft.search.spans.iter().any(|(from, to)| *from <= s.starts_at && s.starts_at < *to);
        let found: Vec<Slot> = slots.iter().filter(wanted).copied().collect();
        if found.is_empty() {
            return self.no_slots(at);
        }
        self.say_taken();
        self.draft.found = Arc::new(found);
        self.offer("offer", at);
    }

    fn say_taken(&mut self) {
        if let Some(exact) = self.draft.search.exact {
            let time = self.language().moment(exact, &self.business.timezone);
            self.say("taken", &[("time", &time)]);
        }
    }

    /// Nothing within the wish: look further, once.
    fn no_slots(&mut self, at: &At) {
        if self.draft.search.widened {
            return self.refuse_wish("none_free");
        }
        self.say_taken();
        let first = self.draft.search.spans.first().map(|s| s.0.to_zoned(at.business.timezone.clone()).date());
        if self.draft.search.exact.is_none() {
            let what = match first {
                Some(date) => self.language().date(date),
                None => self.language().phrase("that", &[]),
            };
            self.say("taken", &[("time", &what)]);
        }
        self.widen(first.unwrap_or(at.now.date()).max(at.now.date()), at);
    }

    /// Offers the best of what was found and not yet offered.
    fn offer(&mut self, key: &'static str, at: &At) {
        let fresh: Vec<Slot> = self.draft.found.iter().filter(|s| !self.draft.offered.contains(s)).copied().collect();
        if fresh.is_empty() {
            return self.refuse_wish("none_left");
        }
        self.draft.offers = self.spread(&fresh, at);
        self.draft.offered.extend(self.draft.offers.clone());
        self.step = Step::Offer;
        let offers = self.spoken_offers();
        let key = if self.draft.offers.len() == 1 { "offer_one" } else { key };
        self.say(key, &[("offers", &offers)]);
    }

    /// Two or three slots: the nearest to a wished time, else spread over days, else over the day.
    fn spread(&self, slots: &[Slot], at: &At) -> Vec<Slot> {
        let date = |s: &Slot| s.starts_at.to_zoned(at.business.timezone.clone()).date();
        let target = self.draft.search.exact.or(self.draft.search.lost).or_else(|| self.around(slots, at));
        let mut picked: Vec<Slot> = if let Some(target) = target {
            // One on either side where there is one.
            let after = slots.iter().position(|s| s.starts_at >= target).unwrap_or(slots.len());
            let first = after.saturating_sub(1).min(slots.len().saturating_sub(2));
            slots[first..].iter().take(2).copied().collect()
        } else {
            let mut days: Vec<Vec<Slot>> = Vec::new();
            for slot in slots {
                match days.last_mut() {
                    Some(day) if date(&day[0]) == date(slot) => day.push(*slot),
                    _ => days.push(vec![*slot]),
                }
            }
            match days.as_slice() {
                [day] => vec![day[0], day[day.len() / 2], day[day.len() - 1]],
                [first, second] => vec![first[0], first[first.len() / 2], second[0]],
                [first, second, third, ..] => vec![first[0], second[second.len() / 2], third[third.len() - 1]],
                [] => Vec::new(),
            }
        };
        picked.sort();
        picked.dedup();
        picked.truncate(OFFERS);
        picked
    }

    /// The middle of "around ten" on the first day found.
    fn around(&self, slots: &[Slot], at: &At) -> Option<Timestamp> {
        let Some(TimeWish::Around(clock)) = &self.draft.wish.time else { return None };
        let first = slots.first()?.starts_at.to_zoned(at.business.timezone.clone());
        let nearest =
            clock.candidates().into_iter().min_by_key(|t| (i32::from(t.hour()) - i32::from(first.hour())).abs())?;
        first.date().to_datetime(nearest).to_zoned(at.business.timezone.clone()).ok().map(|z| z.timestamp())
    }

    /// The next offers after "neither".
    pub(super) fn offer_others(&mut self, at: &At) {
        self.offer("more_offers", at);
    }

    /// Offers later (or earlier) than those on the table.
    pub(super) fn offer_shifted(&mut self, later: bool, at: &At) {
        let edge = if later { self.draft.offers.iter().max() } else { self.draft.offers.iter().min() }.copied();
        let Some(edge) = edge else { return self.refuse_wish("none_left") };
        let beyond = |s: &&Slot| if later { s.starts_at > edge.starts_at } else { s.starts_at < edge.starts_at };
        let rest: Vec<Slot> = self.draft.found.iter().filter(beyond).copied().collect();
        if rest.is_empty() && later {
            self.draft.wish.time = None;
            return self.widen(plus(edge.starts_at.to_zoned(at.business.timezone.clone()).date(), 1), at);
        }
        self.draft.found = Arc::new(rest);
        self.draft.search.exact = None;
        self.draft.search.lost = None;
        self.offer("more_offers", at);
    }

    /// Asks for another day, keeping the time.
    pub(super) fn another_day(&mut self) {
        let zone = self.business.timezone.clone();
        self.draft.proposed = self.draft.slot.map(|s| s.starts_at.to_zoned(zone).date());
        self.draft.wish.days = None;
        self.draft.wish.time = None;
        self.draft.slot = None;
        self.ask(Step::When);
    }

    /// A slot is agreed on: on with the rest.
    pub(super) fn choose(&mut self, slot: Slot, at: &At) {
        self.draft.slot = Some(slot);
        self.draft.offers.clear();
        self.draft.offered.clear();
        let local = slot.starts_at.to_zoned(at.business.timezone.clone());
        self.draft.wish = Wish {
            days: Some(DayWish::One(vec![local.date()])),
            not: Vec::new(),
            time: Some(TimeWish::At(vec![Clock::sure(local.time())])),
        };
        if self.task == Task::Booking && (self.outcome.name.is_none() || self.outcome.phone.is_none()) {
            let time = self.language().moment(slot.starts_at, &self.business.timezone);
            self.say("slot_chosen", &[("time", &time)]);
        }
        self.advance(at);
    }

    /// Another wish: the slot agreed on or on offer no longer stands.
    pub(super) fn rewish(&mut self, wish: Wish) {
        self.draft.slot = None;
        self.draft.offered.clear();
        self.draft.wish.merge(wish);
    }

    /// Writes the booking; the same booking always under the same key.
    pub(super) fn book(&mut self) {
        let Some(service) = self.draft.service.and_then(|i| self.business.services.get(i)) else { return };
        let Some(slot) = self.draft.slot else { return };
        let service = service.clone();
        if self.flow(Kind::Book).then == Then::Message {
            return self.booking_passed_on("change");
        }
        // Where the flow does not ask for them.
        let name = self.outcome.name.clone().unwrap_or_default();
        let phone = self.outcome.phone.clone().or(self.caller.number.clone()).unwrap_or_default();
        let service = service.id.clone();
        let booking = BookingRequest {
            key: self.key("book", &format!("{service} {} {name} {phone}", slot.starts_at)),
            service,
            slot,
            name,
            phone,
            reason: self.draft.reason.clone(),
            call_id: self.caller.call_id.clone(),
            staff: self.draft.staff.clone(),
        };
        self.request += 1;
        self.step = Step::WaitBook(self.request);
        self.outcome.asked(Unsettled {
            key: booking.key.clone(),
            change: Change::Book,
            appointment_id: None,
            service: booking.service.clone(),
            starts_at: slot.starts_at,
            ends_at: slot.ends_at,
            phone: Some(booking.phone.clone()),
            told: false,
            became: None,
            request: self.request,
        });
        self.actions.push_back(Action::Book { request: self.request, booking });
    }

    /// The calendar's word. A booking that was made is noted even when nobody waits for it any more.
    pub(super) fn booked(&mut self, request: u32, result: Result<Appointment, BookError>, at: &At) {
        self.outcome.answered(request, result == Err(BookError::Unavailable));
        if let Ok(appointment) = &result {
            self.outcome.booked(Booking {
                appointment_id: appointment.id.clone(),
                service: appointment.service.clone(),
                starts_at: appointment.slot.starts_at,
                ends_at: appointment.slot.ends_at,
            });
        }
        if self.step != Step::WaitBook(request) {
            return;
        }
        match result {
            Ok(appointment) => self.confirm(&appointment),
            Err(BookError::Taken) => {
                self.say("conflict", &[]);
                self.retry_elsewhere(at);
            }
            Err(BookError::Unavailable) => self.calendar_down(at),
        }
        self.hear_deferred(at);
    }

    /// What was said while the calendar wrote.
    pub(super) fn hear_deferred(&mut self, at: &At) {
        if let Some(said) = self.deferred.take() {
            self.heard(said, at);
        }
    }

    fn confirm(&mut self, appointment: &Appointment) {
        let name = self
            .business
            .services
            .iter()
            .find(|s| s.id == appointment.service)
            .map_or("", |s| s.name.as_str())
            .to_string();
        let time = self.language().moment(appointment.slot.starts_at, &self.business.timezone);
        let a_service = self.with_staff(self.language().with_article(&name));
        self.say("booked", &[("service", &name), ("a_service", &a_service), ("time", &time)]);
        if self.business.capacity.speak_confirmation {
            self.say("confirmation", &[("digits", &phone::grouped(&reference(&appointment.id)))]);
        }
        self.task = Task::None;
        self.draft = Draft::default();
        if self.leaving {
            return self.end("goodbye_booked", Disposition::Booked);
        }
        self.ask(Step::Open);
    }

    /// The slot was taken in the meantime: look around it.
    pub(super) fn retry_elsewhere(&mut self, at: &At) {
        self.leaving = false;
        let Some(slot) = self.draft.slot.take() else { return self.advance(at) };
        let date = slot.starts_at.to_zoned(at.business.timezone.clone()).date();
        self.draft.offered = vec![slot];
        let spans = day_span(date, at).into_iter().collect();
        self.query(Search { spans, lost: Some(slot.starts_at), ..Search::default() }, at);
    }

    /// The calendar cannot be reached: a message with the wish, a callback promised.
    pub(super) fn calendar_down(&mut self, _at: &At) {
        self.say("calendar_down", &[]);
        let wish = self.appointment_wish().unwrap_or_else(|| self.language().phrase("note_appointment", &[]));
        self.task = Task::Message;
        self.leaving = false;
        self.note = Note { text: Some(wish), ..Note::default() };
        self.keep_message();
        self.advance_message();
    }

    /// Who is kept waiting by the calendar and leaves is called back: the wish becomes a message.
    pub(super) fn keep_wish(&mut self) {
        if !self.slow || !self.step.is_waiting() || self.step.is_writing() {
            return;
        }
        if let Some(wish) = self.appointment_wish() {
            self.note = Note { text: Some(wish), ..Note::default() };
            self.keep_message();
        }
    }

    /// What was to be booked, moved or cancelled, as a line for the office.
    pub(super) fn appointment_wish(&self) -> Option<String> {
        match self.task {
            Task::Booking => Some(self.booking_wish()),
            Task::Moving => Some(self.move_wish()),
            Task::Existing => Some(self.case_wish()),
            Task::None | Task::Message => None,
        }
    }

    fn move_wish(&self) -> String {
        let Some((service, old)) = self.case.chosen.as_ref().map(|a| self.named(a)) else { return self.case_wish() };
        let time = self.wished_moment();
        let key = if time.is_some() { "note_moves_to" } else { "note_moves" };
        let values = [("service", service.as_str()), ("old", &old), ("time", time.as_deref().unwrap_or_default())];
        self.language().phrase(key, &values)
    }

    fn booking_wish(&self) -> String {
        let service = self.draft.service.and_then(|i| self.business.services.get(i)).map(|s| s.name.clone());
        let service = service.unwrap_or_else(|| self.language().phrase("note_any_service", &[]));
        let time = self.wished_moment();
        let key = if time.is_some() { "note_books_on" } else { "note_books" };
        self.language().phrase(key, &[("service", &service), ("time", time.as_deref().unwrap_or_default())])
    }

    fn wished_moment(&self) -> Option<String> {
        let slot = self.draft.slot.map(|s| s.starts_at).or(self.draft.search.exact)?;
        Some(self.language().moment(slot, &self.business.timezone))
    }

    /// The slot nearest in meaning to the words on offer: which offers fit a wish.
    pub(super) fn offers_fitting(&self, wish: &Wish, at: &At) -> Vec<Slot> {
        self.draft.offers.iter().filter(|slot| fits(slot, wish, at)).copied().collect()
    }

    /// Books nothing after all.
    pub(super) fn drop_booking(&mut self) {
        self.draft = Draft::default();
        self.task = Task::None;
        self.say("dropped", &[]);
        self.step = Step::Open;
        self.say("anything_else", &[]);
    }
}

/// Whether a slot is what the words mean.
pub(super) fn fits(slot: &Slot, wish: &Wish, at: &At) -> bool {
    let local = slot.starts_at.to_zoned(at.business.timezone.clone());
    let day = match &wish.days {
        Some(DayWish::One(days) | DayWish::AnyOf(days)) => days.contains(&local.date()),
        Some(DayWish::Span(from, to)) => *from <= local.date() && local.date() <= *to,
        _ => true,
    };
    let time = match &wish.time {
        Some(TimeWish::At(clocks)) => clocks.iter().any(|c| c.candidates().contains(&local.time())),
        Some(TimeWish::Part(from, to)) => *from <= local.time() && local.time() < *to,
        Some(_) => false,
        None => true,
    };
    day && time && !wish.not.contains(&local.date())
}

/// All of one day that can still be booked.
fn day_span(date: Date, at: &At) -> Option<(Timestamp, Timestamp)> {
    envelope(date, at)?;
    let start = date.to_zoned(at.business.timezone.clone()).ok()?;
    let end = start.checked_add(1.day()).ok()?;
    let from = start.timestamp().max(earliest(at));
    (from < end.timestamp()).then_some((from, end.timestamp()))
}
