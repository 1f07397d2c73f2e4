//! A CRM as a process of its own that fails three times in ten: 500, 429 with Retry-After, a time-out after doing it, a
//! reset in the middle of the answer, 200 with an error inside, slowness. It has no external ids: a create is a create.
//! What it did is in its journal, and that is what counts.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use offhook::crm::{BoxFuture, Crm, CrmError, Fields, Lookup, Object, Record, Schema};
use serde_json::{Value, json};

use crate::chance::Chance;

const CHILD: &str = "OFFHOOK_FAULTY_CRM";
const LISTENS: &str = "the faulty CRM listens at ";

/// The process; gone with this.
pub struct Faulty {
    child: Child,
    pub url: String,
}

/// What is asked of it, in the order in which it was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    pub what: String,
    pub object: String,
    pub key: String,
    pub fields: Fields,
}

impl Faulty {
    /// `faults` in a hundred requests.
    pub fn start(faults: u64) -> Faulty {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["faulty_crm::the_process", "--exact", "--nocapture"])
            .env(CHILD, faults.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines.map_while(Result::ok).find_map(|l| l.split_once(LISTENS).map(|(_, url)| url.to_owned()));
        Faulty { child, url: told.expect("it says where it listens") }
    }

    /// Every effect it had so far, never with a fault.
    pub async fn journal(&self) -> Vec<Effect> {
        let all: Vec<Value> = self.tell("journal", json!({})).await.as_array().unwrap().clone();
        let text = |v: &Value, name: &str| v[name].as_str().unwrap_or_default().to_owned();
        all.iter()
            .map(|v| Effect {
                what: text(v, "what"),
                object: text(v, "object"),
                key: text(v, "key"),
                fields: serde_json::from_value(v["fields"].clone()).unwrap_or_default(),
            })
            .collect()
    }

    /// Answers 503 to everything from now on, or no more.
    pub async fn down(&self, down: bool) {
        self.tell("down", json!({ "down": down })).await;
    }

    async fn tell(&self, path: &str, body: Value) -> Value {
        let answer = reqwest::Client::new().post(format!("{}/{path}", self.url)).json(&body).send().await.unwrap();
        answer.json().await.unwrap()
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does nothing unless it was started by [`Faulty::start`].
#[test]
fn the_process() {
    let Ok(faults) = std::env::var(CHILD) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "{LISTENS}http://{}", listener.local_addr().unwrap()).unwrap();
        out.flush().unwrap();
        let house = Arc::new(House {
            faults: faults.parse().unwrap(),
            chance: Mutex::new(Chance(0x0ff_400c)),
            kept: Mutex::default(),
            next: AtomicU64::new(1),
            down: AtomicBool::new(false),
        });
        let app = Router::new()
            .route("/ask", post(ask))
            .route("/journal", post(|State(house): State<Arc<House>>| async move { Json(house.journal()) }))
            .route("/down", post(down))
            .with_state(house);
        axum::serve(listener, app).await.unwrap();
    });
}

struct House {
    faults: u64,
    chance: Mutex<Chance>,
    kept: Mutex<Kept>,
    next: AtomicU64,
    down: AtomicBool,
}

#[derive(Default)]
struct Kept {
    /// Object, key, fields.
    records: BTreeMap<String, (String, String, Fields)>,
    journal: Vec<Value>,
}

impl House {
    fn journal(&self) -> Vec<Value> {
        self.kept.lock().unwrap().journal.clone()
    }

    fn roll(&self) -> u64 {
        self.chance.lock().unwrap().below(100)
    }

    fn act(&self, asked: &Value) -> Value {
        let mut kept = self.kept.lock().unwrap();
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let fields: Fields = serde_json::from_value(asked["fields"].clone()).unwrap_or_default();
        let (object, key, id) = (text("object"), text("key"), text("id"));
        match text("do").as_str() {
            "create" => {
                let id = format!("r{}", self.next.fetch_add(1, Ordering::SeqCst));
                kept.journal.push(json!({"what": "create", "object": object, "key": key, "fields": fields}));
                kept.records.insert(id.clone(), (object, key, fields));
                json!({ "id": id })
            }
            "update" => {
                let Some((object, key, stored)) = kept.records.get_mut(&id) else { return json!({"error": "gone"}) };
                stored.extend(fields.clone());
                let entry = json!({"what": "update", "object": object, "key": key, "fields": fields});
                kept.journal.push(entry);
                json!({ "id": id })
            }
            "delete" => {
                kept.records.remove(&id);
                kept.journal.push(json!({"what": "delete", "object": object, "key": id, "fields": {}}));
                json!({})
            }
            "read" => json!(kept.records.get(&id).map(|(_, _, fields)| json!({ "id": id, "fields": fields }))),
            _ => {
                let (by, value) = (text("by"), text("value"));
                let fits = |key: &str, fields: &Fields| match by.as_str() {
                    "key" => key == value,
                    by => fields.get(by).and_then(Value::as_str) == Some(value.as_str()),
                };
                let found = kept.records.iter().filter(|(_, (o, k, f))| *o == object && fits(k, f));
                found.map(|(id, (_, _, fields))| json!({ "id": id, "fields": fields })).collect()
            }
        }
    }
}

async fn down(State(house): State<Arc<House>>, Json(asked): Json<Value>) -> Json<Value> {
    house.down.store(asked["down"] == true, Ordering::SeqCst);
    Json(json!({}))
}

async fn ask(State(house): State<Arc<House>>, Json(asked): Json<Value>) -> Response {
    if house.down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let faulty = house.roll() < house.faults;
    match faulty.then(|| house.roll() % 6) {
        None => Json(house.act(&asked)).into_response(),
        Some(0) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(1) => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0.02")]).into_response(),
        Some(2) => {
            house.act(&asked);
            tokio::time::sleep(CLIENT_WAITS * 3).await;
            StatusCode::OK.into_response()
        }
        Some(3) => {
            house.act(&asked);
            let cut =
                futures_util::stream::iter([Ok(Bytes::from_static(b"{\"i")), Err(std::io::Error::other("reset"))]);
            Body::from_stream(cut).into_response()
        }
        // It says so, and has not done it.
        Some(4) => Json(json!({"error": "internal"})).into_response(),
        Some(_) => {
            tokio::time::sleep(CLIENT_WAITS / 2).await;
            Json(house.act(&asked)).into_response()
        }
    }
}

/// A connector to it, as connectors are: one try, and an honest word about what came of it.
pub struct Client {
    url: String,
    http: reqwest::Client,
}

impl Client {
    pub fn new(crm: &Faulty) -> Arc<Client> {
        let http = reqwest::Client::builder().timeout(CLIENT_WAITS).build().unwrap();
        Arc::new(Client { url: format!("{}/ask", crm.url), http })
    }

    async fn ask(&self, body: Value) -> Result<Value, CrmError> {
        let unknown = |reason: String| CrmError::Unknown { reason };
        let sent = self.http.post(&self.url).json(&body).send().await;
        let answer = sent.map_err(|error| match error.is_connect() {
            true => CrmError::Retry { after: None, reason: error.to_string() },
            false => unknown(error.to_string()),
        })?;
        let after = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok());
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
            return Err(CrmError::Retry { after: after.map(Duration::from_secs_f64), reason: status.to_string() });
        }
        if !status.is_success() {
            return Err(unknown(status.to_string()));
        }
        let answer: Value = answer.json().await.map_err(|error| unknown(error.to_string()))?;
        match answer["error"].as_str() {
            Some("gone") => Err(CrmError::Gone),
            Some(error) => Err(unknown(error.to_owned())),
            None => Ok(answer),
        }
    }
}

fn record(value: &Value) -> Record {
    let fields = serde_json::from_value(value["fields"].clone()).unwrap_or_default();
    Record { id: value["id"].as_str().unwrap_or_default().to_owned(), version: None, fields }
}

impl Crm for Client {
    fn name(&self) -> &'static str {
        "faulty"
    }
    fn describe<'a>(&'a self) -> BoxFuture<'a, Result<Schema, CrmError>> {
        Box::pin(async { Ok(Schema { open: true, ..Schema::default() }) })
    }
    fn find<'a>(&'a self, _: &'a str, object: Object, by: Lookup<'a>) -> BoxFuture<'a, Result<Vec<Record>, CrmError>> {
        Box::pin(async move {
            let (by, value) = match by {
                Lookup::Key(key) => ("key", key),
                Lookup::Phone(phone) => ("phone", phone),
                Lookup::Email(email) => ("email", email),
                Lookup::NameZip { .. } | Lookup::Contact(_) => return Ok(Vec::new()),
            };
            let found = self.ask(json!({"do": "find", "object": object, "by": by, "value": value})).await?;
            Ok(found.as_array().into_iter().flatten().map(record).collect())
        })
    }
    fn read<'a>(&'a self, _: &'a str, object: Object, id: &'a str) -> BoxFuture<'a, Result<Option<Record>, CrmError>> {
        Box::pin(async move {
            let found = self.ask(json!({"do": "read", "object": object, "id": id})).await?;
            Ok((!found.is_null()).then(|| record(&found)))
        })
    }
    fn create<'a>(
        &'a self,
        _: &'a str,
        object: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(async move {
            let made = self.ask(json!({"do": "create", "object": object, "key": key, "fields": fields})).await?;
            Ok(made["id"].as_str().unwrap_or_default().to_owned())
        })
    }
    fn update<'a>(
        &'a self,
        _: &'a str,
        object: Object,
        id: &'a str,
        _: Option<&'a str>,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(async move {
            self.ask(json!({"do": "update", "object": object, "id": id, "fields": fields})).await.map(drop)
        })
    }
    fn delete<'a>(&'a self, _: &'a str, object: Object, id: &'a str) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(async move { self.ask(json!({"do": "delete", "object": object, "id": id})).await.map(drop) })
    }
}

/// The client's patience.
const CLIENT_WAITS: Duration = Duration::from_millis(200);
