//! What an endpoint tells.

use std::net::SocketAddr;
use std::time::Duration;

use super::dialog::DialogId;
use super::digest::Credentials;
use super::probe::ProbeId;
use super::registration::RegistrationId;
use super::sdp::Session;
use super::uri::Uri;

/// Something happened.
///
/// Every dialog of [`Event::Incoming`] or `invite` gets exactly one [`Event::Ended`] or [`Event::Failed`], its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A call comes in; answer with `ring`, `answer`, `reject` or `hang_up`.
    Incoming(Box<Incoming>),
    /// Our answer was acknowledged: media may flow.
    Confirmed {
        /// Call.
        dialog: DialogId,
        /// Answer to our offer, when the INVITE had none.
        answer: Option<Session>,
    },
    /// The other side wants to change the session: reply with `answer_reoffer` or `reject_reoffer`.
    Reoffer {
        /// Call.
        dialog: DialogId,
        /// New offer; none asks us to make one.
        offer: Option<Session>,
    },
    /// The change was acknowledged.
    Reconfirmed {
        /// Call.
        dialog: DialogId,
        /// Answer to our offer, when the re-INVITE had none.
        answer: Option<Session>,
    },
    /// The answer to a refresh of ours says something else than they said before.
    Reanswered {
        /// Call.
        dialog: DialogId,
        /// Their description from now on.
        answer: Session,
    },
    /// A key told of in an INFO.
    Key {
        /// Call.
        dialog: DialogId,
        /// Which.
        key: char,
    },
    /// The other side rings (our call).
    Ringing {
        /// Call.
        dialog: DialogId,
        /// 180, 183, ...
        status: u16,
    },
    /// The other side took our call; the ACK is sent.
    Answered {
        /// Call.
        dialog: DialogId,
        /// Its description.
        answer: Session,
    },
    /// Our call was not taken. The dialog is over.
    Failed {
        /// Call.
        dialog: DialogId,
        /// Final status; 408 when nobody answered.
        status: u16,
        /// Reason phrase.
        reason: String,
        /// How long whoever refused wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// What became of our REFER: 1xx under way, 2xx the other side talks to whom we named, else not. The last one is
    /// final.
    Referred {
        /// Call.
        dialog: DialogId,
        /// Status; 408 when nobody answered.
        status: u16,
    },
    /// The other side wants us to call somebody else: reply with `answer_refer`.
    ReferAsked {
        /// Call.
        dialog: DialogId,
        /// Whom.
        target: Uri,
    },
    /// The dialog is over.
    Ended {
        /// Call.
        dialog: DialogId,
        /// Why.
        cause: EndCause,
    },
    /// A trunk took our sign-in.
    Registered {
        /// Which.
        registration: RegistrationId,
        /// How long it lasts; it is refreshed before.
        expires: Duration,
    },
    /// A trunk did not take our sign-in; it is tried again.
    RegistrationFailed {
        /// Which.
        registration: RegistrationId,
        /// Final status; 408 when nobody answered.
        status: u16,
        /// Reason phrase, or ours where it says more.
        reason: String,
        /// Wait until the next try.
        retry_in: Duration,
    },
    /// What somebody said who was asked whether he is there.
    Probed {
        /// Which question.
        probe: ProbeId,
        /// Status of the answer; none when there was none.
        status: Option<u16>,
    },
    /// A request was turned away: worth one log line (there is no raw message in it). Of a flood only some are told of.
    Refused {
        /// Who asked.
        source: SocketAddr,
        /// Why not.
        reason: RefusalReason,
        /// Refusals that were not told of since the last one.
        untold: u64,
    },
}

/// Why a dialog is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// The other side sent BYE.
    RemoteHangUp,
    /// The caller gave up before the answer (CANCEL, or BYE of an early dialog).
    Cancelled,
    /// `hang_up` was called.
    LocalHangUp,
    /// `reject` was called.
    Rejected,
    /// Nobody answered or rejected it in 180 s; it was refused with 480.
    Unanswered,
    /// No ACK came for our answer in 64*T1 and BYE was sent; or no PRACK for our 180, and it was refused.
    NoAck,
    /// Nobody refreshed the session in time, or the other side knows of no such call any more; BYE was sent.
    Expired,
}

/// Why a request was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalReason {
    /// Source is not in `allow`; reported once per source and minute.
    NotAllowed,
    /// Too many transactions.
    Overload,
    /// Request came back to us.
    Loop,
    /// A scanner says who it is; it hears nothing.
    Scanner,
    /// More than is taken from one source, or from all.
    TooFast,
    /// This source leaves answers unacknowledged, or has all the calls it may have.
    TooMany,
    /// It names a call, but does not come from where that call's other side is.
    Foreign,
    /// A fault named by the reason phrase sent back.
    Malformed(super::parse::Fault),
}

/// A call that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Handle for all that follows.
    pub dialog: DialogId,
    /// Call-ID.
    pub sip_call_id: String,
    /// Who calls.
    pub from: Party,
    /// User part of the Request-URI, decoded; empty when there is none.
    pub to_user: String,
    /// Users of P-Called-Party-ID and To, decoded.
    pub also_called: Vec<String>,
    /// Where the INVITE came from.
    pub source: SocketAddr,
    /// Its offer; none means our 200 must carry one.
    pub offer: Option<Session>,
    /// The dialog of the same peer that it is to take the place of (RFC 3891).
    pub replaces: Option<DialogId>,
    /// Diversion, User-to-User, P-Asserted-Identity, P-Called-Party-ID, History-Info and X-*: name and value.
    pub headers: Vec<(String, String)>,
}

/// One side of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Display name.
    pub display: Option<String>,
    /// Address in From.
    pub uri: Uri,
    /// Number as told (digits, leading + kept); none when withheld or no number.
    pub number: Option<String>,
}

/// A call of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// Request-URI and To.
    pub target: Uri,
    /// Where it is sent.
    pub to: SocketAddr,
    /// Who we say we are.
    pub from: FromIdentity,
    /// Where the other side reaches us: Contact and Via.
    pub contact: SocketAddr,
    /// For whoever asks a password.
    pub credentials: Option<Credentials>,
    /// Our offer.
    pub sdp: String,
    /// What else the INVITE says.
    pub extra_headers: Vec<(String, String)>,
}

/// Who we say we are when we call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromIdentity {
    /// Display name.
    pub display: Option<String>,
    /// Address.
    pub uri: Uri,
}
