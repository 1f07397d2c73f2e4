//! When another platform's call is whole, and what record it leaves.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::source::Source;
use crate::call::{CallRecord, CallState, Disposition, Elsewhere, Line, MediaStats, Outcome, Participant, Speaker};
use crate::conversation::{Transfer, e164};
use crate::events::{Person, Told};
use crate::store::Import;

/// Whether nothing more is to be waited for.
pub fn closing(import: &Import, quiet: SignedDuration, now: Timestamp) -> bool {
    let told = &import.told;
    let silent = now.duration_since(import.updated_at);
    if import.waiting > 0 {
        return false;
    }
    match told.over() {
        true => {
            told.complete || !told.lines().is_empty() || told.failed.is_some() && silent >= SETTLE || silent >= quiet
        }
        // Nobody will tell us any more.
        false => silent >= ABANDONED,
    }
}

/// The call as a record of ours; the same call always has the same id.
pub fn record(source: &Source, country: &str, call: &str, told: &Told, updated_at: Timestamp) -> CallRecord {
    let ended_at = told.ended_at.or(told.started_at).unwrap_or(updated_at);
    let started_at = told.started_at.unwrap_or(ended_at).min(ended_at);
    let number = |raw: &String| e164(raw, country).unwrap_or_else(|| raw.clone());
    let disposition = match (told.failed.is_some() || !told.over(), told.transferred) {
        (true, _) => Disposition::Failed,
        (false, true) => Disposition::Escalated,
        (false, false) => Disposition::NoDisposition,
    };
    let kind = if source.meetings { "meeting" } else { "call" };
    CallRecord {
        id: id(&source.name, call),
        sip_call_id: format!("{kind}:{}:{call}", source.name),
        business: source.business.clone(),
        from: told.from.as_ref().map(number),
        to: told.to.as_ref().map(number).or_else(|| told.title.clone()).unwrap_or_else(|| source.name.clone()),
        state: CallState::Ended,
        disposition: Some(disposition),
        started_at,
        answered_at: told.started_at.map(|_| started_at),
        ended_at: Some(ended_at),
        contact_id: None,
        language: told.language.clone().unwrap_or_else(|| "en".to_owned()),
        transcript: told.lines().iter().map(|line| spoken(line, told)).collect(),
        turns: Vec::new(),
        digits: String::new(),
        media: MediaStats::default(),
        outcome: Outcome {
            // When exactly is not told.
            transferred: told.transferred.then_some(Transfer { at: ended_at, to: None, rang_ms: None }),
            ..Outcome::default()
        },
        elsewhere: Some(Box::new(Elsewhere {
            source: source.name.clone(),
            key: call.to_owned(),
            meeting: source.meetings,
            people: told.people.iter().map(participant).collect(),
            speakers: told.lines().iter().map(|line| line.speaker.clone()).collect(),
        })),
        arrival: None,
    }
}

fn participant(person: &Person) -> Participant {
    Participant { name: person.name.clone(), email: person.email.clone(), ours: person.ours }
}

/// Our own people are the agent's side; whoever is not known to be ours is not.
fn spoken(line: &crate::events::Line, told: &Told) -> Line {
    let names = ["agent", "assistant", "bot"];
    let ours = |person: &Person| person.name == line.speaker && person.ours == Some(true);
    let agent = names.contains(&line.speaker.to_lowercase().as_str()) || told.people.iter().any(ours);
    Line {
        speaker: if agent { Speaker::Agent } else { Speaker::Caller },
        text: line.text.clone(),
        start_ms: line.start_ms,
        end_ms: line.end_ms,
        confidence: 1.0,
    }
}

/// UUID-shaped, of source and call.
fn id(source: &str, call: &str) -> String {
    let hash = Sha256::digest(format!("{source}\n{call}"));
    let hex: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let variant = ["8", "9", "a", "b"][usize::from(hash[8] % 4)];
    format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// After a failure its end may still come.
const SETTLE: SignedDuration = SignedDuration::from_secs(60);
/// A call nobody ends.
const ABANDONED: SignedDuration = SignedDuration::from_hours(24);
