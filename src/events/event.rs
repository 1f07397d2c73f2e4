//! An event and its form.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The same for the same thing, however often it is derived or sent.
    pub id: String,
    /// What kind of thing.
    pub kind: Kind,
    /// Business key.
    pub business: String,
    /// The call it belongs to: events of one call are told in order.
    pub call_id: String,
    /// When it happened.
    pub at: Timestamp,
    /// What is told of it.
    pub data: Value,
}

impl Event {
    /// An event of a call; `subject` tells apart what can happen more than once in it.
    pub fn new(kind: Kind, business: &str, call_id: &str, subject: &str, at: Timestamp, data: Value) -> Event {
        let hash = Sha256::digest(format!("{call_id}\n{}\n{subject}", kind.as_str()));
        let hex: String = hash[..ID_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
        let (business, call_id) = (business.to_owned(), call_id.to_owned());
        Event { id: format!("evt_{hex}"), kind, business, call_id, at, data }
    }

    /// The body that is signed and sent, always the same bytes.
    pub fn body(&self) -> String {
        let whole = json!({
            "id": self.id,
            "type": self.kind.as_str(),
            "timestamp": self.at.to_string(),
            "data": self.data,
        });
        whole.to_string()
    }
}

/// Everything that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A caller reached us.
    CallStarted,
    /// A call is over.
    CallEnded,
    /// A person took the call.
    CallTransferred,
    /// A call broke.
    CallFailed,
    /// The whole transcript is there.
    TranscriptionComplete,
    /// The caller's mood was scored.
    SentimentScored,
    /// An appointment was made.
    AppointmentBooked,
    /// One was moved.
    AppointmentMoved,
    /// One was cancelled.
    AppointmentCancelled,
    /// A person has to decide on a change.
    ApprovalRequested,
    /// They did.
    ApprovalDecided,
}

impl Kind {
    /// All of them, in the order of the catalogue.
    pub const ALL: [Kind; 11] = [
        Kind::CallStarted,
        Kind::CallEnded,
        Kind::CallTransferred,
        Kind::CallFailed,
        Kind::TranscriptionComplete,
        Kind::SentimentScored,
        Kind::AppointmentBooked,
        Kind::AppointmentMoved,
        Kind::AppointmentCancelled,
        Kind::ApprovalRequested,
        Kind::ApprovalDecided,
    ];

    /// Its name outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::CallStarted => "call.started",
            Kind::CallEnded => "call.ended",
            Kind::CallTransferred => "call.transferred",
            Kind::CallFailed => "call.failed",
            Kind::TranscriptionComplete => "transcription.complete",
            Kind::SentimentScored => "sentiment.scored",
            Kind::AppointmentBooked => "appointment.booked",
            Kind::AppointmentMoved => "appointment.moved",
            Kind::AppointmentCancelled => "appointment.cancelled",
            Kind::ApprovalRequested => "approval.requested",
            Kind::ApprovalDecided => "approval.decided",
        }
    }

    /// The kinds a filter means: a name, or a family like "appointment.*"; none when there is no such thing.
    pub fn matching(filter: &str) -> Vec<Kind> {
        let family = filter.strip_suffix('*').filter(|family| family.is_empty() || family.ends_with('.'));
        let fits = |kind: &Kind| match family {
            Some(family) => kind.as_str().starts_with(family),
            None => kind.as_str() == filter,
        };
        Kind::ALL.into_iter().filter(fits).collect()
    }
}

/// Bytes of the hash in an id: enough that no two things ever share one.
const ID_BYTES: usize = 16;
