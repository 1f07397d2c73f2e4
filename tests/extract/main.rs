//! What is read out of a conversation: transcripts of other systems, and what they say.

mod call_record;
mod labelled;
mod schema;
mod scores;
mod transcripts;
