//! Opening hours, closures, bookings and changes of clocks.

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use offhook::calendar::free_slots;
use offhook::conversation::{Business, Slot, SlotQuery};
use proptest::prelude::*;

use crate::fixtures::{always, at, harbor, taller};

fn query(from: &str, to: &str, minutes: u32, limit: usize) -> SlotQuery {
    SlotQuery { service: "cleaning".to_owned(), minutes, from: at(from), to: at(to), limit, ..SlotQuery::default() }
}

fn local(business: &Business, slots: &[Slot]) -> Vec<String> {
    slots.iter().map(|s| s.starts_at.to_zoned(business.timezone.clone()).strftime("%a %H:%M").to_string()).collect()
}

#[test]
fn a_day_of_the_dentist() {
    let business = harbor();
    let query = query("2026-11-24T05:00:00Z", "2026-11-25T05:00:00Z", 60, 100);
    let slots = free_slots(&business, &query, Vec::new(), at("2026-11-23T12:00:00Z"));
    let times = local(&business, &slots);
    assert_eq!(times.first().map(String::as_str), Some("Tue 09:00"));
    // An hour must be over when the doors close.
    assert_eq!(times.last().map(String::as_str), Some("Tue 16:00"));
    assert_eq!(times.len(), 15);
}

#[test]
fn lunch_is_kept_free_and_the_holiday_is_closed() {
    let business = taller();
    // Monday the 7th to Thursday the 10th of December; Tuesday the 8th is a closure.
    let query = query("2026-12-07T00:00:00Z", "2026-12-09T23:00:00Z", 90, 100);
    let times = local(&business, &free_slots(&business, &query, Vec::new(), at("2026-12-01T12:00:00Z")));
    assert!(times.contains(&"Mon 12:30".to_owned()) && !times.contains(&"Mon 12:45".to_owned()), "{times:?}");
    assert!(times.contains(&"Mon 16:00".to_owned()) && times.contains(&"Mon 18:00".to_owned()), "{times:?}");
    assert!(times.iter().all(|t| !t.starts_with("Tue")), "{times:?}");
    assert!(times.contains(&"Wed 08:30".to_owned()), "{times:?}");
}

#[test]
fn lead_time_horizon_and_bookings_are_respected() {
    let business = harbor();
    let now = at("2026-11-23T15:10:00Z"); // Monday 10:10, lead 60 minutes
    let busy = vec![Slot { starts_at: at("2026-11-23T16:30:00Z"), ends_at: at("2026-11-23T17:15:00Z") }];
    let slots = free_slots(&business, &query("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", 30, 2), busy, now);
    // 11:10 is the earliest; 11:30 and 12:00 are taken, 12:30 starts after the booking's end.
    assert_eq!(local(&business, &slots), ["Mon 12:30", "Mon 13:00"]);
    let all = free_slots(&business, &query("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", 30, 100_000), vec![], now);
    let last = all.last().unwrap().starts_at.to_zoned(business.timezone.clone()).date();
    assert_eq!(last.to_string(), "2027-01-22", "60 days from the 23rd of November");
}

#[test]
fn skipped_hours_are_no_start_and_repeated_ones_are_meant_once() {
    for (zone, spring, fall) in
        [("America/New_York", "2026-03-08", "2026-11-01"), ("Europe/Madrid", "2026-03-29", "2026-10-25")]
    {
        let business = always(zone);
        let day = |d: &str| -> Vec<String> {
            let start = d.parse::<jiff::civil::Date>().unwrap().to_zoned(business.timezone.clone()).unwrap();
            let end = start.tomorrow().unwrap().timestamp();
            let query = SlotQuery {
                service: String::new(),
                minutes: 30,
                from: start.timestamp(),
                to: end,
                limit: 1000,
                ..SlotQuery::default()
            };
            let now = start.timestamp() - SignedDuration::from_hours(48);
            let slots = free_slots(&business, &query, Vec::new(), now);
            assert!(slots.windows(2).all(|w| w[0].ends_at <= w[1].starts_at), "in order, apart");
            local(&business, &slots)
        };
        assert_eq!(day(spring).len(), 46, "{zone}: an hour is missing");
        assert_eq!(day(fall).len(), 48, "{zone}: the repeated hour is offered once");
    }
}

#[test]
fn nonsense_finds_nothing() {
    let business = harbor();
    let now = at("2026-11-23T12:00:00Z");
    for (minutes, limit) in [(0, 5), (30, 0), (u32::MAX, 5)] {
        let query = query("2026-11-24T05:00:00Z", "2026-11-25T05:00:00Z", minutes, limit);
        assert_eq!(free_slots(&business, &query, Vec::new(), now), []);
    }
    let backwards = query("2026-11-25T05:00:00Z", "2026-11-24T05:00:00Z", 30, 5);
    assert_eq!(free_slots(&business, &backwards, Vec::new(), now), []);
    let endless = Business { horizon_days: u32::MAX, slot_minutes: 0, lead_minutes: u32::MAX, ..business };
    let query = SlotQuery { from: Timestamp::MIN, to: Timestamp::MAX, ..backwards };
    assert_eq!(free_slots(&endless, &query, Vec::new(), now), []);
    assert_eq!(free_slots(&endless, &query, Vec::new(), Timestamp::MAX), []);
}

fn businesses() -> impl Strategy<Value = Business> {
    prop_oneof![Just(harbor()), Just(taller()), Just(always("America/New_York")), Just(always("Europe/Madrid"))]
}

/// Days around the changes of clocks of 2026 in both zones, and any other.
fn days() -> impl Strategy<Value = i64> {
    let changes = [
        at("2026-03-07T00:00:00Z"),
        at("2026-03-28T00:00:00Z"),
        at("2026-10-24T00:00:00Z"),
        at("2026-10-31T00:00:00Z"),
    ];
    let near =
        (prop::sample::select(changes.map(|t| t.as_second()).to_vec()), 0i64..3 * 86_400).prop_map(|(t, s)| t + s);
    prop_oneof![near, 1_767_225_600i64..1_798_761_600]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_slot_can_be_kept(business in businesses(), from in days(), hours in 1i64..72, minutes in 1u32..200,
                              lead_hours in -48i64..48, busy in prop::collection::vec((0i64..4320, 1i64..300), 0..20)) {
        let from = Timestamp::from_second(from).unwrap();
        let to = from + SignedDuration::from_hours(hours);
        let now = from - SignedDuration::from_hours(lead_hours);
        let busy: Vec<Slot> = busy.iter().map(|(after, length)| {
            let starts_at = from + SignedDuration::from_mins(*after);
            Slot { starts_at, ends_at: starts_at + SignedDuration::from_mins(*length) }
        }).collect();
        let query = SlotQuery { service: String::new(), minutes, from, to, limit: 10_000, ..SlotQuery::default() };
        let slots = free_slots(&business, &query, busy.clone(), now);
        let lead = SignedDuration::from_mins(i64::from(business.lead_minutes));
        prop_assert!(slots.windows(2).all(|w| w[0] < w[1]));
        for slot in &slots {
            prop_assert!(slot.starts_at >= from && slot.starts_at < to && slot.starts_at >= now + lead);
            prop_assert_eq!(slot.ends_at.duration_since(slot.starts_at), SignedDuration::from_mins(i64::from(minutes)));
            prop_assert!(busy.iter().all(|b| b.ends_at <= slot.starts_at || b.starts_at >= slot.ends_at));
            prop_assert!(fits(&business, slot), "{:?} on the wall of {}", slot, business.id);
        }
        prop_assert_eq!(slots.len(), expected(&business, &query, &busy, now + lead));
    }
}

/// Whether the wall clock shows an open door from the slot's first to its last minute.
fn fits(business: &Business, slot: &Slot) -> bool {
    let open = |at: Timestamp| {
        let local = at.to_zoned(business.timezone.clone());
        let spans = &business.hours[local.weekday().to_monday_zero_offset() as usize];
        let span = spans.iter().position(|s| local.time() >= s.from && (local.time() < s.to || s.to == Time::MAX));
        span.filter(|_| !business.closures.contains(&local.date())).map(|i| (local.date(), i))
    };
    let last = slot.ends_at - SignedDuration::from_nanos(1);
    open(slot.starts_at).is_some() && open(slot.starts_at) == open(last)
}

/// Another way to the same number: try every minute of the window.
fn expected(business: &Business, query: &SlotQuery, busy: &[Slot], earliest: Timestamp) -> usize {
    let length = SignedDuration::from_mins(i64::from(query.minutes));
    let first = query.from.as_second().div_euclid(60) * 60;
    (first..query.to.as_second())
        .step_by(60)
        .filter_map(|s| Timestamp::from_second(s).ok())
        .filter(|s| *s >= query.from && *s < query.to && *s >= earliest)
        .map(|starts_at| Slot { starts_at, ends_at: starts_at + length })
        .filter(|slot| {
            let local = slot.starts_at.to_zoned(business.timezone.clone());
            let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
            let again = business.timezone.to_timestamp(local.datetime()).unwrap() != slot.starts_at;
            minute % i64::from(business.slot_minutes) == 0 && !again
        })
        .filter(|slot| fits(business, slot))
        .filter(|slot| busy.iter().all(|b| b.ends_at <= slot.starts_at || b.starts_at >= slot.ends_at))
        .count()
}
