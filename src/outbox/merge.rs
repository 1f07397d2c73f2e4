//! What an existing record gets of what was learned: empty fields are filled, lists grow, nothing is overwritten. What
//! offhook wrote itself (a call's activity, found by its key) follows the call.

use serde_json::Value;

use super::deal::NAMES;
use super::matching::{named, text};
use crate::crm::{Fields, Object, Record};

/// The fields to set; empty when the record has it all. `own` when it is the record offhook made under this very key.
pub(super) fn merged(
    object: Object,
    own: bool,
    stored: &Record,
    wanted: &Fields,
    grows: &dyn Fn(&str) -> bool,
) -> Fields {
    match object {
        Object::Contact => contact(stored, wanted),
        Object::Activity if own => differing(stored, wanted),
        // What a person has since done to it is left alone.
        Object::Activity | Object::Task => filled(stored, wanted),
        Object::Deal => deal(stored, wanted, grows),
    }
}

/// A deal's fields grow, or become something else: whether they may is the policy's affair.
fn deal(stored: &Record, wanted: &Fields, grows: &dyn Fn(&str) -> bool) -> Fields {
    let mut set = differing(stored, wanted);
    set.retain(|field, _| !NAMES.contains(&field.as_str()));
    for (field, value) in &mut set {
        let kept = stored.fields.get(field).filter(|kept| !is_empty(kept));
        if let Some(kept) = kept.filter(|_| grows(field)) {
            *value = appended(Some(kept), texts(Some(value))).unwrap_or_else(|| kept.clone());
        }
    }
    set.retain(|field, value| stored.fields.get(field).is_none_or(|kept| !alike(kept, value)));
    set
}

fn contact(stored: &Record, wanted: &Fields) -> Fields {
    let mut notes = texts(wanted.get("notes"));
    let said = |field: &str| text(wanted, field);
    let name = named(stored);
    if let (Some(said), Some(name)) = (said("name"), &name)
        && !same(said, name)
    {
        notes.push(format!("Also heard as {said}"));
    }
    for field in ["phone", "email"] {
        if let (Some(said), Some(kept)) = (said(field), stored.text(field))
            && !same(said, kept)
        {
            notes.push(format!("Also uses {said}"));
        }
    }
    let mut set = filled(stored, wanted);
    // Who brought a contact is said when it is made, not when it calls again.
    for field in ["notes", "source", "lead_source", "campaign"] {
        set.remove(field);
    }
    if name.is_some() {
        ["name", "first_name", "last_name"].into_iter().for_each(|field| drop(set.remove(field)));
    }
    let notes = appended(stored.fields.get("notes"), notes);
    set.extend(notes.map(|notes| ("notes".to_owned(), notes)));
    set
}

/// Fields the record has nothing in.
fn filled(stored: &Record, wanted: &Fields) -> Fields {
    let empty = |field: &str| stored.fields.get(field).is_none_or(is_empty);
    let given = wanted.iter().filter(|(field, value)| !is_empty(value) && empty(field));
    given.map(|(field, value)| (field.clone(), value.clone())).collect()
}

/// Fields the record has otherwise.
fn differing(stored: &Record, wanted: &Fields) -> Fields {
    let kept = |field: &str, value: &Value| stored.fields.get(field).is_some_and(|stored| alike(stored, value));
    let given = wanted.iter().filter(|(field, value)| !value.is_null() && !kept(field, value));
    given.map(|(field, value)| (field.clone(), value.clone())).collect()
}

/// What is there and what is new, in the shape it is kept in; none when nothing is new.
pub(super) fn appended(stored: Option<&Value>, new: Vec<String>) -> Option<Value> {
    let mut all = texts(stored);
    let before = all.len();
    for text in new {
        if !all.iter().any(|known| same(known, &text)) {
            all.push(text);
        }
    }
    let grown = all.len() > before;
    let value = match stored {
        Some(Value::String(_)) => Value::String(all.join("\n")),
        _ => Value::from(all),
    };
    grown.then_some(value)
}

/// A list's texts, or a text's lines.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => text.lines().filter(|l| !l.trim().is_empty()).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(all) => all.is_empty(),
        _ => false,
    }
}

/// Whether a CRM's value says what was sent: white space, the way an instant is written and the shape of a list are
/// the CRM's own affair.
pub(super) fn alike(stored: &Value, sent: &Value) -> bool {
    let instant = |value: &Value| value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    match (stored, sent) {
        (Value::String(a), Value::String(b)) => {
            a.split_whitespace().eq(b.split_whitespace())
                || instant(stored).zip(instant(sent)).is_some_and(|(a, b)| a.as_second() == b.as_second())
                // A CRM may keep no more of a moment than its day.
                || (a.len() == DAY_CHARS && instant(sent).is_some() && b.starts_with(a.as_str()))
        }
        (_, Value::Array(_)) => {
            let stored = texts(Some(stored));
            texts(Some(sent)).iter().all(|text| stored.iter().any(|known| same(known, text)))
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::String(text), Value::Number(number)) => text.trim().parse().ok() == number.as_f64(),
        (Value::String(text), Value::Bool(yes)) => text.trim().parse() == Ok(*yes),
        _ => stored == sent,
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// `2026-11-24`
const DAY_CHARS: usize = 10;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        serde_json::from_value(value).unwrap()
    }

    fn never(_: &str) -> bool {
        false
    }

    #[test]
    fn a_deal_grows_where_it_may_only_grow() {
        let stored = record(json!({"stage": "Discovery", "next_step": "Send the proposal"}));
        let wanted = fields(json!({"deal_id": "1", "stage": "Proposal", "next_step": "Call on Friday"}));
        let set = merged(Object::Deal, false, &stored, &wanted, &|field| field == "next_step");
        assert_eq!(set, fields(json!({"stage": "Proposal", "next_step": "Send the proposal\nCall on Friday"})));
        let again = record(json!(set));
        assert_eq!(merged(Object::Deal, false, &again, &wanted, &|field| field == "next_step"), Fields::new());
    }

    fn record(value: Value) -> Record {
        Record { id: "1".into(), version: None, fields: fields(value) }
    }

    #[test]
    fn a_contact_is_filled_and_never_overwritten() {
        let stored = record(json!({"phone": "+12125550123", "first_name": "Jane", "last_name": "Doe", "zip": "",
            "notes": ["Likes mornings"]}));
        let wanted =
            fields(json!({"phone": "+12125550199", "name": "Jane Dough", "zip": "10001", "email": "j@doe.example",
            "notes": ["likes mornings", "Has a dog"]}));
        let set = merged(Object::Contact, false, &stored, &wanted, &never);
        let notes = json!(["Likes mornings", "Has a dog", "Also heard as Jane Dough", "Also uses +12125550199"]);
        assert_eq!(set, fields(json!({"zip": "10001", "email": "j@doe.example", "notes": notes})));
        let mut after = stored.clone();
        after.fields.extend(set);
        assert_eq!(
            merged(Object::Contact, false, &after, &wanted, &never),
            Fields::new(),
            "a second time changes nothing"
        );
    }

    #[test]
    fn notes_kept_as_text_stay_text() {
        let stored = record(json!({"name": "Jane Doe", "notes": "First\nSecond"}));
        let set = merged(Object::Contact, false, &stored, &fields(json!({"notes": ["Second", "Third"]})), &never);
        assert_eq!(set, fields(json!({"notes": "First\nSecond\nThird"})));
    }

    #[test]
    fn an_activity_follows_its_call_and_a_task_is_left_alone() {
        let stored = record(json!({"subject": "In progress", "started_at": "2026-11-23T15:00:00.000+00:00"}));
        let wanted = fields(json!({"subject": "Booked", "started_at": "2026-11-23T15:00:00Z"}));
        assert_eq!(merged(Object::Activity, true, &stored, &wanted, &never), fields(json!({"subject": "Booked"})));
        assert_eq!(merged(Object::Task, true, &stored, &wanted, &never), Fields::new());
        assert_eq!(merged(Object::Activity, false, &stored, &wanted, &never), Fields::new());
    }
}
