//! A conversation as it was heard: who, when, which words.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// A whole conversation, a phone call's or a meeting's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Everything said, in order of start.
    pub lines: Vec<Said>,
    /// Who took part, as far as the source says; never guessed.
    pub people: Vec<Party>,
}

/// One thing said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who, as the source names them; empty where it does not.
    pub speaker: String,
    /// The words, verbatim but for mark-up.
    pub text: String,
    /// First sound, milliseconds from the beginning.
    pub start_ms: u64,
    /// Last sound, milliseconds from the beginning.
    pub end_ms: u64,
}

/// Somebody who took part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// As the lines name them.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Title, as the source has it.
    pub title: Option<String>,
    /// On whose side of the table.
    pub side: Side,
}

/// On whose side of the table somebody sits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The business's own people, offhook included.
    Ours,
    /// Callers, customers, buyers.
    Theirs,
    /// The source does not say.
    #[default]
    Unknown,
}

/// Why a file is no transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Not the format it was taken for.
    #[error("not a transcript of this format")]
    Format,
    /// Larger than any conversation.
    #[error("longer than a transcript may be")]
    TooLong,
    /// The format, but nobody says anything.
    #[error("a transcript without words")]
    Empty,
}

impl Heard {
    /// Lines in order of start; none left is no transcript.
    pub(super) fn ordered(mut lines: Vec<Said>, people: Vec<Party>) -> Result<Self, Unreadable> {
        lines.retain(|line| !line.text.is_empty());
        lines.sort_by_key(|line| line.start_ms);
        if lines.is_empty() { Err(Unreadable::Empty) } else { Ok(Self { lines, people }) }
    }

    /// Says who is on the business's side: people of these names, addresses or "@domains". Where anybody is, everybody else
    /// with an address is on the other side; nobody is guessed from what they say.
    pub fn take_sides(&mut self, ours: &[String]) {
        for line in &self.lines {
            if self.people.iter().all(|p| p.name != line.speaker) && !line.speaker.is_empty() {
                self.people.push(Party { name: line.speaker.clone(), ..Party::default() });
            }
        }
        for party in self.people.iter_mut().filter(|party| party.side == Side::Unknown) {
            let email = party.email.as_deref().unwrap_or_default().to_lowercase();
            let is = |known: &String| match known.strip_prefix('@') {
                Some(_) => email.ends_with(&known.to_lowercase()),
                None => known.eq_ignore_ascii_case(&party.name) || known.eq_ignore_ascii_case(&email),
            };
            party.side = match ours.iter().any(is) {
                true => Side::Ours,
                false if !email.is_empty() && !ours.is_empty() => Side::Theirs,
                false => Side::Unknown,
            };
        }
    }

    /// The party a line's speaker is.
    pub fn party(&self, speaker: &str) -> Option<&Party> {
        self.people.iter().find(|p| p.name == speaker)
    }
}

impl Said {
    /// A line with its white space in order; the end is never before the start.
    pub(super) fn new(speaker: &str, text: &str, start_ms: u64, end_ms: u64) -> Self {
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { speaker: one_line(speaker), text: one_line(text), start_ms, end_ms: end_ms.max(start_ms) }
    }
}

/// Too much for a conversation is refused before it is read.
pub(super) fn within_bounds(file: &str) -> Result<&str, Unreadable> {
    if file.len() > FILE_MAX_BYTES { Err(Unreadable::TooLong) } else { Ok(file.trim_start_matches('\u{feff}')) }
}

/// "01:02:03.456", "02:03.456" or with a comma, in milliseconds.
pub(super) fn clock(text: &str) -> Option<u64> {
    let (whole, fraction) = text.trim().split_once(['.', ',']).unwrap_or((text.trim(), ""));
    let mut ms = 0_u64;
    let parts: Vec<&str> = whole.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for part in parts {
        ms = ms.checked_mul(60)?.checked_add(digits(part)?.checked_mul(1000)?)?;
    }
    let milli = match fraction.len() {
        0 => 0,
        _ => digits(fraction).and_then(|_| digits(&format!("{fraction:0<3}")[..3]))?,
    };
    ms.checked_add(milli)
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A day of talk is under 2 MB; bytes.
const FILE_MAX_BYTES: usize = 16 * 1024 * 1024;
