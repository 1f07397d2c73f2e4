//! What other platforms tell us: who may speak, and what their words come to.
//!
//! A [`Door`] knows a platform's signature and reads its requests as a [`Told`]: what one request says of one call. Two
//! of them about one call are joined, in any order and however often, to the same whole.

mod door;
mod generic;
mod gong;
mod told;
mod zoom;

pub use door::{Door, NotAdmitted, Report};
pub use told::{Artefact, Line, Person, Request, Told, What};
