//! Our own events: an appointment as an iCalendar resource. What another program added to it stays when it is changed.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::busy;
use super::ical::Component;
use super::times;
use crate::conversation::{Appointment, BookingRequest, Business, Slot, reference};

/// An event of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    calendar: Component,
}

/// Where an event of ours stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Keeps a time while it is looked at who else wants it; counts until then.
    Hold {
        /// Won already: nobody may take it away before its end.
        firm: bool,
        until: Timestamp,
    },
    Confirmed,
    Cancelled,
}

impl Event {
    /// A booking, held.
    pub(super) fn booked(
        id: &str,
        business: &Business,
        booking: &BookingRequest,
        organizer: Option<&str>,
        now: Timestamp,
    ) -> Event {
        let mut event = Event::new(id, booking.slot, now);
        let service = business.services.iter().find(|service| service.id == booking.service);
        let what = service.map_or(booking.service.as_str(), |service| service.name.as_str());
        let mut about = format!("{}, {}", booking.name, booking.phone);
        if let Some(reason) = &booking.reason {
            about = format!("{about}\n{reason}");
        }
        if business.capacity.speak_confirmation {
            about = format!("{about}\n#{}", reference(id));
        }
        let own = event.own();
        own.add_text("SUMMARY", &format!("{what}: {}", booking.name));
        own.add_text("DESCRIPTION", &about);
        if let Some(address) = &business.address {
            own.add_text("LOCATION", address);
        }
        if let Some(organizer) = organizer {
            own.add("ORGANIZER", format!("mailto:{organizer}"));
        }
        for minutes in &business.capacity.reminders {
            own.inside.push(alarm(*minutes, what));
        }
        own.add_text(SERVICE, &booking.service);
        own.add_text(BUSINESS, &business.id);
        own.add_text(NAME, &booking.name);
        own.add_text(PHONE, &booking.phone);
        own.add_text(CALL, &booking.call_id);
        own.add_text(KEY, &booking.key);
        event
    }

    /// A hold for an appointment that is about to move.
    pub(super) fn hold_for(id: &str, moved: &Event, slot: Slot, now: Timestamp) -> Event {
        let mut event = Event::new(id, slot, now);
        let summary = moved.event().value("SUMMARY").unwrap_or_default().to_owned();
        event.own().add("SUMMARY", summary);
        event
    }

    fn new(id: &str, slot: Slot, now: Timestamp) -> Event {
        let mut own = Component::new("VEVENT");
        own.add("UID", id);
        own.add("CREATED", times::utc(now));
        own.add("DTSTART", times::utc(slot.starts_at));
        own.add("DTEND", times::utc(slot.ends_at));
        let mut calendar = Component::new("VCALENDAR");
        calendar.add("VERSION", "2.0");
        calendar.add("PRODID", "-//offhook//offhook//EN");
        calendar.inside.push(own);
        let mut event = Event { calendar };
        event.put(State::Hold { firm: false, until: now + HOLD }, now);
        event
    }

    /// Reads a resource; none when it is no event of ours.
    pub(super) fn read(text: &str) -> Option<Event> {
        Event::of(Component::read(text)?)
    }

    /// The same from a resource that is read already.
    pub(super) fn of(calendar: Component) -> Option<Event> {
        let event = calendar.inner("VEVENT").next()?;
        let ours = event.line(STATE).is_some();
        ours.then_some(Event { calendar })
    }

    /// As it is sent.
    pub(super) fn written(&self) -> String {
        self.calendar.written()
    }

    /// Where it stands: what a person did to it in another program counts.
    pub(super) fn state(&self) -> State {
        let event = self.event();
        if event.value("STATUS").is_some_and(|status| status.trim().eq_ignore_ascii_case("CANCELLED")) {
            return State::Cancelled;
        }
        let until = event.value(UNTIL).and_then(times::local).and_then(|at| TimeZone::UTC.to_timestamp(at).ok());
        match (event.value(STATE).map(str::trim), until) {
            (Some("HOLD"), Some(until)) => State::Hold { firm: false, until },
            (Some("FIRM"), Some(until)) => State::Hold { firm: true, until },
            _ => State::Confirmed,
        }
    }

    /// Brings it into a state.
    pub(super) fn put(&mut self, state: State, now: Timestamp) {
        let event = self.own();
        let (word, status, transparency) = match state {
            State::Hold { firm: false, .. } => ("HOLD", "TENTATIVE", "OPAQUE"),
            State::Hold { firm: true, .. } => ("FIRM", "TENTATIVE", "OPAQUE"),
            State::Confirmed => ("CONFIRMED", "CONFIRMED", "OPAQUE"),
            State::Cancelled => ("CANCELLED", "CANCELLED", "TRANSPARENT"),
        };
        event.set(STATE, word);
        event.set("STATUS", status);
        event.set("TRANSP", transparency);
        event.set("DTSTAMP", times::utc(now));
        match state {
            State::Hold { until, .. } => event.set(UNTIL, times::utc(until)),
            _ => event.remove(UNTIL),
        }
    }

    /// Moves it, and remembers by which change.
    pub(super) fn move_to(&mut self, slot: Slot, key: &str, now: Timestamp) {
        let event = self.own();
        for name in ["DTSTART", "DTEND", "DURATION"] {
            event.remove(name);
        }
        event.add("DTSTART", times::utc(slot.starts_at));
        event.add("DTEND", times::utc(slot.ends_at));
        self.changed(key, now);
    }

    /// Remembers a change, and tells other programs that this is a newer version.
    pub(super) fn changed(&mut self, key: &str, now: Timestamp) {
        let event = self.own();
        let version = event.value("SEQUENCE").and_then(|n| n.trim().parse::<u32>().ok()).unwrap_or(0);
        event.set("SEQUENCE", version.saturating_add(1).to_string());
        event.set("DTSTAMP", times::utc(now));
        event.set("LAST-MODIFIED", times::utc(now));
        event.add_text(CHANGE, &digest(key));
    }

    /// Whether a change was made to it already.
    pub(super) fn knows(&self, key: &str) -> bool {
        let digest = digest(key);
        self.event().all(CHANGE).any(|line| line.value.trim() == digest)
    }

    /// Whether it is a business's appointment.
    pub(super) fn is_of(&self, business: &Business) -> bool {
        self.event().text(BUSINESS).is_some_and(|id| id.trim() == business.id)
    }

    /// The customer's number.
    pub(super) fn phone(&self) -> Option<String> {
        self.event().text(PHONE)
    }

    /// As a call knows it; none when its times are unreadable.
    pub(super) fn appointment(&self, id: &str, own: &TimeZone) -> Option<Appointment> {
        let slot = busy::first_span(&self.calendar, self.event(), own)?;
        Some(Appointment { id: id.to_owned(), service: self.event().text(SERVICE).unwrap_or_default(), slot })
    }

    fn event(&self) -> &Component {
        // Both ways to make an event put one inside.
        self.calendar.inner("VEVENT").next().unwrap_or(&self.calendar)
    }

    fn own(&mut self) -> &mut Component {
        match self.calendar.inside.iter().position(|inner| inner.name == "VEVENT") {
            Some(at) => &mut self.calendar.inside[at],
            None => &mut self.calendar,
        }
    }
}

/// A reminder so many minutes before.
pub(in crate::calendar) fn alarm(minutes: u32, text: &str) -> Component {
    let mut alarm = Component::new("VALARM");
    alarm.add("ACTION", "DISPLAY");
    alarm.add_text("DESCRIPTION", text);
    alarm.add("TRIGGER", format!("-PT{minutes}M"));
    alarm
}

/// The name of a resource: the same for the same key of the same business, and nothing of a key can break a path.
pub(super) fn id_of(business: &Business, key: &str) -> String {
    digest(&format!("{}\n{key}", business.id))
}

/// Whether an id can be one of ours.
pub(super) fn is_id(id: &str) -> bool {
    id.len() == ID_CHARS && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn digest(text: &str) -> String {
    let hex: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    hex[..ID_CHARS].to_owned()
}

const SERVICE: &str = "X-OFFHOOK-SERVICE";
const BUSINESS: &str = "X-OFFHOOK-BUSINESS";
const NAME: &str = "X-OFFHOOK-NAME";
const PHONE: &str = "X-OFFHOOK-PHONE";
const CALL: &str = "X-OFFHOOK-CALL";
const KEY: &str = "X-OFFHOOK-KEY";
const STATE: &str = "X-OFFHOOK-STATE";
const UNTIL: &str = "X-OFFHOOK-HOLD-UNTIL";
const CHANGE: &str = "X-OFFHOOK-CHANGE";
/// 128 bits in hexadecimal.
const ID_CHARS: usize = 32;
/// How long a hold counts: longer than any booking takes, short enough that a crash blocks nobody.
pub(super) const HOLD: SignedDuration = SignedDuration::from_mins(2);
