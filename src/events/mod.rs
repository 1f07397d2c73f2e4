//! What happens, told to others and told by others: the catalogue of events, signatures, addresses that may be reached.
//!
//! An [`Event`] is derived from a call's record as it is written ([`happened()`]): the same record gives the same events
//! under the same ids, so writing one twice is writing it once. `docs/events.md` says what is in each.

mod address;
mod approval;
mod event;
mod happened;
mod inbound;
mod share;
mod signature;

pub use address::Reach;
pub use approval::Change;
pub use event::{Event, Kind};
pub use happened::happened;
pub use inbound::{Artefact, Door, Line, NotAdmitted, Person, Report, Request, Told, What};
pub use share::{Share, Shared};
pub use signature::{BadSecret, Secrets, Unsigned};
