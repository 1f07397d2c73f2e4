//! Tryton (JSON-RPC).
//!
//! A session is bought with a password and bought again, by one at a time, when it has ended. There are no external
//! ids: a record is looked for by its key before it is made, the key lying in an identifier, a reference or a marked
//! line. Changes carry the version that was read (`_timestamp`), and Tryton refuses them when it moved on. Numbers,
//! addresses and identifiers are records of their own behind a party: "contact_mechanisms.phone" in a mapping.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::footer::marked;
use super::http::{Answer, Api, Ask};
use super::mapped::Mapped;
use super::mapping::{Form, Mapping, Table};
use super::native::{Holds, Native, Property, Row, Search, Values};
use super::translate::plain;
use super::{CrmError, FOUND_MAX, Object};
use crate::cloud::Trouble;

/// Tryton, as its administrator has it.
pub type Tryton = Mapped<TrytonApi>;

/// Who we are to a Tryton server.
#[derive(Clone, PartialEq, Eq)]
pub struct TrytonLogin {
    /// The database there.
    pub database: String,
    /// Our name.
    pub user: String,
    /// Our password.
    pub password: String,
}

/// Tryton's API.
#[derive(Debug)]
pub struct TrytonApi {
    api: Api,
    login: TrytonLogin,
    /// Held by the one who logs in.
    session: Mutex<Option<Arc<Session>>>,
    /// Field types by model, asked once.
    types: Mutex<BTreeMap<String, Arc<Types>>>,
}

type Types = BTreeMap<String, (String, Property)>;

#[derive(Debug)]
struct Session {
    header: String,
    /// Company and language of our user, as every request has to carry them.
    context: Map<String, Value>,
}

impl Tryton {
    /// Asks nobody yet; an address that cannot be one is refused here.
    pub fn open(url: &str, login: TrytonLogin, mapping: Mapping) -> Result<Tryton, Trouble> {
        let (session, types) = (Mutex::default(), Mutex::default());
        Ok(Mapped::new(TrytonApi { api: Api::open(url, |_| None)?, login, session, types }, mapping))
    }
}

impl TrytonApi {
    /// A method of a model; once more with a new session when the old one has ended.
    async fn call(&self, reads: bool, method: &str, params: Vec<Value>, more: Value) -> Result<Value, CrmError> {
        let mut ended: Option<Arc<Session>> = None;
        loop {
            let session = self.session(ended.as_ref()).await?;
            let mut context = session.context.clone();
            context.extend(more.as_object().cloned().unwrap_or_default());
            let params = [params.clone(), vec![json!(context)]].concat();
            let ask = self.ask(reads, method, params).header("authorization", &session.header);
            // The server says 401 of a session that has ended; `Api` calls that unauthorized.
            match self.api.send(&ask).await {
                Err(CrmError::Unauthorized { .. }) if ended.is_none() => ended = Some(session),
                answer => return self.result(&ask, &answer?),
            }
        }
    }

    fn ask(&self, reads: bool, method: &str, params: Vec<Value>) -> Ask {
        let ask = self.api.ask(Method::POST, &[&self.login.database, "rpc", ""]);
        let ask = ask.json(json!({"id": 1, "method": method, "params": params}));
        if reads { ask.reading() } else { ask }
    }

    async fn session(&self, ended: Option<&Arc<Session>>) -> Result<Arc<Session>, CrmError> {
        let mut held = self.session.lock().await;
        if let Some(session) = held.as_ref().filter(|now| ended.is_none_or(|ended| !Arc::ptr_eq(now, ended))) {
            return Ok(session.clone());
        }
        let login = &self.login;
        let ask = self.ask(true, "common.db.login", vec![json!(login.user), json!({"password": login.password})]);
        let bought = self.result(&ask, &self.api.send(&ask).await?)?;
        let (Some(id), Some(key)) = (bought[0].as_i64(), bought[1].as_str()) else {
            let reason = "Tryton does not take our user and password; correct them".to_owned();
            return Err(CrmError::Unauthorized { reason });
        };
        let header = format!("Session {}", BASE64_STANDARD.encode(format!("{}:{id}:{key}", login.user)));
        let ask = self.ask(true, "model.res.user.get_preferences", vec![json!(true), json!({})]);
        let ask = ask.header("authorization", &header);
        let context = self.result(&ask, &self.api.send(&ask).await?)?.as_object().cloned().unwrap_or_default();
        let session = Arc::new(Session { header, context });
        *held = Some(session.clone());
        Ok(session)
    }

    /// Errors come in answers of 200: a kind and its words.
    fn result(&self, ask: &Ask, answer: &Answer) -> Result<Value, CrmError> {
        if !answer.status.is_success() {
            return Err(match answer.status {
                StatusCode::NOT_FOUND => CrmError::rejected(format!("there is no database `{}`", self.login.database)),
                _ => self.api.error(ask, answer),
            });
        }
        let Some(error) = answer.body.get("error").filter(|error| !error.is_null()) else {
            return Ok(answer.body["result"].clone());
        };
        let said = plain(&error[1]);
        let reason: String = said.chars().filter(|c| !c.is_control()).take(REASON_MAX).collect();
        Err(match error[0].as_str().unwrap_or_default() {
            "ConcurrencyException" => CrmError::Conflict { reason },
            "UserError" | "UserWarning" => CrmError::Rejected { field: None, reason },
            "LoginException" | "RateLimitException" => CrmError::Unauthorized { reason },
            "TimeoutException" => CrmError::Retry { after: None, reason },
            // A model or field that is not there, or a mistake of the server's own: nothing was committed.
            _ => CrmError::Rejected { field: None, reason },
        })
    }

    async fn types(&self, model: &str) -> Result<Arc<Types>, CrmError> {
        if let Some(known) = self.types.lock().await.get(model) {
            return Ok(known.clone());
        }
        let said = self.call(true, &format!("model.{model}.fields_get"), vec![json!([])], json!({})).await?;
        let kind = |one: &Value| one["type"].as_str().unwrap_or_default().to_owned();
        let fields = said.as_object().into_iter().flatten();
        let types: Types = fields.map(|(name, one)| (name.clone(), (kind(one), property(one)))).collect();
        let types = Arc::new(types);
        self.types.lock().await.insert(model.to_owned(), types.clone());
        Ok(types)
    }

    async fn rows(&self, table: &Table, domain: Value) -> Result<Vec<Row>, CrmError> {
        let types = self.types(&table.name).await?;
        let fields: Vec<&str> = wanted(table).filter(|name| !name.contains('.')).chain(["_timestamp", "id"]).collect();
        let params = vec![domain, json!(0), json!(FOUND_MAX), json!([["id", "ASC"]]), json!(fields)];
        let found = self.call(true, &format!("model.{}.search_read", table.name), params, json!({})).await?;
        let mut rows: Vec<Row> =
            found.as_array().into_iter().flatten().filter_map(|body| row(table, &types, body)).collect();
        for row in &mut rows {
            for name in wanted(table).filter(|name| name.contains('.')) {
                if let Some(part) = self.parts(row, name).await?.into_iter().next() {
                    row.values.insert(name.to_owned(), part.1);
                }
            }
        }
        Ok(rows)
    }

    /// The records behind a party that a dotted name means: their ids and values.
    async fn parts(&self, row: &Row, name: &str) -> Result<Vec<(i64, Value)>, CrmError> {
        let part = Part::of(name)?;
        let mut domain = vec![json!(["party", "=", row.id.parse::<i64>().unwrap_or_default()])];
        domain.extend(part.kind.map(|kind| json!(["type", "=", kind])));
        if part.field == "comment" {
            domain.push(json!(["value", "=", OURS]));
        }
        if part.field == "code" {
            domain.push(json!(["code", "like", format!("{KEY}%")]));
        }
        let params = vec![json!(domain), json!(0), json!(FOUND_MAX), json!([["id", "ASC"]]), json!([part.field])];
        let found = self.call(true, &format!("model.{}.search_read", part.model), params, json!({})).await?;
        let each = found.as_array().into_iter().flatten();
        Ok(each.filter_map(|one| Some((one["id"].as_i64()?, part.read(&one[part.field])))).collect())
    }

    /// Values as the server wants them: its own words for days and decimals, records behind a party as commands.
    async fn dressed(&self, table: &Table, values: Values, old: Option<&Row>) -> Result<Values, CrmError> {
        let types = self.types(&table.name).await?;
        let (mut plain_ones, mut many) = (Values::new(), BTreeMap::<String, Vec<Value>>::new());
        for (name, value) in values {
            if !name.contains('.') {
                let kind = types.get(&name).map_or("", |(kind, _)| kind.as_str());
                plain_ones.insert(name, dress(kind, value));
                continue;
            }
            let part = Part::of(&name)?;
            let there = match old {
                Some(row) => self.parts(row, &name).await?.into_iter().next(),
                None => None,
            };
            let written = part.write(&value);
            let command = match there {
                Some((_, now)) if now == value => continue,
                Some((id, _)) => json!(["write", [id], {part.field: written[part.field]}]),
                None => json!(["create", [written]]),
            };
            many.entry(part.list.to_owned()).or_default().push(command);
        }
        plain_ones.extend(many.into_iter().map(|(list, commands)| (list, json!(commands))));
        Ok(plain_ones)
    }
}

impl Native for TrytonApi {
    const NAME: &'static str = "tryton";
    const VERSIONS: bool = true;

    async fn properties(&self, table: &Table) -> Result<Option<Vec<(String, Property)>>, CrmError> {
        // Asked anew: this is what finds that something has changed.
        self.types.lock().await.remove(&table.name);
        let types = self.types(&table.name).await?;
        let dotted = wanted(table).filter(|name| Part::of(name).is_ok() && name.contains('.'));
        let dotted = dotted.map(|name| (name.to_owned(), Property::new(Holds::Text)));
        Ok(Some(types.iter().map(|(name, (_, one))| (name.clone(), one.clone())).chain(dotted).collect()))
    }

    async fn search(&self, table: &Table, what: &Search<'_>) -> Result<Vec<Row>, CrmError> {
        let path = |name: &str| Part::of(name).map_or(name.to_owned(), |part| format!("{}.{}", part.list, part.field));
        let domain = match what {
            Search::Key(key) => match (&table.key, table.footer()) {
                (Some(name), _) if name.contains('.') => json!([[path(name), "=", marked(key)]]),
                (Some(name), _) => json!([[name, "=", key]]),
                (None, Some(name)) => json!([[name, "like", format!("%{}%", escaped(&marked(key)))]]),
                (None, None) => return Ok(Vec::new()),
            },
            Search::Phone { property, national, .. } => {
                let spread: String = national.chars().flat_map(|digit| ['%', digit]).collect();
                json!([[path(property), "like", format!("{spread}%")]])
            }
            Search::Of { property, contact } => {
                let (Some(name), Ok(id)) = (property, contact.parse::<i64>()) else { return Ok(Vec::new()) };
                match table.object {
                    Object::Deal => json!([[path(name), "=", id], ["state", "in", ["lead", "opportunity"]]]),
                    _ => json!([[path(name), "=", id]]),
                }
            }
            Search::Are(pairs) => {
                pairs.iter().map(|(name, value)| json!([path(name), "ilike", escaped(value)])).collect()
            }
        };
        self.rows(table, domain).await
    }

    async fn get(&self, table: &Table, id: &str) -> Result<Option<Row>, CrmError> {
        let Ok(id) = id.parse::<i64>() else { return Ok(None) };
        Ok(self.rows(table, json!([["id", "=", id]])).await?.into_iter().next())
    }

    async fn insert(&self, table: &Table, key: &str, values: Values) -> Result<String, CrmError> {
        let made = self.search(table, &Search::Key(key)).await?;
        if let Some(row) = made.iter().find(|row| keyed(table, row, key)) {
            return Ok(row.id.clone());
        }
        let values = self.dressed(table, values, None).await?;
        let method = format!("model.{}.create", table.name);
        let made = self.call(false, &method, vec![json!([values])], json!({})).await?;
        let id = made[0].as_i64().map(|id| id.to_string());
        id.ok_or_else(|| CrmError::Unknown { reason: "Tryton made a record and does not say which".to_owned() })
    }

    async fn change(&self, table: &Table, id: &str, version: Option<&str>, values: Values) -> Result<(), CrmError> {
        let row = self.get(table, id).await?.ok_or(CrmError::Gone)?;
        let values = self.dressed(table, values, Some(&row)).await?;
        let seen = version.map(|version| json!({"_timestamp": {format!("{},{id}", table.name): version}}));
        let params = vec![json!([row.id.parse::<i64>().unwrap_or_default()]), json!(values)];
        self.call(false, &format!("model.{}.write", table.name), params, seen.unwrap_or_default()).await.map(drop)
    }

    async fn remove(&self, table: &Table, id: &str) -> Result<(), CrmError> {
        let Some(row) = self.get(table, id).await? else { return Ok(()) };
        let params = vec![json!([row.id.parse::<i64>().unwrap_or_default()])];
        if table.name == OPPORTUNITY {
            // Only what is cancelled may be deleted there.
            self.call(false, &format!("model.{OPPORTUNITY}.cancel"), params.clone(), json!({})).await?;
        }
        self.call(false, &format!("model.{}.delete", table.name), params, json!({})).await.map(drop)
    }
}

/// A record behind a party: "contact_mechanisms.phone", "addresses.postal_code", "identifiers.code".
struct Part<'a> {
    list: &'a str,
    model: &'static str,
    field: &'a str,
    kind: Option<&'a str>,
}

impl<'a> Part<'a> {
    fn of(name: &'a str) -> Result<Part<'a>, CrmError> {
        let (list, field) = name.split_once('.').unwrap_or((name, ""));
        match list {
            // The comment of a mechanism that is ours: the only longer text a party has.
            "contact_mechanisms" if field == "other" => {
                Ok(Part { list, model: "party.contact_mechanism", field: "comment", kind: Some(field) })
            }
            "contact_mechanisms" => {
                Ok(Part { list, model: "party.contact_mechanism", field: "value", kind: Some(field) })
            }
            "addresses" => Ok(Part { list, model: "party.address", field, kind: None }),
            "identifiers" => Ok(Part { list, model: "party.identifier", field, kind: None }),
            _ => Err(CrmError::Rejected { field: Some(name.to_owned()), reason: format!("Tryton has no `{name}`") }),
        }
    }

    fn write(&self, value: &Value) -> Value {
        let mut written = json!({self.field: value});
        if let Some(kind) = self.kind {
            written["type"] = json!(kind);
        }
        if self.field == "comment" {
            written["value"] = json!(OURS);
        }
        if self.field == "code" {
            written[self.field] = json!(marked(&plain(value)));
        }
        written
    }

    fn read(&self, value: &Value) -> Value {
        match (self.field, value.as_str()) {
            ("code", Some(code)) => json!(code.strip_prefix(KEY).unwrap_or(code)),
            _ => value.clone(),
        }
    }
}

fn keyed(table: &Table, row: &Row, key: &str) -> bool {
    match (&table.key, table.footer()) {
        (Some(name), _) => row.values.get(name).and_then(Value::as_str) == Some(key),
        (None, Some(name)) => row
            .values
            .get(name)
            .map(plain)
            .is_some_and(|text| super::footer::Footed::read(&text).key.as_deref() == Some(key)),
        _ => false,
    }
}

fn wanted(table: &Table) -> impl Iterator<Item = &str> {
    table.lines.values().map(|line| line.to.as_str()).chain(table.key.as_deref())
}

fn row(table: &Table, types: &Types, body: &Value) -> Option<Row> {
    let mut values = Values::new();
    for name in wanted(table).filter(|name| !name.contains('.')) {
        let linked = table.line(name).is_some_and(|line| line.form == Form::Link);
        let kind = types.get(name).map_or("", |(kind, _)| kind.as_str());
        values.insert(name.to_owned(), undress(kind, linked, &body[name]));
    }
    let version = body["_timestamp"].as_str().map(str::to_owned);
    Some(Row { id: body["id"].as_i64()?.to_string(), version, values })
}

/// A value in the words of Tryton's JSON.
fn dress(kind: &str, value: Value) -> Value {
    let text = plain(&value);
    match kind {
        _ if value.is_null() => value,
        "numeric" => json!({"__class__": "Decimal", "decimal": text}),
        "date" => {
            let number = |at: std::ops::Range<usize>| text.get(at).and_then(|part| part.parse::<u32>().ok());
            json!({"__class__": "date", "year": number(0..4), "month": number(5..7), "day": number(8..10)})
        }
        "many2one" | "one2one" => text.parse::<i64>().map_or(value, Value::from),
        "reference" if !text.contains(',') => json!(format!("{PARTY},{text}")),
        _ => value,
    }
}

fn undress(kind: &str, linked: bool, value: &Value) -> Value {
    match (kind, value["__class__"].as_str()) {
        (_, Some("Decimal")) => value["decimal"].clone(),
        (_, Some("date")) => {
            let part = |name: &str| value[name].as_i64().unwrap_or_default();
            json!(format!("{:04}-{:02}-{:02}", part("year"), part("month"), part("day")))
        }
        ("reference", _) if linked => json!(plain(value).rsplit(',').next()),
        _ if linked && value.is_number() => json!(value.to_string()),
        _ => value.clone(),
    }
}

fn property(one: &Value) -> Property {
    let holds = match one["type"].as_str().unwrap_or_default() {
        "char" | "text" => Holds::Text,
        "integer" | "float" | "numeric" => Holds::Number,
        "boolean" => Holds::Bool,
        "date" => Holds::Date,
        "datetime" | "timestamp" => Holds::DateTime,
        "selection" => Holds::Pick,
        "many2one" | "reference" => Holds::Link,
        _ => Holds::Anything,
    };
    let listed = one["selection"].as_array().into_iter().flatten();
    let choices = match holds {
        Holds::Pick => listed.filter_map(|pair| pair[0].as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    // What is required has a default there, or says so when it is written.
    Property { choices, ..Property::new(holds) }
}

/// `like` without its own signs.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

impl std::fmt::Debug for TrytonLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrytonLogin")
            .field("database", &self.database)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

const OPPORTUNITY: &str = "sale.opportunity";
const PARTY: &str = "party.party";
const KEY: &str = "offhook:";
const OURS: &str = "offhook";
const REASON_MAX: usize = 300;
