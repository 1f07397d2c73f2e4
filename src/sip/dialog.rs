//! One dialog, RFC 3261 12, with what INVITE needs on top.

use std::net::SocketAddr;
use std::time::Instant;

use super::digest::Credentials;
use super::refresh::{Said, SessionTimer};
use super::reliable::Pracks;
use super::sdp::Session;
use super::settings::Transport;
use super::timers::Backoff;

/// Handle of a dialog, never used twice by one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialogId(pub(super) u64);

/// The Contact value that leads to us at `address`.
pub(super) fn contact(address: SocketAddr, transport: Transport) -> String {
    format!("<sip:offhook@{address}{}>", transport.parameter())
}

/// Where a dialog stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// INVITE came in by this server transaction, not answered yet.
    Incoming(u64),
    /// INVITE went out by this client transaction, not answered yet.
    Outgoing(u64),
    /// 2xx sent or received.
    Up,
}

/// A 2xx that waits for its ACK (RFC 3261 13.3.1.4).
#[derive(Debug, Clone)]
pub(super) struct AwaitAck {
    pub(super) cseq: u32,
    pub(super) bytes: Vec<u8>,
    pub(super) to: SocketAddr,
    pub(super) backoff: Backoff,
    pub(super) deadline: Instant,
    /// The first INVITE, not a re-INVITE.
    pub(super) initial: bool,
    /// Our 2xx carried the offer, so the ACK carries the answer.
    pub(super) answer_in_ack: bool,
}

/// What one side has asked the other to call (RFC 3515).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Refer {
    /// CSeq of our REFER whose end we were not told.
    pub(super) waiting: Option<u32>,
    /// Server transaction of their REFER that waits for the application.
    pub(super) asked: Option<u64>,
    /// We took theirs, and have not told the end of it.
    pub(super) owed: bool,
}

/// What keeps a dialog alive and its session current.
#[derive(Debug, Clone, Default)]
pub(super) struct Life {
    /// By when somebody has to refresh; none: never.
    pub(super) timer: Option<SessionTimer>,
    /// What the INVITE or UPDATE in work says of it.
    pub(super) said: Said,
    /// Shortest interval somebody on the way takes, seconds.
    pub(super) min_se: u32,
    /// Client transaction of our refresh.
    pub(super) asking: Option<u64>,
    /// The other side takes an UPDATE.
    pub(super) updates: bool,
    /// Our last description.
    pub(super) sdp: String,
    /// Theirs.
    pub(super) heard: Option<Session>,
    /// Provisional answers that have to arrive.
    pub(super) pracks: Pracks,
}

/// Both ends' names and numbers.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    pub(super) phase: Phase,
    /// We opened it.
    pub(super) ours: bool,
    pub(super) call_id: String,
    pub(super) local_tag: String,
    pub(super) remote_tag: String,
    /// From value of our requests.
    pub(super) local: Vec<u8>,
    /// To value of our requests.
    pub(super) remote: Vec<u8>,
    /// Remote target, the Request-URI of our requests.
    pub(super) target: String,
    pub(super) route: Vec<String>,
    /// Where its messages come from.
    pub(super) peer: SocketAddr,
    /// Where the other side reaches us: our Contact and Via.
    pub(super) contact: SocketAddr,
    /// For whoever asks a password of our requests.
    pub(super) credentials: Option<Credentials>,
    pub(super) local_cseq: u32,
    pub(super) remote_cseq: Option<u32>,
    /// The INVITE or re-INVITE in work had no offer.
    pub(super) offer_missing: bool,
    pub(super) await_ack: Option<AwaitAck>,
    /// Server transaction of a re-INVITE or UPDATE that waits for the application.
    pub(super) reoffer: Option<u64>,
    pub(super) refer: Refer,
    pub(super) life: Life,
    /// Hung up by us (and told so) before the ACK came: BYE follows the ACK (RFC 3261 15).
    pub(super) bye_wanted: bool,
}
