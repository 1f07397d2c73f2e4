//! What every calendar provider has to get right: `exercise` is run on each of them.

use std::sync::Arc;

use jiff::SignedDuration;
use offhook::calendar::{BookFailure, BuiltIn, Calendar};
use offhook::conversation::{Appointment, BookingRequest, Business, Slot, SlotQuery};

use crate::dav;
use crate::fixtures::{at, booking, db, harbor, taller};
use crate::providers::Provider;

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

    lists_what_is_to_come(calendar, business).await;
    moves_once_per_key(calendar, business).await;
    moves_nothing_onto_another(calendar, business).await;
    cancels_once_per_key(calendar, business).await;
    changes_nothing_strange(calendar, business).await;
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

async fn lists_what_is_to_come(calendar: &dyn Calendar, business: &Business) {
    let phone = "+12125550777";
    assert_eq!(calendar.appointments(business, phone).await, Ok(Vec::new()), "nobody's");
    let later = book_for(calendar, business, "conform-5/booking/1", phone, 1).await;
    let sooner = book_for(calendar, business, "conform-5/booking/2", phone, 0).await;
    assert_eq!(calendar.appointments(business, phone).await, Ok(vec![sooner, later]), "in order of start");
}

async fn moves_once_per_key(calendar: &dyn Calendar, business: &Business) {
    let phone = "+12125550778";
    let booked = book_for(calendar, business, "conform-6/booking/1", phone, 0).await;
    let to = *find(calendar, business).await.last().unwrap();
    let moved = calendar.reschedule(business, &booked.id, to, "conform-6/change/1").await.unwrap();
    assert_eq!(moved, Appointment { slot: to, ..booked.clone() }, "the same appointment at another time");
    let free = find(calendar, business).await;
    assert!(free.contains(&booked.slot), "its old time is free");
    assert!(!free.contains(&to), "its new time is not");
    assert_eq!(calendar.appointments(business, phone).await, Ok(vec![moved.clone()]));

    let back = calendar.reschedule(business, &booked.id, booked.slot, "conform-6/change/2").await.unwrap();
    assert_eq!(back, booked);
    let again = calendar.reschedule(business, &booked.id, to, "conform-6/change/1").await.unwrap();
    assert_eq!(again, booked, "an old key moves nothing again");
    let shift = SignedDuration::from_mins(10);
    let onto_itself = Slot { starts_at: booked.slot.starts_at + shift, ends_at: booked.slot.ends_at + shift };
    let nudged = calendar.reschedule(business, &booked.id, onto_itself, "conform-6/change/3").await;
    assert_eq!(nudged.map(|a| a.slot), Ok(onto_itself), "its own old time is no conflict");
}

async fn moves_nothing_onto_another(calendar: &dyn Calendar, business: &Business) {
    let phone = "+12125550779";
    let (one, other) = (
        book_for(calendar, business, "conform-7/booking/1", phone, 0).await,
        book_for(calendar, business, "conform-7/booking/2", phone, 1).await,
    );
    let taken = calendar.reschedule(business, &one.id, other.slot, "conform-7/change/1").await;
    assert_eq!(taken, Err(BookFailure::Taken));
    assert_eq!(calendar.appointments(business, phone).await, Ok(vec![one, other]), "both stay where they were");
}

async fn cancels_once_per_key(calendar: &dyn Calendar, business: &Business) {
    let phone = "+12125550780";
    let booked = book_for(calendar, business, "conform-8/booking/1", phone, 0).await;
    for key in ["conform-8/change/1", "conform-8/change/1", "conform-8/change/2"] {
        assert_eq!(calendar.cancel(business, &booked.id, key).await, Ok(()), "{key}");
    }
    assert_eq!(calendar.appointments(business, phone).await, Ok(Vec::new()));
    assert!(find(calendar, business).await.contains(&booked.slot), "its time is free");
    let moved = calendar.reschedule(business, &booked.id, booked.slot, "conform-8/change/3").await;
    assert!(matches!(moved, Err(BookFailure::Rejected(_))), "what is cancelled is not moved: {moved:?}");
    let next = book_for(calendar, business, "conform-8/booking/2", phone, 0).await;
    assert_eq!(next.slot, booked.slot, "somebody else can have it");
    assert_eq!(calendar.cancel(business, &booked.id, "conform-8/change/1").await, Ok(()));
    assert_eq!(calendar.appointments(business, phone).await, Ok(vec![next]), "an old key cancels nothing new");
}

async fn changes_nothing_strange(calendar: &dyn Calendar, business: &Business) {
    let phone = "+12125550781";
    let booked = book_for(calendar, business, "conform-9/booking/1", phone, 0).await;
    let slot = find(calendar, business).await[0];
    let yesterday = Slot { starts_at: at("2026-11-22T15:00:00Z"), ends_at: at("2026-11-22T15:30:00Z") };
    let changes = [
        calendar.reschedule(business, "nobody-knows-it", slot, "conform-9/change/1").await,
        calendar.reschedule(business, &booked.id, yesterday, "conform-9/change/2").await,
        calendar.reschedule(business, &booked.id, Slot { ends_at: slot.starts_at, ..slot }, "conform-9/change/3").await,
    ];
    for (n, change) in changes.iter().enumerate() {
        assert!(matches!(change, Err(BookFailure::Rejected(_))), "{n}: {change:?}");
    }
    let cancelled = calendar.cancel(business, "nobody-knows-it", "conform-9/change/4").await;
    assert!(matches!(cancelled, Err(BookFailure::Rejected(_))), "{cancelled:?}");
    assert_eq!(calendar.appointments(business, phone).await, Ok(vec![booked]), "it stays where it was");
}

/// Books the `n`th of the free slots that lie an hour apart, in a number's name.
async fn book_for(calendar: &dyn Calendar, business: &Business, key: &str, phone: &str, n: usize) -> Appointment {
    let mut slots = find(calendar, business).await;
    slots.dedup_by(|next, kept| next.starts_at < kept.ends_at + SignedDuration::from_hours(1));
    let slot = slots[n];
    let request = BookingRequest { slot, phone: phone.to_owned(), ..booking(key, "2026-11-24T00:00:00Z", 30) };
    calendar.book(business, &request).await.unwrap()
}

async fn find(calendar: &dyn Calendar, business: &Business) -> Vec<Slot> {
    let (from, to) = (at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z"));
    let query =
        SlotQuery { service: "cleaning".to_owned(), minutes: 30, from, to, limit: 1000, ..SlotQuery::default() };
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

#[tokio::test]
async fn radicale_conforms() {
    for business in [harbor(), taller()] {
        exercise(&dav::radicale().await.calendar(), &business).await;
    }
}

#[tokio::test]
async fn xandikos_conforms() {
    for business in [harbor(), taller()] {
        exercise(&dav::xandikos().await.calendar(), &business).await;
    }
}

#[tokio::test]
async fn google_conforms() {
    for business in [harbor(), taller()] {
        exercise(&Provider::start("google", &["--lifetime", "2"]).google(), &business).await;
    }
}

#[tokio::test]
async fn microsoft_conforms() {
    for business in [harbor(), taller()] {
        exercise(&Provider::start("graph", &["--lifetime", "2", "--rotate"]).graph(), &business).await;
    }
}

#[tokio::test]
async fn calendly_conforms() {
    for business in [harbor(), taller()] {
        exercise(&Provider::start("calendly", &["--fixed-token", "personal"]).calendly(), &business).await;
    }
}

#[tokio::test]
async fn acuity_conforms() {
    for business in [harbor(), taller()] {
        exercise(&Provider::start("acuity", &[]).acuity(), &business).await;
    }
}
