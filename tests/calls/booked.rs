//! What a call that booked leaves behind.

use serde_json::Value;

use crate::person::story;
use crate::server::{Server, rows};

/// The appointments, in order of start.
pub fn appointments(server: &Server) -> Vec<Value> {
    rows(&server.get("/api/v1/appointments"))
}

/// Where an appointment starts, as the API has it.
pub fn start(appointment: &Value) -> &str {
    appointment["starts_at"].as_str().unwrap_or_default()
}

/// The call ended well: booked, both sides in the transcript, nothing left to deliver.
pub fn assert_settled(server: &Server, call: &Value) {
    assert_eq!(call["disposition"], "booked", "{}\n{}", story(call), server.log());
    for speaker in ["caller", "agent"] {
        let lines = rows(&call["transcript"]).iter().filter(|line| line["speaker"] == speaker).count();
        assert!(lines >= 3, "{lines} lines of the {speaker}:\n{}", story(call));
    }
    assert!(server.drained().len() >= 2, "a contact and an activity are written");
}

/// There is one contact, and it has this number.
pub fn assert_one_contact(server: &Server, number: &str) -> Value {
    let contacts = rows(&server.get("/api/v1/contacts"));
    assert_eq!(contacts.len(), 1, "{contacts:#?}");
    assert_eq!(contacts[0]["phone"], number);
    let found = rows(&server.get(&format!("/api/v1/contacts?phone={}", number.replace('+', "%2B"))));
    assert_eq!(found, contacts);
    contacts[0].clone()
}
