//! HubSpot (CRM API v3, associations v4).
//!
//! Records are made with `batch/upsert` on the unique property of the key: a second write with the key is the same
//! record. A link is no property there but an association, put in place after the record, as often as one likes.
//! Search lags behind writes; a record is read by its id or key at once.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::http::{Access, Answer, Api, Ask};
use super::mapped::Mapped;
use super::mapping::{Form, Mapping, Table};
use super::native::{Holds, Native, Property, Row, Search, Values};
use super::translate::plain;
use super::{CrmError, FOUND_MAX, Object};
use crate::cloud::Trouble;

/// HubSpot, as its administrator has it.
pub type HubSpot = Mapped<HubSpotApi>;

/// HubSpot's API.
#[derive(Debug)]
pub struct HubSpotApi {
    api: Api,
}

impl HubSpot {
    /// Asks nobody yet; an address that cannot be one is refused here.
    pub fn open(url: &str, access: Access, mapping: Mapping) -> Result<HubSpot, Trouble> {
        Ok(Mapped::new(HubSpotApi { api: Api::new(url, access, None, means)? }, mapping))
    }
}

impl HubSpotApi {
    fn objects(&self, method: Method, table: &Table, rest: &[&str]) -> Ask {
        self.api.ask(method, &[&["crm", "v3", "objects", table.name.as_str()], rest].concat())
    }

    async fn link(&self, table: &Table, id: &str, links: Vec<(String, Value)>) -> Result<(), CrmError> {
        for (to, other) in links {
            let ask = ["crm", "v4", "objects", &table.name, id, "associations", "default", &to, &plain(&other)];
            self.api.good(&self.api.ask(Method::PUT, &ask)).await?;
        }
        Ok(())
    }

    async fn one(&self, ask: Ask, table: &Table) -> Result<Option<Row>, CrmError> {
        let links = links_of(table).map(|line| line.to_owned()).collect::<Vec<_>>().join(",");
        let mut ask = ask.with("properties", table.properties().join(","));
        if !links.is_empty() {
            ask = ask.with("associations", links);
        }
        Ok(self.api.found(&ask).await?.and_then(|body| row(table, &body)))
    }
}

impl Native for HubSpotApi {
    const NAME: &'static str = "hubspot";

    async fn properties(&self, table: &Table) -> Result<Option<Vec<(String, Property)>>, CrmError> {
        let body = self.api.good(&self.api.ask(Method::GET, &["crm", "v3", "properties", &table.name])).await?;
        let all = body["results"].as_array().into_iter().flatten();
        Ok(Some(all.filter_map(|one| Some((one["name"].as_str()?.to_owned(), property(one)))).collect()))
    }

    async fn search(&self, table: &Table, what: &Search<'_>) -> Result<Vec<Row>, CrmError> {
        let filters = match what {
            Search::Key(key) => {
                let Some(property) = &table.key else { return Ok(Vec::new()) };
                let ask = self.objects(Method::GET, table, &[key]).with("idProperty", property);
                return Ok(self.one(ask, table).await?.into_iter().collect());
            }
            Search::Phone { property, national, e164 } => {
                let (name, value) = calculated(property).map_or((*property, e164), |name| (name, national));
                json!([{"propertyName": name, "operator": "EQ", "value": value}])
            }
            Search::Of { property: None, .. } => return Ok(Vec::new()),
            Search::Of { contact, .. } => {
                let mut filters =
                    vec![json!({"propertyName": "associations.contact", "operator": "EQ", "value": contact})];
                if table.object == Object::Deal {
                    filters.push(json!({"propertyName": "hs_is_closed", "operator": "EQ", "value": "false"}));
                }
                filters.into()
            }
            Search::Are(pairs) => pairs
                .iter()
                .map(|(name, value)| json!({"propertyName": name, "operator": "EQ", "value": value}))
                .collect(),
        };
        let body = json!({
            "filterGroups": [{"filters": filters}],
            "properties": table.properties(),
            "sorts": [{"propertyName": "createdate", "direction": "ASCENDING"}],
            "limit": FOUND_MAX,
        });
        let (mut found, mut after) = (Vec::new(), None);
        // A page may hold fewer than was asked for.
        while found.len() < FOUND_MAX {
            let mut page = body.clone();
            if let Some(after) = &after {
                page["after"] = json!(after);
            }
            let answer = self.api.good(&self.objects(Method::POST, table, &["search"]).json(page).reading()).await?;
            found.extend(answer["results"].as_array().into_iter().flatten().filter_map(|one| row(table, one)));
            after = answer.pointer("/paging/next/after").and_then(Value::as_str).map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn get(&self, table: &Table, id: &str) -> Result<Option<Row>, CrmError> {
        self.one(self.objects(Method::GET, table, &[id]), table).await
    }

    async fn insert(&self, table: &Table, key: &str, values: Values) -> Result<String, CrmError> {
        let (links, properties) = apart(table, values);
        let input = json!({"idProperty": table.key, "id": key, "properties": properties});
        let ask = self.objects(Method::POST, table, &["batch", "upsert"]).json(json!({"inputs": [input]}));
        let body = self.api.good(&ask).await?;
        let Some(id) = body.pointer("/results/0/id").and_then(Value::as_str) else {
            return Err(several(&body).unwrap_or_else(|| ask.lost("an upsert that names no record".to_owned())));
        };
        self.link(table, id, links).await?;
        Ok(id.to_owned())
    }

    async fn change(&self, table: &Table, id: &str, _: Option<&str>, values: Values) -> Result<(), CrmError> {
        let (links, properties) = apart(table, values);
        if !properties.is_empty() {
            let ask = self.objects(Method::PATCH, table, &[id]).json(json!({"properties": properties}));
            self.api.good(&ask).await?;
        }
        self.link(table, id, links).await
    }

    async fn remove(&self, table: &Table, id: &str) -> Result<(), CrmError> {
        self.api.found(&self.objects(Method::DELETE, table, &[id])).await.map(drop)
    }
}

/// Links, and properties as HubSpot wants them: texts, and an empty one for nothing.
fn apart(table: &Table, values: Values) -> (Vec<(String, Value)>, Values) {
    let link = |name: &str| links_of(table).any(|link| link == name);
    let (links, plain_ones): (Vec<_>, Vec<_>) = values.into_iter().partition(|(name, _)| link(name));
    let links = links.into_iter().filter(|(_, id)| !id.is_null()).collect();
    (links, plain_ones.into_iter().map(|(name, value)| (name, json!(plain(&value)))).collect())
}

fn links_of(table: &Table) -> impl Iterator<Item = &str> {
    table.lines.values().filter(|line| line.form == Form::Link).map(|line| line.to.as_str())
}

fn row(table: &Table, body: &Value) -> Option<Row> {
    let mut values = body["properties"].as_object()?.clone();
    for link in links_of(table) {
        if let Some(id) = body["associations"][link]["results"][0]["id"].as_str() {
            values.insert(link.to_owned(), json!(id));
        }
    }
    let version = body["updatedAt"].as_str().map(str::to_owned);
    Some(Row { id: body["id"].as_str()?.to_owned(), version, values })
}

fn property(one: &Value) -> Property {
    let holds = match (one["type"].as_str().unwrap_or_default(), one["fieldType"].as_str().unwrap_or_default()) {
        ("enumeration", "booleancheckbox") | ("bool", _) => Holds::Bool,
        ("enumeration", "checkbox") => Holds::List,
        ("enumeration", _) => Holds::Pick,
        ("string" | "phone_number", _) => Holds::Text,
        ("number", _) => Holds::Number,
        ("date", _) => Holds::Date,
        ("datetime", _) => Holds::DateTime,
        _ => Holds::Anything,
    };
    let options = one["options"].as_array().into_iter().flatten().filter(|option| option["hidden"] != json!(true));
    let choices = match holds {
        Holds::Pick | Holds::List => options.filter_map(|o| o["value"].as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let read_only = one.pointer("/modificationMetadata/readOnlyValue") == Some(&json!(true));
    Property { read_only, choices, ..Property::new(holds) }
}

/// A batch of one that failed may still answer 207.
fn several(body: &Value) -> Option<CrmError> {
    let error = body["errors"].get(0)?;
    Some(refusal(error))
}

fn means(answer: &Answer) -> Option<CrmError> {
    match (answer.status.as_u16(), answer.text("/policyName"), answer.text("/category")) {
        // The day's requests are used up: nothing helps before the next one.
        (429, Some("DAILY"), _) => {
            let after = answer.wait.or_else(|| until_tomorrow(Timestamp::now()));
            Some(CrmError::Retry { after, reason: answer.said() })
        }
        (429, ..) => {
            let interval = answer.number("x-hubspot-ratelimit-interval-milliseconds");
            let after = answer.wait.or(interval.map(std::time::Duration::from_millis));
            Some(CrmError::Retry { after, reason: answer.said() })
        }
        (400, ..) | (207, ..) => Some(refusal(&answer.body)),
        _ => None,
    }
}

/// Where HubSpot names the property, we do.
fn refusal(body: &Value) -> CrmError {
    let message = body["message"].as_str().unwrap_or_default();
    // "Property values were not valid: [{"isValid":false,"message":...,"error":...,"name":...}]"
    let inner = message.find('[').and_then(|at| serde_json::from_str::<Value>(&message[at..]).ok());
    let named = |value: &Value| value.as_str().map(str::to_owned);
    let from_errors = || named(body.pointer("/errors/0/context/propertyName/0")?);
    let from_context = || named(body.pointer("/context/propertyName/0")?);
    let field = inner.as_ref().and_then(|list| named(&list[0]["name"])).or_else(from_errors).or_else(from_context);
    let reason = inner.as_ref().and_then(|list| named(&list[0]["message"])).unwrap_or_else(|| message.to_owned());
    CrmError::Rejected { field, reason: reason.chars().filter(|c| !c.is_control()).take(REASON_MAX).collect() }
}

/// Where HubSpot keeps what it makes of a number people wrote: its digits, without the country's.
fn calculated(property: &str) -> Option<&'static str> {
    match property {
        "phone" => Some("hs_searchable_calculated_phone_number"),
        "mobilephone" => Some("hs_searchable_calculated_mobile_number"),
        _ => None,
    }
}

/// The daily limit ends at midnight in the account's zone; UTC is at most half a day off, and we ask again anyway.
fn until_tomorrow(now: Timestamp) -> Option<std::time::Duration> {
    const DAY_SECONDS: i64 = 86_400;
    let left = DAY_SECONDS - now.as_second().rem_euclid(DAY_SECONDS);
    u64::try_from(left).ok().map(std::time::Duration::from_secs)
}

const REASON_MAX: usize = 300;
