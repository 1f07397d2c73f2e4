//! What every calendar provider has to get right: `exercise` is run on each of them.

use std::sync::Arc;

use jiff::SignedDuration;
use offhook::calendar::{BookFailure, BuiltIn, Calendar};
use offhook::conversation::{BookingRequest, Business, Slot, SlotQuery};

use crate::fixtures::{at, booking, db, harbor, taller};

/// Runs the whole suite on an empty calendar whose clock stands at 2026-11-23T12:00:00Z, a Monday.
pub async fn exercise(calendar: &dyn Calendar, business: &Business) {
    let slots = find(calendar, business).await;
    assert!(slots.len() >= 4, "a week has room: {slots:?}");
    assert!(slots.windows(2).all(|w| w[0] < w[1]), "in order");

    books_once_per_key(calendar, business, slots[0]).await;
    let left = find(calendar, business).await;
    assert!(
        left.iter().all(|s| s.starts_at >= slots[0].ends_at || s.ends_at <= slots[0].starts_at),
        "taken is not free"
    );

    refuses_overlaps(calendar, business, slots[0]).await;
    refuses_the_past(calendar, business).await;
    takes_neighbours(calendar, business, slots[0]).await;
}

async fn books_once_per_key(calendar: &dyn Calendar, business: &Business, slot: Slot) {
    let request = BookingRequest { slot, ..booking("conform-1/booking/1", "2026-11-24T00:00:00Z", 30) };
    let first = calendar.book(business, &request).await.unwrap();
    assert_eq!(first.slot, slot);
    assert_eq!(first.service, request.service);
    assert_eq!(calendar.book(business, &request).await.unwrap(), first, "the same key, the same appointment");
}

async fn refuses_overlaps(calendar: &dyn Calendar, business: &Business, taken: Slot) {
    for (n, shift) in [-10i64, 0, 10].into_iter().enumerate() {
        let shift = SignedDuration::from_mins(shift);
        let slot = Slot { starts_at: taken.starts_at + shift, ends_at: taken.ends_at + shift };
        let request = BookingRequest { slot, ..booking(&format!("conform-2/booking/{n}"), "2026-11-24T00:00:00Z", 30) };
        assert_eq!(calendar.book(business, &request).await, Err(BookFailure::Taken), "{shift}");
    }
}

async fn refuses_the_past(calendar: &dyn Calendar, business: &Business) {
    let request = booking("conform-3/booking/1", "2026-11-23T11:00:00Z", 30);
    assert!(matches!(calendar.book(business, &request).await, Err(BookFailure::Rejected(_))));
    let empty = booking("conform-3/booking/2", "2026-11-27T15:00:00Z", 0);
    assert!(matches!(calendar.book(business, &empty).await, Err(BookFailure::Rejected(_))));
}

/// Ends are exclusive.
async fn takes_neighbours(calendar: &dyn Calendar, business: &Business, taken: Slot) {
    let length = taken.ends_at.duration_since(taken.starts_at);
    let slot = Slot { starts_at: taken.ends_at, ends_at: taken.ends_at + length };
    let request = BookingRequest { slot, ..booking("conform-4/booking/1", "2026-11-24T00:00:00Z", 30) };
    assert_eq!(calendar.book(business, &request).await.unwrap().slot, slot);
}

async fn find(calendar: &dyn Calendar, business: &Business) -> Vec<Slot> {
    let (from, to) = (at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z"));
    let query = SlotQuery { service: "cleaning".to_owned(), minutes: 30, from, to, limit: 1000 };
    calendar.find_slots(business, &query).await.unwrap()
}

#[tokio::test]
async fn the_built_in_calendar_conforms() {
    for business in [harbor(), taller()] {
        let db = db().await;
        let calendar = BuiltIn::with_clock(db.store.clone(), Arc::new(|| at("2026-11-23T12:00:00Z")));
        exercise(&calendar, &business).await;
    }
}
