//! A console on a real store and a desk that the test moves.

use std::sync::{Arc, Mutex};

use offhook::call::{CallEvent, CallRecord, CallState, MediaStats, Outcome};
use offhook::console::{ApiToken, Console, Desk, Later, Readiness, Settings};
use offhook::conversation::Business;
use offhook::gateway::TrunkStatus;
use offhook::store::Store;
use tokio::sync::{broadcast, oneshot};

pub const TOKEN: &str = "the-test-token";

/// The gateway's part, in the test's hand.
pub struct HandDesk {
    pub live: Mutex<Vec<CallRecord>>,
    pub readiness: Mutex<Readiness>,
    pub events: broadcast::Sender<CallEvent>,
    /// Makes the next look-up panic.
    pub broken: Mutex<bool>,
}

impl Desk for HandDesk {
    fn live_calls(&self) -> Later<'_, Vec<CallRecord>> {
        let broken = *self.broken.lock().unwrap();
        Box::pin(async move {
            assert!(!broken, "the desk is broken");
            self.live.lock().unwrap().clone()
        })
    }

    fn live_call<'a>(&'a self, id: &'a str) -> Later<'a, Option<CallRecord>> {
        Box::pin(async move { self.live.lock().unwrap().iter().find(|call| call.id == id).cloned() })
    }

    fn subscribe(&self) -> broadcast::Receiver<CallEvent> {
        self.events.subscribe()
    }

    fn trunks(&self) -> Vec<TrunkStatus> {
        Vec::new()
    }

    fn readiness(&self) -> Readiness {
        *self.readiness.lock().unwrap()
    }
}

/// The example's business: a console knows businesses by their ids.
fn demo() -> Business {
    let config = offhook::config::parse("demo.toml", offhook::config::DEMO_TOML).expect("the example is good");
    Business::clone(&config.businesses[0])
}

/// A running console.
pub struct House {
    pub desk: Arc<HandDesk>,
    pub store: Store,
    pub address: String,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    running: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
    _dir: tempfile::TempDir,
}

impl House {
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", dir.path().join("t.db").display())).await.unwrap();
        let desk = Arc::new(HandDesk {
            live: Mutex::default(),
            readiness: Mutex::new(Readiness::Ready),
            events: broadcast::channel(4096).0,
            broken: Mutex::new(false),
        });
        let businesses = ["garage", "clinic"].map(|id| Arc::new(Business { id: id.into(), ..demo() })).to_vec();
        let listen = "127.0.0.1:0".parse().unwrap();
        let settings = Settings { listen, token: ApiToken::given(TOKEN), businesses, meter: Default::default() };
        let console = Console::bind(settings, desk.clone(), store.clone()).await.unwrap();
        let address = console.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(console.run(async move {
            let _ = stopped.await;
        }));
        let client = reqwest::Client::new();
        Self { desk, store, address, client, stop: Some(stop), running: Some(running), _dir: dir }
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.request(reqwest::Method::GET, path).bearer_auth(TOKEN).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Stops it and waits until it has.
    pub async fn close(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.running.take().unwrap().await.unwrap().unwrap();
    }
}

/// A problem document with this status, its detail returned.
pub async fn problem(answer: reqwest::Response, status: u16) -> String {
    assert_eq!(answer.status().as_u16(), status);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let path = answer.url().path().to_string();
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["instance"], path.as_str());
    assert_eq!(body["type"], "about:blank");
    assert!(body["title"].is_string());
    body["detail"].as_str().unwrap().to_string()
}

/// A call that rings since `minute` past nine.
pub fn ringing(id: &str, minute: i32) -> CallRecord {
    CallRecord {
        id: id.into(),
        sip_call_id: format!("{id}@phone"),
        business: "garage".into(),
        from: Some("+34915550123".into()),
        to: "demo".into(),
        state: CallState::Ringing,
        disposition: None,
        started_at: format!("2026-11-23T09:{minute:02}:00Z").parse().unwrap(),
        answered_at: None,
        ended_at: None,
        contact_id: None,
        language: "en".into(),
        transcript: Vec::new(),
        turns: Vec::new(),
        digits: String::new(),
        media: MediaStats::default(),
        outcome: Outcome::default(),
        elsewhere: None,
        arrival: None,
    }
}
