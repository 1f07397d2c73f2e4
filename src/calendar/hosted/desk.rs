//! Booking where nothing stops two events at one time: a hold, a look at who else is there, a confirmation.
//!
//! Of two holds the one with the smaller name wins: the other withdraws when it sees it. A smaller one that comes later
//! waits until the greater is confirmed, withdrawn or has lapsed, for it may have looked before. So nobody takes away
//! another's hold, and no provider has to support that. A look that does not show our own hold shows nothing, and is
//! repeated: some providers answer a search from a copy that is a moment behind.
//!
//! Somebody who writes without holding may still come between the look and the confirmation. So there is a last look
//! after it: whoever was there before us keeps the time, and ours is taken back before the caller hears of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::event::{Added, Change, Event, Events, Mark, New, State, Wrote, name_of};
use crate::calendar::builtin::check;
use crate::calendar::slots::{free_slots, reach};
use crate::calendar::trouble::Trouble;
use crate::calendar::{BookFailure, BoxFuture, Calendar, CalendarError, Clock};
use crate::conversation::{Appointment, BookingRequest, Business, Slot, SlotQuery};

/// A calendar of single events at a provider.
pub struct Desk<E> {
    events: Arc<E>,
    clock: Clock,
}

/// A hold that is to become something.
struct Hold<'a> {
    new: New,
    business: &'a Business,
    /// The appointment that moves, whose own time is no obstacle.
    moves: Option<&'a str>,
}

/// What a look shows.
enum Look {
    Free,
    Taken,
    /// Somebody with a greater name was here first and has not decided yet.
    Undecided,
    /// Our own hold is not in it.
    Blind,
}

impl<E: Events> Desk<E> {
    /// Asks nobody yet.
    pub(in crate::calendar) fn new(events: E, clock: Clock) -> Desk<E> {
        Desk { events: Arc::new(events), clock }
    }

    /// Asks once: says what is wrong before a caller meets it.
    pub async fn probe(&self) -> Result<String, CalendarError> {
        Ok(self.events.probe().await?)
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    async fn free(&self, business: &Business, query: &SlotQuery) -> Result<Vec<Slot>, Trouble> {
        let now = self.now();
        let Some((from, to)) = reach(business, query, now) else { return Ok(Vec::new()) };
        let end = to.saturating_add(SignedDuration::from_mins(query.minutes.into())).unwrap_or(Timestamp::MAX);
        let span = Slot { starts_at: from, ends_at: end };
        let (own, others) = tokio::join!(self.events.between(span, &business.timezone), self.events.elsewhere(span));
        let (left, own): (Vec<Event>, Vec<Event>) = own?.into_iter().partition(|event| lapsed(event, now));
        self.tidy(left);
        let own = own.into_iter().filter(|event| event.blocks && !event.gone).filter_map(|event| event.slot);
        Ok(free_slots(business, query, own.chain(others?).collect(), now))
    }

    /// Holds that nobody holds any more are taken out while nobody waits for it.
    fn tidy(&self, left: Vec<Event>) {
        let events = self.events.clone();
        if !left.is_empty() {
            tokio::spawn(async move {
                for event in left {
                    let _ = events.withdraw(&event).await; // the next look finds it again
                }
            });
        }
    }

    async fn write_booking(&self, business: &Business, booking: &BookingRequest) -> Result<Appointment, BookFailure> {
        let now = self.now();
        if let Err(reason) = check(&booking.key, booking.slot, now) {
            // What was booked before its time came stays booked, whenever the answer is asked for again.
            let before = self.events.named(&name_of(business, &booking.key)).await?;
            let before = before.filter(|event| event.state() == Some(State::Confirmed));
            return before.and_then(|event| event.appointment()).ok_or(BookFailure::Rejected(reason));
        }
        let hold = Hold { new: new_event(business, booking, now), business, moves: None };
        let mut event = self.hold(&hold).await?;
        for _ in 0..ROUNDS_MAX {
            if event.state() == Some(State::Confirmed) {
                return event.appointment().ok_or_else(unreadable);
            }
            self.win(&hold, &mut event).await?;
            let mark = Mark { state: State::Confirmed, ..hold.new.mark.clone() };
            match self.events.change(&event, &Change { mark, slot: None }).await {
                Ok(Wrote::Done(done)) if self.beaten(&hold, &done).await => {
                    return Err(self.given_up(&hold, *done).await);
                }
                Ok(Wrote::Done(done)) => return done.appointment().ok_or_else(unreadable),
                // Whether it was written is read now.
                Ok(Wrote::Changed) | Err(Trouble::Unavailable(_)) => {
                    event = self.events.read(&event.id).await?.ok_or(BookFailure::Taken)?;
                }
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(busy_with_others())
    }

    /// Writes a hold. One that is there from an attempt whose answer was lost, or was withdrawn, is taken up.
    async fn hold(&self, hold: &Hold<'_>) -> Result<Event, BookFailure> {
        let there = match self.events.add(&hold.new).await {
            Ok(Added::New(event)) => *event,
            Ok(Added::There) => self.events.named(&hold.new.mark.name).await?.ok_or_else(busy_with_others)?,
            // It may have been written all the same.
            Err(Trouble::Unavailable(why)) => {
                self.events.named(&hold.new.mark.name).await?.ok_or(BookFailure::Unavailable(why))?
            }
            Err(refused) => return Err(refused.into()),
        };
        match there.state() {
            Some(State::Cancelled) => Err(BookFailure::Rejected("it was booked and then cancelled".to_owned())),
            Some(State::Hold(_)) if there.withdrawn() || lapses(&there, self.now()) => self.renewed(hold, there).await,
            _ => Ok(there),
        }
    }

    async fn renewed(&self, hold: &Hold<'_>, old: Event) -> Result<Event, BookFailure> {
        let mark = Mark { state: State::Hold(self.now() + HOLD), ..hold.new.mark.clone() };
        let change = Change { mark, slot: Some((hold.new.slot, hold.new.zone.clone())) };
        match self.events.change(&old, &change).await? {
            Wrote::Done(event) => Ok(*event),
            Wrote::Changed => self.events.read(&old.id).await?.ok_or(BookFailure::Taken),
        }
    }

    /// Returns when the time is ours; withdraws the hold when it is not.
    async fn win(&self, hold: &Hold<'_>, event: &mut Event) -> Result<(), BookFailure> {
        for round in 0..LOOKS_MAX {
            if lapses(event, self.now()) {
                *event = self.renewed(hold, event.clone()).await?;
            }
            match self.look(hold, event).await? {
                Look::Free => return Ok(()),
                Look::Taken => break,
                Look::Undecided | Look::Blind if round + 1 < LOOKS_MAX => tokio::time::sleep(LOOK_AGAIN).await,
                Look::Undecided => break,
                Look::Blind => return self.missing(event).await,
            }
        }
        // If that fails it lapses by itself.
        let _ = self.events.withdraw(event).await;
        Err(BookFailure::Taken)
    }

    /// A hold that no look shows: somebody took it out, or the provider is behind.
    async fn missing(&self, event: &Event) -> Result<(), BookFailure> {
        match self.events.read(&event.id).await? {
            Some(there) if !there.gone => {
                let _ = self.events.withdraw(&there).await; // if that fails it lapses by itself
                Err(BookFailure::Unavailable("the provider does not show what was just written".to_owned()))
            }
            _ => Err(BookFailure::Taken),
        }
    }

    async fn look(&self, hold: &Hold<'_>, own: &Event) -> Result<Look, Trouble> {
        let (slot, now) = (hold.new.slot, self.now());
        let (seen, others) =
            tokio::join!(self.events.between(slot, &hold.business.timezone), self.events.elsewhere(slot));
        let seen = seen?;
        if others?.iter().any(|busy| busy.starts_at < slot.ends_at && busy.ends_at > slot.starts_at) {
            return Ok(Look::Taken);
        }
        if !seen.iter().any(|event| event.id == own.id && !event.gone) {
            return Ok(Look::Blind);
        }
        let rivals: Vec<&Event> = seen.iter().filter(|event| hold.has_rival(event, own, now)).collect();
        let greater = |rival: &&Event| match rival.mark.as_ref() {
            Some(mark) => matches!(mark.state, State::Hold(_)) && mark.name > hold.new.mark.name,
            None => false,
        };
        Ok(match () {
            () if rivals.is_empty() => Look::Free,
            () if rivals.iter().all(greater) => Look::Undecided,
            () => Look::Taken,
        })
    }

    /// Whether somebody who did not hold came first. When that cannot be seen the confirmation stands.
    async fn beaten(&self, hold: &Hold<'_>, own: &Event) -> bool {
        let seen = self.events.between(hold.new.slot, &hold.business.timezone).await.unwrap_or_default();
        let now = self.now();
        let held = |event: &Event| matches!(event.state(), Some(State::Hold(_)));
        seen.iter().any(|event| hold.has_rival(event, own, now) && !held(event))
    }

    /// Takes a confirmation back, as if it had never been more than a hold.
    async fn given_up(&self, hold: &Hold<'_>, own: Event) -> BookFailure {
        let mark = Mark { state: State::Hold(self.now()), ..hold.new.mark.clone() };
        let given = match self.events.change(&own, &Change { mark, slot: None }).await {
            Ok(Wrote::Done(event)) => self.events.withdraw(&event).await.map(drop),
            Ok(Wrote::Changed) => Ok(()),
            Err(trouble) => Err(trouble),
        };
        if let Err(trouble) = given {
            tracing::error!(?trouble, id = own.id, "an event lies on somebody else's time; delete it");
        }
        BookFailure::Taken
    }

    async fn write_move(
        &self,
        business: &Business,
        id: &str,
        slot: Slot,
        key: &str,
    ) -> Result<Appointment, BookFailure> {
        for _ in 0..ROUNDS_MAX {
            let now = self.now();
            let (event, mut mark) = self.theirs(business, id).await?;
            let hold = self.move_hold(business, &event, &mark, slot, key, now);
            if mark.knows(key) {
                self.release(&hold.new.mark.name).await;
                return event.appointment().ok_or_else(unreadable);
            }
            check(key, slot, now).map_err(BookFailure::Rejected)?;
            if event.state() != Some(State::Confirmed) {
                return Err(BookFailure::Rejected("the appointment was cancelled".to_owned()));
            }
            self.still_to_come(&event)?;
            let mut held = self.hold(&hold).await?;
            self.win(&hold, &mut held).await?;
            mark.changed(key);
            let zone = hold.new.zone.clone();
            let moved = self.events.change(&event, &Change { mark, slot: Some((slot, zone)) }).await;
            match moved {
                Ok(Wrote::Done(moved)) => return self.settled(&hold, &held, *moved, &event).await,
                // The next round sees what became of it, and gives the hold back.
                Ok(Wrote::Changed) | Err(Trouble::Unavailable(_)) => {}
                Err(refused) => {
                    let _ = self.events.withdraw(&held).await; // the same
                    return Err(refused.into());
                }
            }
        }
        Err(busy_with_others())
    }

    /// Gives a move's hold back; and the new time, when somebody who did not hold came first.
    async fn settled(
        &self,
        hold: &Hold<'_>,
        held: &Event,
        moved: Event,
        old: &Event,
    ) -> Result<Appointment, BookFailure> {
        let beaten = self.beaten(hold, &moved).await;
        if beaten && let (Some(mark), Some(slot)) = (old.mark.clone(), old.slot) {
            let back = Change { mark, slot: Some((slot, hold.new.zone.clone())) };
            if let Err(trouble) = self.events.change(&moved, &back).await {
                tracing::error!(?trouble, id = old.id, "an event lies on somebody else's time; move it back");
            }
        }
        let _ = self.events.withdraw(held).await; // if that fails it lapses by itself
        if beaten { Err(BookFailure::Taken) } else { moved.appointment().ok_or_else(unreadable) }
    }

    fn move_hold<'a>(
        &self,
        business: &'a Business,
        event: &'a Event,
        mark: &Mark,
        slot: Slot,
        key: &str,
        now: Timestamp,
    ) -> Hold<'a> {
        let state = State::Hold(now + HOLD);
        // Without the number: it is no appointment of anybody's.
        let mark =
            Mark { name: name_of(business, key), state, phone: String::new(), changes: Vec::new(), ..mark.clone() };
        let (title, about, zone) = (event.title.clone(), String::new(), zone(business));
        Hold { new: New { mark, title, about, place: None, slot, zone }, business, moves: Some(&event.id) }
    }

    async fn write_cancel(&self, business: &Business, id: &str, key: &str) -> Result<(), BookFailure> {
        if key.is_empty() {
            return Err(BookFailure::Rejected("it has no key".to_owned()));
        }
        for _ in 0..ROUNDS_MAX {
            let (event, mut mark) = self.theirs(business, id).await?;
            if mark.knows(key) || event.state() == Some(State::Cancelled) {
                return Ok(());
            }
            self.still_to_come(&event)?;
            mark.state = State::Cancelled;
            mark.changed(key);
            match self.events.cancel(&event, &mark).await {
                Ok(Wrote::Done(_)) => return Ok(()),
                Ok(Wrote::Changed) | Err(Trouble::Unavailable(_)) => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(busy_with_others())
    }

    /// Gives a hold back; if that fails it lapses by itself.
    async fn release(&self, name: &str) {
        if let Ok(Some(event)) = self.events.named(name).await
            && matches!(event.state(), Some(State::Hold(_)))
            && !event.gone
        {
            let _ = self.events.withdraw(&event).await;
        }
    }

    /// An appointment of this business.
    async fn theirs(&self, business: &Business, id: &str) -> Result<(Event, Mark), BookFailure> {
        let found = self.events.read(id).await?;
        let found = found.and_then(|event| Some((event.mark.clone()?, event)));
        let ours = found.filter(|(mark, event)| {
            mark.business == business.id && !matches!(event.state(), Some(State::Hold(_)) | None)
        });
        ours.map(|(mark, event)| (event, mark))
            .ok_or_else(|| BookFailure::Rejected("there is no such appointment".to_owned()))
    }

    fn still_to_come(&self, event: &Event) -> Result<(), BookFailure> {
        match event.slot {
            Some(slot) if slot.starts_at < self.now() => {
                Err(BookFailure::Rejected(format!("the appointment of {} is over", slot.starts_at)))
            }
            _ => Ok(()),
        }
    }

    async fn to_come(&self, business: &Business, phone: &str) -> Result<Vec<Appointment>, Trouble> {
        let now = self.now();
        let mut found: Vec<Appointment> = self
            .events
            .of_phone(phone, now)
            .await?
            .iter()
            .filter(|event| event.state() == Some(State::Confirmed))
            .filter(|event| event.mark.as_ref().is_some_and(|m| m.business == business.id && m.phone == phone))
            .filter_map(Event::appointment)
            .filter(|appointment| appointment.slot.starts_at >= now)
            .collect();
        found.sort_by_key(|appointment| appointment.slot);
        Ok(found)
    }
}

impl Hold<'_> {
    /// Whether an event stands in the way of our own.
    fn has_rival(&self, event: &Event, own: &Event, now: Timestamp) -> bool {
        let other = event.id != own.id && Some(event.id.as_str()) != self.moves;
        other && event.blocks && !event.gone && event.touches(self.new.slot) && !lapsed(event, now)
    }
}

impl<E: Events> Calendar for Desk<E> {
    fn find_slots<'a>(
        &'a self,
        business: &'a Business,
        query: &'a SlotQuery,
    ) -> BoxFuture<'a, Result<Vec<Slot>, CalendarError>> {
        Box::pin(async move { Ok(self.free(business, query).await?) })
    }

    fn book<'a>(
        &'a self,
        business: &'a Business,
        booking: &'a BookingRequest,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        Box::pin(self.write_booking(business, booking))
    }

    fn appointments<'a>(
        &'a self,
        business: &'a Business,
        phone_e164: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, CalendarError>> {
        Box::pin(async move { Ok(self.to_come(business, phone_e164).await?) })
    }

    fn reschedule<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        new_slot: Slot,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Appointment, BookFailure>> {
        Box::pin(self.write_move(business, appointment_id, new_slot, key))
    }

    fn cancel<'a>(
        &'a self,
        business: &'a Business,
        appointment_id: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<(), BookFailure>> {
        Box::pin(self.write_cancel(business, appointment_id, key))
    }
}

impl<E> Clone for Desk<E> {
    fn clone(&self) -> Desk<E> {
        Desk { events: self.events.clone(), clock: self.clock.clone() }
    }
}

impl<E> fmt::Debug for Desk<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

fn new_event(business: &Business, booking: &BookingRequest, now: Timestamp) -> New {
    let mut about = format!("{}, {}", booking.name, booking.phone);
    if let Some(reason) = &booking.reason {
        about = format!("{about}\n{reason}");
    }
    New {
        mark: Mark::booked(business, booking, now + HOLD),
        title: title(business, booking),
        about,
        place: business.address.clone(),
        slot: booking.slot,
        zone: zone(business),
    }
}

/// What the desk reads in its calendar.
fn title(business: &Business, booking: &BookingRequest) -> String {
    let service = business.services.iter().find(|service| service.id == booking.service);
    let what = service.map_or(booking.service.as_str(), |service| service.name.as_str());
    format!("{what}: {}", booking.name)
}

pub(in crate::calendar) fn zone(business: &Business) -> String {
    business.timezone.iana_name().unwrap_or("UTC").to_owned()
}

/// Whether it is a hold whose time is over.
fn lapsed(event: &Event, now: Timestamp) -> bool {
    matches!(event.state(), Some(State::Hold(until)) if until <= now)
}

/// Whether it is a hold that may be over before it is decided.
fn lapses(event: &Event, now: Timestamp) -> bool {
    matches!(event.state(), Some(State::Hold(until)) if until <= now + HOLD / 2)
}

fn unreadable() -> BookFailure {
    BookFailure::Rejected("its times in the calendar cannot be read".to_owned())
}

fn busy_with_others() -> BookFailure {
    BookFailure::Unavailable("others keep changing the same appointment".to_owned())
}

/// How long a hold counts: longer than any booking takes, short enough that a crash blocks nobody.
const HOLD: SignedDuration = SignedDuration::from_mins(2);
/// Attempts at one appointment before giving up: each is lost only to somebody else who got further.
const ROUNDS_MAX: usize = 6;
/// Looks at one time, and the pause between them: together below what a caller is kept waiting for a booking.
const LOOKS_MAX: usize = 12;
const LOOK_AGAIN: Duration = Duration::from_millis(200);
