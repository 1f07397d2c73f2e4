//! What a scripted call measured.

use serde::Serialize;

/// The whole call.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// URI called.
    pub target: String,
    /// SIP Call-ID-independent outcome: "agent_hung_up", "caller_hung_up", "refused", "no_answer".
    pub ended_by: String,
    /// Final status of the INVITE.
    pub status: u16,
    /// INVITE to 200, milliseconds.
    pub answer_ms: u64,
    /// 200 to the first audible sample of the greeting, milliseconds.
    pub greeting_ms: Option<u64>,
    /// Answer to the end, milliseconds.
    pub duration_ms: u64,
    /// RTP packets heard.
    pub packets_received: u64,
    /// Of them lost.
    pub packets_lost: u64,
    /// 99 of 100 packets came no further than this from their time after the one before, milliseconds.
    pub pacing_p99_ms: f32,
    /// The worst of them.
    pub pacing_max_ms: f32,
    /// In order.
    pub turns: Vec<TurnReport>,
}

/// One turn of the caller. Times are milliseconds since the answer.
#[derive(Debug, Clone, Serialize)]
pub struct TurnReport {
    /// What was said or pressed.
    pub label: String,
    /// First packet of it.
    pub start_ms: u64,
    /// Last audible packet of it.
    pub end_ms: u64,
    /// End of own speech to the first audible sample of the answer, on the wire.
    pub voice_to_voice_ms: Option<u64>,
}
