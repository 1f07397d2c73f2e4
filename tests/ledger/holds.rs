//! A time is kept for a caller while it is read back: nobody else is offered it or gets it, and it lapses by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use offhook::calendar::{BookFailure, BuiltIn, Calendar};
use offhook::conversation::{BookingRequest, Business, Capacity, Hold, Slot, SlotQuery, Staff};
use offhook::store::Store;

use crate::fixtures::{at, booking, db, harbor, url};

/// A calendar and its clock, minutes after 2026-11-23T12:00:00Z.
fn calendar(store: &Store) -> (BuiltIn, Arc<AtomicI64>) {
    let minutes = Arc::new(AtomicI64::new(0));
    let clock = minutes.clone();
    let now = move || at("2026-11-23T12:00:00Z") + SignedDuration::from_mins(clock.load(Ordering::SeqCst));
    (BuiltIn::with_clock(store.clone(), Arc::new(now)), minutes)
}

fn ten() -> Slot {
    Slot { starts_at: at("2026-11-24T15:00:00Z"), ends_at: at("2026-11-24T15:30:00Z") }
}

fn eleven() -> Slot {
    Slot { starts_at: at("2026-11-24T16:00:00Z"), ends_at: at("2026-11-24T16:30:00Z") }
}

fn hold(slot: Slot) -> Hold {
    Hold { service: "cleaning".into(), slot, staff: None }
}

fn of(call: &str, slot: Slot) -> BookingRequest {
    BookingRequest { slot, call_id: call.into(), ..booking(&format!("{call}:book:1"), "2026-11-24T15:00:00Z", 30) }
}

async fn offered(calendar: &BuiltIn, business: &Business, call: &str) -> Vec<Timestamp> {
    let (from, to) = (at("2026-11-24T05:00:00Z"), at("2026-11-25T05:00:00Z"));
    let (service, holder) = ("cleaning".to_owned(), call.to_owned());
    let query = SlotQuery { service, minutes: 30, from, to, limit: 100, holder, ..SlotQuery::default() };
    calendar.find_slots(business, &query).await.unwrap().into_iter().map(|slot| slot.starts_at).collect()
}

#[tokio::test]
async fn what_is_held_is_the_holders() {
    let db = db().await;
    let ((calendar, _), business) = (calendar(&db.store), harbor());
    assert!(calendar.hold(&business, "a", &hold(ten())).await.unwrap());
    assert!(!calendar.hold(&business, "b", &hold(ten())).await.unwrap(), "one holder");
    assert!(offered(&calendar, &business, "a").await.contains(&ten().starts_at));
    assert!(!offered(&calendar, &business, "b").await.contains(&ten().starts_at));
    assert_eq!(calendar.book(&business, &of("b", ten())).await, Err(BookFailure::Taken));
    calendar.book(&business, &of("a", ten())).await.unwrap();
    calendar.release("a").await.unwrap();
    assert!(!offered(&calendar, &business, "b").await.contains(&ten().starts_at), "booked is not released");
}

#[tokio::test]
async fn another_time_gives_the_first_back_and_so_does_a_hang_up() {
    let db = db().await;
    let ((calendar, _), business) = (calendar(&db.store), harbor());
    assert!(calendar.hold(&business, "a", &hold(ten())).await.unwrap());
    assert!(calendar.hold(&business, "a", &hold(eleven())).await.unwrap());
    let free = offered(&calendar, &business, "b").await;
    assert!(free.contains(&ten().starts_at) && !free.contains(&eleven().starts_at));
    calendar.release("a").await.unwrap();
    assert!(offered(&calendar, &business, "b").await.contains(&eleven().starts_at));
}

#[tokio::test]
async fn a_move_goes_through_the_calls_own_hold() {
    let db = db().await;
    let ((calendar, _), business) = (calendar(&db.store), harbor());
    let booked = calendar.book(&business, &of("a", ten())).await.unwrap();
    assert!(calendar.hold(&business, "b", &hold(eleven())).await.unwrap());
    let moved = calendar.reschedule(&business, &booked.id, eleven(), "c:move:1").await;
    assert_eq!(moved, Err(BookFailure::Taken), "somebody else holds it");
    calendar.reschedule(&business, &booked.id, eleven(), "b:move:1").await.unwrap();
    assert!(offered(&calendar, &business, "c").await.contains(&ten().starts_at));
}

#[tokio::test]
async fn a_lease_ends_by_itself_whatever_became_of_its_process() {
    let db = db().await;
    let business = harbor();
    let (dead, _) = calendar(&db.store);
    assert!(dead.hold(&business, "a", &hold(ten())).await.unwrap());
    // Another process on the same database, minutes later.
    let (calendar, minutes) = calendar(&Store::open(&url(db.folder.path())).await.unwrap());
    minutes.store(4, Ordering::SeqCst);
    assert!(!offered(&calendar, &business, "b").await.contains(&ten().starts_at));
    minutes.store(6, Ordering::SeqCst);
    assert!(offered(&calendar, &business, "b").await.contains(&ten().starts_at));
    assert!(calendar.hold(&business, "b", &hold(ten())).await.unwrap(), "taken over");
    calendar.book(&business, &of("b", ten())).await.unwrap();
    assert_eq!(dead.book(&business, &of("a", ten())).await, Err(BookFailure::Taken));
}

#[tokio::test]
async fn a_hold_takes_one_person_and_leaves_the_others() {
    let db = db().await;
    let (calendar, _) = calendar(&db.store);
    let person = |name: &str| Staff { name: name.into(), services: Vec::new(), hours: None };
    let capacity = Capacity { staff: vec![person("Ann"), person("Ben")], ..Capacity::default() };
    let business = Business { capacity, ..harbor() };
    assert!(calendar.hold(&business, "a", &hold(ten())).await.unwrap());
    assert!(calendar.hold(&business, "b", &hold(ten())).await.unwrap());
    assert!(!calendar.hold(&business, "c", &hold(ten())).await.unwrap());
    calendar.book(&business, &of("a", ten())).await.unwrap();
    calendar.book(&business, &of("b", ten())).await.unwrap();
    assert_eq!(calendar.book(&business, &of("c", ten())).await, Err(BookFailure::Taken));
}
