//! Of one call an endpoint is told in order, whatever fails on the way; nothing is lost, and what comes twice has one id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use offhook::call::Disposition;

use crate::fixtures::{call, ended};
use crate::receiver::{House, Receiver};

const CALLS: usize = 40;
const EVENTS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn faults_and_a_restart_change_neither_order_nor_number() {
    let chance = Mutex::new(7u64);
    let receiver = Receiver::open(move |_, _| {
        let mut chance = chance.lock().unwrap();
        *chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match (*chance >> 33) % 10 {
            0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            1 => StatusCode::TOO_MANY_REQUESTS.into_response(),
            2 => StatusCode::BAD_REQUEST.into_response(),
            3 => (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response(),
            _ => StatusCode::NO_CONTENT.into_response(),
        }
    })
    .await;
    let house = House::open(vec![receiver.endpoint("desk")]).await;
    for n in 0..CALLS {
        house.ends(ended(call(&format!("c{n}"), Some("+12125550123")), Disposition::InfoOnly));
    }
    receiver.until("half of the events", |r| r.taken().len() >= CALLS * EVENTS / 2).await;
    // A restart in the middle.
    let db = house.close().await;
    let house = House::with(db, vec![receiver.endpoint("desk")], crate::receiver::settings()).await;
    let distinct = |r: &Receiver| r.taken().iter().map(|got| got.id().to_owned()).collect::<BTreeSet<_>>().len();
    receiver.until("all events", |r| distinct(r) == CALLS * EVENTS).await;
    house.close().await;

    let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for got in receiver.taken().into_iter().filter(|got| seen.insert(got.id().to_owned())) {
        calls.entry(got.call().to_owned()).or_default().push(got.kind().to_owned());
    }
    assert_eq!(calls.len(), CALLS);
    assert!(
        calls.values().all(|kinds| kinds == &["call.started", "call.ended", "transcription.complete"]),
        "{calls:?}"
    );
    assert!(receiver.got().len() > receiver.taken().len(), "some were refused at first");
}
