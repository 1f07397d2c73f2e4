//! What a conversation came to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::escalation::Handover;
use super::slots::Appointment;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// An appointment was made.
    Booked,
    /// An appointment was moved.
    Rescheduled,
    /// An appointment was cancelled.
    Cancelled,
    /// A message was taken.
    Message,
    /// Questions were answered, nothing else agreed.
    InfoOnly,
    /// A person is asked to take it over; whether one did is in [`Outcome::transferred`].
    Escalated,
    /// The caller left before anything was settled.
    Abandoned,
    /// We broke: crash, media failure.
    Failed,
    /// The call ended without any of these.
    NoDisposition,
}

/// What was agreed in the call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// Caller's name as given (or known).
    pub name: Option<String>,
    /// Number to use for the contact, E.164.
    pub phone: Option<String>,
    /// E-mail address, read back to the caller and confirmed.
    #[serde(default)]
    pub email: Option<String>,
    /// The business needs an address and the call brought none: somebody has to ask.
    #[serde(default)]
    pub email_wanted: bool,
    /// Booking made.
    pub booking: Option<Booking>,
    /// Bookings made before that one, in the same call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_booked: Vec<Booking>,
    /// Appointment of before the call that was moved, as it now stands.
    #[serde(default)]
    pub moved: Option<Booking>,
    /// Appointment cancelled.
    #[serde(default)]
    pub cancelled: Option<Booking>,
    /// Message taken.
    pub message: Option<Message>,
    /// The call a person has to hear of.
    #[serde(default)]
    pub handover: Option<Handover>,
    /// A person took the call. Whoever puts a caller through sets this and hands the record off; nothing else is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferred: Option<Transfer>,
    /// What the call was about, the intents seen in order ("book", "hours", ...).
    pub intents: Vec<String>,
    /// Writes the calendar was asked for and whose end the call does not know: settled once it is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsettled: Vec<Unsettled>,
}

impl Outcome {
    /// A booking was made; one made before stays noted.
    pub(super) fn booked(&mut self, new: Booking) {
        match self.booking.replace(new) {
            Some(old) if self.booking.as_ref().is_some_and(|b| b.appointment_id != old.appointment_id) => {
                self.also_booked.push(old);
            }
            _ => {}
        }
    }

    /// The calendar is asked to write this: until it answers, nobody knows whether it did.
    pub(super) fn asked(&mut self, write: Unsettled) {
        self.unsettled.retain(|other| other.key != write.key);
        self.unsettled.push(write);
    }

    /// The calendar answered a request; `lost` when it did not say what became of it.
    pub(super) fn answered(&mut self, request: u32, lost: bool) {
        match lost {
            true => self.unsettled.iter_mut().filter(|write| write.request == request).for_each(|w| w.told = true),
            false => self.unsettled.retain(|write| write.request != request),
        }
    }
}

/// A call that a person took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transfer {
    /// When they took it.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Their number or name, where it is known.
    pub to: Option<String>,
    /// How long it rang there, milliseconds, where we called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rang_ms: Option<u32>,
}

/// A write the calendar was asked for and whose end the call does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unsettled {
    /// Idempotency key it was asked under.
    pub key: String,
    /// What was to be written.
    pub change: Change,
    /// The appointment that was to be moved or cancelled.
    pub appointment_id: Option<String>,
    /// Service key.
    pub service: String,
    /// Start: of the booking, of where it was to be moved, of what was to be cancelled.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// End of the same.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// The number it is under, E.164.
    pub phone: Option<String>,
    /// The caller was told that it failed.
    pub told: bool,
    /// What was found, once it was settled.
    #[serde(default)]
    pub became: Option<Became>,
    /// The request it was asked by.
    #[serde(skip)]
    pub(crate) request: u32,
}

impl Unsettled {
    /// Whether this appointment is the one that was to be booked.
    pub(crate) fn books(&self, there: &Appointment) -> bool {
        self.change == Change::Book && self.service == there.service && self.starts_at == there.slot.starts_at
    }
}

/// What is written to a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// An appointment is made.
    Book,
    /// One is moved.
    Move,
    /// One is cancelled.
    Cancel,
}

/// What became of a write whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It had not been written, and will not be.
    Nothing,
    /// It had been written and was taken back: the caller was told that it failed.
    Withdrawn,
    /// It had been written and stays; whoever calls back has to know.
    Written,
}

/// An appointment booked, moved or cancelled in the call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Booking {
    /// Calendar's id of it.
    pub appointment_id: String,
    /// Service key.
    pub service: String,
    /// Start.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// End.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
}

/// A message taken in the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// The caller's words.
    pub text: String,
    /// For whom, when named.
    pub for_whom: Option<String>,
    /// Whether a callback was promised.
    pub callback: bool,
    /// Whether the business's rules call it urgent.
    #[serde(default)]
    pub urgent: bool,
}
