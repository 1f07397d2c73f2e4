//! Where a conversation stands: what was asked last and what is being filled in.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::slots::Slot;
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
    /// A phone number.
    Phone,
    /// Whether this number was heard right.
    PhoneBack(String),
    /// Whether to book what was read back.
    ReadBack,
    /// What to change in it.
    Change,
    /// The calendar's slots.
    WaitSlots(u32),
    /// The calendar's word on the booking.
    WaitBook(u32),
    /// Whether to book the service asked about.
    OfferService(usize),
    /// Whether to take a message.
    OfferMessage(String),
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
}

/// A booking being filled in, any order.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// Index of the service.
    pub(super) service: Option<usize>,
    /// Day and time as wished.
    pub(super) wish: Wish,
    /// The slot agreed on.
    pub(super) slot: Option<Slot>,
    /// What the calendar last answered.
    pub(super) found: Arc<Vec<Slot>>,
    /// Offers on the table.
    pub(super) offers: Vec<Slot>,
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

/// A message being taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    /// What it is about, known beforehand ("wants to reschedule").
    pub(super) about: Option<String>,
    /// The caller's words.
    pub(super) text: Option<String>,
    /// The caller will not say who is calling.
    pub(super) nameless: bool,
}
