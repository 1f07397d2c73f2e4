//! Nobody speaks: the agent asks again in other words, then ends the call politely.

use crate::evening::{EVENING, Evening};
use crate::server::rows;

#[test]
fn a_silent_caller_is_asked_again_differently_and_then_let_go() {
    let (call, report) = EVENING.call("silent");
    assert_eq!((report.ended_by.as_str(), &call["disposition"]), ("agent_hung_up", &"abandoned".into()), "{call:#}");
    assert_nothing_invented(&EVENING, "silent");
    assert_asked_differently_then_ended("silent");
    assert!(report.duration_ms < 90_000, "{} ms are longer than anybody listens to nobody", report.duration_ms);
}

/// No words of the caller's, and nothing made of such words.
pub fn assert_nothing_invented(evening: &Evening, name: &str) {
    let (call, _) = evening.call(name);
    let said: Vec<_> = rows(&call["transcript"]).into_iter().filter(|line| line["speaker"] == "caller").collect();
    assert!(said.is_empty(), "{name}: {said:#?}");
    for part in ["name", "booking", "message"] {
        assert!(call["outcome"][part].is_null(), "{name}: {:#}", call["outcome"]);
    }
    assert!(evening.appointments.iter().all(|row| row["call_id"] != call["id"]), "{name}");
    let contact = evening.contacts.iter().find(|row| row["phone"] == call["from"]).expect("a contact by number");
    assert!(contact["name"].is_null(), "{name}: {contact:#}");
}

/// The agent's questions are all different, and its last word is a goodbye.
pub fn assert_asked_differently_then_ended(name: &str) {
    let (call, report) = EVENING.call(name);
    let said: Vec<String> = rows(&call["transcript"])
        .iter()
        .filter(|line| line["speaker"] == "agent")
        .map(|line| line["text"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(said.len() >= 4, "{name}: {said:#?}");
    for (n, text) in said.iter().enumerate() {
        assert!(!said[n + 1..].contains(text), "{name}: said twice: {text}");
    }
    assert!(said.last().is_some_and(|last| last.contains("Goodbye")), "{name}: {said:#?}");
    assert_eq!(report.ended_by, "agent_hung_up", "{name}");
}
