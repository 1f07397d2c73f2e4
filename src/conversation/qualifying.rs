//! Qualification questions: what a business wants to know of everybody, and what an answer looks like.

use serde::{Deserialize, Serialize};

use super::flows::Kind;

/// A qualification question: `[[questions]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Stable key: the activity's field is `answer_<id>`.
    pub id: String,
    /// As it is asked.
    pub prompt: String,
    /// When it is asked aloud, by kinds of wish; in none it is only listened for.
    #[serde(default)]
    pub ask_for: Vec<String>,
    /// What an answer looks like.
    #[serde(default)]
    pub kind: QuestionKind,
    /// The answers of a choice.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Words that show that somebody answers it unasked.
    #[serde(default)]
    pub listen_for: Vec<String>,
    /// Words that mean yes.
    #[serde(default)]
    pub yes_words: Vec<String>,
    /// Words that mean no.
    #[serde(default)]
    pub no_words: Vec<String>,
    /// What the CRM itself calls the field, for its mapping.
    #[serde(default)]
    pub crm_field: Option<String>,
    /// Whether a record without it is incomplete.
    #[serde(default)]
    pub required: bool,
    /// Whether the answer is kept out of the CRM, the summary and the call's extraction.
    #[serde(default)]
    pub sensitive: bool,
}

/// What an answer looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Free words.
    #[default]
    Text,
    /// A number.
    Number,
    /// One of some words.
    Choice,
    /// Yes or no.
    YesNo,
    /// A day.
    Date,
}

impl Question {
    /// The name of the activity's field that takes the answer.
    pub fn field(&self) -> String {
        format!("answer_{}", self.id)
    }

    /// Whether it is asked aloud where somebody wishes for that.
    pub fn is_asked_in(&self, wish: Kind) -> bool {
        self.ask_for.iter().any(|name| wish.as_str() == name)
    }
}
