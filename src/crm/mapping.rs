//! Mapping files: where each of offhook's fields goes in a CRM, as its administrator wants it.
//!
//! ```toml
//! version = 1
//! [contact]
//! object = "contacts"              # the CRM's name for it
//! key = "offhook_key"              # where the idempotency key is kept; left out: as a line of `rest`
//! rest = "notes"                   # fields without a line of their own are written at the end of this one
//! always = { lifecyclestage = "lead" }   # written when a record is made
//! running = { done = false }             # written when an activity is made whose call still runs
//! over = { done = true }                 # written when its call is over
//! [contact.fields]
//! phone = "phone"
//! tier = { to = "level", type = "pick", values = { gold = "G" }, unknown = "none", clear = false, read_only = true }
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use super::{Fields, Object};
use crate::conversation::{Question, QuestionKind};

/// Where offhook's fields go.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Its file, for whoever mends it.
    pub(super) file: String,
    pub(super) tables: BTreeMap<Object, Table>,
}

/// One kind of record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub(super) object: Object,
    /// The CRM's name for it.
    pub(super) name: String,
    /// The property of the key.
    pub(super) key: Option<String>,
    /// Our field that takes what has no line.
    pub(super) rest: Option<String>,
    pub(super) lines: BTreeMap<String, Line>,
    pub(super) always: Map<String, Value>,
    /// Written while an activity's call runs, and once it is over.
    pub(super) running: Map<String, Value>,
    pub(super) over: Map<String, Value>,
    /// Its line in the file.
    pub(super) at: usize,
}

/// One field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// The CRM's property.
    pub(super) to: String,
    pub(super) form: Form,
    /// Ours to theirs; empty for the same words.
    pub(super) values: BTreeMap<String, String>,
    /// Written into a new record when we do not know it.
    pub(super) unknown: Option<Value>,
    /// Whether null empties it.
    pub(super) clear: bool,
    pub(super) read_only: bool,
    /// Theirs is so many times ours.
    pub(super) scale: f64,
    /// Its line in the file.
    pub(super) at: usize,
}

/// What a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    Text,
    /// Text with marks; line ends are `<br>`.
    Html,
    Number,
    Bool,
    Date,
    #[serde(rename = "datetime")]
    DateTime,
    /// Milliseconds since 1970.
    Millis,
    Pick,
    /// Several of a list, with semicolons between.
    List,
    /// Another record.
    Link,
}

/// A mapping file that cannot be used, with its line and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{line}: {message}", line = line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct MappingError {
    file: String,
    line: Option<usize>,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: Spanned<u32>,
    contact: Option<Spanned<Section>>,
    activity: Option<Spanned<Section>>,
    task: Option<Spanned<Section>>,
    deal: Option<Spanned<Section>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    object: String,
    key: Option<String>,
    rest: Option<Spanned<String>>,
    #[serde(default)]
    always: Map<String, Value>,
    #[serde(default)]
    running: Map<String, Value>,
    #[serde(default)]
    over: Map<String, Value>,
    fields: BTreeMap<String, Spanned<toml::Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    to: String,
    #[serde(rename = "type")]
    form: Option<Form>,
    #[serde(default)]
    values: BTreeMap<String, String>,
    unknown: Option<Value>,
    #[serde(default)]
    clear: bool,
    #[serde(default)]
    read_only: bool,
    scale: Option<f64>,
}

impl Mapping {
    /// Reads a file of one's own.
    pub fn load(path: &Path) -> Result<Mapping, MappingError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Mapping::parse(&file, &text),
            Err(error) => Err(MappingError { file, line: None, message: format!("cannot be read: {error}") }),
        }
    }

    /// Reads the text of a mapping file; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Mapping, MappingError> {
        let wrong = |at: Option<usize>, message: String| MappingError {
            file: file.to_owned(),
            line: at.map(|at| line_of(text, at)),
            message,
        };
        let document: Document =
            toml::from_str(text).map_err(|e| wrong(e.span().map(|span| span.start), e.message().to_owned()))?;
        if *document.version.get_ref() != VERSION {
            let message = format!("version {} is not known; this is version {VERSION}", document.version.get_ref());
            return Err(wrong(Some(document.version.span().start), message));
        }
        let sections = [document.contact, document.activity, document.task, document.deal];
        let mut tables = BTreeMap::new();
        for (object, section) in Object::ALL.into_iter().zip(sections) {
            if let Some(section) = section {
                let at = line_of(text, section.span().start);
                let table = table(object, at, section.into_inner(), text);
                tables.insert(object, table.map_err(|(at, message)| wrong(Some(at), message))?);
            }
        }
        Ok(Mapping { file: file.to_owned(), tables })
    }
}

impl Mapping {
    /// With the fields the business's own questions name (`crm_field`); a line of the file says more and stays.
    #[must_use]
    pub fn with_answers(mut self, questions: &[Question]) -> Mapping {
        let Some(table) = self.tables.get_mut(&Object::Activity) else { return self };
        for question in questions.iter().filter(|question| !question.sensitive) {
            let Some(to) = question.crm_field.clone() else { continue };
            let form = match question.kind {
                QuestionKind::Text => Form::Text,
                QuestionKind::Number => Form::Number,
                QuestionKind::Choice => Form::Pick,
                QuestionKind::YesNo => Form::Bool,
                QuestionKind::Date => Form::Date,
            };
            table.lines.entry(question.field()).or_insert_with(|| Line::of(to, form, table.at));
        }
        self
    }
}

impl Line {
    /// The same words, the same measure.
    pub(super) fn of(to: String, form: Form, at: usize) -> Line {
        let (values, unknown) = (BTreeMap::new(), None);
        Line { to, form, values, unknown, clear: false, read_only: false, scale: 1.0, at }
    }
}

impl Table {
    /// Our field for a property.
    pub(super) fn ours(&self, property: &str) -> Option<&str> {
        self.lines.iter().find(|(_, line)| line.to == property).map(|(field, _)| field.as_str())
    }

    /// The line of a property.
    pub(super) fn line(&self, property: &str) -> Option<&Line> {
        self.lines.values().find(|line| line.to == property)
    }

    /// Every property it speaks of, without links.
    pub(super) fn properties(&self) -> Vec<&str> {
        let plain = self.lines.values().filter(|line| line.form != Form::Link).map(|line| line.to.as_str());
        let mut all: Vec<&str> = plain.chain(self.key.as_deref()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Where a field goes.
    pub(super) fn to(&self, field: &str) -> Option<&str> {
        self.lines.get(field).map(|line| line.to.as_str())
    }

    /// What is written beside an activity's fields: how far its call is.
    pub(super) fn stage(&self, fields: &Fields) -> &Map<String, Value> {
        if is_over(fields) { &self.over } else { &self.running }
    }

    /// Where the key and what has no line are written: the property, where it is needed.
    pub(super) fn footer(&self) -> Option<&str> {
        self.rest.as_deref().and_then(|field| self.to(field))
    }
}

/// The mapping file that comes with offhook for a CRM; none where there is no such CRM.
pub fn shipped(crm: &str) -> Option<&'static str> {
    match crm {
        "hubspot" => Some(include_str!("mappings/hubspot.toml")),
        "salesforce" => Some(include_str!("mappings/salesforce.toml")),
        "pipedrive" => Some(include_str!("mappings/pipedrive.toml")),
        "dynamics" => Some(include_str!("mappings/dynamics.toml")),
        "tryton" => Some(include_str!("mappings/tryton.toml")),
        _ => None,
    }
}

/// Whether these fields of an activity say that its call has ended; of one that a person took, that it has come out.
pub(super) fn is_over(fields: &Fields) -> bool {
    let said = |field: &str| fields.get(field).is_some_and(|value| !value.is_null());
    let status = fields.get("status").and_then(Value::as_str).unwrap_or_default();
    said("disposition") || said("ended_at") || status == "COMPLETED" || status.starts_with("FAILED")
}

/// Whether offhook has such a field.
pub(super) fn known(object: Object, field: &str) -> bool {
    let open = matches!(object, Object::Activity | Object::Deal);
    let named = |prefix| field.strip_prefix(prefix).is_some_and(|name: &str| !name.is_empty());
    let slot = object == Object::Activity && named("slot_");
    names(object).contains(&field) || (open && named("answer_")) || slot
}

/// The fields offhook has, answers to a business's own questions apart.
pub(super) fn names(object: Object) -> &'static [&'static str] {
    match object {
        Object::Contact => &CONTACT,
        Object::Activity => &ACTIVITY,
        Object::Task => &TASK,
        Object::Deal => &DEAL,
    }
}

fn table(object: Object, at: usize, section: Section, text: &str) -> Result<Table, (usize, String)> {
    let mut lines = BTreeMap::new();
    for (field, value) in section.fields {
        let span = value.span().start;
        if !known(object, &field) {
            return Err((
                span,
                format!("offhook has no {}.{field}; see docs/crm.md for what there is", object.as_str()),
            ));
        }
        lines.insert(field, line(value, text).map_err(|message| (span, message))?);
    }
    if let Some(rest) = &section.rest
        && !lines.get(rest.get_ref()).is_some_and(|line| matches!(line.form, Form::Text | Form::Html))
    {
        let message = format!("rest = \"{}\" is no text field of this table; give it a line", rest.get_ref());
        return Err((rest.span().start, message));
    }
    let rest = section.rest.map(Spanned::into_inner);
    if section.key.is_none() && rest.is_none() {
        let start = text.split_inclusive('\n').take(at - 1).map(str::len).sum();
        return Err((
            start,
            "neither key nor rest: the key that keeps a record from being made twice needs one".into(),
        ));
    }
    let Section { object: name, key, always, running, over, .. } = section;
    Ok(Table { object, name, key, rest, lines, always, running, over, at })
}

fn line(value: Spanned<toml::Value>, text: &str) -> Result<Line, String> {
    let at = line_of(text, value.span().start);
    let long = match value.into_inner() {
        toml::Value::String(to) => {
            Long { to, form: None, values: BTreeMap::new(), unknown: None, clear: false, read_only: false, scale: None }
        }
        other => other.try_into::<Long>().map_err(|error| error.message().to_owned())?,
    };
    let form = long.form.unwrap_or(if long.values.is_empty() { Form::Text } else { Form::Pick });
    let scale = long.scale.unwrap_or(1.0);
    if !(scale.is_finite() && scale > 0.0) {
        return Err(format!("scale = {scale} is no factor; write how many of theirs are one of ours"));
    }
    Ok(Line {
        to: long.to,
        form,
        values: long.values,
        unknown: long.unknown,
        clear: long.clear,
        read_only: long.read_only,
        scale,
        at,
    })
}

/// Counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
}

const VERSION: u32 = 1;
const CONTACT: [&str; 13] = [
    "phone",
    "email",
    "first_name",
    "last_name",
    "name",
    "zip",
    "language",
    "birth_date",
    "tier",
    "source",
    "lead_source",
    "campaign",
    "notes",
];
const ACTIVITY: [&str; 26] = [
    "call_id",
    "contact_id",
    "deal_id",
    "subject",
    "body",
    "status",
    "disposition",
    "started_at",
    "ended_at",
    "duration_s",
    "from",
    "to",
    "routing_path",
    "location",
    "campaign",
    "lead_source",
    "intent",
    "urgency",
    "sentiment",
    "lead_score",
    "escalation_reason",
    "transcript_url",
    "recording_url",
    "transcript",
    "source",
    "owner",
];
const TASK: [&str; 9] = ["contact_id", "deal_id", "call_id", "subject", "body", "due_at", "owner", "type", "status"];
const DEAL: [&str; 12] = [
    "name",
    "stage",
    "amount",
    "close_date",
    "next_step",
    "objections",
    "stakeholders",
    "summary",
    "owner",
    "contact_id",
    "phone",
    "email",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_told_with_its_line_and_the_remedy() {
        let start = "version = 1\n[contact]\nobject = \"contacts\"\nkey = \"k\"\n[contact.fields]\n";
        assert!(Mapping::parse("m.toml", &format!("{start}phone = \"phone\"\n")).is_ok());
        for (line, at, said) in [
            ("phone = \"phone\"\nfone = \"phone\"\n", "line 7", "no contact.fone"),
            ("phone = { to = \"phone\", tpye = \"text\" }\n", "line 6", "tpye"),
            ("tier = { to = \"t\", type = \"colour\" }\n", "line 6", "colour"),
        ] {
            let error = Mapping::parse("m.toml", &format!("{start}{line}")).unwrap_err().to_string();
            assert!(error.starts_with("m.toml, ") && error.contains(at) && error.contains(said), "{error}");
        }
        let old = Mapping::parse("m.toml", "version = 9\n").unwrap_err().to_string();
        assert!(old.contains("version 9") && old.contains("line 1"), "{old}");
        let bare = "version = 1\n[contact]\nobject = \"contacts\"\n[contact.fields]\nphone = \"phone\"\n";
        let error = Mapping::parse("m.toml", bare).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("key"), "{error}");
    }
}
