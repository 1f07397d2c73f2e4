//! From the call record to proposals for the CRM: what should be written, decided from the record alone.
//!
//! The same record always gives the same proposals under the same keys, so a repeated hand-over changes nothing.

mod details;
mod policy;
mod proposal;
mod summary;
mod transcript;

pub use policy::{Mutation, Permit, Policy, Proposed, Source, Verdict};
pub use proposal::{Effect, Proposal, proposals};
pub use transcript::{GongCall, Heard, Party, Said, Side, Unreadable, gong, webvtt, zoom, zoom_people};
