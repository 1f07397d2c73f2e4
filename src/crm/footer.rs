//! What a CRM has no property for, as lines at the end of a text:
//!
//! ```text
//! Ann asks for a new date.
//!
//! -- offhook --
//! offhook:4711/contact/1
//! sentiment: positive
//! transcript: Agent: hello
//!   Caller: hi
//! ```

use serde_json::Value;

use super::Fields;
use super::translate::plain;

/// A text taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Footed {
    /// What people wrote.
    pub(super) text: String,
    pub(super) key: Option<String>,
    pub(super) fields: Fields,
}

impl Footed {
    /// Takes a text apart.
    pub(super) fn read(whole: &str) -> Footed {
        let whole = whole.replace("\r\n", "\n");
        let Some((text, lines)) = whole.split_once(MARK) else {
            return Footed { text: whole, ..Footed::default() };
        };
        let mut footed = Footed { text: text.trim_end().to_owned(), ..Footed::default() };
        let mut texts: Vec<(String, String)> = Vec::new();
        for line in lines.lines() {
            if let (Some(more), Some((_, value))) = (line.strip_prefix(INDENT), texts.last_mut()) {
                *value = format!("{value}\n{more}");
            } else if let Some(key) = line.strip_prefix(KEY) {
                footed.key = Some(key.trim().to_owned());
            } else if let Some((name, value)) = line.split_once(": ") {
                texts.push((name.to_owned(), value.to_owned()));
            }
        }
        footed.fields = texts.into_iter().map(|(name, text)| (name, value(text))).collect();
        footed
    }

    /// Puts it together.
    pub(super) fn write(&self) -> String {
        if self.key.is_none() && self.fields.is_empty() {
            return self.text.clone();
        }
        let mut whole = format!("{}\n\n{MARK}", self.text);
        if let Some(key) = &self.key {
            whole = format!("{whole}\n{}", marked(key));
        }
        for (name, value) in self.fields.iter().filter(|(_, value)| !value.is_null()) {
            whole = format!("{whole}\n{name}: {}", spelled(value).replace('\n', &format!("\n{INDENT}")));
        }
        whole
    }
}

/// The line of a key, by which a record is found.
pub(super) fn marked(key: &str) -> String {
    format!("{KEY}{key}")
}

/// A text that would be read as something else is quoted.
fn spelled(value: &Value) -> String {
    match value {
        Value::String(text) if serde_json::from_str::<Value>(text).is_err() => text.clone(),
        Value::Array(_) | Value::Object(_) | Value::String(_) => value.to_string(),
        other => plain(other),
    }
}

fn value(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

const MARK: &str = "-- offhook --";
const KEY: &str = "offhook:";
const INDENT: &str = "  ";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let fields = [
            ("sentiment", json!("positive")),
            ("lead_score", json!(42)),
            ("answer_zip", json!("02134")),
            ("answer_code", json!("42")),
            ("stakeholders", json!(["Ann", "Bo"])),
            ("transcript", json!("Agent: hello\n  Caller: hi")),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value)).into();
        let whole = Footed { text: "Two\nlines.".into(), key: Some("c1/activity".into()), fields };
        assert_eq!(Footed::read(&whole.write()), whole);
        let bare = Footed { text: "Only text".into(), ..Footed::default() };
        assert_eq!((bare.write().as_str(), Footed::read("Only text")), ("Only text", bare.clone()));
    }
}
