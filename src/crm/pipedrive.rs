//! Pipedrive (API v2; its fields from v1).
//!
//! There are no external ids: a record is looked for by its key before it is made. Persons and deals keep the key in a
//! custom field, activities, which have none, in a marked line of their note. A mapping names custom fields as people
//! see them; what Pipedrive calls them is asked once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::footer::Footed;
use super::http::{Access, Answer, Api, Ask};
use super::mapped::Mapped;
use super::mapping::{Form, Mapping, Table};
use super::native::{Holds, Native, Property, Row, Search, Values};
use super::translate::{inward, plain};
use super::{CrmError, FOUND_MAX, Object};
use crate::cloud::Trouble;

/// Pipedrive, as its administrator has it.
pub type Pipedrive = Mapped<PipedriveApi>;

/// Pipedrive's API.
#[derive(Debug)]
pub struct PipedriveApi {
    api: Api,
    fields: Mutex<BTreeMap<String, Arc<Custom>>>,
    /// Held from the look to the write: of two with one key at once the second finds the first.
    making: Mutex<()>,
}

/// Fields by the names people see, and by Pipedrive's own.
type Custom = BTreeMap<String, Field>;

#[derive(Debug)]
struct Field {
    /// Forty digits where somebody added it.
    key: String,
    custom: bool,
    property: Property,
    /// What is chosen from: its number and its name.
    options: Vec<(i64, String)>,
}

impl Pipedrive {
    /// Asks nobody yet. The address is that of the company, like `https://example.pipedrive.com/api`.
    pub fn open(url: &str, access: Access, mapping: Mapping) -> Result<Pipedrive, Trouble> {
        let api = Api::new(url, access, Some("x-api-token"), means)?;
        Ok(Mapped::new(PipedriveApi { api, fields: Mutex::default(), making: Mutex::default() }, mapping))
    }
}

impl PipedriveApi {
    fn ask(&self, method: Method, table: &Table, rest: &[&str]) -> Ask {
        self.api.ask(method, &[&["v2", table.name.as_str()], rest].concat())
    }

    async fn fields(&self, table: &Table) -> Result<Arc<Custom>, CrmError> {
        if let Some(known) = self.fields.lock().await.get(&table.name) {
            return Ok(known.clone());
        }
        let (mut all, mut start) = (Custom::new(), 0_u64);
        let singular = match table.name.as_str() {
            "activities" => "activity",
            other => other.trim_end_matches('s'),
        };
        loop {
            let ask = self.api.ask(Method::GET, &["v1", &format!("{singular}Fields")]);
            let body = self.api.good(&ask.with("start", start.to_string()).with("limit", "500")).await?;
            for one in body["data"].as_array().into_iter().flatten() {
                let (Some(key), Some(name)) = (one["key"].as_str(), one["name"].as_str()) else { continue };
                let custom = key.len() == CUSTOM_CHARS && key.bytes().all(|byte| byte.is_ascii_hexdigit());
                all.insert(if custom { name.to_owned() } else { key.to_owned() }, field(key, custom, one));
            }
            match body.pointer("/additional_data/pagination/next_start").and_then(Value::as_u64) {
                Some(next) if next > start => start = next,
                _ => break,
            }
        }
        let all = Arc::new(all);
        self.fields.lock().await.insert(table.name.clone(), all.clone());
        Ok(all)
    }

    /// Searches answer little of a record; each is read.
    async fn searched(&self, table: &Table, fields: &str, term: &str, exact: bool) -> Result<Vec<Row>, CrmError> {
        let ask = self.ask(Method::GET, table, &["search"]).with("term", term).with("fields", fields);
        let ask = ask.with("exact_match", exact.to_string()).with("limit", FOUND_MAX.to_string());
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        while found.len() < FOUND_MAX {
            let page = cursor.iter().fold(ask.clone(), |ask, cursor| ask.with("cursor", cursor));
            let body = self.api.good(&page).await?;
            for item in body.pointer("/data/items").and_then(Value::as_array).into_iter().flatten() {
                if let Some(id) = item["item"]["id"].as_i64() {
                    found.extend(self.get(table, &id.to_string()).await?);
                }
            }
            cursor = body.pointer("/additional_data/next_cursor").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Those of a person; of deals the open ones.
    async fn of(&self, table: &Table, contact: &str) -> Result<Vec<Row>, CrmError> {
        if contact.parse::<u64>().is_err() {
            return Ok(Vec::new());
        }
        let fields = self.fields(table).await?;
        let mut ask = self.ask(Method::GET, table, &[]).with("person_id", contact).with("limit", FOUND_MAX.to_string());
        if table.object == Object::Deal {
            ask = ask.with("status", "open");
        }
        let body = self.api.good(&ask).await?;
        Ok(body["data"].as_array().into_iter().flatten().filter_map(|one| row(table, &fields, one)).collect())
    }

    /// Activities cannot be searched: those of the last days are looked through, the newest first.
    async fn recent(&self, table: &Table, key: &str) -> Result<Vec<Row>, CrmError> {
        let fields = self.fields(table).await?;
        let since = Timestamp::now().saturating_sub(RECENT).unwrap_or(Timestamp::UNIX_EPOCH);
        let since = Timestamp::from_second(since.as_second()).unwrap_or(since);
        let ask = self
            .ask(Method::GET, table, &[])
            .with("updated_since", since.to_string())
            .with("sort_by", "update_time")
            .with("sort_direction", "desc")
            .with("limit", "500");
        let mut cursor = None::<String>;
        for _ in 0..PAGES_MAX {
            let page = cursor.iter().fold(ask.clone(), |ask, cursor| ask.with("cursor", cursor));
            let body = self.api.good(&page).await?;
            let rows = body["data"].as_array().into_iter().flatten().filter_map(|one| row(table, &fields, one));
            if let Some(found) = rows.into_iter().find(|row| noted(table, row).as_deref() == Some(key)) {
                return Ok(vec![found]);
            }
            cursor = body.pointer("/additional_data/next_cursor").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(Vec::new())
    }

    /// Values under Pipedrive's own names; names nobody there knows are refused.
    async fn dressed(&self, table: &Table, values: Values) -> Result<Value, CrmError> {
        let (fields, mut body) = (self.fields(table).await?, json!({}));
        for (name, value) in values {
            let link = table.line(&name).is_some_and(|line| line.form == Form::Link);
            match name.as_str() {
                "phones" | "emails" => body[&name] = json!([{"value": value, "primary": true, "label": "work"}]),
                "participants" => body[&name] = json!([{"person_id": number(&value), "primary": true}]),
                _ if link => body[&name] = number(&value),
                "done" | "type" | "person_id" | "deal_id" => body[&name] = value,
                _ => {
                    let field = fields.get(&name).ok_or_else(|| CrmError::Rejected {
                        field: Some(name.clone()),
                        reason: format!("{} have no field `{name}`", table.name),
                    })?;
                    let value = field.option(&name, value)?;
                    match field.custom {
                        true => body["custom_fields"][&field.key] = value,
                        false => body[&field.key] = value,
                    }
                }
            }
        }
        Ok(body)
    }
}

impl Native for PipedriveApi {
    const NAME: &'static str = "pipedrive";

    async fn properties(&self, table: &Table) -> Result<Option<Vec<(String, Property)>>, CrmError> {
        // Asked anew: this is what finds that something has changed.
        self.fields.lock().await.remove(&table.name);
        let fields = self.fields(table).await?;
        let known = fields.iter().map(|(name, field)| (name.clone(), field.property.clone()));
        // Lists that v2 has instead of fields of v1.
        let lists = ["phones", "emails"].map(|name| (name.to_owned(), Property::new(Holds::Text)));
        Ok(Some(known.chain(lists).collect()))
    }

    async fn search(&self, table: &Table, what: &Search<'_>) -> Result<Vec<Row>, CrmError> {
        match what {
            Search::Key(key) if table.key.is_some() => self.searched(table, "custom_fields", key, true).await,
            Search::Key(key) => self.recent(table, key).await,
            Search::Phone { national, .. } => self.searched(table, "phone", national, false).await,
            Search::Of { contact, .. } => self.of(table, contact).await,
            Search::Are(pairs) => {
                // One term only; whoever asked looks at the rest. The last one says most.
                let Some((name, value)) = pairs.last() else { return Ok(Vec::new()) };
                let field = if *name == "emails" { "email" } else { "custom_fields" };
                self.searched(table, field, value, true).await
            }
        }
    }

    async fn get(&self, table: &Table, id: &str) -> Result<Option<Row>, CrmError> {
        if id.parse::<u64>().is_err() {
            return Ok(None);
        }
        let fields = self.fields(table).await?;
        let body = self.api.found(&self.ask(Method::GET, table, &[id])).await?;
        // What was deleted is kept for a month, and marked.
        let body = body.filter(|body| body["data"]["is_deleted"] != json!(true));
        Ok(body.and_then(|body| row(table, &fields, &body["data"])))
    }

    async fn insert(&self, table: &Table, key: &str, values: Values) -> Result<String, CrmError> {
        let body = self.dressed(table, values).await?;
        let _held = self.making.lock().await;
        let there = self.search(table, &Search::Key(key)).await?;
        if let Some(row) = there.iter().find(|row| key_of(table, row).as_deref() == Some(key)) {
            return Ok(row.id.clone());
        }
        let ask = self.ask(Method::POST, table, &[]).json(body);
        let id = self.api.good(&ask).await?["data"]["id"].as_i64().map(|id| id.to_string());
        id.ok_or_else(|| ask.lost("a record was made and is not named".to_owned()))
    }

    async fn change(&self, table: &Table, id: &str, _: Option<&str>, values: Values) -> Result<(), CrmError> {
        // What was deleted would be written to without a word.
        self.get(table, id).await?.ok_or(CrmError::Gone)?;
        let body = self.dressed(table, values).await?;
        self.api.good(&self.ask(Method::PATCH, table, &[id]).json(body)).await.map(drop)
    }

    async fn remove(&self, table: &Table, id: &str) -> Result<(), CrmError> {
        self.api.found(&self.ask(Method::DELETE, table, &[id])).await.map(drop)
    }
}

impl Field {
    /// A choice by its number.
    fn option(&self, name: &str, value: Value) -> Result<Value, CrmError> {
        match (self.options.is_empty(), value.as_str()) {
            (false, Some(label)) => match self.options.iter().find(|(_, known)| known == label) {
                Some((id, _)) => Ok(json!(id)),
                None => Err(CrmError::Rejected {
                    field: Some(name.to_owned()),
                    reason: format!("`{name}` has no option `{label}`"),
                }),
            },
            _ => Ok(value),
        }
    }

    fn label(&self, value: &Value) -> Value {
        let known = value.as_i64().and_then(|id| self.options.iter().find(|(known, _)| *known == id));
        known.map_or(value.clone(), |(_, label)| json!(label))
    }
}

fn row(table: &Table, fields: &Custom, body: &Value) -> Option<Row> {
    let mut values = Values::new();
    for name in table.lines.values().map(|line| line.to.as_str()).chain(table.key.as_deref()) {
        let value = match (name, fields.get(name)) {
            ("phones" | "emails", _) => {
                let all = body[name].as_array().into_iter().flatten();
                json!(all.filter_map(|one| one["value"].as_str()).collect::<Vec<_>>().join(", "))
            }
            ("participants", _) => body[name][0]["person_id"].clone(),
            (_, Some(field)) if field.custom => field.label(&body["custom_fields"][&field.key]),
            (_, Some(field)) => field.label(&body[&field.key]),
            _ => body[name].clone(),
        };
        values.insert(name.to_owned(), value);
    }
    let version = body["update_time"].as_str().map(str::to_owned);
    Some(Row { id: body["id"].as_i64()?.to_string(), version, values })
}

fn key_of(table: &Table, row: &Row) -> Option<String> {
    match &table.key {
        Some(name) => row.values.get(name)?.as_str().map(str::to_owned),
        None => noted(table, row),
    }
}

/// The key in the note of an activity.
fn noted(table: &Table, row: &Row) -> Option<String> {
    let line = table.line(table.footer()?)?;
    Footed::read(inward(line, row.values.get(&line.to)?)?.as_str()?).key
}

fn field(key: &str, custom: bool, one: &Value) -> Field {
    let options = one["options"].as_array().into_iter().flatten();
    let options = options.filter_map(|o| Some((o["id"].as_i64()?, o["label"].as_str()?.to_owned())));
    let options: Vec<(i64, String)> = options.collect();
    let holds = match one["field_type"].as_str().unwrap_or_default() {
        "varchar" | "varchar_auto" | "text" | "phone" => Holds::Text,
        "double" | "int" | "monetary" => Holds::Number,
        "date" => Holds::Date,
        "enum" => Holds::Pick,
        "set" => Holds::List,
        "boolean" => Holds::Bool,
        _ => Holds::Anything,
    };
    let choices = options.iter().map(|(_, label)| label.clone()).collect();
    Field { key: key.to_owned(), custom, property: Property { choices, ..Property::new(holds) }, options }
}

fn number(value: &Value) -> Value {
    plain(value).parse::<i64>().map_or(Value::Null, Value::from)
}

fn means(answer: &Answer) -> Option<CrmError> {
    match answer.status.as_u16() {
        429 => {
            // Seconds until the window begins anew.
            let reset = answer.number("x-ratelimit-reset").map(Duration::from_secs);
            Some(CrmError::Retry { after: answer.wait.or(reset), reason: answer.said() })
        }
        400 | 422 => {
            // "Parameter validation failed: \"value\" ..." or "... Unknown parameter: shoe"
            let said = answer.text("/error").unwrap_or_default();
            let field = said.split('"').nth(1).map(|path| path.rsplit('.').next().unwrap_or(path).to_owned());
            Some(CrmError::Rejected { field, reason: answer.said() })
        }
        _ => None,
    }
}

/// Of the names of fields somebody added.
const CUSTOM_CHARS: usize = 40;
/// Tries of one write lie closer together than this.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Ten thousand activities.
const PAGES_MAX: usize = 20;
