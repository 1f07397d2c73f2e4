//! Dynamics 365 Sales (Dataverse Web API, OData v4).
//!
//! Records are upserted by an alternate key, and changed with the ETag that was read. Dataverse takes no `/`, `:` and
//! others in the value of an alternate key, so ours is spelled without them there. A link is written through its
//! navigation property and read from its attribute: "regardingobjectid/regardingobjectid_contact_task/contacts".

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::http::{Access, Answer, Api, Ask};
use super::mapped::Mapped;
use super::mapping::{Form, Mapping, Table};
use super::native::{Holds, Native, Property, Row, Search, Values};
use super::translate::plain;
use super::{CrmError, FOUND_MAX, Object};
use crate::cloud::Trouble;

/// Dynamics 365, as its administrator has it.
pub type Dynamics = Mapped<DynamicsApi>;

/// Dataverse's API.
#[derive(Debug)]
pub struct DynamicsApi {
    api: Api,
    /// What the tables behind the sets are called, asked once.
    entities: Mutex<BTreeMap<String, Arc<Entity>>>,
}

#[derive(Debug)]
struct Entity {
    name: String,
    id: String,
}

impl Dynamics {
    /// Asks nobody yet. The address is that of the organisation with the API's version, like
    /// `https://example.crm.dynamics.com/api/data/v9.2`.
    pub fn open(url: &str, access: Access, mapping: Mapping) -> Result<Dynamics, Trouble> {
        Ok(Mapped::new(DynamicsApi { api: Api::new(url, access, None, means)?, entities: Mutex::default() }, mapping))
    }
}

impl DynamicsApi {
    fn ask(&self, method: Method, path: &[&str]) -> Ask {
        self.api.ask(method, path).header("odata-version", "4.0").header("accept", "application/json")
    }

    async fn entity(&self, table: &Table) -> Result<Arc<Entity>, CrmError> {
        if let Some(known) = self.entities.lock().await.get(&table.name) {
            return Ok(known.clone());
        }
        let ask = self
            .ask(Method::GET, &["EntityDefinitions"])
            .with("$select", "LogicalName,PrimaryIdAttribute")
            .with("$filter", format!("EntitySetName eq '{}'", quoted(&table.name)));
        let body = self.api.good(&ask).await?;
        let named = |name: &str| body["value"][0][name].as_str().map(str::to_owned);
        let (Some(name), Some(id)) = (named("LogicalName"), named("PrimaryIdAttribute")) else {
            return Err(CrmError::rejected(format!("Dynamics has no table with the set `{}`", table.name)));
        };
        let entity = Arc::new(Entity { name, id });
        self.entities.lock().await.insert(table.name.clone(), entity.clone());
        Ok(entity)
    }

    async fn attributes(&self, entity: &Entity, rest: &[&str], expand: &str) -> Result<Vec<Value>, CrmError> {
        let whole = format!("EntityDefinitions(LogicalName='{}')", quoted(&entity.name));
        let mut ask = self.ask(Method::GET, &[&[whole.as_str(), "Attributes"], rest].concat());
        if !expand.is_empty() {
            ask = ask.with("$expand", expand);
        }
        Ok(self.api.good(&ask).await?["value"].as_array().cloned().unwrap_or_default())
    }

    async fn one(&self, ask: Ask, table: &Table) -> Result<Option<Row>, CrmError> {
        let entity = self.entity(table).await?;
        let body = self.api.found(&ask.with("$select", columns(table, &entity))).await?;
        Ok(body.as_ref().and_then(|body| row(table, &entity, body)))
    }
}

impl Native for DynamicsApi {
    const NAME: &'static str = "dynamics";
    const VERSIONS: bool = true;

    async fn properties(&self, table: &Table) -> Result<Option<Vec<(String, Property)>>, CrmError> {
        let entity = self.entity(table).await?;
        let picks =
            self.attributes(&entity, &["Microsoft.Dynamics.CRM.PicklistAttributeMetadata"], "OptionSet").await?;
        let choices = |name: &str| {
            let pick = picks.iter().find(|one| one["LogicalName"] == json!(name));
            let options = pick.and_then(|one| one["OptionSet"]["Options"].as_array()).into_iter().flatten();
            options.filter_map(|option| Some(option["Value"].as_i64()?.to_string())).collect()
        };
        let all = self.attributes(&entity, &[], "").await?;
        let named = all.iter().filter_map(|one| Some((one["LogicalName"].as_str()?, one)));
        Ok(Some(
            named.map(|(name, one)| (name.to_owned(), Property { choices: choices(name), ..property(one) })).collect(),
        ))
    }

    async fn search(&self, table: &Table, what: &Search<'_>) -> Result<Vec<Row>, CrmError> {
        let filter = match what {
            Search::Key(key) => {
                let Some(property) = &table.key else { return Ok(Vec::new()) };
                let ask = self.ask(Method::GET, &[&keyed(table, property, key)]);
                return Ok(self.one(ask, table).await?.into_iter().collect());
            }
            // `%` stands for anything in the functions of texts: people write numbers as they like.
            Search::Phone { property, national, .. } => {
                let spread: Vec<String> = national.chars().map(|digit| digit.to_string()).collect();
                format!("endswith({property},'{}')", spread.join("%"))
            }
            Search::Of { property, contact } => {
                let Some((attribute, ..)) = property.and_then(link) else { return Ok(Vec::new()) };
                let open = if table.object == Object::Deal { " and statecode eq 0" } else { "" };
                match is_id(contact) {
                    true => format!("_{attribute}_value eq {contact}{open}"),
                    false => return Ok(Vec::new()),
                }
            }
            Search::Are(pairs) => {
                let equal = pairs.iter().map(|(name, value)| format!("{name} eq '{}'", quoted(value)));
                equal.collect::<Vec<_>>().join(" and ")
            }
        };
        let entity = self.entity(table).await?;
        let mut ask = self
            .ask(Method::GET, &[&table.name])
            .with("$select", columns(table, &entity))
            .with("$filter", filter)
            .with("$orderby", "createdon asc")
            .header("prefer", format!("odata.maxpagesize={FOUND_MAX}"));
        let mut found = Vec::new();
        // More than a few pages of namesakes help nobody.
        for _ in 0..PAGES_MAX {
            let body = self.api.good(&ask).await?;
            found.extend(body["value"].as_array().into_iter().flatten().filter_map(|one| row(table, &entity, one)));
            match body["@odata.nextLink"].as_str().and_then(|next| self.api.follow(next)) {
                Some(next) => ask = next.header("prefer", format!("odata.maxpagesize={FOUND_MAX}")),
                None => break,
            }
        }
        Ok(found)
    }

    async fn get(&self, table: &Table, id: &str) -> Result<Option<Row>, CrmError> {
        match identifier(table, id) {
            Some(path) => self.one(self.ask(Method::GET, &[&path]), table).await,
            None => Ok(None),
        }
    }

    async fn insert(&self, table: &Table, key: &str, mut values: Values) -> Result<String, CrmError> {
        let entity = self.entity(table).await?;
        let property = table.key.as_deref().unwrap_or_default();
        values.remove(property);
        let ask = self
            .ask(Method::PATCH, &[&keyed(table, property, key)])
            .with("$select", &entity.id)
            .header("prefer", "return=representation")
            .json(json!(bound(table, values)));
        let body = self.api.good(&ask).await?;
        let id = body[&entity.id].as_str().map(str::to_owned);
        id.ok_or_else(|| ask.lost("an upsert that names no record".to_owned()))
    }

    async fn change(&self, table: &Table, id: &str, version: Option<&str>, values: Values) -> Result<(), CrmError> {
        let path = identifier(table, id).ok_or(CrmError::Gone)?;
        // Without If-Match a PATCH would make a record that is gone anew.
        let ask = self.ask(Method::PATCH, &[&path]).header("if-match", version.unwrap_or("*"));
        self.api.good(&ask.json(json!(bound(table, values)))).await.map(drop)
    }

    async fn remove(&self, table: &Table, id: &str) -> Result<(), CrmError> {
        match identifier(table, id) {
            Some(path) => self.api.found(&self.ask(Method::DELETE, &[&path])).await.map(drop),
            None => Ok(()),
        }
    }
}

/// `contacts(new_offhookkey='...')`
fn keyed(table: &Table, property: &str, key: &str) -> String {
    format!("{}({property}='{}')", table.name, spelled(key))
}

/// `contacts(00000000-0000-0000-0000-000000000000)`; none for what is no id there.
fn identifier(table: &Table, id: &str) -> Option<String> {
    is_id(id).then(|| format!("{}({id})", table.name))
}

fn is_id(id: &str) -> bool {
    id.len() == ID_CHARS && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A key of letters, digits, `-` and `.`; every other byte as `_` and two digits.
fn spelled(key: &str) -> String {
    let mut out = String::new();
    for byte in key.bytes() {
        match byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("_{byte:02x}")),
        }
    }
    out
}

fn unspelled(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        rest = match first {
            b'_' => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok()?);
                &after[2..]
            }
            other => {
                bytes.push(*other);
                after
            }
        };
    }
    String::from_utf8(bytes).ok()
}

/// Attribute, navigation property and set of a link.
fn link(to: &str) -> Option<(&str, &str, &str)> {
    let (attribute, rest) = to.split_once('/')?;
    let (navigation, set) = rest.split_once('/')?;
    Some((attribute, navigation, set))
}

fn columns(table: &Table, entity: &Entity) -> String {
    let links = table.lines.values().filter_map(|line| Some(format!("_{}_value", link(&line.to)?.0)));
    let plain_ones = table.properties().into_iter().map(str::to_owned);
    let mut all: Vec<String> = plain_ones.chain(links).chain([entity.id.clone()]).collect();
    all.sort_unstable();
    all.dedup();
    all.join(",")
}

fn row(table: &Table, entity: &Entity, body: &Value) -> Option<Row> {
    let mut values = body.as_object()?.clone();
    for line in table.lines.values() {
        if let Some((attribute, ..)) = link(&line.to) {
            values.insert(line.to.clone(), body[format!("_{attribute}_value")].clone());
        } else if line.form == Form::Pick && body[&line.to].is_number() {
            values.insert(line.to.clone(), json!(plain(&body[&line.to])));
        }
    }
    if let Some(key) = table.key.as_ref().and_then(|key| Some((key, unspelled(body[key].as_str()?)?))) {
        values.insert(key.0.clone(), json!(key.1));
    }
    let version = body["@odata.etag"].as_str().map(str::to_owned);
    Some(Row { id: body[&entity.id].as_str()?.to_owned(), version, values })
}

/// Values as Dataverse wants them: choices as numbers, links bound.
fn bound(table: &Table, values: Values) -> Values {
    let one = |(name, value): (String, Value)| match link(&name) {
        Some((_, navigation, _)) if value.is_null() => (navigation.to_owned(), value),
        Some((_, navigation, set)) => (format!("{navigation}@odata.bind"), json!(format!("/{set}({})", plain(&value)))),
        None => {
            let pick = table.line(&name).is_some_and(|line| line.form == Form::Pick);
            let number = value.as_str().filter(|_| pick).and_then(|text| text.parse::<i64>().ok());
            (name, number.map_or(value, Value::from))
        }
    };
    values.into_iter().map(one).collect()
}

fn property(one: &Value) -> Property {
    let holds = match one["AttributeType"].as_str().unwrap_or_default() {
        "String" | "Memo" => Holds::Text,
        "Integer" | "BigInt" | "Decimal" | "Double" | "Money" => Holds::Number,
        "Boolean" => Holds::Bool,
        "DateTime" if one["Format"] == json!("DateOnly") => Holds::Date,
        "DateTime" => Holds::DateTime,
        "Picklist" => Holds::Pick,
        "Lookup" | "Customer" | "Owner" => Holds::Link,
        _ => Holds::Anything,
    };
    let no = |name: &str| one[name] == json!(false);
    Property {
        required: one["RequiredLevel"]["Value"] == json!("ApplicationRequired"),
        read_only: no("IsValidForCreate") && no("IsValidForUpdate"),
        max_chars: one["MaxLength"].as_u64().and_then(|length| usize::try_from(length).ok()),
        ..Property::new(holds)
    }
}

/// 412 and 429 mean what they mean everywhere; a 400 may name the column in its words.
fn means(answer: &Answer) -> Option<CrmError> {
    if answer.status != 400 {
        return None;
    }
    let said = answer.text("/error/message").unwrap_or_default();
    let between = |before: &str| said.split_once(before)?.1.split('\'').next().map(str::to_owned);
    let field =
        ["undeclared property '", "The property '", "' of '", "The value of '", " for attribute '", "attribute '"];
    let field = field.iter().find_map(|before| between(before));
    Some(CrmError::Rejected { field, reason: answer.said() })
}

/// Inside quotes of OData.
fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

const ID_CHARS: usize = 36;
const PAGES_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_spelled_without_what_dataverse_refuses() {
        for key in ["4711/contact/1", "a_b:c%d", "ümlaut"] {
            let text = spelled(key);
            assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)), "{text}");
            assert_eq!(unspelled(&text).as_deref(), Some(key));
        }
    }
}
