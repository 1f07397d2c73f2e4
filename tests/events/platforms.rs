//! Platforms that tell us of their calls: what they send, signed as they sign.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use offhook::crm::BuiltIn;
use offhook::events::{Door, Reach, Secrets};
use offhook::ingest::{Ears, Given, Ingest, Refusal, Settings, Source, Taken, Work};
use offhook::outbox::{Backoff, Outbox};
use serde_json::{Value, json};

use crate::fixtures::{Db, db, harbor, quick};
use crate::receiver::SECRET;

pub const ZOOM_SECRET: &str = "the token before it";
pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The house that is told.
pub struct Told {
    pub db: Db,
    pub ingest: Ingest,
    pub work: Work,
    pub outbox: Outbox,
}

pub fn source(name: &str, door: Door) -> Source {
    Source {
        name: name.to_owned(),
        door,
        business: "harbor".to_owned(),
        from: Arc::new(|ip| ip == HERE),
        hosts: vec!["127.0.0.1".to_owned()],
        reach: Reach::Private,
        api: None,
        meetings: name != "generic",
        quiet: SignedDuration::from_millis(300),
        audio_after: SignedDuration::ZERO,
    }
}

pub fn generic() -> Source {
    source("generic", Door::Generic(Secrets::new(&[SECRET]).unwrap()))
}

pub fn zoom() -> Source {
    source("zoom", Door::zoom(&["the new token", ZOOM_SECRET]))
}

pub async fn house(sources: Vec<Source>, ears: Option<Ears>) -> Told {
    let db = db().await;
    let crm = Arc::new(BuiltIn::new(db.store.clone()));
    let outbox = Outbox::start(db.store.clone(), crm, quick()).await.unwrap();
    let folder: PathBuf = db.folder.path().join("artefacts");
    let backoff = Backoff { first: Duration::from_millis(5), factor: 2, longest: Duration::from_millis(50) };
    let settings = Settings { pace: Duration::from_millis(1), backoff, ..Settings::new(folder, ears) };
    let (ingest, work) =
        Ingest::start(db.store.clone(), sources, settings, outbox.hand_off(), vec![Arc::new(harbor())]);
    Told { db, ingest, work, outbox }
}

impl Told {
    pub async fn close(self) -> Db {
        self.work.stop().await;
        self.outbox.drained().await;
        self.outbox.stop().await;
        self.db
    }

    /// As a platform of Standard Webhooks sends it.
    pub async fn generic(&self, id: &str, body: &Value) -> Result<Taken, Refusal> {
        let (now, body) = (Timestamp::now(), body.to_string());
        let signature = Secrets::new(&[SECRET]).unwrap().sign(id, now, body.as_bytes());
        let time = now.as_second().to_string();
        let headers =
            vec![("webhook-id", id), ("webhook-timestamp", time.as_str()), ("webhook-signature", signature.as_str())];
        self.ingest.take(Given { source: "generic", from: HERE, query: "", headers, body: body.as_bytes() }).await
    }
}

/// An event of the catalogue.
pub fn event(kind: &str, call: &str, more: Value) -> Value {
    let mut data = json!({"call_id": call, "from": "+12125550123", "to": "+12125550100"});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": kind, "timestamp": "2026-11-21T15:00:00Z", "data": data})
}

/// A call's whole story.
pub fn story(call: &str) -> Vec<(String, Value)> {
    let lines = json!([{"speaker": "caller", "text": "I would like a cleaning.", "start_ms": 500, "end_ms": 2000},
                       {"speaker": "agent", "text": "Tuesday at ten?", "start_ms": 2500, "end_ms": 3500}]);
    vec![
        (format!("{call}-1"), event("call.started", call, json!({"started_at": "2026-11-21T15:00:00Z"}))),
        (format!("{call}-2"), event("call.ended", call, json!({"ended_at": "2026-11-21T15:02:00Z"}))),
        (format!("{call}-3"), event("transcription.complete", call, json!({"lines": lines}))),
    ]
}
