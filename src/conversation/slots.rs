//! Slots and bookings as values: what the conversation asks of a calendar and what it gets back.

use jiff::Timestamp;

/// A bookable span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Start, absolute.
    pub starts_at: Timestamp,
    /// End, absolute.
    pub ends_at: Timestamp,
}

/// "Which slots are free?": the calendar answers with slots inside `[from, to)` in order, opening hours respected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotQuery {
    /// Service key.
    pub service: String,
    /// Length in minutes.
    pub minutes: u32,
    /// Earliest start.
    pub from: Timestamp,
    /// Latest start (exclusive).
    pub to: Timestamp,
    /// At most this many slots.
    pub limit: usize,
    /// Somebody of the staff; none: whoever is free.
    pub staff: Option<String>,
    /// The call that asks: what is held for it is free to it.
    pub holder: String,
}

/// "Book this": written at most once per `key`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookingRequest {
    /// Idempotency key, deterministic: call id and the booking's ordinal in the call.
    pub key: String,
    /// Service key.
    pub service: String,
    /// When.
    pub slot: Slot,
    /// Customer's name as heard.
    pub name: String,
    /// Customer's number, E.164.
    pub phone: String,
    /// Free text: reason given by the caller, if any.
    pub reason: Option<String>,
    /// The call it was made in.
    pub call_id: String,
    /// Somebody of the staff; none: whoever is free.
    pub staff: Option<String>,
}

/// A time kept for a call while it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Service key.
    pub service: String,
    /// When.
    pub slot: Slot,
    /// Somebody of the staff; none: whoever is free.
    pub staff: Option<String>,
}

/// A booking as the calendar has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Calendar's id.
    pub id: String,
    /// Service key.
    pub service: String,
    /// When.
    pub slot: Slot,
}

/// Why a booking or a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookError {
    /// Somebody else has the slot: offer another.
    Taken,
    /// The calendar could not be reached in time, or failed: take a message.
    Unavailable,
}

/// What is known about a caller before a word is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCaller {
    /// Contact id in the CRM.
    pub contact_id: String,
    /// Full name as stored.
    pub name: String,
    /// What else the contact has: shows who is calling, and what they are to the business.
    pub proof: Proof,
}

/// What only the person, and the business, should know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// Date of birth.
    pub birth_date: Option<jiff::civil::Date>,
    /// ZIP or post code.
    pub zip: Option<String>,
    /// Account tier.
    pub tier: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}
