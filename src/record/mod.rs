//! From the call record to proposals for the CRM: what should be written, decided from the record alone.
//!
//! The same record always gives the same proposals under the same keys, so a repeated hand-over changes nothing.

mod cards;
mod details;
mod extraction;
mod gathered;
mod informed;
mod policy;
mod proposal;
mod reading;
mod summary;
mod transcript;
mod withhold;

pub use details::call_fields;
pub use extraction::{
    Answer, Change, Citation, Claim, ConversationKind, Extraction, Finding, Lead, Mode, Mood, Objection,
    SCHEMA_VERSION, Sentiment, Setting, Stakeholder, Summary, Task, Unknown, Urgency, extract, mood, sentiment_score,
};
pub use gathered::gathered;
pub use informed::{activity_fields, informed_proposals};
pub use policy::{Mutation, Permit, Policy, Proposed, Source, Verdict};
pub use proposal::{Effect, Ground, Proposal, is_meeting, meanwhile, others, proposals};
pub use reading::read_call;
pub use transcript::{GongCall, Heard, Party, Said, Side, Unreadable, gong, webvtt, zoom, zoom_people};
pub use withhold::{told, told_lines};
