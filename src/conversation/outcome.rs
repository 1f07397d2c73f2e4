//! What a conversation came to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::escalation::Handover;

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
    /// A person took the call.
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
    /// Booking made.
    pub booking: Option<Booking>,
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
    /// What the call was about, the intents seen in order ("book", "hours", ...).
    pub intents: Vec<String>,
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
