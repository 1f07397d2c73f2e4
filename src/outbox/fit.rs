//! A long text where a CRM has little room.

use serde_json::Value;

use crate::crm::{Fields, Object, Schema};

/// Shortens what was said to what the CRM has room for; all else is as long as it is. What has no property of its own
/// stands below the body, so the body's room is everybody's.
pub(super) fn fit(schema: &Schema, object: Object, fields: &mut Fields) {
    let limit = |field: &str| schema.field(object, field).and_then(|field| field.max_chars);
    let others = fields.iter().filter(|(field, _)| *field != TRANSCRIPT);
    let taken: usize = others.map(|(field, value)| field.len() + LINE_CHARS + written(value)).sum();
    let room = limit("body").map(|body| body.saturating_sub(taken + FOOTER_CHARS));
    let Some(room) = limit(TRANSCRIPT).or(room).filter(|_| object == Object::Activity) else { return };
    let Some(Value::String(said)) = fields.get_mut(TRANSCRIPT) else { return };
    if room < SAID_CHARS_MIN {
        fields.remove(TRANSCRIPT);
    } else if let Some(short) = shortened(said, room) {
        *said = short;
    }
}

/// As many whole lines as fit, and that there is more; none when it fits as it is.
pub(super) fn shortened(text: &str, max: usize) -> Option<String> {
    if text.chars().count() <= max {
        return None;
    }
    let (mut kept, mut room) = (String::new(), max.saturating_sub(MORE.len()));
    for line in text.lines() {
        let needed = line.chars().count() + 1;
        if needed > room {
            break;
        }
        room -= needed;
        kept.push_str(line);
        kept.push('\n');
    }
    Some(kept + MORE)
}

fn written(value: &Value) -> usize {
    value.as_str().map_or_else(|| value.to_string().len(), |text| text.chars().count())
}

const TRANSCRIPT: &str = "transcript";
/// Where lines were left out.
const MORE: &str = "[...]";
/// Between a name and its value, and after it; lines of a value are indented.
const LINE_CHARS: usize = 8;
/// The footer's own lines: its mark and the key.
const FOOTER_CHARS: usize = 120;
/// Less is no use to anybody.
const SAID_CHARS_MIN: usize = 80;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::crm::{Field, Kind};

    #[test]
    fn what_was_said_gives_way_and_nothing_else_does() {
        let of = |max_chars| Schema {
            objects: BTreeMap::from([(Object::Activity, vec![Field { max_chars, ..Field::new("body", Kind::Text) }])]),
            open: true,
        };
        let line = "Caller: I would like a cleaning on Tuesday.\n";
        let fields: Fields =
            serde_json::from_value(json!({"body": "x".repeat(500), "transcript": line.repeat(40)})).unwrap();
        let fitted = |max_chars| {
            let mut fitted = fields.clone();
            fit(&of(max_chars), Object::Activity, &mut fitted);
            assert_eq!(fitted["body"], fields["body"]);
            fitted.get("transcript").and_then(Value::as_str).map(str::to_owned)
        };
        assert_eq!(fitted(None).as_deref(), fields["transcript"].as_str());
        let cut = fitted(Some(2000)).unwrap();
        assert!(cut.len() <= 2000 - 500 && cut.starts_with(line) && cut.ends_with("\n[...]"), "{cut}");
        assert_eq!(fitted(Some(700)), None, "a few words are no use");
    }
}
