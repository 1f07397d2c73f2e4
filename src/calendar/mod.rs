//! Free slots and bookings: one trait, a file per provider.
//!
//! [`Calendar`] is what a call needs of any calendar. [`BuiltIn`] keeps appointments in the store's database, which
//! itself refuses two at the same time; [`CalDav`] keeps them on a CalDAV server. [`free_slots`] is the arithmetic of opening hours, shared by providers that only
//! know what is busy.

mod builtin;
mod caldav;
mod invitation;
mod occupants;
mod provider;
mod slots;

pub use builtin::{BuiltIn, Clock};
pub use caldav::{CalDav, CalDavSettings};
pub use invitation::Invitation;
pub use provider::{BookFailure, BoxFuture, Calendar, CalendarError};
pub use slots::free_slots;
