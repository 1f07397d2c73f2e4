//! Signalling as values: SIP messages, SDP, transactions, dialogs and registration (RFC 3261, 3262, 3264, 3311, 3515, 3581, 3891,
//! 4028, 6026, 7616, 8866).
//!
//! No socket, no clock, no thread: datagrams and `now` go in, datagrams, events and the next wake-up come out. One
//! mutation, then drain [`Endpoint::poll_transmit`], [`Endpoint::poll_event`] and read [`Endpoint::poll_timeout`].
//!
//! Own core, no crate: every one that was tried fails well-formed messages of RFC 4475 or logs raw messages.
//!
//! What is absent on purpose: DNS (targets are IP literals or the address a request came from), the wording of
//! numbers (E.164 is made by who knows the country), and any state for a source that is not admitted.

mod admission;
mod challenge;
mod dialog;
mod digest;
mod dispatch;
mod endpoint;
mod event;
mod headers;
mod identity;
mod info;
mod login;
mod message;
mod parse;
mod probe;
mod random;
mod refer;
mod refresh;
mod registration;
mod reliable;
mod replaces;
mod respond;
mod screen;
pub mod sdp;
mod settings;
mod stream;
mod timers;
mod transaction;
mod uac;
mod uas;
mod update;
mod uri;
mod write;

pub use admission::Limits;
pub use dialog::DialogId;
pub use digest::Credentials;
pub use endpoint::{Endpoint, TRANSACTIONS_MAX, Transmit};
pub use event::{Dial, EndCause, Event, FromIdentity, Incoming, Party, RefusalReason};
pub use headers::{CSeq, NameAddr, Via};
pub use identity::{HeaderSlot, is_told};
pub use message::{Header, Headers, Message, Method, Request, Response};
pub use parse::{Fault, HEADER_BYTES_MAX, HEADERS_MAX, NotSip, Parsed, parse};
pub use probe::ProbeId;
pub use registration::{Account, RegistrationId};
pub use settings::{Network, NetworkError, SessionTimers, Settings, Transport};
pub use stream::{Frame, Framer, Torn};
pub use uri::{Uri, UriError};
