//! An appointment as an invitation that mail programs put into a calendar (RFC 5546: REQUEST, CANCEL).

use jiff::Timestamp;

use super::caldav::event::alarm;
use super::caldav::ical::Component;
use super::caldav::times::utc;
use crate::conversation::Slot;

/// What an invitation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation<'a> {
    /// The calendar's id of the appointment: one event in the reader's calendar, however often it is changed.
    pub id: &'a str,
    /// Grows with every change.
    pub version: u32,
    /// It is off.
    pub cancelled: bool,
    /// When.
    pub slot: Slot,
    /// One line.
    pub summary: &'a str,
    /// Where.
    pub location: Option<&'a str>,
    /// E-mail address it comes from.
    pub organizer: &'a str,
    /// E-mail addresses it goes to.
    pub attendees: &'a [String],
    /// Minutes before it at which the reader is reminded.
    pub reminders: &'a [u32],
    /// When it is written.
    pub now: Timestamp,
}

impl Invitation<'_> {
    /// The iTIP method, which the mail names too.
    pub fn method(&self) -> &'static str {
        if self.cancelled { "CANCEL" } else { "REQUEST" }
    }

    /// As iCalendar text.
    pub fn written(&self) -> String {
        let mut event = Component::new("VEVENT");
        event.add_text("UID", &format!("{}@offhook", self.id));
        event.add("SEQUENCE", self.version.to_string());
        event.add("DTSTAMP", utc(self.now));
        event.add("DTSTART", utc(self.slot.starts_at));
        event.add("DTEND", utc(self.slot.ends_at));
        event.add_text("SUMMARY", self.summary);
        if let Some(location) = self.location {
            event.add_text("LOCATION", location);
        }
        event.add("STATUS", if self.cancelled { "CANCELLED" } else { "CONFIRMED" });
        event.add("ORGANIZER", format!("mailto:{}", self.organizer));
        self.attendees.iter().for_each(|attendee| event.add("ATTENDEE", format!("mailto:{attendee}")));
        if !self.cancelled {
            event.inside.extend(self.reminders.iter().map(|minutes| alarm(*minutes, self.summary)));
        }
        let mut calendar = Component::new("VCALENDAR");
        calendar.add("VERSION", "2.0");
        calendar.add("PRODID", "-//offhook//offhook//EN");
        calendar.add("METHOD", self.method());
        calendar.inside.push(event);
        calendar.written()
    }
}
