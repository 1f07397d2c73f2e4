//! An endpoint that answers 410 is told nothing more, the others are; once a person enables it, it gets what it missed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::Timestamp;
use offhook::call::Disposition;
use offhook::store::EndpointState;

use crate::fixtures::{call, ended};
use crate::receiver::{House, Receiver, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn until_it_is_enabled_by_hand() {
    let back = Arc::new(AtomicBool::new(false));
    let there = back.clone();
    let gone = Receiver::open(move |_, _| match there.load(Ordering::SeqCst) {
        true => StatusCode::OK.into_response(),
        false => StatusCode::GONE.into_response(),
    })
    .await;
    let other = Receiver::taking_all().await;
    let house = House::open(vec![gone.endpoint("gone"), other.endpoint("other")]).await;
    let now_ending = |id: &str| {
        let now = Timestamp::now();
        let mut call = ended(call(id, None), Disposition::InfoOnly);
        (call.started_at, call.answered_at, call.ended_at) = (now, Some(now), Some(now));
        call
    };
    house.ends(now_ending("c1"));
    other.until("the first call", |r| r.taken().len() == 3).await;
    gone.until("one request", |r| !r.got().is_empty()).await;
    let state = || async { house.store().endpoints().await.unwrap().into_iter().find(|e| e.name == "gone").unwrap() };
    eventually("disabled", || async { state().await.state == EndpointState::Disabled }).await;
    let asked = gone.got().len();
    house.ends(now_ending("c2"));
    other.until("the second call", |r| r.taken().len() == 6).await;
    let row = state().await;
    assert!(row.disabled_at.is_some() && row.reason.as_deref().unwrap().contains("410"), "{row:?}");
    assert_eq!(gone.got().len(), asked, "nothing is sent to a disabled endpoint");
    assert!(!house.store().enable_endpoint("other", Timestamp::now()).await.unwrap(), "it is not disabled");

    back.store(true, Ordering::SeqCst);
    assert!(house.store().enable_endpoint("gone", Timestamp::now()).await.unwrap());
    gone.until("both calls", |r| r.taken().len() == 6).await;
    eventually("noted", || async { state().await.waiting == 0 }).await;
    assert_eq!(state().await.state, EndpointState::Enabled);
    house.close().await;
}
