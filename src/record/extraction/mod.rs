//! What a conversation says, read out of its words by rules and word lists, on the box: the same transcript always gives
//! the same answer, every claim stands on words somebody said, and what nobody said is unknown.

mod answers;
mod changes;
mod emails;
mod extract;
mod intent;
mod lead;
mod lexicon;
mod numbers;
mod objections;
mod pattern;
mod people;
mod quotes;
mod schema;
mod sentences;
mod sentiment;
mod setting;
mod steps;
mod summary;
mod urgency;

pub use extract::extract;
pub use schema::{
    Answer, Change, Citation, Claim, Extraction, Finding, Lead, Mode, Mood, Objection, SCHEMA_VERSION, Sentiment,
    Stakeholder, Summary, Task, Unknown, Urgency,
};
pub use sentiment::{mood, sentiment_score};
pub use setting::{ConversationKind, Setting};
