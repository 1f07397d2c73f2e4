//! A calendar on a CalDAV server (RFC 4791).
//!
//! No server stops two events at one time, so a booking is three steps: a hold, written only if its resource is new; a
//! look at who else is there; a confirmation, written only if the hold is unchanged. Whoever finds a confirmed event
//! withdraws, and of two holds the one with the smaller name may delete the other, which then cannot be confirmed. A
//! hold that a crash left behind stops counting after two minutes.
//!
//! Repeats are expanded here and not by the server or a library: servers differ, and the libraries that were read tie an
//! override to its SEQUENCE, pass over rules of a VTIMEZONE, or count from the first time whatever the window.

mod busy;
mod calendar;
mod discover;
pub(super) mod event;
pub(super) mod ical;
mod repeat;
mod server;
pub(super) mod times;
mod writing;
mod xml;
mod zones;

pub use calendar::{CalDav, CalDavSettings};
