//! An endpoint that asks for a pause gets it, for all its events.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use offhook::call::Disposition;

use crate::fixtures::{call, ended};
use crate::receiver::{House, Receiver, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_before_the_pause_is_over() {
    let refused = Arc::new(Mutex::new(None::<Instant>));
    let when = refused.clone();
    let receiver = Receiver::open(move |_, before| match before {
        0 => {
            *when.lock().unwrap() = Some(Instant::now());
            (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "2")]).into_response()
        }
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let house = House::open(vec![receiver.endpoint("desk")]).await;
    house.ends(ended(call("c1", None), Disposition::InfoOnly));
    receiver.until("a first request", |r| !r.got().is_empty()).await;
    eventually("the refusal noted", || async { house.store().endpoints().await.unwrap()[0].failing_since.is_some() })
        .await;
    house.ends(ended(call("c2", None), Disposition::InfoOnly));
    receiver.until("a second request", |r| r.got().len() > 1).await;
    let waited = refused.lock().unwrap().unwrap().elapsed();
    assert!(waited >= Duration::from_millis(1900), "{waited:?}");
    receiver.until("all events", |r| r.taken().len() == 6).await;
    house.close().await;
}
