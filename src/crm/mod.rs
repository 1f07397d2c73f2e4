//! Contacts, activities, tasks, deals: one trait, a file per provider.
//!
//! [`Crm`] is what the outbox writes to and what a ringing call asks. [`BuiltIn`] keeps everything in the store's own
//! database; the others speak to a server in its own words (`native`), through a mapping file ([`Mapping`]) that says
//! which of our fields goes where. Nothing here waits, retries or decides: a [`CrmError`] says what can be done about a
//! failure, the outbox does it.

mod builtin;
mod drift;
mod dynamics;
mod footer;
mod http;
mod hubspot;
mod mapped;
mod mapping;
mod native;
mod pipedrive;
mod provider;
mod salesforce;
mod schema;
mod translate;
mod tryton;
mod webhook;

pub use crate::store::{Fields, Object, Record};
pub use builtin::BuiltIn;
pub use dynamics::Dynamics;
pub use http::Access;
pub use hubspot::HubSpot;
pub use mapped::{Checked, Mapped};
pub use mapping::{Mapping, MappingError, shipped};
pub use pipedrive::Pipedrive;
pub use provider::{BoxFuture, Crm, CrmError, FOUND_MAX, Lookup};
pub use salesforce::Salesforce;
pub use schema::{Field, Kind, Schema};
pub use tryton::{Tryton, TrytonLogin};
pub use webhook::WebhookCrm;
