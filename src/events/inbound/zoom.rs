//! Zoom: meetings and their recordings.

use jiff::SignedDuration;
use serde_json::Value;

use super::door::Report;
use super::generic::{instant, text};
use super::told::{Artefact, Person, Request, Told, What};

/// Event, meeting and time of the event; none when it has none of them.
pub(super) fn key(body: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let (name, at) = (event["event"].as_str()?, event["event_ts"].as_i64()?);
    Some(format!("{name}:{}:{at}", event["payload"]["object"]["uuid"].as_str()?))
}

/// Meetings, webinars and recordings; anything else is about no call.
pub(super) fn read(body: &[u8]) -> Result<Option<Report>, String> {
    let event: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let (name, object) = (event["event"].as_str().ok_or("no event")?, &event["payload"]["object"]);
    let kind = name.strip_prefix("meeting.").or_else(|| name.strip_prefix("webinar."));
    let recording = name.strip_prefix("recording.");
    if !matches!((kind, recording), (Some("started" | "ended"), _) | (_, Some("completed" | "transcript_completed"))) {
        return Ok(None);
    }
    let call = text(&object["uuid"]).ok_or("no payload.object.uuid")?;
    let started_at = instant(&object["start_time"]);
    let mut told = Told { started_at, title: text(&object["topic"]), people: host(object), ..Told::default() };
    if kind == Some("ended") {
        told.ended_at = instant(&object["end_time"]);
    }
    if recording.is_some() {
        let minutes = object["duration"].as_i64().filter(|minutes| (0..=MINUTES_MAX).contains(minutes));
        let end =
            started_at.zip(minutes).and_then(|(from, long)| from.checked_add(SignedDuration::from_mins(long)).ok());
        told.ended_at = told.ended_at.or(end).or(started_at);
        // The address's own token is a day's permission to fetch.
        let token = text(&event["download_token"]).or_else(|| text(&event["payload"]["download_token"]));
        let files = object["recording_files"].as_array().into_iter().flatten().take(FILES_MAX);
        told.artefacts = files.filter_map(|file| artefact(&call, file, token.as_ref())).collect();
    }
    Ok(Some(Report { call, told }))
}

/// One event key per artefact: meeting, file, type.
fn artefact(call: &str, file: &Value, token: Option<&String>) -> Option<(String, Artefact)> {
    let kind = file["file_type"].as_str()?;
    let what = match kind {
        "TRANSCRIPT" | "CC" => What::Transcript,
        "M4A" => What::Audio,
        _ => return None,
    };
    let request = Request { url: text(&file["download_url"])?, token: token.cloned(), body: None };
    Some((format!("{call}:{}:{kind}", file["id"].as_str()?), Artefact { what, request }))
}

fn host(object: &Value) -> std::collections::BTreeSet<Person> {
    let host =
        text(&object["host_email"]).map(|email| Person { name: email.clone(), email: Some(email), ours: Some(true) });
    host.into_iter().collect()
}

/// A week.
const MINUTES_MAX: i64 = 7 * 24 * 60;
/// Files of one meeting.
const FILES_MAX: usize = 100;
