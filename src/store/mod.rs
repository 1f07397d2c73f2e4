//! Every SQL line and migration: what offhook remembers, in one SQLite file.
//!
//! The file is in WAL mode with `synchronous=FULL`: a commit that returned has been synced to the disk. All writes go
//! through one connection and take the write lock up front (`BEGIN IMMEDIATE`), so a read-then-write transaction never
//! loses a race; reads have their own connections and never wait for a writer. Statements are checked at run time and
//! kept to SQL that PostgreSQL understands too, the overlap triggers of the calendar apart.
//!
//! Read [`Store::finish_call`] first: a call ends exactly once, in the transaction that adds its outbox rows.

mod appointments;
mod approvals;
mod audit;
mod calls;
mod contact_data;
mod contacts;
mod enqueue;
mod error;
mod events;
mod id;
mod imports;
mod job_state;
mod jobs;
mod occupancy;
mod open;
mod record;
mod records;
mod rows;
mod superseded;

pub use appointments::{Change, Changed, NewAppointment, Written};
pub use audit::{AuditAction, AuditCheck, AuditEntry, AuditRow, AuditSearch, FieldChange, NewAudit};
pub use calls::{CallWrite, Page};
pub use contact_data::{ContactData, ContactFault};
pub use error::{Result, StoreError};
pub use events::{DeliveryRow, DeliveryState, Due, EndpointRow, EndpointState, Told};
pub use id::fresh_id;
pub use imports::{Arrival, DueArtefact, Fetched, Import, NewArrival};
pub use job_state::{JobEvent, JobState};
pub use jobs::{Done, JobAges, Lease, NewJob};
pub use occupancy::{Cap, Needs, Occupied};
pub use open::{Claim, Store};
pub use record::{Fields, Object, Record};
pub use records::RecordBy;
pub use rows::{ActivityRow, AppointmentRow, ContactRow, JobRow, TaskRow};
