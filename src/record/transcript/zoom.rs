//! Zoom's JSON: transcripts with a timeline of sentences, and the timeline file that says who was there.

use serde::Deserialize;

use super::heard::{Heard, Party, Said, Side, Unreadable, clock, within_bounds};
use super::webvtt::webvtt;

/// Reads what Zoom keeps as a transcript: its JSON (`timeline` of `ts`, `end_ts`, `text`, `users`) or its WebVTT.
pub fn zoom(file: &str) -> Result<Heard, Unreadable> {
    let file = within_bounds(file)?;
    if !file.trim_start().starts_with('{') {
        return webvtt(file);
    }
    let timeline = timeline(file)?;
    let lines = timeline.iter().enumerate().filter_map(|(at, entry)| entry.line(timeline.get(at + 1))).collect();
    Heard::ordered(lines, people(&timeline))
}

/// The people of a meeting's timeline file (`recording_type` TIMELINE), with the addresses Zoom knows them by.
pub fn zoom_people(file: &str) -> Result<Vec<Party>, Unreadable> {
    Ok(people(&timeline(within_bounds(file)?)?))
}

/// The file; fields that are not named here are Zoom's own business.
#[derive(Deserialize)]
struct File {
    timeline: Vec<Entry>,
}

/// One moment.
#[derive(Deserialize)]
struct Entry {
    ts: String,
    #[serde(default)]
    end_ts: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    users: Vec<User>,
}

/// Somebody speaking at that moment.
#[derive(Deserialize)]
struct User {
    #[serde(default, alias = "user_name", alias = "display_name")]
    username: Option<String>,
    #[serde(default, alias = "email")]
    email_address: Option<String>,
}

impl Entry {
    /// A sentence; it lasts to its end or, where that is not said, to the next.
    fn line(&self, next: Option<&Self>) -> Option<Said> {
        let start = clock(&self.ts)?;
        let end = self.end_ts.as_deref().or(next.map(|n| n.ts.as_str())).and_then(clock).unwrap_or(start);
        let who: Vec<&str> = self.users.iter().filter_map(|u| u.username.as_deref()).collect();
        Some(Said::new(&who.join(" & "), self.text.as_deref()?, start, end))
    }
}

fn timeline(file: &str) -> Result<Vec<Entry>, Unreadable> {
    serde_json::from_str::<File>(file).map(|f| f.timeline).map_err(|_| Unreadable::Format)
}

fn people(timeline: &[Entry]) -> Vec<Party> {
    let mut people: Vec<Party> = Vec::new();
    for user in timeline.iter().flat_map(|entry| &entry.users) {
        let Some(name) = user.username.as_deref().filter(|n| !n.trim().is_empty()) else { continue };
        let email = user.email_address.clone().filter(|e| e.contains('@'));
        let name = Said::new(name, "", 0, 0).speaker;
        match people.iter_mut().find(|p| p.name == name) {
            Some(known) => known.email = known.email.take().or(email),
            None => people.push(Party { name, email, title: None, side: Side::Unknown }),
        }
    }
    people
}
