//! Gong's JSON: `/v2/calls/transcript` for the words, `/v2/calls/extensive` for who the speakers are.

use serde::Deserialize;

use super::heard::{Heard, Party, Said, Side, Unreadable, within_bounds};

/// One call of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GongCall {
    /// Gong's id of the call.
    pub id: String,
    /// What was said.
    pub heard: Heard,
}

/// Reads the calls of a transcript answer; `extensive`, where it was fetched too, names their speakers. A speaker nobody
/// names keeps Gong's id.
pub fn gong(transcripts: &str, extensive: Option<&str>) -> Result<Vec<GongCall>, Unreadable> {
    let answer: Transcripts = read(transcripts)?;
    let calls = extensive.map(read::<Extensive>).transpose()?.map(|e| e.calls).unwrap_or_default();
    let found: Vec<GongCall> = answer.call_transcripts.iter().filter_map(|t| t.call(&calls)).collect();
    if found.is_empty() { Err(Unreadable::Empty) } else { Ok(found) }
}

fn read<'a, T: Deserialize<'a>>(file: &'a str) -> Result<T, Unreadable> {
    serde_json::from_str(within_bounds(file)?).map_err(|_| Unreadable::Format)
}

/// Answer of `/v2/calls/transcript`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transcripts {
    call_transcripts: Vec<Transcript>,
}

/// One call's words.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transcript {
    call_id: String,
    #[serde(default)]
    transcript: Vec<Monologue>,
}

/// What one speaker says in a row.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Monologue {
    #[serde(default)]
    speaker_id: Option<String>,
    #[serde(default)]
    sentences: Vec<Sentence>,
}

/// Times are milliseconds.
#[derive(Deserialize)]
struct Sentence {
    start: u64,
    end: u64,
    text: String,
}

/// Answer of `/v2/calls/extensive`.
#[derive(Deserialize)]
struct Extensive {
    calls: Vec<Call>,
}

/// One call's people.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    meta_data: MetaData,
    #[serde(default)]
    parties: Vec<Attendee>,
}

/// Which call.
#[derive(Deserialize)]
struct MetaData {
    id: String,
}

/// Somebody in the call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attendee {
    #[serde(default)]
    speaker_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    email_address: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    affiliation: Option<String>,
}

impl Transcript {
    fn call(&self, calls: &[Call]) -> Option<GongCall> {
        let parties = calls.iter().find(|c| c.meta_data.id == self.call_id).map_or(&[][..], |c| &c.parties);
        let who = |id: &str| {
            let name = parties.iter().find(|p| p.speaker_id.as_deref() == Some(id)).and_then(|p| p.name.as_deref());
            name.unwrap_or(id).to_owned()
        };
        let lines = self.transcript.iter().flat_map(|monologue| {
            let speaker = monologue.speaker_id.as_deref().map(who).unwrap_or_default();
            monologue.sentences.iter().map(move |s| Said::new(&speaker, &s.text, s.start, s.end))
        });
        let people = parties.iter().filter_map(Attendee::party).collect();
        Heard::ordered(lines.collect(), people).ok().map(|heard| GongCall { id: self.call_id.clone(), heard })
    }
}

impl Attendee {
    fn party(&self) -> Option<Party> {
        let name = self.name.as_deref().or(self.speaker_id.as_deref())?;
        let side = match self.affiliation.as_deref() {
            Some("Internal") => Side::Ours,
            Some("External") => Side::Theirs,
            _ => Side::Unknown,
        };
        let name = Said::new(name, "", 0, 0).speaker;
        Some(Party { name, email: self.email_address.clone(), title: self.title.clone(), side })
    }
}
