//! What other platforms tell us of their calls: kept as it came, answered at once, then merged, fetched, and handed on
//! like a call of our own.
//!
//! ```text
//! POST /ingest/SOURCE --signed, from its network--> arrivals (synced) --> 200
//!                                                      |
//!                     merged per call, any order <-----/--> artefacts --guarded fetch--> words (or sound -> ears)
//!                                |                                                             |
//!                                \-- over, nothing left to fetch --> call record --> outbox <--/
//! ```

mod close;
mod fetch;
mod intake;
mod run;
mod source;
mod words;

pub use close::{closing, record};
pub use fetch::Ears;
pub use intake::{Given, Refusal, Taken};
pub use run::{Ingest, Settings, Work};
pub use source::{Api, Source};
