//! One value, from offhook's words to a CRM's and back.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::CrmError;
use super::mapping::{Form, Line};

/// What is written; a value the property cannot take is refused with the field's name.
pub(super) fn outward(line: &Line, field: &str, value: &Value) -> Result<Value, CrmError> {
    let wrong = |why: &str| CrmError::Rejected {
        field: Some(field.to_owned()),
        reason: format!("{field} = {value} {why} (`{}`)", line.to),
    };
    match line.form {
        Form::Text => Ok(json!(plain(value))),
        Form::Html => Ok(json!(html(&plain(value)))),
        Form::Link => {
            let id = value.as_str().and_then(|word| picked(line, word));
            id.map(|id| json!(id)).ok_or_else(|| wrong("is no record"))
        }
        Form::Bool => value.as_bool().map(|yes| json!(yes)).ok_or_else(|| wrong("is neither true nor false")),
        Form::Number => {
            let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            number.map(|number| tidy(number * line.scale)).ok_or_else(|| wrong("is no number"))
        }
        Form::Date => date(value).map(|date| json!(date.to_string())).ok_or_else(|| wrong("is no date")),
        Form::DateTime => instant(value).map(|at| json!(at.to_string())).ok_or_else(|| wrong("is no point in time")),
        Form::Millis => instant(value).map(|at| json!(at.as_millisecond())).ok_or_else(|| wrong("is no point in time")),
        Form::Pick => picked(line, &plain(value)).map(|one| json!(one)).ok_or_else(|| wrong("is not in the list")),
        Form::List => {
            let words: Vec<String> = match value {
                Value::Array(all) => all.iter().map(plain).collect(),
                one => vec![plain(one)],
            };
            let all: Option<Vec<String>> = words.iter().map(|word| picked(line, word)).collect();
            all.map(|all| json!(all.join(LIST))).ok_or_else(|| wrong("is not in the list"))
        }
    }
}

/// What a mapping writes where we know nothing: as it stands, or a day so many days away (`+30d`).
pub(super) fn unknown(line: &Line, value: &Value, today: Date) -> Value {
    let days = value.as_str().and_then(|text| text.strip_prefix('+')?.strip_suffix('d')?.parse::<i64>().ok());
    match days.filter(|_| line.form == Form::Date).and_then(|days| today.checked_add(days.days()).ok()) {
        Some(day) => json!(day.to_string()),
        None => value.clone(),
    }
}

/// What is read; what cannot be understood stays as it is.
pub(super) fn inward(line: &Line, value: &Value) -> Option<Value> {
    if value.is_null() || value.as_str() == Some("") {
        return None;
    }
    let text = plain(value);
    let read = match line.form {
        Form::Text => Some(json!(text)),
        Form::Html => Some(json!(unhtml(&text))),
        Form::Bool => text.parse::<bool>().ok().map(Value::from),
        Form::Number => text.trim().parse::<f64>().ok().map(|number| tidy(number / line.scale)),
        Form::Date => date(value).map(|date| json!(date.to_string())),
        Form::DateTime => instant(value).map(|at| json!(at.to_string())),
        Form::Millis => text.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(|at| json!(at)),
        Form::Pick | Form::Link => Some(json!(unpicked(line, &text))),
        Form::List => Some(text.split(LIST).map(|word| json!(unpicked(line, word.trim()))).collect()),
    };
    Some(read.unwrap_or_else(|| value.clone()))
}

/// A value as people write it, a list in lines.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join("\n"),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Whole numbers without a point.
fn tidy(number: f64) -> Value {
    let rounded = (number * FINEST).round() / FINEST;
    // Exact: checked to be whole and far below 2^53.
    match rounded.fract() == 0.0 && rounded.abs() < 9e15 {
        true => json!(rounded as i64),
        false => json!(rounded),
    }
}

fn date(value: &Value) -> Option<Date> {
    let text = value.as_str()?;
    text.get(..DATE_CHARS)?.parse().ok().filter(|_| text.len() == DATE_CHARS || instant(value).is_some())
}

/// RFC 3339, or what providers make of it; a bare date begins at midnight UTC.
fn instant(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?.trim();
    text.parse().ok().or_else(|| format!("{}T00:00:00Z", text.parse::<Date>().ok()?).parse().ok())
}

fn picked(line: &Line, word: &str) -> Option<String> {
    match line.values.is_empty() {
        true => Some(word.to_owned()),
        false => line.values.get(word).cloned(),
    }
}

fn unpicked(line: &Line, word: &str) -> String {
    let ours = line.values.iter().find(|(_, theirs)| *theirs == word).map(|(ours, _)| ours.clone());
    ours.unwrap_or_else(|| word.to_owned())
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>")
}

/// CRMs write `<br>` in three ways.
fn unhtml(text: &str) -> String {
    let lines = text.replace("<br />", "\n").replace("<br/>", "\n").replace("<br>", "\n");
    lines.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
}

const LIST: &str = ";";
/// `2026-11-24`
const DATE_CHARS: usize = 10;
/// Digits behind the point that mean something.
const FINEST: f64 = 1e6;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(form: Form) -> Line {
        Line::of("p".into(), form, 1)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let picks = [("gold".to_owned(), "G".to_owned()), ("tin".to_owned(), "T".to_owned())];
        for (line, ours, theirs) in [
            (line(Form::Html), json!("a < b & c\nd"), json!("a &lt; b &amp; c<br>d")),
            (Line { scale: 1000.0, ..line(Form::Number) }, json!(90), json!(90_000)),
            (Line { scale: 1.0 / 60.0, ..line(Form::Number) }, json!(90), json!(1.5)),
            (line(Form::Date), json!("2026-02-28"), json!("2026-02-28")),
            (line(Form::DateTime), json!("2026-11-24T15:00:00Z"), json!("2026-11-24T15:00:00Z")),
            (line(Form::Millis), json!("2026-11-24T15:00:00Z"), json!(1_795_532_400_000_i64)),
            (Line { values: picks.clone().into(), ..line(Form::Pick) }, json!("gold"), json!("G")),
            (Line { values: picks.into(), ..line(Form::List) }, json!(["gold", "tin"]), json!("G;T")),
        ] {
            assert_eq!(outward(&line, "f", &ours), Ok(theirs.clone()), "{line:?}");
            assert_eq!(inward(&line, &theirs), Some(ours), "{line:?}");
        }
        for said in ["2026-11-24T15:00:00.000+0000", "2026-11-24T10:00:00-05:00"] {
            assert_eq!(inward(&line(Form::DateTime), &json!(said)), Some(json!("2026-11-24T15:00:00Z")), "{said}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_refused_with_its_field() {
        let picks = Line { values: [("a".to_owned(), "b".to_owned())].into(), ..line(Form::Pick) };
        for (line, value) in [
            (line(Form::Number), json!("many")),
            (line(Form::Date), json!("soon")),
            (line(Form::DateTime), json!("2026-13-01")),
            (picks, json!("c")),
        ] {
            let Err(CrmError::Rejected { field, .. }) = outward(&line, "tier", &value) else { panic!("{value}") };
            assert_eq!(field.as_deref(), Some("tier"));
        }
    }
}
