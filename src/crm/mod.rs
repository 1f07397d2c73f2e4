//! Contacts, activities, tasks, deals: one trait, a file per provider.
//!
//! [`Crm`] is what the outbox writes to and what a ringing call asks. [`BuiltIn`] keeps everything in the store's own
//! database. Nothing here waits, retries or decides: a [`CrmError`] says what can be done about a failure, the outbox
//! does it.

mod builtin;
mod provider;
mod schema;

pub use crate::store::{Fields, Object, Record};
pub use builtin::BuiltIn;
pub use provider::{BoxFuture, Crm, CrmError, FOUND_MAX, Lookup};
pub use schema::{Field, Kind, Schema};
