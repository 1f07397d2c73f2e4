//! Gong: a call that a rule of the account sends.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::door::Report;
use super::generic::{PEOPLE_MAX, instant, text};
use super::told::{Artefact, Person, Request, Told, What};

/// `{"callData": {"metaData": ..., "parties": [...]}, "isTest"}`; a test is about no call.
pub(super) fn read(body: &[u8]) -> Result<Option<Report>, String> {
    let event: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if event["isTest"] == true {
        return Ok(None);
    }
    let (data, meta) = (&event["callData"], &event["callData"]["metaData"]);
    let call = text(&meta["id"]).ok_or("no callData.metaData.id")?;
    let started_at = instant(&meta["started"]);
    let seconds = meta["duration"].as_i64().filter(|seconds| (0..=SECONDS_MAX).contains(seconds));
    let end = started_at.zip(seconds).and_then(|(from, long)| from.checked_add(SignedDuration::from_secs(long)).ok());
    // The words are behind Gong's API; the address is relative to the one configured.
    let filter = json!({"filter": {"callIds": [call]}}).to_string();
    let request = Request { url: TRANSCRIPTS.to_owned(), token: None, body: Some(filter) };
    let artefacts = [(format!("{call}:transcript"), Artefact { what: What::Transcript, request })];
    let told = Told {
        started_at,
        ended_at: end.or(started_at),
        complete: true,
        title: text(&meta["title"]),
        language: text(&meta["language"]).map(|code| code.chars().take(2).collect()),
        people: people(data),
        artefacts: artefacts.into(),
        ..Told::default()
    };
    Ok(Some(Report { call, told }))
}

fn people(data: &Value) -> BTreeSet<Person> {
    let person = |party: &Value| {
        let email = text(&party["emailAddress"]);
        let name = text(&party["name"]).or_else(|| email.clone()).or_else(|| text(&party["speakerId"]))?;
        let ours = match party["affiliation"].as_str() {
            Some("Internal") => Some(true),
            Some("External") => Some(false),
            _ => None,
        };
        Some(Person { name, email, ours })
    };
    data["parties"].as_array().into_iter().flatten().filter_map(person).take(PEOPLE_MAX).collect()
}

/// Where Gong answers with transcripts, below the API's address.
const TRANSCRIPTS: &str = "/v2/calls/transcript";
/// A week.
const SECONDS_MAX: i64 = 7 * 24 * 3600;
