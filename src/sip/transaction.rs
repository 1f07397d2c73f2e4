//! Transactions as values, RFC 3261 17 with RFC 6026. `reliable` switches off what only UDP needs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::dialog::DialogId;
use super::login::Login;
use super::message::{Headers, Method, Request};
use super::screen::Essentials;
use super::timers::{Backoff, GIVE_UP, T2, T4};

/// Identity of a server transaction, RFC 3261 17.2.3; ACK and CANCEL look for the INVITE's.
pub(super) fn server_key(request: &Request, read: &Essentials, method: &Method) -> String {
    match read.via.branch().and_then(|branch| branch.strip_prefix(MAGIC_COOKIE)) {
        Some(branch) if !branch.is_empty() => {
            let (host, port) = (read.via.host.to_ascii_lowercase(), read.via.port_or_default());
            format!("{branch} {host}:{port} {method}")
        }
        // RFC 2543 clients: all that stays the same over retransmissions, ACK and CANCEL.
        _ => {
            let from = read.from.tag().unwrap_or_default();
            format!("{} {from} {} {} {} {method}", read.call_id, read.cseq.number, request.uri, read.via_text)
        }
    }
}

/// Every RFC 3261 branch begins so.
pub(super) const MAGIC_COOKIE: &str = "z9hG4bK";

/// Where a server transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerState {
    /// No final answer yet.
    Proceeding,
    /// Final answer sent (for INVITE: 3xx-6xx).
    Completed,
    /// Its ACK came.
    Confirmed,
    /// INVITE answered 2xx: repeats are swallowed, the dialog repeats the 2xx (RFC 6026).
    Accepted,
}

/// One request we answer.
#[derive(Debug)]
pub(super) struct ServerTx {
    pub(super) key: String,
    /// Call-ID, From tag and CSeq: the same request over another path is merged (RFC 3261 8.2.2.2).
    pub(super) merge: Option<String>,
    pub(super) invite: bool,
    pub(super) reliable: bool,
    pub(super) to: SocketAddr,
    pub(super) state: ServerState,
    pub(super) response: Vec<u8>,
    /// What every response to it carries.
    pub(super) base: Headers,
    pub(super) dialog: Option<DialogId>,
    pub(super) backoff: Option<Backoff>,
    pub(super) expires: Option<Instant>,
}

impl ServerTx {
    /// A response is sent now.
    pub(super) fn responded(&mut self, status: u16, bytes: Vec<u8>, now: Instant) {
        self.response = bytes;
        if status < 200 || self.state != ServerState::Proceeding {
            return;
        }
        self.base = Headers::default();
        self.expires = Some(now + GIVE_UP);
        if self.invite && status < 300 {
            self.state = ServerState::Accepted;
            self.response = Vec::new();
            return;
        }
        self.state = ServerState::Completed;
        self.backoff = (self.invite && !self.reliable).then(|| Backoff::new(now, Some(T2)));
        if !self.invite && self.reliable {
            self.expires = Some(now);
        }
    }

    /// The ACK of a non-2xx answer came.
    pub(super) fn acknowledged(&mut self, now: Instant) {
        if self.state == ServerState::Completed && self.invite {
            self.state = ServerState::Confirmed;
            self.backoff = None;
            self.expires = Some(now + if self.reliable { Duration::ZERO } else { T4 });
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        earlier(self.backoff.map(|b| b.due), self.expires)
    }
}

/// Where a client transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientState {
    /// Nothing heard.
    Calling,
    /// A provisional answer came.
    Proceeding,
    /// INVITE refused and acknowledged; repeats are acknowledged again.
    Completed,
    /// INVITE taken; repeats of each 2xx are acknowledged again (RFC 6026).
    Accepted,
}

/// Is the INVITE to be cancelled?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancel {
    No,
    /// As soon as a provisional answer allows it (RFC 3261 9.1).
    Wanted,
    Sent,
}

/// One request we ask.
#[derive(Debug)]
pub(super) struct ClientTx {
    pub(super) key: String,
    pub(super) request: Request,
    pub(super) bytes: Vec<u8>,
    pub(super) to: SocketAddr,
    pub(super) state: ClientState,
    pub(super) backoff: Option<Backoff>,
    pub(super) expires: Option<Instant>,
    pub(super) dialog: Option<DialogId>,
    /// The registration it is a REGISTER of.
    pub(super) registration: Option<u64>,
    /// The dialog that is told of its end: of a REFER, or of a refresh.
    pub(super) inside: Option<DialogId>,
    /// The question it is.
    pub(super) probe: Option<u64>,
    /// For a challenge.
    pub(super) login: Option<Login>,
    pub(super) cancel: Cancel,
    /// ACKs sent, by To tag: one per fork, or one for the refusal (with an empty tag).
    pub(super) acks: Vec<(String, SocketAddr, Vec<u8>)>,
}

impl ClientTx {
    pub(super) fn new(key: String, request: Request, to: SocketAddr, reliable: bool, now: Instant) -> Self {
        let cap = (request.method != Method::Invite).then_some(T2);
        let bytes = super::write::request(&request);
        Self {
            key,
            request,
            bytes,
            to,
            state: ClientState::Calling,
            backoff: (!reliable).then(|| Backoff::new(now, cap)),
            expires: Some(now + GIVE_UP),
            dialog: None,
            registration: None,
            inside: None,
            probe: None,
            login: None,
            cancel: Cancel::No,
            acks: Vec::new(),
        }
    }

    /// Nothing of it is there yet: somebody else may be asked instead.
    pub(super) fn opens(&self) -> bool {
        let outside = self.request.headers.get("To").is_some_and(|to| !to.contains(";tag="));
        outside && matches!(self.request.method, Method::Invite | Method::Register | Method::Options)
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        earlier(self.backoff.map(|b| b.due), self.expires)
    }
}

/// The earlier of two wake-ups.
pub(super) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
