//! The whole built-in CRM, table by table and column by column, before and after: what a call changed is what is
//! listed, and nothing else.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::person::path;
use crate::server::{Server, block_on, rows};

/// Every record, by table and key.
#[derive(Debug, Clone, PartialEq)]
pub struct Crm(BTreeMap<(String, String), Map<String, Value>>);

/// What a field is to be.
pub enum Want {
    Is(Value),
    /// A text with this in it.
    Has(String),
    /// Whatever it is.
    Some,
}

/// A table and its fields.
pub type Wanted = (&'static str, BTreeMap<String, Want>);

/// The tables of the CRM. The calendar and the outbox are none.
const TABLES: [&str; 5] = ["activities", "contact_notes", "contacts", "deals", "tasks"];

impl Crm {
    /// As it is now.
    pub fn of(server: &Server) -> Crm {
        let file = format!("sqlite:{}", server.folder.path().join("offhook.db").display());
        let mut all = BTreeMap::new();
        block_on(async {
            let mut db = SqliteConnection::connect(&file).await.unwrap();
            for table in TABLES {
                // Whatever columns there are: a new one is seen, too.
                let sql =
                    format!("SELECT group_concat('''' || name || ''',' || name) FROM pragma_table_info('{table}')");
                let columns: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut db).await.unwrap();
                let sql = format!("SELECT json_object({columns}) FROM {table}");
                let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut db).await.unwrap();
                for text in found {
                    let fields = flat(serde_json::from_str(&text).unwrap());
                    let key = fields.get("id").map_or_else(|| text.clone(), |id| id.as_str().unwrap().to_owned());
                    all.insert((table.to_owned(), key), fields);
                }
            }
            db.close().await.unwrap();
        });
        Crm(all)
    }

    /// What is there that was not, of a changed record only what changed.
    fn since(&self, before: &Crm) -> Vec<(String, Map<String, Value>)> {
        let gone: Vec<_> = before.0.keys().filter(|place| !self.0.contains_key(*place)).collect();
        assert!(gone.is_empty(), "these are gone: {gone:?}");
        let changed = |(place, fields): (&(String, String), &Map<String, Value>)| {
            let old = before.0.get(place).cloned().unwrap_or_default();
            let emptied: Vec<_> = old.keys().filter(|field| !fields.contains_key(*field)).collect();
            assert!(emptied.is_empty(), "{place:?}: {emptied:?} are empty now");
            let new = fields.iter().filter(|(field, value)| old.get(*field) != Some(*value));
            let new: Map<_, _> = new.map(|(field, value)| (field.clone(), value.clone())).collect();
            (!new.is_empty()).then(|| (place.0.clone(), new))
        };
        self.0.iter().filter_map(changed).collect()
    }
}

/// Holds what the calls changed against the list; each listed record is one that changed, with these fields and no
/// other.
pub fn assert_gained(server: &Server, before: &Crm, wanted: Vec<Wanted>) {
    let mut found = Crm::of(server).since(before);
    let whole = format!("{found:#?}");
    for (table, fields) in wanted {
        let fits = |(name, new): &(String, Map<String, Value>)| name == table && wrong(new, &fields).is_empty();
        let Some(at) = found.iter().position(fits) else {
            let near = found.iter().filter(|(name, _)| name == table).map(|(_, new)| wrong(new, &fields));
            panic!("no such record of {table}: {:#?}\nof {whole}", near.collect::<Vec<_>>());
        };
        found.remove(at);
    }
    assert!(found.is_empty(), "nobody listed {found:#?}\nof {whole}");
}

/// What an ended call leaves as its activity, by its own record in the API.
pub fn activity(server: &Server, id: &str, contact: bool, special: &[(&str, Value)]) -> Wanted {
    let call = server.get(&path(id));
    let known = |name: &str| call["extraction"][name]["value"].clone();
    let seconds = |field: &str| call[field].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let spoken = seconds("answered_at").zip(seconds("ended_at"));
    let duration = spoken.map_or(0, |(from, to)| to.duration_since(from).as_secs());
    let failed = call["disposition"] == "failed";
    let mut fields = BTreeMap::from([
        want("id", Want::Some),
        want("key", Want::Is(json!(format!("{id}/activity/upsert")))),
        want("business", Want::Is(call["business"].clone())),
        want("call_id", Want::Is(json!(id))),
        want("subject", Want::Has("Inbound call: ".to_owned())),
        want("body", Want::Has(format!("Dialled: {}", call["to"].as_str().unwrap_or_default()))),
        want("source", Want::Is(json!("AI receptionist"))),
        want("occurred_us", Want::Some),
        // When it was answered, and when it was over; a short call is told once.
        want("writes", Want::Some),
        want("more.status", Want::Is(json!(if failed { "FAILED - NO DISPOSITION" } else { "COMPLETED" }))),
        want("more.disposition", Want::Is(call["disposition"].clone())),
        want("more.ended_at", Want::Is(call["ended_at"].clone())),
        want("more.duration_s", Want::Is(json!(duration))),
        want("more.from", Want::Is(call["from"].clone())),
        want("more.to", Want::Is(call["to"].clone())),
        want("more.routing_path", Want::Has(" > ".to_owned())),
    ]);
    let said = transcript(&call);
    if !said.is_empty() {
        fields.extend([
            want("more.transcript", Want::Is(json!(said))),
            want("more.transcript_url", Want::Has(format!("/share/transcript/{id}?until="))),
        ]);
    }
    let read = [
        ("more.intent", known("intent")),
        ("more.urgency", known("urgency")),
        ("more.sentiment", known("sentiment")["label"].clone()),
        ("more.lead_score", known("lead_score")["score"].clone()),
    ];
    let read = read.into_iter().filter(|(_, value)| !value.is_null());
    fields.extend(read.chain(special.iter().cloned()).map(|(field, value)| want(field, Want::Is(value))));
    fields.extend(contact.then(|| want("contact_id", Want::Some)));
    ("activities", fields)
}

/// A new contact.
pub fn contact(business: &str, phone: &str, said: &[(&str, &str)]) -> Wanted {
    let mut fields = BTreeMap::from([
        want("id", Want::Some),
        want("key", Want::Has("/contact/upsert".to_owned())),
        want("business", Want::Is(json!(business))),
        want("phone", Want::Is(json!(phone))),
        want("more.source", Want::Is(json!("AI receptionist"))),
        want("created_us", Want::Some),
        want("updated_us", Want::Some),
    ]);
    fields.extend(said.iter().map(|(field, value)| want(field, Want::Is(json!(value)))));
    ("contacts", fields)
}

/// Something that was learned about a contact.
pub fn note(text: &str) -> Wanted {
    let fields = [("contact_id", Want::Some), ("note", Want::Is(json!(text))), ("created_us", Want::Some)];
    ("contact_notes", fields.into_iter().map(|(field, is)| want(field, is)).collect())
}

/// Something somebody has to do.
pub fn task(business: &str, id: &str, subject: &str) -> Wanted {
    let fields = [
        ("id", Want::Some),
        ("key", Want::Is(json!(format!("{id}/task/create")))),
        ("business", Want::Is(json!(business))),
        ("call_id", Want::Is(json!(id))),
        ("contact_id", Want::Some),
        ("subject", Want::Is(json!(subject))),
        ("body", Want::Has("Outcome: ".to_owned())),
        ("due_us", Want::Some),
        ("status", Want::Is(json!("open"))),
    ];
    ("tasks", fields.into_iter().map(|(field, is)| want(field, is)).collect())
}

fn want(field: &str, is: Want) -> (String, Want) {
    (field.to_owned(), is)
}

/// As both sides said it, a line each.
fn transcript(call: &Value) -> String {
    let line = |line: &Value| {
        let who = if line["speaker"] == "agent" { "Agent" } else { "Caller" };
        format!("{who}: {}", line["text"].as_str().unwrap_or_default())
    };
    rows(&call["transcript"]).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Empty columns are no fields; what is kept as JSON is `more.NAME`.
fn flat(row: Map<String, Value>) -> Map<String, Value> {
    let mut fields = Map::new();
    for (column, value) in row {
        match (column.as_str(), &value) {
            (_, Value::Null) => {}
            ("more", Value::String(more)) => {
                let more: Map<String, Value> = serde_json::from_str(more).unwrap();
                let more = more.into_iter().filter(|(_, value)| !value.is_null());
                fields.extend(more.map(|(field, value)| (format!("more.{field}"), value)));
            }
            _ => drop(fields.insert(column, value)),
        }
    }
    fields
}

/// Why a record is not the one that is wanted.
fn wrong(found: &Map<String, Value>, wanted: &BTreeMap<String, Want>) -> Vec<String> {
    let extra = found.iter().filter(|(field, _)| !wanted.contains_key(*field));
    let mut wrong: Vec<String> =
        extra.map(|(field, value)| format!("{field} = {value}, which nobody listed")).collect();
    for (field, is) in wanted {
        let value = found.get(field).unwrap_or(&Value::Null);
        let right = match is {
            Want::Is(wanted) => value == wanted,
            Want::Has(part) => value.as_str().is_some_and(|text| text.contains(part.as_str())),
            Want::Some => !value.is_null(),
        };
        if !right {
            wrong.push(format!("{field} = {value}"));
        }
    }
    wrong
}
