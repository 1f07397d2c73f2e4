//! The schema: strict, versioned, "unknown" where nobody said it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::setting::ConversationKind;

/// Goes up whenever a reader of the old schema could misread the new one.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything read out of one conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extraction {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Which rules read it.
    pub rules: String,
    /// Phone call or meeting.
    pub kind: ConversationKind,
    /// BCP 47.
    pub language: String,
    /// SHA-256 of speakers, times and words, hex.
    pub transcript_hash: String,
    /// A few plain sentences.
    pub summary: Summary,
    /// The most telling sentences, verbatim.
    pub key_quotes: Vec<Citation>,
    /// What the other side wants done.
    pub intent: Finding<String>,
    /// How soon.
    pub urgency: Finding<Urgency>,
    /// The other side's attitude.
    pub sentiment: Finding<Sentiment>,
    /// How promising.
    pub lead_score: Finding<Lead>,
    /// One per configured question, by its id.
    pub answers: BTreeMap<String, Finding<Answer>>,
    /// What was agreed to happen afterwards.
    pub next_steps: Vec<Claim<String>>,
    /// What speaks against it.
    pub objections: Vec<Claim<Objection>>,
    /// Who matters on the other side.
    pub stakeholders: Vec<Claim<Stakeholder>>,
    /// Competitors of the configured list in use or in play.
    pub competitors: Vec<Claim<String>>,
    /// What the business's own side promised.
    pub tasks: Vec<Claim<Task>>,
    /// What the CRM could be told; policy decides.
    pub proposed_changes: Vec<Claim<Change>>,
}

/// Something that is known or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Finding<T> {
    /// The transcript says so.
    Known(Claim<T>),
    /// It does not say.
    Unknown(Unknown),
}

/// The word "unknown".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// Nobody said.
    #[default]
    Unknown,
}

/// A value and what it stands on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim<T> {
    /// The value.
    pub value: T,
    /// 0..=1.
    pub confidence: f32,
    /// The words; never empty but where the call's own outcome says it.
    pub citations: Vec<Citation>,
}

/// Words somebody said, verbatim, with the times of their line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Citation {
    /// Who.
    pub speaker: String,
    /// First sound of the line, milliseconds from the beginning.
    pub start_ms: u64,
    /// Last sound of the line.
    pub end_ms: u64,
    /// Part of the line, unchanged.
    pub words: String,
}

/// The conversation in short.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// A sentence per thing known.
    pub text: String,
    /// What it stands on.
    pub citations: Vec<Citation>,
}

/// How soon something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Said to have time.
    Low,
    /// Today, as soon as possible.
    High,
    /// Danger or damage now.
    Emergency,
}

/// An attitude.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentiment {
    /// In a word.
    pub label: Mood,
    /// -1..=1.
    pub score: f32,
}

/// An attitude in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// Pleased.
    Positive,
    /// Neither.
    Neutral,
    /// Displeased.
    Negative,
}

/// How promising the other side is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lead {
    /// 0..=100.
    pub score: u8,
    /// What made the score, "+15 asks for the contract".
    pub reasons: Vec<String>,
}

/// An answer to a configured question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Answer {
    /// Yes or no.
    YesNo(bool),
    /// A number.
    Number(f64),
    /// A day, ISO 8601.
    #[schema(value_type = String, format = Date)]
    Date(Date),
    /// A choice or free words.
    Text(String),
}

/// Something that speaks against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Objection {
    /// "price", "timing", "authority", "competitor", "security", "feature", "contract" or "trust".
    pub category: String,
    /// As said.
    pub words: String,
}

/// Somebody of the other side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stakeholder {
    /// As said, or as the source names them.
    pub name: String,
    /// As said; none when nobody said.
    pub role: Option<String>,
    /// As the source has it.
    pub email: Option<String>,
}

/// Something the business's own side promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// "call_back", "send_proposal", ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Who promised, as the transcript names them: mapped to an owner by configuration, never guessed.
    pub owner: String,
    /// The last day of it, where one was said.
    #[schema(value_type = Option<String>, format = Date)]
    pub due: Option<Date>,
    /// As said.
    pub details: String,
}

/// One field of the CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// "deal", "contact".
    pub object: String,
    /// "amount", "close_date", ...
    pub field: String,
    /// How.
    pub mode: Mode,
    /// As text: numbers in digits, days in ISO 8601.
    pub value: String,
}

/// How a field is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Added to what is there.
    Append,
    /// In place of what is there: for a person to approve.
    Set,
}

impl<T> Finding<T> {
    /// Nobody said.
    pub const UNKNOWN: Self = Self::Unknown(Unknown::Unknown);

    /// The claim, if there is one.
    pub fn claim(&self) -> Option<&Claim<T>> {
        match self {
            Self::Known(claim) => Some(claim),
            Self::Unknown(_) => None,
        }
    }

    /// The value, if it is known.
    pub fn value(&self) -> Option<&T> {
        self.claim().map(|claim| &claim.value)
    }
}

impl<T> From<Option<Claim<T>>> for Finding<T> {
    fn from(claim: Option<Claim<T>>) -> Self {
        claim.map_or(Self::UNKNOWN, Self::Known)
    }
}

impl<T> Claim<T> {
    /// A claim on some words.
    pub(in crate::record) fn new(value: T, confidence: f32, citations: Vec<Citation>) -> Self {
        Self { value, confidence: (confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0, citations }
    }
}

impl Answer {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::YesNo(true) => "yes".to_owned(),
            Self::YesNo(false) => "no".to_owned(),
            Self::Number(n) => n.to_string(),
            Self::Date(day) => day.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    /// As a CRM's field takes it.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::YesNo(yes) => (*yes).into(),
            Self::Number(n) if n.fract() == 0.0 && n.abs() < 9e15 => (*n as i64).into(),
            Self::Number(n) => (*n).into(),
            Self::Date(day) => day.to_string().into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

impl Lead {
    /// "hot" from 70, "warm" from 40, else "cold".
    pub fn band(&self) -> &'static str {
        match self.score {
            70.. => "hot",
            40..70 => "warm",
            _ => "cold",
        }
    }
}

impl Urgency {
    /// As a CRM's field takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
            Self::Emergency => "emergency",
        }
    }
}

impl Mood {
    /// As a CRM's field takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Neutral => "neutral",
            Self::Negative => "negative",
        }
    }
}
