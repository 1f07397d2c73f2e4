//! When a person has to hear of a call at once, who that is, and what they are told.

use std::time::Duration;

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Duty {
    /// Who.
    pub name: String,
    /// Their number, or SIP address.
    pub number: String,
    /// When, per weekday, Monday first; none is always.
    pub hours: Option<[Vec<Span>; 7]>,
    /// Names and departments they answer for; none: whoever asks for just anybody, and departments nobody answers for.
    pub answers_for: Vec<String>,
    /// How callers are put through; none: they are not, only told of.
    pub reach: Option<Reach>,
}

/// How a call gets to somebody. It comes from the configuration alone: no caller ever names a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// How it is handed over.
    pub mode: Mode,
    /// The trunk it goes out through; none: straight to the SIP address.
    pub trunk: Option<String>,
    /// How long it may ring.
    pub ring: Duration,
    /// Pressed once somebody picks up, for a menu that comes first: digits, `*`, `#`, and commas of two seconds each.
    pub keys: String,
}

/// How a call is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// We call, say who it is, and stay between the two.
    Bridged,
    /// The caller's own side is asked to call instead of us.
    Blind,
    /// We call and say who it is; then the caller's own side takes our place.
    Attended,
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

impl Duty {
    /// Whether a caller who names them, or what they answer for, means them.
    fn is(&self, whom: &str) -> bool {
        let said = plain(whom);
        std::iter::once(&self.name).chain(&self.answers_for).any(|name| {
            let name = plain(name);
            // "Maria" is Maria Lopez, "the billing department" is billing, and so is "building" to a recogniser.
            let alike = |word: &String| name.iter().any(|own| is_misheard(own, word));
            contains(&name, &said) || contains(&said, &name) || said.iter().any(alike)
        })
    }

    /// Whether they, or what they answer for, are named in what was said.
    fn is_named(&self, said: &str) -> bool {
        let said = plain(said);
        std::iter::once(&self.name).chain(&self.answers_for).any(|name| contains(&said, &plain(name)))
    }
}

/// Lower case words.
fn plain(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// Whether a word is probably this one: there are few to choose from.
fn is_misheard(own: &str, word: &str) -> bool {
    own.len() >= LONG_CHARS && strsim::normalized_damerau_levenshtein(own, word) >= ALIKE
}

/// Whether `part` stands in `whole`, word by word.
fn contains(whole: &[String], part: &[String]) -> bool {
    !part.is_empty() && whole.windows(part.len()).any(|window| window == part)
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

    /// Those who may be called for a caller at this local time, in order: who answers for `whom`, or for what was
    /// `said`, comes first, and somebody asked for by name is nobody else.
    pub(super) fn reachable(&self, whom: Option<&str>, said: Option<&str>, now: &Zoned) -> Vec<Duty> {
        let there = self.on_duty(now).into_iter().filter(|duty| duty.reach.is_some());
        let (named, rest): (Vec<&Duty>, Vec<&Duty>) = there
            .partition(|duty| whom.is_some_and(|whom| duty.is(whom)) || said.is_some_and(|said| duty.is_named(said)));
        let by_name = whom.is_some_and(|whom| whom.starts_with(char::is_uppercase));
        let anybody = rest.into_iter().filter(|duty| !by_name && duty.answers_for.is_empty());
        named.into_iter().chain(anybody).take(ASKED_MAX).cloned().collect()
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
/// Shorter words are too much like others.
const LONG_CHARS: usize = 5;
/// One letter in four may be another.
const ALIKE: f64 = 0.75;
/// So many are called for one caller: nobody waits longer.
const ASKED_MAX: usize = 5;
/// Turns that may lead nowhere unless told otherwise.
const FAILURES: u8 = 3;
