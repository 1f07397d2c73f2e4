//! Somebody who is told: a web server that keeps what it gets and answers as the test says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use offhook::call::CallRecord;
use offhook::crm::BuiltIn;
use offhook::events::{Kind, Reach, Secrets};
use offhook::hooks::{self, Endpoint, Hooks};
use offhook::outbox::{Backoff, Outbox};
use offhook::store::Store;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::fixtures::{Db, db, quick};

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request that came.
#[derive(Debug, Clone)]
pub struct Got {
    pub headers: HashMap<String, String>,
    pub raw: String,
    pub body: Value,
    /// What it was answered with.
    pub status: u16,
}

impl Got {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    pub fn call(&self) -> &str {
        self.body["data"]["call_id"].as_str().unwrap()
    }
}

type Says = Arc<dyn Fn(&Got, usize) -> Response + Send + Sync>;

#[derive(Clone)]
pub struct Receiver {
    pub address: String,
    got: Arc<Mutex<Vec<Got>>>,
    says: Says,
    count: watch::Sender<usize>,
}

impl Receiver {
    /// Answers with what `says` makes of the request and of how many came before it.
    pub async fn open(says: impl Fn(&Got, usize) -> Response + Send + Sync + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let receiver = Receiver { address, got: Arc::default(), says: Arc::new(says), count: watch::Sender::new(0) };
        let app = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    pub async fn taking_all() -> Receiver {
        Receiver::open(|_, _| StatusCode::OK.into_response()).await
    }

    pub fn endpoint(&self, name: &str) -> Endpoint {
        Endpoint {
            name: name.to_owned(),
            url: format!("http://{}/hook", self.address),
            secrets: Secrets::new(&[SECRET]).unwrap(),
            kinds: Kind::ALL.to_vec(),
            reach: Reach::Private,
        }
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// Those it took.
    pub fn taken(&self) -> Vec<Got> {
        self.got().into_iter().filter(|got| got.status < 300).collect()
    }

    /// Waits until what came is as wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Receiver) -> bool) {
        let mut count = self.count.subscribe();
        let came = async {
            while !wanted(self) {
                count.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(PATIENCE, came).await.is_err() {
            let kinds: Vec<String> =
                self.got().iter().map(|g| format!("{} {} {}", g.call(), g.kind(), g.status)).collect();
            panic!("no {what}; {} came: {kinds:?}", kinds.len());
        }
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    let named = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let raw = String::from_utf8(body.to_vec()).unwrap();
    let body = serde_json::from_str(&raw).unwrap();
    let mut got = Got { headers: headers.iter().map(named).collect(), raw, body, status: 0 };
    let before = receiver.got.lock().unwrap().len();
    let answer = (receiver.says)(&got, before);
    got.status = answer.status().as_u16();
    receiver.got.lock().unwrap().push(got);
    receiver.count.send_modify(|count| *count += 1);
    answer
}

/// An outbox and its couriers.
pub struct House {
    pub db: Db,
    pub outbox: Outbox,
    pub hooks: Hooks,
}

impl House {
    pub async fn open(endpoints: Vec<Endpoint>) -> House {
        House::with(db().await, endpoints, settings()).await
    }

    pub async fn with(db: Db, endpoints: Vec<Endpoint>, settings: hooks::Settings) -> House {
        db.store.set_endpoints(&hooks::named(&endpoints)).await.unwrap();
        let crm = Arc::new(BuiltIn::new(db.store.clone()));
        let outbox = Outbox::start(db.store.clone(), crm, quick()).await.unwrap();
        let hooks = Hooks::start(db.store.clone(), endpoints, settings, outbox.changed());
        House { db, outbox, hooks }
    }

    pub fn store(&self) -> &Store {
        &self.db.store
    }

    pub fn ends(&self, call: CallRecord) {
        self.outbox.hand_off().ended(call);
    }

    pub async fn close(self) -> Db {
        self.outbox.stop().await;
        self.hooks.stop().await;
        self.db
    }
}

/// Couriers that do not keep a test waiting.
pub fn settings() -> hooks::Settings {
    hooks::Settings {
        backoff: Backoff { first: Duration::from_millis(2), factor: 2, longest: Duration::from_millis(20) },
        attempts: 50,
        ..hooks::Settings::default()
    }
}

/// Waits until something is so in the database, where nothing can ring.
pub async fn eventually<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let looked = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looked).await.is_ok(), "never: {what}");
}

/// Busy machines are slow.
const PATIENCE: Duration = Duration::from_secs(90);
