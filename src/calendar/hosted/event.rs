//! Events of a calendar that lets anybody write anything, and the marks by which ours are known.

use std::future::Future;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::calendar::trouble::Trouble;
use crate::conversation::{Appointment, BookingRequest, Business, Slot};

/// An event, as far as a booking needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The provider's name for it.
    pub id: String,
    /// Its version.
    pub etag: String,
    /// Its title.
    pub title: String,
    /// When; none where that cannot be read.
    pub slot: Option<Slot>,
    /// Whether it keeps others from coming.
    pub blocks: bool,
    /// Whether somebody took it out.
    pub gone: bool,
    /// What we wrote into it; none in somebody else's.
    pub mark: Option<Mark>,
}

/// What we write into an event of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The same for the same key of the same business.
    pub name: String,
    /// Whose it is.
    pub business: String,
    /// What is booked.
    pub service: String,
    /// The customer's number.
    pub phone: String,
    /// The call it was made in.
    pub call: String,
    /// Where it stands.
    pub state: State,
    /// Digests of the changes made to it, the last ones.
    pub changes: Vec<String>,
}

/// Where an event of ours stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Keeps a time while it is looked at who else wants it; counts until then.
    Hold(Timestamp),
    /// An appointment.
    Confirmed,
    /// Was one.
    Cancelled,
}

/// What is written into a new event.
#[derive(Debug, Clone)]
pub struct New {
    /// Our mark.
    pub mark: Mark,
    /// Title.
    pub title: String,
    /// Text.
    pub about: String,
    /// Where.
    pub place: Option<String>,
    /// When.
    pub slot: Slot,
    /// The zone it is shown in.
    pub zone: String,
}

/// What an event becomes; what is not named stays.
#[derive(Debug, Clone)]
pub struct Change {
    /// The mark as it is to be.
    pub mark: Mark,
    /// When, if that changes, and the zone it is shown in.
    pub slot: Option<(Slot, String)>,
}

/// What became of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrote {
    /// Done; as it is now.
    Done(Box<Event>),
    /// It is not as expected any more.
    Changed,
}

/// What became of a new event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is there.
    New(Box<Event>),
    /// There is one of that name already, now or in the past.
    There,
}

/// A provider's single events. Every write depends on the version it was decided on.
pub trait Events: Send + Sync + 'static {
    /// Asks for as little as possible; says which calendar answered.
    fn probe(&self) -> impl Future<Output = Result<String, Trouble>> + Send;
    /// Writes a new event, once per name.
    fn add(&self, new: &New) -> impl Future<Output = Result<Added, Trouble>> + Send;
    /// The event of a name.
    fn named(&self, name: &str) -> impl Future<Output = Result<Option<Event>, Trouble>> + Send;
    /// The event of an id.
    fn read(&self, id: &str) -> impl Future<Output = Result<Option<Event>, Trouble>> + Send;
    /// Changes an event.
    fn change(&self, event: &Event, change: &Change) -> impl Future<Output = Result<Wrote, Trouble>> + Send;
    /// Takes an appointment out, so that it is still known to have been there; `mark` says so already.
    fn cancel(&self, event: &Event, mark: &Mark) -> impl Future<Output = Result<Wrote, Trouble>> + Send;
    /// Takes a hold out without a trace; false where it is not as expected any more.
    fn withdraw(&self, event: &Event) -> impl Future<Output = Result<bool, Trouble>> + Send;
    /// Whatever touches a span; days and floating times are meant in `zone`.
    fn between(&self, span: Slot, zone: &TimeZone) -> impl Future<Output = Result<Vec<Event>, Trouble>> + Send;
    /// What keeps others busy whose calendars are only looked at.
    fn elsewhere(&self, span: Slot) -> impl Future<Output = Result<Vec<Slot>, Trouble>> + Send;
    /// Events marked with a number, from then on.
    fn of_phone(&self, phone: &str, from: Timestamp) -> impl Future<Output = Result<Vec<Event>, Trouble>> + Send;
}

impl Event {
    /// As a call knows it; none when it is not ours or its times are unreadable.
    pub(super) fn appointment(&self) -> Option<Appointment> {
        let mark = self.mark.as_ref()?;
        Some(Appointment { id: self.id.clone(), service: mark.service.clone(), slot: self.slot? })
    }

    /// Where it stands: what a person did to it in another program counts.
    pub(super) fn state(&self) -> Option<State> {
        let mark = self.mark.as_ref()?;
        Some(match mark.state {
            State::Confirmed if self.gone => State::Cancelled,
            state => state,
        })
    }

    /// Whether it is a hold that was withdrawn.
    pub(super) fn withdrawn(&self) -> bool {
        self.gone && matches!(self.mark.as_ref().map(|mark| mark.state), Some(State::Hold(_)))
    }

    /// Whether it touches a span.
    pub(in crate::calendar) fn touches(&self, span: Slot) -> bool {
        self.slot.is_some_and(|slot| slot.starts_at < span.ends_at && slot.ends_at > span.starts_at)
    }
}

impl Mark {
    /// The mark of a booking, held.
    pub(super) fn booked(business: &Business, booking: &BookingRequest, until: Timestamp) -> Mark {
        Mark {
            name: name_of(business, &booking.key),
            business: business.id.clone(),
            service: booking.service.clone(),
            phone: booking.phone.clone(),
            call: booking.call_id.clone(),
            state: State::Hold(until),
            changes: Vec::new(),
        }
    }

    /// Whether a change was made already.
    pub(super) fn knows(&self, key: &str) -> bool {
        self.changes.contains(&change_of(key))
    }

    /// Remembers a change.
    pub(super) fn changed(&mut self, key: &str) {
        self.changes.push(change_of(key));
        let old = self.changes.len().saturating_sub(CHANGES_MAX);
        self.changes.drain(..old);
    }

    /// As names and values, which every provider can keep.
    pub(in crate::calendar) fn pairs(&self) -> [(&'static str, String); 7] {
        let state = match self.state {
            State::Hold(until) => format!("hold {until}"),
            State::Confirmed => "confirmed".to_owned(),
            State::Cancelled => "cancelled".to_owned(),
        };
        [
            (NAME, self.name.clone()),
            (BUSINESS, self.business.clone()),
            (SERVICE, self.service.clone()),
            (PHONE, self.phone.clone()),
            (CALL, self.call.clone()),
            (STATE, state),
            (CHANGES, self.changes.join(",")),
        ]
    }

    /// Read back; none when it is no event of ours.
    pub(in crate::calendar) fn read(value: impl Fn(&str) -> Option<String>) -> Option<Mark> {
        let state = match value(STATE)?.split_once(' ') {
            Some(("hold", until)) => State::Hold(until.parse().ok()?),
            _ if value(STATE)? == "cancelled" => State::Cancelled,
            _ => State::Confirmed,
        };
        let changes = value(CHANGES).unwrap_or_default();
        Some(Mark {
            name: value(NAME)?,
            business: value(BUSINESS)?,
            service: value(SERVICE).unwrap_or_default(),
            phone: value(PHONE).unwrap_or_default(),
            call: value(CALL).unwrap_or_default(),
            state,
            changes: changes.split(',').filter(|change| !change.is_empty()).map(str::to_owned).collect(),
        })
    }
}

/// The same for the same key of the same business; digits that every provider takes in an id.
pub(in crate::calendar) fn name_of(business: &Business, key: &str) -> String {
    digest(&format!("{}\n{key}", business.id))[..NAME_CHARS].to_owned()
}

/// What a change's key is remembered as.
pub(in crate::calendar) fn change_of(key: &str) -> String {
    digest(key)[..CHANGE_CHARS].to_owned()
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(in crate::calendar) const NAME: &str = "offhookName";
pub(in crate::calendar) const PHONE: &str = "offhookPhone";
const BUSINESS: &str = "offhookBusiness";
const SERVICE: &str = "offhookService";
const CALL: &str = "offhookCall";
const STATE: &str = "offhookState";
const CHANGES: &str = "offhookChanges";
/// 128 bits in hexadecimal, which is also what Google allows in an id (base32hex).
pub(in crate::calendar) const NAME_CHARS: usize = 32;
/// 64 bits: changes of one event are few.
const CHANGE_CHARS: usize = 16;
/// Changes of one event that are remembered: all a caller and a busy desk make.
const CHANGES_MAX: usize = 24;
