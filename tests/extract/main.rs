//! What is read out of a conversation: transcripts of other systems, and what they say.

mod transcripts;
