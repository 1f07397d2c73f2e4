//! What a call leaves behind: the record every later room works from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::arrival::Arrival;
use crate::conversation::{Disposition, Outcome};

/// Everything known about one call. Complete once `state` is [`CallState::Ended`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallRecord {
    /// Our id: UUID v4-shaped lowercase hex with dashes.
    pub id: String,
    /// SIP Call-ID of the caller's leg.
    pub sip_call_id: String,
    /// Business key.
    pub business: String,
    /// Caller's number: E.164 where it could be made so, else as received; none when withheld.
    pub from: Option<String>,
    /// Called user part or number.
    pub to: String,
    /// Where the call stands.
    pub state: CallState,
    /// How it ended; none while it runs.
    pub disposition: Option<Disposition>,
    /// INVITE received.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// ACK received.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// Over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Contact in the CRM, when known.
    pub contact_id: Option<String>,
    /// Language spoken, BCP 47.
    pub language: String,
    /// Both sides, in order of start.
    pub transcript: Vec<Line>,
    /// One row per finished caller turn.
    pub turns: Vec<TurnTimes>,
    /// Keys pressed, masked: one `*` per key.
    pub digits: String,
    /// The media stream's account.
    pub media: MediaStats,
    /// What was agreed.
    pub outcome: Outcome,
    /// Of another platform's call or meeting: who was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Box<Elsewhere>>,
    /// How it came in; none when nothing is known of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival: Option<Box<Arrival>>,
}

/// A call or meeting that another platform told us of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Elsewhere {
    /// The platform, as the configuration names it.
    pub source: String,
    /// The platform's own key of it.
    pub key: String,
    /// Nobody in it called us.
    pub meeting: bool,
    /// Who took part, as the platform says.
    pub people: Vec<Participant>,
    /// Who said each line of the transcript, as the platform names them.
    pub speakers: Vec<String>,
}

/// Somebody who took part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Participant {
    /// Their name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// One of the business's own people; none where the platform does not say.
    pub ours: Option<bool>,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// INVITE received, not answered yet.
    Ringing,
    /// Media flows.
    Active,
    /// Over.
    Ended,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person on the phone.
    Caller,
    /// offhook.
    Agent,
}

/// One line of the transcript. Times are milliseconds since the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Line {
    /// Who.
    pub speaker: Speaker,
    /// What; for the agent only what was actually played.
    pub text: String,
    /// First sound.
    pub start_ms: u64,
    /// Last sound.
    pub end_ms: u64,
    /// Recogniser's confidence 0..=1; 1 for the agent.
    pub confidence: f32,
}

/// Latencies of one caller turn, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TurnTimes {
    /// Turn number, from 1.
    pub turn: u32,
    /// End of speech to the decision that the turn is over.
    pub end_of_turn_ms: u32,
    /// That decision to the final text (0 when the speculative one was ready).
    pub transcript_ms: u32,
    /// Text to the words of the answer (tools included).
    pub think_ms: u32,
    /// Words of the answer to its first sample.
    pub voice_ms: u32,
    /// End of speech to the first audible sample sent: the sum, as the caller hears it.
    pub voice_to_voice_ms: u32,
}

/// The media stream's account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MediaStats {
    /// RTP encoding name ("PCMU").
    pub codec: String,
    /// Packets taken.
    pub packets_received: u64,
    /// Packets never seen, RFC 3550 A.3.
    pub packets_lost: u64,
    /// Interarrival jitter, RFC 3550 A.8, milliseconds.
    pub jitter_ms: f32,
    /// Round-trip time by RTCP, milliseconds; none when it was never measured.
    #[serde(default)]
    pub round_trip_ms: Option<f32>,
    /// Share of our packets that the caller's side reported lost, 0..=1; none without reports.
    #[serde(default)]
    pub far_loss: Option<f32>,
    /// Estimated mean opinion score of the worse direction, 1 to 4.5 (E-model, ITU-T G.107); none without packets.
    #[serde(default)]
    pub mos: Option<f32>,
    /// Cipher of SRTP; none for plain RTP.
    #[serde(default)]
    pub protection: Option<String>,
}
