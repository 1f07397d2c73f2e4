//! What a mapping says, against what the CRM says of itself.

use std::collections::BTreeMap;

use super::mapping::{Form, Line, Table};
use super::native::{Holds, Property};

/// Each difference, with its line and the remedy.
pub(super) fn of(file: &str, table: &Table, properties: &BTreeMap<String, Property>) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |at: usize, what: String| found.push(format!("{file}, line {at}: {what}"));
    for (field, line) in table.lines.iter().filter(|(_, line)| line.form != Form::Link) {
        let ours = format!("{}.{field}", table.object);
        match properties.get(&line.to) {
            None => say(line.at, missing(&ours, &line.to, &table.name)),
            Some(theirs) => differences(&ours, line, theirs).into_iter().for_each(|what| say(line.at, what)),
        }
    }
    match table.key.as_ref().map(|key| (key, properties.get(key))) {
        Some((key, None)) => say(table.at, missing("the key", key, &table.name)),
        Some((key, Some(theirs))) if theirs.read_only => {
            say(table.at, format!("`{key}` may not be written; allow it to the integration's user"));
        }
        _ => {}
    }
    let filled = |property: &str| {
        table.line(property).is_some_and(|line| !line.read_only)
            || table.always.contains_key(property)
            || table.running.contains_key(property) && table.over.contains_key(property)
            || table.key.as_deref() == Some(property)
    };
    for (name, _) in properties.iter().filter(|(name, one)| one.required && !one.read_only && !filled(name)) {
        let what = format!("{} cannot be made without `{name}`; map a field to it, or add it to `always`", table.name);
        say(table.at, what);
    }
    found
}

fn missing(ours: &str, property: &str, object: &str) -> String {
    format!("{ours} goes to `{property}`, which {object} does not have (any more); make it there, or correct its name")
}

fn differences(ours: &str, line: &Line, theirs: &Property) -> Vec<String> {
    let mut found = Vec::new();
    if !suits(line.form, theirs.holds) {
        found.push(format!(
            "{ours} is written to `{}` as {:?}, but that holds {:?} there; correct type",
            line.to, line.form, theirs.holds
        ));
    }
    if theirs.read_only && !line.read_only {
        found.push(format!("`{}` may not be written; set read_only = true, or allow it to the integration", line.to));
    }
    if !theirs.choices.is_empty() && matches!(line.form, Form::Pick | Form::List) {
        let unknown = line.unknown.as_ref().and_then(|value| value.as_str());
        for value in line.values.values().map(String::as_str).chain(unknown) {
            if !theirs.choices.iter().any(|choice| choice == value) {
                let choices = theirs.choices.join(", ");
                found.push(format!("`{}` has no value `{value}` (any more); it has {choices}", line.to));
            }
        }
    }
    found
}

fn suits(form: Form, holds: Holds) -> bool {
    match form {
        Form::Text | Form::Html => matches!(holds, Holds::Text),
        Form::Number => holds == Holds::Number,
        Form::Bool => holds == Holds::Bool,
        Form::Date => holds == Holds::Date,
        Form::DateTime => holds == Holds::DateTime,
        Form::Millis => matches!(holds, Holds::DateTime | Holds::Number),
        // A list may be written as text, never the other way round.
        Form::Pick => matches!(holds, Holds::Pick | Holds::Text),
        Form::List => matches!(holds, Holds::List | Holds::Text),
        Form::Link => true,
    }
    .max(holds == Holds::Anything)
}
