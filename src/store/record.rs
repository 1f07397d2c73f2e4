//! A record of a CRM, whichever it is: an object, an id, named values.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// offhook's own field names and their values: text, number, bool, null, or an array of texts; dates and instants are
/// ISO 8601 texts. Sorted, so that the same values always have the same fingerprint.
pub type Fields = BTreeMap<String, serde_json::Value>;

/// What a CRM keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// A person.
    Contact,
    /// A call, a meeting, a note.
    Activity,
    /// Something somebody has to do.
    Task,
    /// A sale under way.
    Deal,
}

/// A record as the CRM has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The CRM's id.
    pub id: String,
    /// What changes with every write (ETag, updated-at), where there is such a thing.
    pub version: Option<String>,
    /// Its values under offhook's names.
    pub fields: Fields,
}

impl Object {
    /// Every object.
    pub const ALL: [Object; 4] = [Object::Contact, Object::Activity, Object::Task, Object::Deal];

    /// The word in configuration, database and API.
    pub fn as_str(self) -> &'static str {
        match self {
            Object::Contact => "contact",
            Object::Activity => "activity",
            Object::Task => "task",
            Object::Deal => "deal",
        }
    }

    /// The object of that name; none when there is no such object.
    pub fn parse(word: &str) -> Option<Object> {
        Object::ALL.into_iter().find(|object| object.as_str() == word)
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Record {
    /// The text of a field; none when it is empty or no text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(|value| value.as_str()).map(str::trim).filter(|text| !text.is_empty())
    }
}
