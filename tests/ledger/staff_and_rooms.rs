//! People, rooms, time kept free, days that are full: what the built-in calendar offers, and what its database refuses.

use std::sync::Arc;

use jiff::SignedDuration;
use offhook::calendar::{BookFailure, BuiltIn, Calendar};
use offhook::conversation::{BookingRequest, Business, Capacity, Resource, Rules, Slot, SlotQuery, Staff};
use offhook::store::Store;

use crate::fixtures::{always, at, booking, db, harbor, span};

fn staff(name: &str, services: &[&str]) -> Staff {
    Staff { name: name.into(), services: services.iter().map(|id| (*id).into()).collect(), hours: None }
}

fn with(capacity: Capacity) -> Business {
    Business { capacity, ..harbor() }
}

fn rules(rules: Rules) -> Capacity {
    Capacity { rules: [("cleaning".to_owned(), rules)].into(), ..Capacity::default() }
}

fn calendar(store: &Store) -> BuiltIn {
    BuiltIn::with_clock(store.clone(), Arc::new(|| at("2026-11-23T12:00:00Z")))
}

async fn offered(calendar: &BuiltIn, business: &Business, day: &str, who: Option<&str>) -> Vec<String> {
    let from = at(&format!("{day}T05:00:00Z"));
    let query = SlotQuery {
        service: "cleaning".into(),
        minutes: 30,
        from,
        to: from + SignedDuration::from_hours(24),
        limit: 100,
        staff: who.map(str::to_owned),
        ..SlotQuery::default()
    };
    let slots = calendar.find_slots(business, &query).await.unwrap();
    let local = |slot: &Slot| slot.starts_at.to_zoned(business.timezone.clone()).strftime("%H:%M").to_string();
    slots.iter().map(local).collect()
}

fn of(key: &str, start: &str, who: Option<&str>) -> BookingRequest {
    BookingRequest { staff: who.map(str::to_owned), ..booking(key, start, 30) }
}

#[tokio::test]
async fn a_time_is_offered_while_anybody_who_can_is_free() {
    let db = db().await;
    let (calendar, ten) = (calendar(&db.store), "2026-11-24T15:00:00Z");
    let team = vec![staff("Ann", &[]), staff("Ben", &["cleaning"]), staff("Cy", &["whitening"])];
    let business = with(Capacity { staff: team, ..Capacity::default() });
    calendar.book(&business, &of("c1/1", ten, Some("Ben"))).await.unwrap();
    assert!(offered(&calendar, &business, "2026-11-24", None).await.contains(&"10:00".to_owned()), "Ann is free");
    assert!(!offered(&calendar, &business, "2026-11-24", Some("Ben")).await.contains(&"10:00".to_owned()));
    assert!(offered(&calendar, &business, "2026-11-24", Some("Cy")).await.is_empty(), "Cy does not do it");
    assert_eq!(calendar.book(&business, &of("c2/1", ten, Some("Ben"))).await, Err(BookFailure::Taken));
    calendar.book(&business, &of("c3/1", ten, None)).await.unwrap();
    assert!(!offered(&calendar, &business, "2026-11-24", None).await.contains(&"10:00".to_owned()));
    assert_eq!(calendar.book(&business, &of("c4/1", ten, None)).await, Err(BookFailure::Taken), "nobody is left");
    let rows = db.store.appointments(None, 10).await.unwrap();
    let who: Vec<_> = rows.iter().map(|row| row.staff.clone().unwrap()).collect();
    assert_eq!((who.len(), who.contains(&"Ann".to_owned()), who.contains(&"Ben".to_owned())), (2, true, true));

    // A move keeps the person where it can, and a cancellation frees them.
    let bens = rows.iter().find(|row| row.staff.as_deref() == Some("Ben")).unwrap();
    let eleven = Slot { starts_at: at("2026-11-24T16:00:00Z"), ends_at: at("2026-11-24T16:30:00Z") };
    calendar.reschedule(&business, &bens.id, eleven, "c1/move").await.unwrap();
    let row = db.store.appointment("harbor", &bens.id).await.unwrap().unwrap();
    assert_eq!(row.staff.as_deref(), Some("Ben"));
    assert_eq!(
        calendar.book(&business, &of("c5/1", "2026-11-24T16:00:00Z", Some("Ben"))).await,
        Err(BookFailure::Taken)
    );
    calendar.cancel(&business, &bens.id, "c1/cancel").await.unwrap();
    calendar.book(&business, &of("c6/1", "2026-11-24T16:00:00Z", Some("Ben"))).await.unwrap();
}

#[tokio::test]
async fn a_person_works_their_own_hours_and_a_room_takes_one() {
    let db = db().await;
    let calendar = calendar(&db.store);
    let mut hours: [Vec<_>; 7] = Default::default();
    hours[1] = vec![span(13, 0, 15, 0)];
    let team = vec![Staff { hours: Some(hours), ..staff("Ann", &[]) }, staff("Ben", &["whitening"])];
    let rooms = vec![Resource { name: "chair".into(), services: Vec::new() }];
    let business = with(Capacity { staff: team, resources: rooms, ..Capacity::default() });
    assert_eq!(offered(&calendar, &business, "2026-11-24", None).await, ["13:00", "13:30", "14:00", "14:30"]);
    assert!(offered(&calendar, &business, "2026-11-25", None).await.is_empty(), "not her day");
    assert_eq!(calendar.book(&business, &of("c1/1", "2026-11-24T15:00:00Z", None)).await, Err(BookFailure::Taken));
    let whitening = BookingRequest { service: "whitening".into(), ..of("c2/1", "2026-11-24T18:00:00Z", None) };
    calendar.book(&business, &whitening).await.unwrap();
    assert_eq!(
        offered(&calendar, &business, "2026-11-24", None).await,
        ["13:30", "14:00", "14:30"],
        "Ben has the only chair at one"
    );
}

#[tokio::test]
async fn time_is_kept_free_around_and_a_full_day_is_full() {
    let db = db().await;
    let calendar = calendar(&db.store);
    let business = with(rules(Rules { before_minutes: 10, after_minutes: 30, per_day: Some(2), ..Rules::default() }));
    calendar.book(&business, &of("c1/1", "2026-11-24T15:00:00Z", None)).await.unwrap();
    let left = offered(&calendar, &business, "2026-11-24", None).await;
    assert_eq!(left[..3], ["11:30", "12:00", "12:30"], "forty minutes before it, forty after it");
    assert_eq!(calendar.book(&business, &of("c2/1", "2026-11-24T16:00:00Z", None)).await, Err(BookFailure::Taken));
    calendar.book(&business, &of("c3/1", "2026-11-24T20:00:00Z", None)).await.unwrap();
    assert!(offered(&calendar, &business, "2026-11-24", None).await.is_empty(), "two are a full day");
    assert_eq!(calendar.book(&business, &of("c4/1", "2026-11-24T17:00:00Z", None)).await, Err(BookFailure::Taken));
    assert!(!offered(&calendar, &business, "2026-11-25", None).await.is_empty());
}

#[tokio::test]
async fn a_service_has_its_own_lead_and_horizon() {
    let db = db().await;
    let calendar = calendar(&db.store);
    // The clock shows seven in the morning.
    let lead = |minutes| with(rules(Rules { lead_minutes: Some(minutes), horizon_days: Some(1), ..Rules::default() }));
    assert_eq!(offered(&calendar, &lead(300), "2026-11-23", None).await[0], "12:00");
    assert_eq!(offered(&calendar, &lead(0), "2026-11-23", None).await[0], "09:00");
    assert!(!offered(&calendar, &lead(0), "2026-11-24", None).await.is_empty());
    assert!(offered(&calendar, &lead(0), "2026-11-25", None).await.is_empty(), "tomorrow is the last day");
}

#[tokio::test]
async fn the_day_of_a_change_of_clocks_is_one_day() {
    let db = db().await;
    let calendar = BuiltIn::with_clock(db.store.clone(), Arc::new(|| at("2026-10-30T12:00:00Z")));
    // 2026-11-01 has 25 hours in New York: both 01:30 are on it, 04:30 UTC is the day before's.
    let business =
        Business { capacity: rules(Rules { per_day: Some(2), ..Rules::default() }), ..always("America/New_York") };
    for (key, start) in [("c1/1", "2026-11-01T05:30:00Z"), ("c2/1", "2026-11-01T06:30:00Z")] {
        calendar.book(&business, &of(key, start, None)).await.unwrap();
    }
    assert_eq!(calendar.book(&business, &of("c3/1", "2026-11-02T04:30:00Z", None)).await, Err(BookFailure::Taken));
    calendar.book(&business, &of("c4/1", "2026-11-02T05:30:00Z", None)).await.unwrap();
    calendar.book(&business, &of("c5/1", "2026-11-01T03:30:00Z", None)).await.unwrap();
}

#[tokio::test]
async fn the_database_itself_refuses_two_owners() {
    let db = db().await;
    let calendar = calendar(&db.store);
    let business = with(Capacity { staff: vec![staff("Ann", &[])], ..Capacity::default() });
    calendar.book(&business, &of("c1/1", "2026-11-24T15:00:00Z", None)).await.unwrap();
    let url = format!("sqlite:{}", db.folder.path().join("data/offhook.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let start = at("2026-11-24T15:10:00Z").as_microsecond();
    let write = |occupant: &'static str| {
        let sql =
            "INSERT INTO occupancy (owner, business, occupant, from_us, to_us) VALUES ('me', 'harbor', $1, $2, $3)";
        sqlx::query(sql).bind(occupant).bind(start).bind(start + 1).execute(&pool)
    };
    let refused = write("staff:Ann").await.unwrap_err().to_string();
    assert!(refused.contains("appointment overlaps"), "{refused}");
    write("staff:Ben").await.unwrap();
    let moved = "UPDATE occupancy SET occupant = 'staff:Ann' WHERE owner = 'me'";
    assert!(sqlx::query(moved).execute(&pool).await.unwrap_err().to_string().contains("appointment overlaps"));
}
