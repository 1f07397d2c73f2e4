//! What was said about a call so far.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What requests said about one call. [`Told::join`] is commutative, associative and idempotent: order and repetition
/// do not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// It began: the earliest that was said.
    pub started_at: Option<Timestamp>,
    /// It ended: the latest that was said.
    pub ended_at: Option<Timestamp>,
    /// It broke, and why.
    pub failed: Option<String>,
    /// A person took it.
    pub transferred: bool,
    /// Nothing more will be said of it.
    pub complete: bool,
    /// Caller's number, as received.
    pub from: Option<String>,
    /// Called number.
    pub to: Option<String>,
    /// What it was about, of a meeting.
    pub title: Option<String>,
    /// Language spoken, BCP 47.
    pub language: Option<String>,
    /// Who took part.
    pub people: BTreeSet<Person>,
    /// What was spoken, by where it came from.
    pub transcripts: BTreeMap<String, Vec<Line>>,
    /// What is to be fetched, by its event key.
    pub artefacts: BTreeMap<String, Artefact>,
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Person {
    /// As the source names them.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// One of the business's own people; none where the source does not say.
    pub ours: Option<bool>,
}

/// One thing said. Times are milliseconds from the beginning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    /// First sound.
    pub start_ms: u64,
    /// Last sound.
    pub end_ms: u64,
    /// Who, as the source names them.
    pub speaker: String,
    /// The words.
    pub text: String,
}

/// Something to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Artefact {
    /// What it is.
    pub what: What,
    /// How it is asked for.
    pub request: Request,
}

/// What an artefact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// WebVTT, SubRip or JSON with the words.
    Transcript,
    /// Sound; heard only when there is no transcript.
    Audio,
}

/// A web request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Request {
    /// Where.
    pub url: String,
    /// A bearer token that came with the address.
    pub token: Option<String>,
    /// Posted; none is a GET.
    pub body: Option<String>,
}

impl Told {
    /// Both together.
    #[must_use]
    pub fn join(mut self, other: Told) -> Told {
        self.started_at = earliest(self.started_at, other.started_at);
        self.ended_at = self.ended_at.max(other.ended_at);
        self.failed = self.failed.max(other.failed);
        self.transferred |= other.transferred;
        self.complete |= other.complete;
        self.from = self.from.max(other.from);
        self.to = self.to.max(other.to);
        self.title = self.title.max(other.title);
        self.language = self.language.max(other.language);
        self.people.extend(other.people);
        for (key, lines) in other.transcripts {
            let mine = self.transcripts.entry(key).or_default();
            if lines > *mine {
                *mine = lines;
            }
        }
        for (key, artefact) in other.artefacts {
            match self.artefacts.get_mut(&key) {
                Some(mine) if artefact > *mine => *mine = artefact,
                Some(_) => {}
                None => drop(self.artefacts.insert(key, artefact)),
            }
        }
        self
    }

    /// Whether it is known to be over.
    pub fn over(&self) -> bool {
        self.ended_at.is_some() || self.failed.is_some() || self.complete
    }

    /// The words: of the fullest transcript there is.
    pub fn lines(&self) -> &[Line] {
        let words = |lines: &Vec<Line>| lines.iter().map(|line| line.text.len()).sum::<usize>();
        self.transcripts.values().max_by_key(|lines| words(lines)).map_or(&[], Vec::as_slice)
    }
}

fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
