//! When a person has to hear of a call at once, who that is, and what they are told.

use jiff::Zoned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::business::{Span, open_in};
use super::outcome::Outcome;

/// A business's rules for handing a call on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// A caller who asks for a person is one.
    pub by_request: bool,
    /// So many turns in a row that led nowhere.
    pub failures: u8,
    /// Words that make it urgent, lower case.
    pub urgent: Vec<String>,
    /// Tiers of contacts whose calls always count.
    pub tiers: Vec<String>,
    /// Whether it counts after hours too.
    pub after_hours: bool,
    /// Who is asked, in this order.
    pub duty: Vec<Duty>,
}

/// Somebody on duty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Who.
    pub name: String,
    /// Their number.
    pub number: String,
    /// When, per weekday, Monday first; none is always.
    pub hours: Option<[Vec<Span>; 7]>,
}

/// Why a person has to hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The caller asked for a person.
    Request,
    /// Turn after turn led nowhere, or the caller could not be verified.
    Failure,
    /// The caller's tier.
    Tier,
    /// The caller's words.
    Urgent,
}

/// A call to be handed on: what the record keeps of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Handover {
    /// Why.
    pub reason: Reason,
    /// Numbers of those on duty, in the order to ask them.
    pub to: Vec<String>,
    /// What they are told before they take it.
    pub summary: String,
}

impl Reason {
    /// What is said of the caller: "asked for a person".
    pub fn told(self) -> &'static str {
        match self {
            Reason::Request => "asked for a person",
            Reason::Failure => "could not be helped",
            Reason::Tier => "is a customer to be put through",
            Reason::Urgent => "says it is urgent",
        }
    }
}

impl Default for Escalation {
    fn default() -> Self {
        Self {
            by_request: true,
            failures: FAILURES,
            urgent: Vec::new(),
            tiers: Vec::new(),
            after_hours: false,
            duty: Vec::new(),
        }
    }
}

impl Escalation {
    /// Those on duty at this local time, in order.
    pub fn on_duty(&self, now: &Zoned) -> Vec<&Duty> {
        self.duty.iter().filter(|d| d.hours.as_ref().is_none_or(|hours| open_in(hours, now))).collect()
    }

    /// The handover for this reason; none when the rules do not ask for one now.
    pub fn handover(&self, reason: Reason, outcome: &Outcome, now: &Zoned, open: bool) -> Option<Handover> {
        let counts = match reason {
            Reason::Request => self.by_request,
            Reason::Failure | Reason::Tier | Reason::Urgent => true,
        };
        let to: Vec<String> = self.on_duty(now).into_iter().map(|d| d.number.clone()).collect();
        (counts && !to.is_empty() && (open || self.after_hours)).then(|| Handover {
            reason,
            to,
            summary: whisper(reason, outcome),
        })
    }

    /// Whether one of the words that make a call urgent was said.
    pub(super) fn is_urgent(&self, text: &str) -> bool {
        let plain: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
        let plain = format!(" {} ", plain.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "));
        self.urgent.iter().any(|word| plain.contains(&format!(" {word} ")))
    }
}

/// What a person hears before the call: who, why, about what. The caller's words are quoted, never obeyed.
pub fn whisper(reason: Reason, outcome: &Outcome) -> String {
    let who = outcome.name.as_deref().unwrap_or("A caller");
    let why = reason.told();
    let about = outcome.intents.iter().filter(|i| *i != "message").cloned().collect::<Vec<_>>().join(", ");
    let about = if about.is_empty() { String::new() } else { format!(" About: {about}.") };
    let said = outcome.message.as_ref().map(|m| format!(" Said: \"{}\".", m.text)).unwrap_or_default();
    format!("{who} {why}.{about}{said}").chars().take(WHISPER_CHARS).collect()
}

/// Longest whisper: a quarter of a minute of speech.
const WHISPER_CHARS: usize = 240;
/// Turns that may lead nowhere unless told otherwise.
const FAILURES: u8 = 3;
