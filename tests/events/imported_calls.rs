//! Another platform's call takes the way of our own: row, events, outbox, once; recordings and transcripts are fetched.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use jiff::Timestamp;
use offhook::call::{Disposition, Speaker};
use offhook::events::Line;
use offhook::ingest::{Ears, Given, Taken};
use offhook::store::{JobState, Page};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::library::ask;
use crate::platforms::{HERE, Told, ZOOM_SECRET, event, generic, house, story, zoom};
use crate::receiver::eventually;

const VTT: &str = "WEBVTT\n\n1\n00:00:01.000 --> 00:00:03.500\nAnn Lee: We can send the offer on Monday.\n\n\
                   2\n00:00:04.000 --> 00:00:06.000\nBob Ray: Good, thank you.\n";

async fn zoom_says(told: &Told, body: &Value) -> Taken {
    let (body, now) = (body.to_string(), Timestamp::now().as_second().to_string());
    let signed = ask(&[json!({"do": "zoom", "secret": ZOOM_SECRET, "at": now, "body": body})]).remove(0);
    let headers = vec![("x-zm-request-timestamp", now.as_str()), ("x-zm-signature", signed.as_str())];
    told.ingest.take(Given { source: "zoom", from: HERE, query: "", headers, body: body.as_bytes() }).await.unwrap()
}

/// Zoom's side: a download that wants its token and redirects to where the file is.
async fn files(asked: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let download = move |headers: HeaderMap| {
        let before = asked.fetch_add(1, Ordering::SeqCst);
        async move {
            match (before, headers.get("authorization").and_then(|value| value.to_str().ok())) {
                (0, _) => StatusCode::BAD_GATEWAY.into_response(),
                (_, Some("Bearer a-days-token")) => Redirect::temporary("/file").into_response(),
                _ => StatusCode::UNAUTHORIZED.into_response(),
            }
        }
    };
    let file = || async { VTT.into_response() };
    let app: Router = Router::new().route("/download", get(download)).route("/file", get(file));
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn recording(event: &str, files: &Value) -> Value {
    json!({"event": event, "event_ts": 1_764_000_000_000_i64, "download_token": "a-days-token", "payload": {"object": {
        "uuid": "WEz4RT2lSyKx2MD9Z+lYfA==", "topic": "Offer for Ray", "start_time": "2026-11-21T15:00:00Z", "duration": 3,
        "host_email": "ann@example.com", "recording_files": files}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zoom_transcript_is_fetched_once_and_becomes_the_calls() {
    let asked = Arc::new(AtomicUsize::new(0));
    let address = files(asked.clone()).await;
    let told = house(vec![zoom()], None).await;
    let challenge = json!({"event": "endpoint.url_validation", "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}});
    let Taken::Challenge(answer) = zoom_says(&told, &challenge).await else { panic!("no answer to the challenge") };
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let by_library =
        ask(&[json!({"do": "hex", "secret": "the new token", "body": "qgg8vlvZRS6UYooatFL8Aw"})]).remove(0);
    assert_eq!(answer, json!({"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": by_library}));

    let one = json!([{"id": "f1", "file_type": "TRANSCRIPT", "download_url": format!("{address}/download")},
                     {"id": "f2", "file_type": "MP4", "download_url": format!("{address}/never")}]);
    let body = recording("recording.transcript_completed", &one);
    for n in 0..3 {
        assert_eq!(zoom_says(&told, &body).await, Taken::Kept { fresh: n == 0 });
    }
    let store = told.db.store.clone();
    eventually("the call", || async { !store.calls(Page { limit: 5, before: None }).await.unwrap().is_empty() }).await;
    let db = told.close().await;
    let calls = db.store.calls(Page { limit: 5, before: None }).await.unwrap();
    let [call] = &calls[..] else { panic!("{calls:?}") };
    let spoken: Vec<&str> = call.transcript.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(spoken, ["We can send the offer on Monday.", "Good, thank you."]);
    assert_eq!((call.transcript[0].start_ms, call.to.as_str()), (1000, "Offer for Ray"));
    assert_eq!(asked.load(Ordering::SeqCst), 2, "a failure, then the file");
    assert_eq!(call.disposition, Some(Disposition::NoDisposition));
    assert!(call.from.is_none() && db.store.contacts(None, 10).await.unwrap().is_empty(), "meetings make no contacts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_heard_only_when_there_are_no_words() {
    let asked = Arc::new(AtomicUsize::new(1));
    let address = files(asked.clone()).await;
    let ears: Ears = Arc::new(|file, language| {
        let heard = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        assert!(heard.starts_with("WEBVTT"), "the file that was fetched");
        Ok(vec![Line { start_ms: 0, end_ms: 9, speaker: String::new(), text: format!("heard in {language}") }])
    });
    let told = house(vec![zoom(), generic()], Some(ears)).await;
    let sound = json!([{"id": "f1", "file_type": "M4A", "download_url": format!("{address}/download")}]);
    zoom_says(&told, &recording("recording.completed", &sound)).await;
    let url = json!({"recording_url": format!("{address}/file")});
    let mut story = story("c1");
    story[2].1["data"]["recording_url"] = url["recording_url"].clone();
    told.generic(&story[2].0, &story[2].1).await.unwrap();
    told.generic(&story[1].0, &story[1].1).await.unwrap();
    let store = told.db.store.clone();
    eventually("two calls", || async { store.calls(Page { limit: 5, before: None }).await.unwrap().len() == 2 }).await;
    let db = told.close().await;
    let mut said: Vec<String> = Vec::new();
    for call in db.store.calls(Page { limit: 5, before: None }).await.unwrap() {
        said.extend(call.transcript.iter().map(|line| line.text.clone()));
    }
    said.sort();
    assert_eq!(said, ["I would like a cleaning.", "Tuesday at ten?", "heard in en"]);
    let left = std::fs::read_dir(db.folder.path().join("artefacts")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "sound is not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_repetitions_have_one_effect() {
    let told = house(vec![generic()], None).await;
    let story = story("c1");
    let mut fresh = 0;
    for _ in 0..1000 / 50 {
        let all = (0..50).map(|n| told.generic(&story[n % 3].0, &story[n % 3].1));
        let taken = futures_util::future::join_all(all).await;
        fresh += taken.iter().filter(|taken| **taken == Ok(Taken::Kept { fresh: true })).count();
    }
    assert_eq!(fresh, 3);
    let store = told.db.store.clone();
    eventually("the call", || async { !store.calls(Page { limit: 5, before: None }).await.unwrap().is_empty() }).await;
    assert_eq!(store.arrivals_kept("generic").await.unwrap(), (3, 997));
    let db = told.close().await;
    let calls = db.store.calls(Page { limit: 5, before: None }).await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].transcript[0].speaker, Speaker::Caller);
    let jobs = db.store.jobs(None, 100).await.unwrap();
    assert!(jobs.iter().all(|job| job.state == JobState::Done), "{jobs:?}");
    assert_eq!(jobs.iter().filter(|job| job.kind == "activity").count(), 1);
    assert_eq!(db.store.contacts(None, 10).await.unwrap().len(), 1, "whoever called is a contact");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_stop_before_it_was_merged() {
    let told = house(vec![generic()], None).await;
    let failed = event("call.failed", "c9", json!({"reason": "codec"}));
    told.generic("f1", &failed).await.unwrap();
    // Stopped at once; the next start takes it up.
    let db = told.close().await;
    assert_eq!(db.store.arrivals_kept("generic").await.unwrap().0, 1);
    let left = db.store.new_arrivals(10).await.unwrap().len();
    assert!(left <= 1);
}
