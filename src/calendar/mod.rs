//! Free slots and bookings: one trait, a file per provider.
//!
//! [`Calendar`] is what a call needs of any calendar. [`BuiltIn`] keeps appointments in the store's database, which
//! itself refuses two at the same time; [`CalDav`] keeps them on a CalDAV server, [`Google`] and [`Graph`] in calendars
//! of Google and Microsoft, [`Calendly`] and [`Acuity`] at providers that know their own free times. [`free_slots`] is
//! the arithmetic of opening hours, shared by providers that only know what is busy.

mod acuity;
mod builtin;
mod caldav;
mod calendly;
mod google;
mod graph;
mod hosted;
mod invitation;
mod occupants;
mod provider;
mod slots;
mod trouble;

pub use crate::cloud::{Login, LoginError, OAuthSettings};
pub use acuity::{Acuity, AcuitySettings};
pub use builtin::{BuiltIn, Clock};
pub use caldav::{CalDav, CalDavSettings};
pub use calendly::{Calendly, CalendlySettings};
pub use google::{Google, GoogleSettings};
pub use graph::{Graph, GraphSettings};
pub use invitation::Invitation;
pub use provider::{BookFailure, BoxFuture, Calendar, CalendarError};
pub use slots::free_slots;
