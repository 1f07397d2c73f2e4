//! What a CRM says of its own fields: a mapping, and every value, is held against it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Object;

/// The fields of each object, under offhook's names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Objects the CRM has; another one cannot be written.
    pub objects: BTreeMap<Object, Vec<Field>>,
    /// Takes fields beyond those listed.
    pub open: bool,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// offhook's name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// A record without it is refused.
    pub required: bool,
    /// The CRM sets it itself.
    pub read_only: bool,
    /// Of a [`Kind::Choice`]: what may be written.
    pub choices: Vec<String>,
    /// A longer text is refused or cut.
    pub max_chars: Option<usize>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Words.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Bool,
    /// A day, ISO 8601.
    Date,
    /// A moment, RFC 3339.
    Instant,
    /// One of a list.
    Choice,
    /// Several texts.
    List,
}

impl Schema {
    /// A field of an object; none when the CRM has no such field.
    pub fn field(&self, object: Object, name: &str) -> Option<&Field> {
        self.objects.get(&object)?.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// A field that may be empty, of any length.
    pub fn new(name: &str, kind: Kind) -> Field {
        Field { name: name.to_owned(), kind, required: false, read_only: false, choices: Vec::new(), max_chars: None }
    }

    /// The same, refused when it is missing.
    pub fn required(self) -> Field {
        Field { required: true, ..self }
    }
}
