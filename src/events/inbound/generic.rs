//! Our own catalogue, told by others.

use jiff::Timestamp;
use serde_json::Value;

use super::door::Report;
use super::told::{Artefact, Line, Person, Request, Told, What};

/// `{"type", "timestamp", "data": {"call_id", ...}}`; a type that is not in the catalogue is about no call.
pub(super) fn read(key: &str, body: &[u8]) -> Result<Option<Report>, String> {
    let event: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let (kind, data) = (event["type"].as_str().ok_or("no type")?, &event["data"]);
    let Some(call) = text(&data["call_id"]) else { return Err("no data.call_id".to_owned()) };
    let at = instant(&event["timestamp"]);
    let mut told = Told {
        started_at: instant(&data["started_at"]),
        from: text(&data["from"]),
        to: text(&data["to"]),
        title: text(&data["title"]),
        language: text(&data["language"]),
        people: people(&data["people"]),
        ..Told::default()
    };
    match kind {
        "call.started" => told.started_at = told.started_at.or(at),
        "call.ended" => told.ended_at = instant(&data["ended_at"]).or(at),
        "call.failed" => {
            told.failed = Some(text(&data["reason"]).unwrap_or_else(|| "no reason given".to_owned()));
            told.ended_at = instant(&data["ended_at"]).or(at);
        }
        "call.transferred" => told.transferred = true,
        "transcription.complete" => {
            let lines: Vec<Line> =
                data["lines"].as_array().into_iter().flatten().filter_map(line).take(LINES_MAX).collect();
            if !lines.is_empty() {
                told.transcripts.insert("told".to_owned(), lines);
            }
        }
        "recording.complete" => {}
        _ => return Ok(None),
    }
    for (field, what) in [("transcript_url", What::Transcript), ("recording_url", What::Audio)] {
        if let Some(url) = text(&data[field]) {
            let request = Request { url, token: None, body: None };
            told.artefacts.insert(format!("{call}:{key}:{field}"), Artefact { what, request });
        }
    }
    Ok(Some(Report { call, told }))
}

fn line(value: &Value) -> Option<Line> {
    let start_ms = value["start_ms"].as_u64()?;
    Some(Line {
        start_ms,
        end_ms: value["end_ms"].as_u64().unwrap_or(start_ms).max(start_ms),
        speaker: text(&value["speaker"]).unwrap_or_default(),
        text: text(&value["text"])?,
    })
}

fn people(value: &Value) -> std::collections::BTreeSet<Person> {
    let person = |one: &Value| {
        Some(Person { name: text(&one["name"])?, email: text(&one["email"]), ours: one["ours"].as_bool() })
    };
    value.as_array().into_iter().flatten().filter_map(person).take(PEOPLE_MAX).collect()
}

/// A string that says something.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// A day of talk.
const LINES_MAX: usize = 50_000;
/// A large meeting.
pub(super) const PEOPLE_MAX: usize = 1_000;
