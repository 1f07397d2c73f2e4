//! Salesforce (REST API).
//!
//! Records are upserted by an external id field: PATCH on the key makes the record or finds it. Questions are SOQL;
//! numbers are looked for digit by digit, because people write them as they like.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::http::{Access, Answer, Api, Ask};
use super::mapped::Mapped;
use super::mapping::{Mapping, Table};
use super::native::{Holds, Native, Property, Row, Search, Values};
use super::{CrmError, FOUND_MAX};
use crate::cloud::Trouble;

/// Salesforce, as its administrator has it.
pub type Salesforce = Mapped<SalesforceApi>;

/// Salesforce's API.
#[derive(Debug)]
pub struct SalesforceApi {
    api: Api,
}

impl Salesforce {
    /// Asks nobody yet. The address is that of the instance with the API's version, like
    /// `https://example.my.salesforce.com/services/data/v62.0`.
    pub fn open(url: &str, access: Access, mapping: Mapping) -> Result<Salesforce, Trouble> {
        Ok(Mapped::new(SalesforceApi { api: Api::new(url, access, None, means)? }, mapping))
    }
}

impl SalesforceApi {
    fn record(&self, method: Method, table: &Table, rest: &[&str]) -> Ask {
        self.api.ask(method, &[&["sobjects", table.name.as_str()], rest].concat())
    }

    async fn one(&self, ask: Ask, table: &Table) -> Result<Option<Row>, CrmError> {
        Ok(self.api.found(&ask.with("fields", columns(table).join(","))).await?.as_ref().and_then(row))
    }
}

impl Native for SalesforceApi {
    const NAME: &'static str = "salesforce";

    async fn properties(&self, table: &Table) -> Result<Option<Vec<(String, Property)>>, CrmError> {
        let body = self.api.good(&self.record(Method::GET, table, &["describe"])).await?;
        let all = body["fields"].as_array().into_iter().flatten();
        Ok(Some(all.filter_map(|one| Some((one["name"].as_str()?.to_owned(), property(one)))).collect()))
    }

    async fn search(&self, table: &Table, what: &Search<'_>) -> Result<Vec<Row>, CrmError> {
        let wanted = match what {
            Search::Key(key) => {
                let Some(property) = &table.key else { return Ok(Vec::new()) };
                let ask = self.record(Method::GET, table, &[property, key]);
                return Ok(self.one(ask, table).await?.into_iter().collect());
            }
            Search::Phone { property, national, .. } => {
                let spread: String = national.chars().flat_map(|digit| ['%', digit]).collect();
                format!("{property} LIKE '{}%'", quoted(&spread))
            }
            Search::Of { property, contact } => {
                let id = quoted(contact);
                let roles =
                    format!("Id IN (SELECT OpportunityId FROM OpportunityContactRole WHERE ContactId = '{id}')");
                match property {
                    Some(property) => format!("{property} = '{id}'"),
                    None if table.name == "Opportunity" => format!("{roles} AND IsClosed = false"),
                    None => return Ok(Vec::new()),
                }
            }
            Search::Are(pairs) => {
                let equal = pairs.iter().map(|(name, value)| format!("{name} = '{}'", quoted(value)));
                equal.collect::<Vec<_>>().join(" AND ")
            }
        };
        let columns = columns(table).join(", ");
        let soql = format!("SELECT {columns} FROM {} WHERE {wanted} ORDER BY Id LIMIT {LIKE_MAX}", table.name);
        let mut body = self.api.good(&self.api.ask(Method::GET, &["query"]).with("q", soql)).await?;
        let mut found = Vec::new();
        loop {
            found.extend(body["records"].as_array().into_iter().flatten().filter_map(row));
            // "/services/data/v62.0/query/01g...-2000"
            let Some(cursor) = body["nextRecordsUrl"].as_str().and_then(|url| url.rsplit('/').next()) else {
                return Ok(found);
            };
            body = self.api.good(&self.api.ask(Method::GET, &["query", cursor])).await?;
        }
    }

    async fn get(&self, table: &Table, id: &str) -> Result<Option<Row>, CrmError> {
        self.one(self.record(Method::GET, table, &[id]), table).await
    }

    async fn insert(&self, table: &Table, key: &str, mut values: Values) -> Result<String, CrmError> {
        let property = table.key.as_deref().unwrap_or_default();
        // The key is in the address; in both it is refused.
        values.remove(property);
        let ask = self.record(Method::PATCH, table, &[property, key]).json(json!(values));
        let body = self.api.good(&ask).await?;
        let id = body["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| ask.lost("an upsert that names no record".to_owned()))
    }

    async fn change(&self, table: &Table, id: &str, _: Option<&str>, values: Values) -> Result<(), CrmError> {
        self.api.good(&self.record(Method::PATCH, table, &[id]).json(json!(values))).await.map(drop)
    }

    async fn remove(&self, table: &Table, id: &str) -> Result<(), CrmError> {
        self.api.found(&self.record(Method::DELETE, table, &[id])).await.map(drop)
    }
}

fn columns(table: &Table) -> Vec<&str> {
    let links = table.lines.values().map(|line| line.to.as_str());
    let mut all: Vec<&str> = table.properties().into_iter().chain(links).chain(["Id", VERSION]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn row(body: &Value) -> Option<Row> {
    let version = body[VERSION].as_str().map(str::to_owned);
    Some(Row { id: body["Id"].as_str()?.to_owned(), version, values: body.as_object()?.clone() })
}

fn property(one: &Value) -> Property {
    let holds = match one["type"].as_str().unwrap_or_default() {
        "string" | "textarea" | "phone" | "email" | "url" | "combobox" => Holds::Text,
        "int" | "double" | "currency" | "percent" | "long" => Holds::Number,
        "boolean" => Holds::Bool,
        "date" => Holds::Date,
        "datetime" => Holds::DateTime,
        "picklist" => Holds::Pick,
        "multipicklist" => Holds::List,
        "reference" => Holds::Link,
        _ => Holds::Anything,
    };
    let is = |name: &str| one[name] == json!(true);
    let listed = one["picklistValues"].as_array().into_iter().flatten().filter(|value| value["active"] == json!(true));
    Property {
        required: one["nillable"] == json!(false) && is("createable") && !is("defaultedOnCreate"),
        read_only: !is("createable") && !is("updateable"),
        choices: listed.filter_map(|value| value["value"].as_str().map(str::to_owned)).collect(),
        max_chars: one["length"].as_u64().filter(|length| *length > 0).and_then(|length| usize::try_from(length).ok()),
        ..Property::new(holds)
    }
}

/// Errors come as a list; the first one counts.
fn means(answer: &Answer) -> Option<CrmError> {
    let reason = answer.said();
    match answer.text("/0/errorCode")? {
        // Of the day or of requests at once; Salesforce does not say until when.
        "REQUEST_LIMIT_EXCEEDED" => Some(CrmError::Retry { after: answer.wait.or(Some(LIMIT_WAIT)), reason }),
        "UNABLE_TO_LOCK_ROW" | "SERVER_UNAVAILABLE" => Some(CrmError::Retry { after: answer.wait, reason }),
        "NOT_FOUND" | "ENTITY_IS_DELETED" | "INVALID_CROSS_REFERENCE_KEY" if answer.status == 404 => {
            Some(CrmError::Gone)
        }
        "ENTITY_IS_DELETED" => Some(CrmError::Gone),
        _ if answer.status == 400 => Some(CrmError::Rejected { field: field(answer), reason }),
        _ => None,
    }
}

/// Named in a list, or only in the words: "No such column 'Phon' on sobject of type Contact".
fn field(answer: &Answer) -> Option<String> {
    let said = || answer.text("/0/message")?.split_once("No such column '")?.1.split('\'').next();
    answer.text("/0/fields/0").or_else(said).map(str::to_owned)
}

/// Inside quotes of SOQL.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'").replace(['\n', '\r'], " ")
}

/// What changes with every write.
const VERSION: &str = "SystemModstamp";
/// Numbers that look alike digit by digit are held against ours afterwards.
const LIKE_MAX: usize = 5 * FOUND_MAX;
const LIMIT_WAIT: Duration = Duration::from_secs(300);
