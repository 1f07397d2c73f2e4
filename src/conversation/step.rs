//! Where a conversation stands: what was asked last and what is being filled in.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::slots::{Appointment, Slot};
use super::when::Wish;

/// What the next answer is an answer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// "How can I help you?", "anything else?".
    Open,
    /// Which service; some candidates when it was unclear.
    Service(Vec<usize>),
    /// Which day and time.
    When,
    /// Which of these dates.
    WhichDay(Vec<Date>),
    /// Which of these times.
    WhichTime(Vec<Time>),
    /// Which of the offers.
    Offer,
    /// The caller's name.
    Name,
    /// Whether to use the calling number.
    ConfirmPhone,
    /// What shows who is calling.
    Proof,
    /// A phone number.
    Phone,
    /// Whether this number was heard right.
    PhoneBack(String),
    /// An e-mail address.
    Email,
    /// Whether this address was heard right.
    EmailBack(String),
    /// A question of the business's own.
    Inquiry(usize),
    /// Whether to book what was read back.
    ReadBack,
    /// What to change in it.
    Change,
    /// The calendar's slots.
    WaitSlots(u32),
    /// The calendar's word on the booking.
    WaitBook(u32),
    /// The calendar's word on what this caller has.
    WaitFind(u32),
    /// The calendar's word on a move or a cancellation.
    WaitChange(u32),
    /// Somebody is being called for the caller.
    WaitPerson(u32),
    /// Which of the appointments found.
    WhichAppointment,
    /// Whether to move or to cancel the appointment.
    MoveOrCancel,
    /// Whether to cancel what was read out.
    ConfirmCancel,
    /// Whether to book that service anew.
    OfferRebook(usize),
    /// Whether to book the service asked about.
    OfferService(usize),
    /// Whether to take a message.
    OfferMessage(String),
    /// Whether to pass on what was said.
    OfferPass(String),
    /// The message.
    Message,
    /// Whether to end the call.
    ConfirmEnd,
    /// Hung up.
    Ended,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Nothing yet.
    None,
    /// Booking.
    Booking,
    /// Taking a message.
    Message,
    /// Finding out which appointment, and telling or cancelling it.
    Existing,
    /// Finding another time for an appointment.
    Moving,
}

impl Step {
    /// Whether a calendar, or a person, is being asked.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self, Step::WaitSlots(_) | Step::WaitFind(_) | Step::WaitPerson(_)) || self.is_writing()
    }

    /// Whether it is answered by yes or no.
    pub(super) fn is_yes_no(&self) -> bool {
        use Step::*;
        matches!(
            self,
            ConfirmPhone
                | PhoneBack(_)
                | EmailBack(_)
                | ReadBack
                | ConfirmCancel
                | OfferRebook(_)
                | OfferService(_)
                | OfferMessage(_)
                | OfferPass(_)
                | ConfirmEnd
        )
    }

    /// Whether it asks who is calling, and what is said is a name or a number.
    pub(super) fn is_about_caller(&self) -> bool {
        use Step::*;
        matches!(self, Name | ConfirmPhone | Phone | PhoneBack(_) | Email | EmailBack(_) | Proof)
    }

    /// Whether a calendar is writing.
    pub(super) fn is_writing(&self) -> bool {
        matches!(self, Step::WaitBook(_) | Step::WaitChange(_))
    }
}

impl Task {
    /// Whether a time is being agreed on.
    pub(super) fn is_scheduling(self) -> bool {
        matches!(self, Task::Booking | Task::Moving)
    }

    /// Whether it is about an appointment, new or old.
    pub(super) fn is_appointment(self) -> bool {
        self.is_scheduling() || self == Task::Existing
    }
}

/// A booking being filled in, any order.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// Index of the service.
    pub(super) service: Option<usize>,
    /// Somebody of the staff asked for.
    pub(super) staff: Option<String>,
    /// Day and time as wished.
    pub(super) wish: Wish,
    /// The slot agreed on.
    pub(super) slot: Option<Slot>,
    /// What the calendar last answered.
    pub(super) found: Arc<Vec<Slot>>,
    /// Offers on the table.
    pub(super) offers: Vec<Slot>,
    /// The day last agreed on, whose time was then refused.
    pub(super) proposed: Option<Date>,
    /// Everything offered so far for this wish.
    pub(super) offered: Vec<Slot>,
    /// The search under way.
    pub(super) search: Search,
    /// The caller's own words when the booking was first asked for.
    pub(super) reason: Option<String>,
}

/// What the calendar was asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    /// Acceptable starts.
    pub(super) spans: Vec<(Timestamp, Timestamp)>,
    /// The one start wished for.
    pub(super) exact: Option<Timestamp>,
    /// The start somebody else just took: others near it are offered first.
    pub(super) lost: Option<Timestamp>,
    /// Whether it already looks beyond the wish.
    pub(super) widened: bool,
}

/// What is to become of an appointment there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Only told.
    #[default]
    Told,
    /// Moved.
    Moved,
    /// Cancelled.
    Cancelled,
    /// Moved or cancelled: the caller cannot come.
    Either,
}

/// An appointment there is, and what is to become of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    /// What is to become of it.
    pub(super) wanted: Wanted,
    /// The caller's words.
    pub(super) words: String,
    /// Day and time by which the caller named it.
    pub(super) named: Wish,
    /// The service by which the caller named it.
    pub(super) service: Option<usize>,
    /// The new day and time said in the same breath.
    pub(super) wish: Wish,
    /// What the calendar has, once it answered.
    pub(super) found: Option<Vec<Appointment>>,
    /// The one meant.
    pub(super) chosen: Option<Appointment>,
    /// The number it was booked with was asked for.
    pub(super) asked_number: bool,
}

/// A message being taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    /// What it is about, known beforehand ("wants to reschedule").
    pub(super) about: Option<String>,
    /// The caller's words.
    pub(super) text: Option<String>,
    /// The caller will not say who is calling.
    pub(super) nameless: bool,
    /// For whom.
    pub(super) for_whom: Option<String>,
    /// The caller wants to be called back: the message is when.
    pub(super) call_back: bool,
}
