//! What a call leaves behind, on its way to the CRM: claim, deliver, retry, park.
//!
//! ```text
//! call task --HandOff--> pending calls --writer: one transaction per group--> call row + outbox rows (synced)
//!
//!                    +------------------- lease ran out (crash) ----------------+
//!                    v                                                          |
//!   finish_call --> ready --lease--> leased --deliver ok, acknowledged--> done  |
//!                    ^                 |  \-------------------------------------+
//!                    |                 +--failed, tries left--> retrying --lease at next_attempt--> leased
//!                    |                 +--refused, or out of tries--> parked (with the reason)
//!                    +---------------------- retry(id) --------------------/
//! ```
//!
//! A row waits until the row it comes `after` is done, so a contact is written before its activity; what waits for a
//! parked row is parked with it and freed with it. Every delivery carries the row's idempotency key, so a row that is
//! delivered twice, because the process died between the CRM's write and our acknowledgement, has one effect.
//! Nobody polls: workers wake when rows are added or freed, and at the next due time or lease end.

mod confirm;
mod deliver;
mod describe;
mod handoff;
mod mail;
mod matching;
mod merge;
mod recovery;
mod retry;
mod rows;
mod run;
mod settle;
mod webhook;
mod worker;
mod write;
mod writer;

pub use confirm::{Confirmations, Notify};
pub use handoff::{Full, HandOff};
pub use mail::{Mail, MailSettings};
pub use retry::{Backoff, next_attempt};
pub use run::{Doors, Outbox, Settings};
pub use webhook::Webhook;
