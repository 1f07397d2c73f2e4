//! Contacts and activity: one trait, a file per provider.
//!
//! [`Crm`] is what the outbox writes to and what a ringing call asks. [`BuiltIn`] keeps everything in the store's own
//! database. Nothing here waits or retries: a [`CrmError`] says whether another try can help, the outbox decides when.

mod builtin;
mod provider;

pub use crate::store::{NewActivity, NewContact, NewTask};
pub use builtin::BuiltIn;
pub use provider::{BoxFuture, Contact, Crm, CrmError};
