//! The CalDAV calendar: writing. Hold, look, confirm; every write depends on the state it was decided on.

use jiff::tz::TimeZone;
use reqwest::Url;

use super::calendar::{CalDav, Seen};
use super::event::{Event, HOLD, State, id_of, is_id};
use super::server::{Only, Wrote};
use crate::calendar::BookFailure;
use crate::calendar::trouble::Trouble;
use crate::conversation::{Appointment, BookingRequest, Business, Slot};

/// A hold that is to become something.
struct Hold<'a> {
    id: &'a str,
    url: Url,
    slot: Slot,
    /// The appointment that moves, whose own time is no obstacle.
    moves: Option<&'a str>,
    /// What a won hold becomes.
    won: State,
    own: &'a TimeZone,
}

/// What a round came to.
enum Round {
    Won(Event),
    Lost,
    /// Somebody changed what was looked at: once more.
    Again,
}

impl CalDav {
    pub(super) async fn write_booking(
        &self,
        business: &Business,
        booking: &BookingRequest,
        sound: Result<(), String>,
    ) -> Result<Appointment, BookFailure> {
        let id = id_of(business, &booking.key);
        let url = self.place(&id).await?;
        if let Err(reason) = sound {
            // What was booked before its time came stays booked, whenever the answer is asked for again.
            let before = self.read(&url).await?.filter(|(event, _)| event.state() == State::Confirmed);
            let before = before.and_then(|(event, _)| event.appointment(&id, &business.timezone));
            return before.ok_or(BookFailure::Rejected(reason));
        }
        let event = Event::booked(&id, business, booking, self.organizer(), self.now());
        let (slot, own) = (booking.slot, &business.timezone);
        let hold = Hold { id: &id, url, slot, moves: None, won: State::Confirmed, own };
        let event = self.win(&hold, event).await?;
        event.appointment(&id, own).ok_or_else(unreadable)
    }

    pub(super) async fn write_move(
        &self,
        business: &Business,
        id: &str,
        slot: Slot,
        key: &str,
        sound: Result<(), String>,
    ) -> Result<Appointment, BookFailure> {
        let url = self.known(id).await?;
        let own = &business.timezone;
        for _ in 0..ROUNDS_MAX {
            let (mut event, etag) = self.theirs(business, &url).await?;
            let held = id_of(business, key);
            if event.knows(key) {
                self.release(&held).await;
                return event.appointment(id, own).ok_or_else(unreadable);
            }
            sound.clone().map_err(BookFailure::Rejected)?;
            self.still_to_come(&event, id, own)?;
            if event.state() != State::Confirmed {
                return Err(BookFailure::Rejected("the appointment was cancelled".to_owned()));
            }
            let (now, place) = (self.now(), self.place(&held).await?);
            let won = State::Hold { firm: true, until: now + HOLD };
            let hold = Hold { id: &held, url: place, slot, moves: Some(id), won, own };
            self.win(&hold, Event::hold_for(&held, &event, slot, now)).await?;
            // A hold that has been waiting for long may be gone before the appointment has moved.
            if self.now().duration_since(now) > HOLD / 2 {
                continue;
            }
            event.move_to(slot, key, now);
            match self.server.put(&url, Only::IfStill(&etag), event.written()).await {
                // The next round sees what became of it, and gives the hold back.
                Ok(_) | Err(Trouble::Unavailable(_)) => {}
                Err(refused) => {
                    self.release(&held).await;
                    return Err(refused.into());
                }
            }
        }
        Err(busy_with_others())
    }

    pub(super) async fn write_cancel(&self, business: &Business, id: &str, key: &str) -> Result<(), BookFailure> {
        if key.is_empty() {
            return Err(BookFailure::Rejected("it has no key".to_owned()));
        }
        let url = self.known(id).await?;
        for _ in 0..ROUNDS_MAX {
            let (mut event, etag) = self.theirs(business, &url).await?;
            if event.knows(key) || event.state() == State::Cancelled {
                return Ok(());
            }
            self.still_to_come(&event, id, &business.timezone)?;
            event.put(State::Cancelled, self.now());
            event.changed(key, self.now());
            match self.server.put(&url, Only::IfStill(&etag), event.written()).await {
                Ok(Wrote::Done(_)) => return Ok(()),
                Ok(Wrote::Changed) | Err(Trouble::Unavailable(_)) => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(busy_with_others())
    }

    /// A booking whose answer was lost: a hold is given back, an event cancelled. What is still under way finds its
    /// hold gone or its event cancelled, and cannot confirm it.
    pub(super) async fn write_withdrawal(&self, business: &Business, key: &str) -> Result<bool, BookFailure> {
        let url = self.place(&id_of(business, key)).await?;
        for _ in 0..ROUNDS_MAX {
            let Some((mut event, etag)) = self.read(&url).await? else { return Ok(false) };
            let done = match event.state() {
                State::Cancelled => return Ok(false),
                State::Hold { .. } => self.server.delete(&url, Only::IfStill(&etag)).await?,
                State::Confirmed => {
                    event.put(State::Cancelled, self.now());
                    event.changed(&format!("{key}/withdraw"), self.now());
                    self.server.put(&url, Only::IfStill(&etag), event.written()).await?
                }
            };
            if matches!(done, Wrote::Done(_)) {
                return Ok(event.state() == State::Cancelled);
            }
        }
        Err(busy_with_others())
    }

    /// A change whose answer was lost: whether it was made. One that was not finds another version of the event now,
    /// should it still be under way, and is refused.
    pub(super) async fn give_up(&self, business: &Business, id: &str, key: &str) -> Result<bool, BookFailure> {
        let url = self.known(id).await?;
        for _ in 0..ROUNDS_MAX {
            let (mut event, etag) = self.theirs(business, &url).await?;
            if event.knows(key) {
                return Ok(true);
            }
            event.changed(&format!("{key}/given-up"), self.now());
            if let Wrote::Done(_) = self.server.put(&url, Only::IfStill(&etag), event.written()).await? {
                return Ok(false);
            }
        }
        Err(busy_with_others())
    }

    /// Writes a hold and brings it to its end. A hold that is there already, from an attempt whose answer was lost, is
    /// taken up where it stands.
    async fn win(&self, hold: &Hold<'_>, event: Event) -> Result<Event, BookFailure> {
        let mut known = match self.server.put(&hold.url, Only::IfNew, event.written()).await {
            Ok(Wrote::Done(Some(etag))) => Some((event, etag)),
            Ok(Wrote::Done(None) | Wrote::Changed) => None,
            Err(Trouble::Unavailable(why)) => {
                // It may have been written all the same.
                let there = self.read(&hold.url).await?;
                Some(there.ok_or(BookFailure::Unavailable(why))?)
            }
            Err(refused) => return Err(refused.into()),
        };
        for _ in 0..ROUNDS_MAX {
            let there = match known.take() {
                Some(known) => Some(known),
                None => self.read(&hold.url).await?,
            };
            let Some((event, etag)) = there else { return Err(BookFailure::Taken) };
            match self.round(hold, event, &etag).await? {
                Round::Won(event) => return Ok(event),
                Round::Lost => return Err(BookFailure::Taken),
                Round::Again => {}
            }
        }
        Err(busy_with_others())
    }

    async fn round(&self, hold: &Hold<'_>, mut event: Event, etag: &str) -> Result<Round, BookFailure> {
        let now = self.now();
        match event.state() {
            State::Confirmed => return Ok(Round::Won(event)),
            State::Cancelled => return Err(BookFailure::Rejected("it was booked and then cancelled".to_owned())),
            State::Hold { until, .. } if until <= now => {
                event.put(State::Hold { firm: false, until: now + HOLD }, now);
                self.server.put(&hold.url, Only::IfStill(etag), event.written()).await?;
                return Ok(Round::Again);
            }
            State::Hold { firm: true, .. } => return Ok(Round::Won(event)),
            State::Hold { firm: false, .. } => {}
        }
        let rivals = self.rivals(hold).await?;
        if rivals.iter().any(|rival| self.beats(rival, hold)) {
            return Ok(match self.server.delete(&hold.url, Only::IfStill(etag)).await? {
                Wrote::Done(_) => Round::Lost,
                Wrote::Changed => Round::Again,
            });
        }
        for rival in rivals {
            if self.server.delete(&rival.url, Only::IfStill(&rival.etag)).await? == Wrote::Changed {
                return Ok(Round::Again);
            }
        }
        event.put(hold.won, now);
        match self.server.put(&hold.url, Only::IfStill(etag), event.written()).await {
            Ok(Wrote::Done(_)) => Ok(Round::Won(event)),
            // Whether it was written is read in the next round.
            Ok(Wrote::Changed) | Err(Trouble::Unavailable(_)) => Ok(Round::Again),
            Err(refused) => Err(refused.into()),
        }
    }

    /// Who else is in a hold's time.
    async fn rivals(&self, hold: &Hold<'_>) -> Result<Vec<Seen>, Trouble> {
        let seen = self.between(hold.slot.starts_at, hold.slot.ends_at).await?;
        let others = seen.into_iter().filter(|seen| seen.id != hold.id && Some(seen.id.as_str()) != hold.moves);
        Ok(others.filter(|seen| seen.touches(hold.slot, hold.own)).collect())
    }

    /// Everything that is certain, and of two holds the smaller name.
    fn beats(&self, rival: &Seen, hold: &Hold<'_>) -> bool {
        match rival.event().map(|event| event.state()) {
            Some(State::Hold { firm, until }) => until > self.now() && (firm || rival.id.as_str() < hold.id),
            _ => true,
        }
    }

    /// Gives a hold back; if that fails it lapses by itself.
    async fn release(&self, id: &str) {
        let Ok(url) = self.place(id).await else { return };
        if let Ok(Some((event, etag))) = self.read(&url).await
            && matches!(event.state(), State::Hold { .. })
        {
            let _ = self.server.delete(&url, Only::IfStill(&etag)).await;
        }
    }

    /// The resource of an id somebody gave us.
    async fn known(&self, id: &str) -> Result<Url, BookFailure> {
        if !is_id(id) {
            return Err(unknown());
        }
        Ok(self.place(id).await?)
    }

    /// An appointment of this business.
    async fn theirs(&self, business: &Business, url: &Url) -> Result<(Event, String), BookFailure> {
        let found = self.read(url).await?.filter(|(event, _)| event.is_of(business));
        found.ok_or_else(unknown)
    }

    async fn read(&self, url: &Url) -> Result<Option<(Event, String)>, Trouble> {
        let Some((text, etag)) = self.server.get(url).await? else { return Ok(None) };
        Ok(Event::read(&text).map(|event| (event, etag)))
    }

    fn still_to_come(&self, event: &Event, id: &str, own: &TimeZone) -> Result<(), BookFailure> {
        match event.appointment(id, own) {
            Some(found) if found.slot.starts_at < self.now() => {
                Err(BookFailure::Rejected(format!("the appointment of {} is over", found.slot.starts_at)))
            }
            _ => Ok(()),
        }
    }
}

fn unknown() -> BookFailure {
    BookFailure::Rejected("there is no such appointment".to_owned())
}

fn unreadable() -> BookFailure {
    BookFailure::Rejected("its times in the calendar cannot be read".to_owned())
}

fn busy_with_others() -> BookFailure {
    BookFailure::Unavailable("others keep changing the same appointment".to_owned())
}

/// Looks at one resource before giving up: each is lost only to somebody else who got further.
const ROUNDS_MAX: usize = 6;
