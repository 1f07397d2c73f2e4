//! An endpoint that takes nothing for longer than our patience is disabled; one success starts it anew.

use jiff::SignedDuration;
use offhook::events::{Kind, happened};
use offhook::store::{EndpointState, Store, Told};

use crate::fixtures::{at, call, db};

const PATIENCE: SignedDuration = SignedDuration::from_hours(72);

async fn told(store: &Store, at_text: &str, told: Told) -> EndpointState {
    store.settle_events("desk", &[(1, told)], PATIENCE, at(at_text)).await.unwrap();
    store.endpoints().await.unwrap()[0].state
}

fn no() -> Told {
    Told::Again { reason: "it answered 500".into(), at: at("2026-11-01T00:00:00Z") }
}

#[tokio::test]
async fn three_days_in_a_row() {
    let db = db().await;
    db.store.set_endpoints(&[("desk".into(), Kind::ALL.to_vec())]).await.unwrap();
    db.store.record_events(&happened(&call("c1", None), false)).await.unwrap();
    assert_eq!(told(&db.store, "2026-11-01T00:00:00Z", no()).await, EndpointState::Enabled);
    assert_eq!(told(&db.store, "2026-11-03T23:00:00Z", no()).await, EndpointState::Enabled);
    assert_eq!(told(&db.store, "2026-11-03T23:30:00Z", Told::Taken).await, EndpointState::Enabled);
    assert_eq!(told(&db.store, "2026-11-04T12:00:00Z", no()).await, EndpointState::Enabled);
    assert_eq!(told(&db.store, "2026-11-07T11:00:00Z", no()).await, EndpointState::Enabled);
    assert_eq!(told(&db.store, "2026-11-07T13:00:00Z", no()).await, EndpointState::Disabled);
    let row = &db.store.endpoints().await.unwrap()[0];
    assert!(row.reason.as_deref().unwrap().contains("500"), "{row:?}");
    // A restart does not enable it.
    db.store.set_endpoints(&[("desk".into(), Kind::ALL.to_vec())]).await.unwrap();
    assert_eq!(db.store.endpoints().await.unwrap()[0].state, EndpointState::Disabled);
}
