//! What a call sends to the CRM, as it is sent, with names, numbers and addresses masked.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::rows::{Rules, rows};
use super::run::Settings;
use crate::call::CallRecord;
use crate::conversation::Business;
use crate::crm::Object;
use crate::store::JobState;

/// One payload.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Preview {
    /// Idempotency key.
    pub key: String,
    /// "contact", "activity", "task".
    pub object: String,
    /// What the policy makes of it.
    pub state: JobState,
    /// Why a person is asked.
    pub reason: Option<String>,
    /// The values, masked.
    #[schema(value_type = Object)]
    pub fields: Value,
}

/// The payloads of a call.
pub fn preview(call: &CallRecord, settings: &Settings, businesses: &[Arc<Business>]) -> Vec<Preview> {
    let rules = Rules::of(settings, businesses);
    let ended = call.ended_at.unwrap_or(call.started_at);
    let records =
        rows(call, &rules.told(call), &rules, ended).into_iter().filter(|job| Object::parse(&job.kind).is_some());
    let name = call.outcome.name.as_deref().unwrap_or_default();
    records
        .map(|job| Preview {
            key: job.key,
            object: job.kind,
            state: job.state,
            reason: job.reason,
            fields: masked(job.payload, name),
        })
        .collect()
}

fn masked(value: Value, name: &str) -> Value {
    match value {
        Value::String(text) if text.parse::<jiff::Timestamp>().is_err() => Value::String(mask(&text, name)),
        Value::Array(all) => all.into_iter().map(|one| masked(one, name)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(field, value)| (field, masked(value, name))).collect(),
        other => other,
    }
}

/// Every part of the name becomes its initial, every long run of digits its last two, every address its host.
fn mask(text: &str, name: &str) -> String {
    let mut masked = text.to_owned();
    for part in name.split_whitespace().filter(|part| part.chars().count() > 1) {
        let initial: String = part.chars().take(1).collect();
        masked = masked.replace(part, &format!("{initial}."));
    }
    let words: Vec<String> = masked.split(' ').map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    if let Some((_, host)) = word.split_once('@') {
        return format!("***@{host}");
    }
    if word.parse::<jiff::Timestamp>().is_ok() {
        return word.to_owned();
    }
    if let Some((link, _)) = word.split_once(SIGNATURE) {
        return format!("{link}{SIGNATURE}***");
    }
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if digits < DIGITS_SHOWN_MAX || word.contains('-') && word.len() > LONGEST_NUMBER {
        return word.to_owned();
    }
    let mut left = digits;
    let star = |c: char| match c.is_ascii_digit() {
        true => {
            left -= 1;
            if left < 2 { c } else { '*' }
        }
        false => c,
    };
    word.chars().map(star).collect()
}

/// What opens a link.
const SIGNATURE: &str = "sig=";
/// A run this long may be somebody's number.
const DIGITS_SHOWN_MAX: usize = 7;
/// A longer word is an id or a moment.
const LONGEST_NUMBER: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_recognised() {
        let text = "Call back: Jane Doe\nFrom: +12125550123 or jane@doe.example";
        assert_eq!(mask(text, "Jane Doe"), "Call back: J. D.\nFrom: +*********23 or ***@doe.example");
        assert_eq!(mask("Duration: 60 s", ""), "Duration: 60 s");
        assert_eq!(
            mask("https://desk.example/share/transcript/c1?until=1&sig=0af3", ""),
            "https://desk.example/share/transcript/c1?until=1&sig=***"
        );
    }
}
