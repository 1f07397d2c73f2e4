//! What a call leaves behind, on its way to the CRM: claim, deliver, retry, park.
//!
//! ```text
//! call task --HandOff--> pending calls --writer: one transaction per group--> call row + outbox rows (synced)
//!
//! finish_call: proposed --policy--> validated --go--> ready       (a yes is in the row: nothing is written without)
//!                  | refuses            \--ask--> awaiting_approval --yes--> ready   --no--> rejected
//!                  v
//!                parked          +------------------- lease ran out (crash) --------------+
//!                                v                                                        |
//!                    ready --lease--> leased --acknowledged--> written --reads back--> done
//!                      ^                 |  |                     \--a field was not kept--> parked
//!                      |                 |  +--policy asks after all--> awaiting_approval
//!                      |                 +--failed, tries left--> retrying --next_attempt--> leased
//!                      |                 +--refused, or out of tries--> parked (with the reason)
//!                      +-- retry(id) ------------------------------------/
//!    done --gone over there: reconcile--> ready        done --roll_back--> rolled_back
//! ```
//!
//! The table itself is [`crate::store::JobState::on`].
//! A row waits until the row it comes `after` is done, so a contact is written before its activity; what waits for a
//! parked row is parked with it and freed with it. Every delivery carries the row's idempotency key, so a row that is
//! delivered twice, because the process died between the CRM's write and our acknowledgement, has one effect.
//! A call's activity has several rows, `CALL/activity/upsert@started`, `...@transferred`, `CALL/activity/upsert`: states of
//! one record, written one after the other; an earlier one that is not under way goes when a later one comes.
//! Nobody polls: workers wake when rows are added or freed, and at the next due time or lease end.

mod account;
mod confirm;
mod deal;
mod deliver;
mod describe;
mod fit;
mod gate;
mod guarded;
mod handoff;
mod mail;
mod matching;
mod merge;
mod meter;
mod namesake;
mod notice;
mod pace;
mod preview;
mod probe;
mod reconcile;
mod recovery;
mod retry;
mod rollback;
mod rows;
mod run;
mod settle;
mod webhook;
mod worker;
mod write;
mod writer;

pub use confirm::{Confirmations, Notify};
pub use gate::Limits;
pub use handoff::{Full, HandOff};
pub use mail::{Mail, MailSettings};
pub use meter::{Counted, Meter};
pub use notice::Notices;
pub use pace::Pace;
pub use preview::{Preview, preview};
pub use probe::{Probed, probe};
pub use reconcile::{ReconcileError, Reconciled, reconcile};
pub use retry::{Backoff, next_attempt};
pub use rollback::{RollbackError, RolledBack, roll_back};
pub use run::{Doors, Outbox, Settings};
pub use webhook::Webhook;
