//! The built-in calendar under contention.

use std::sync::Arc;

use offhook::calendar::{BookFailure, BuiltIn, Calendar};
use offhook::conversation::BookingRequest;
use offhook::store::Store;
use tokio::task::JoinSet;

use crate::fixtures::{at, booking, db, harbor, taller, url};

fn calendar(store: &Store) -> Arc<BuiltIn> {
    Arc::new(BuiltIn::with_clock(store.clone(), Arc::new(|| at("2026-11-23T12:00:00Z"))))
}

async fn all_at_once(calendars: &[Arc<BuiltIn>], bookings: Vec<BookingRequest>) -> Vec<Result<String, BookFailure>> {
    let mut tasks = JoinSet::new();
    for (n, booking) in bookings.into_iter().enumerate() {
        let calendar = calendars[n % calendars.len()].clone();
        tasks.spawn(async move { calendar.book(&harbor(), &booking).await.map(|a| a.id) });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_want_the_same_hour_and_one_gets_it() {
    let db = db().await;
    // A second set of connections, as another process would have.
    let other = Store::open(&url(db.folder.path())).await.unwrap();
    // Starts 1 minute apart within an hour: every pair overlaps.
    let bookings =
        (0..100).map(|n| booking(&format!("c{n}/booking/1"), &format!("2026-11-24T15:{:02}:00Z", n % 60), 60));
    let results = all_at_once(&[calendar(&db.store), calendar(&other)], bookings.collect()).await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|r| **r == Err(BookFailure::Taken)).count(), 99, "{results:?}");
    assert_eq!(db.store.appointments(None, 1000).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_asked_fifty_times_is_one_appointment() {
    let db = db().await;
    let bookings = vec![booking("c1/booking/1", "2026-11-24T15:00:00Z", 30); 50];
    let results = all_at_once(&[calendar(&db.store)], bookings).await;
    let first = results[0].clone().unwrap();
    assert!(results.iter().all(|r| r.as_ref() == Ok(&first)), "{results:?}");
    assert_eq!(db.store.appointments(None, 1000).await.unwrap().len(), 1);
}

#[tokio::test]
async fn businesses_do_not_share_a_chair_and_a_row_tells_local_time() {
    let db = db().await;
    let calendar = calendar(&db.store);
    let (here, there) =
        (booking("c1/booking/1", "2026-11-24T15:00:00Z", 30), booking("c2/booking/1", "2026-11-24T15:00:00Z", 30));
    calendar.book(&harbor(), &here).await.unwrap();
    calendar.book(&taller(), &there).await.unwrap();
    let rows = serde_json::to_value(db.store.appointments(None, 10).await.unwrap()).unwrap();
    let mut starts: Vec<&str> = rows.as_array().unwrap().iter().map(|r| r["starts_at"].as_str().unwrap()).collect();
    starts.sort_unstable();
    assert_eq!(starts, ["2026-11-24T10:00:00-05:00", "2026-11-24T16:00:00+01:00"]);
}

#[tokio::test]
async fn an_answer_asked_for_again_after_the_hour_is_still_the_appointment() {
    let db = db().await;
    let request = booking("c1/booking/1", "2026-11-24T15:00:00Z", 30);
    let before = calendar(&db.store).book(&harbor(), &request).await.unwrap();
    let later = BuiltIn::with_clock(db.store.clone(), Arc::new(|| at("2026-12-24T12:00:00Z")));
    assert_eq!(later.book(&harbor(), &request).await, Ok(before));
}

#[tokio::test]
async fn a_closed_database_is_unavailable_not_taken() {
    let db = db().await;
    let calendar = calendar(&db.store);
    db.store.close().await;
    let result = calendar.book(&harbor(), &booking("c1/booking/1", "2026-11-24T15:00:00Z", 30)).await;
    assert!(matches!(result, Err(BookFailure::Unavailable(_))), "{result:?}");
    assert!(!db.store.healthy().await);
}
