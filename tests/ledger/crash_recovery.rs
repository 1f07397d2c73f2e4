//! Calls a crash cut off are closed as failed, and what they had achieved stays a fact.

use std::sync::Arc;

use offhook::calendar::Calendar;
use offhook::call::{CallState, Disposition};
use offhook::crm::BuiltIn;
use offhook::outbox::Outbox;
use offhook::store::{Store, StoreError};

use crate::fixtures::{at, booking, call, db, harbor, quick, url};

#[tokio::test]
async fn a_cut_off_call_is_closed_with_its_booking_and_followed_up() {
    let db = db().await;
    let live = call("c1", Some("+12125550199"));
    db.store.open_call(&live).await.unwrap();
    let calendar = offhook::calendar::BuiltIn::new(db.store.clone());
    let appointment = calendar.book(&harbor(), &booking("c1/booking/1", "2036-11-24T15:00:00Z", 30)).await.unwrap();

    for _ in 0..2 {
        let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), quick()).await.unwrap();
        outbox.drained().await;
        outbox.stop().await;
    }
    let closed = db.store.call("c1").await.unwrap().unwrap();
    assert_eq!((closed.state, closed.disposition), (CallState::Ended, Some(Disposition::Failed)));
    assert_eq!(closed.ended_at, Some(at("2026-11-23T15:00:04.5Z")), "the end of the last words heard");
    assert_eq!(closed.transcript, live.transcript);
    assert_eq!(closed.outcome.booking.unwrap().appointment_id, appointment.id);
    let contact = db.store.contact_by_phone("harbor", "+12125550123").await.unwrap().unwrap();
    assert_eq!(contact.name.as_deref(), Some("Jane Doe"), "as the booking has it");
    assert_eq!(db.store.activities(&contact.id).await.unwrap().len(), 1);
    assert_eq!(db.store.tasks(&contact.id).await.unwrap().len(), 1);
    assert_eq!(db.store.appointments(None, 10).await.unwrap()[0].contact_id, Some(contact.id));
}

#[tokio::test]
async fn a_call_that_rang_and_no_more_leaves_no_task() {
    let db = db().await;
    let mut ringing = call("c1", None);
    (ringing.state, ringing.answered_at) = (CallState::Ringing, None);
    ringing.transcript.clear();
    db.store.open_call(&ringing).await.unwrap();
    let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), quick()).await.unwrap();
    outbox.drained().await;
    outbox.stop().await;
    let closed = db.store.call("c1").await.unwrap().unwrap();
    assert_eq!((closed.disposition, closed.ended_at), (Some(Disposition::Failed), Some(ringing.started_at)));
    let (activities, tasks) = db.store.effects_of_call("c1").await.unwrap();
    assert_eq!((activities.len(), tasks.len()), (1, 0));
}

#[tokio::test]
async fn calls_of_a_process_that_lives_are_not_cut_off() {
    let db = db().await;
    let crm = Arc::new(BuiltIn::new(db.store.clone()));
    let outbox = Outbox::start(db.store.clone(), crm.clone(), quick()).await.unwrap();
    db.store.open_call(&call("c1", None)).await.unwrap();
    let second = Outbox::start(Store::open(&url(db.folder.path())).await.unwrap(), crm.clone(), quick()).await;
    assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
    assert_eq!(db.store.unfinished_calls().await.unwrap().len(), 1);
    outbox.stop().await;
    Outbox::start(db.store.clone(), crm, quick()).await.unwrap().stop().await;
    assert_eq!(db.store.unfinished_calls().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_row_nobody_can_read_does_not_stop_the_start() {
    let db = db().await;
    db.store.open_call(&call("c1", None)).await.unwrap();
    db.store.open_call(&call("c2", None)).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(db.folder.path().join("data/offhook.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("UPDATE calls SET record = '{' WHERE id = 'c1'").execute(&pool).await.unwrap();
    let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), quick()).await.unwrap();
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(db.store.call("c2").await.unwrap().unwrap().state, CallState::Ended);
    assert!(matches!(db.store.call("c1").await, Err(StoreError::Corrupt { .. })));
}
