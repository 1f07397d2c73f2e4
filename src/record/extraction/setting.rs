//! What the extraction is told about the conversation and the business.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::conversation::{Language, Question};

/// How a conversation is to be read.
#[derive(Debug, Clone)]
pub struct Setting<'a> {
    /// Phone call or meeting.
    pub kind: ConversationKind,
    /// Language spoken.
    pub language: Language,
    /// The day it took place, where the business is.
    pub day: Date,
    /// What the business wants to know.
    pub questions: &'a [Question],
    /// Competitors listened for.
    pub competitors: &'a [String],
}

/// Phone call or meeting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversationKind {
    /// Somebody called.
    #[default]
    Call,
    /// A meeting of several people.
    Meeting,
}
