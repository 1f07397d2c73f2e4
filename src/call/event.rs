//! What is told to the outside while a call runs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::record::{CallRecord, Line};

/// A live event of one call, in order per call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", content = "data")]
pub enum CallEvent {
    /// INVITE received.
    #[serde(rename = "call.started")]
    Started(Box<CallRecord>),
    /// ACK received, media flows.
    #[serde(rename = "call.answered")]
    Answered {
        /// Call id.
        call_id: String,
    },
    /// A line of the transcript is final.
    #[serde(rename = "transcript.line")]
    Line {
        /// Call id.
        call_id: String,
        /// The line.
        line: Line,
    },
    /// A person took the caller.
    #[serde(rename = "call.transferred")]
    Transferred {
        /// Call id.
        call_id: String,
        /// Who.
        to: String,
    },
    /// The call is over; the record is complete.
    #[serde(rename = "call.ended")]
    Ended(Box<CallRecord>),
}
