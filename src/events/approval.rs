//! What is told of a change that a person decides on.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{Event, Kind};

/// A change that waits for a person, or was decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change<'a> {
    /// Business key.
    pub business: &'a str,
    /// The call it comes from.
    pub call_id: &'a str,
    /// Number of its outbox row, by which it is decided.
    pub row: i64,
    /// Its idempotency key.
    pub key: &'a str,
    /// "contact", "deal", ...
    pub object: &'a str,
    /// The values.
    pub fields: &'a Value,
    /// Why a person is asked; or what they said.
    pub reason: Option<&'a str>,
}

impl Change<'_> {
    /// A person has to decide.
    pub fn asked(&self, now: Timestamp) -> Event {
        Event::new(Kind::ApprovalRequested, self.business, self.call_id, self.key, now, self.told())
    }

    /// They did.
    pub fn decided(&self, yes: bool, by: &str, now: Timestamp) -> Event {
        let mut data = self.told();
        data["decision"] = json!(if yes { "approved" } else { "rejected" });
        data["by"] = json!(by);
        Event::new(Kind::ApprovalDecided, self.business, self.call_id, self.key, now, data)
    }

    fn told(&self) -> Value {
        let Change { business, call_id, row, key, object, fields, reason } = *self;
        let change = json!({ "id": row, "key": key, "object": object, "fields": fields, "reason": reason });
        json!({ "business": business, "call_id": call_id, "change": change })
    }
}
