//! Providers that throttle, fail, lose their answers or let others in between: nothing is booked twice, nothing is lost.

use std::time::Duration;

use offhook::calendar::{BookFailure, Calendar, CalendarError};
use offhook::conversation::{BookingRequest, Slot, SlotQuery};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::fixtures::{at, booking, harbor};
use crate::providers::Provider;

/// Every provider, awake, and how its bookings are changed.
async fn each() -> Vec<(Provider, Box<dyn Calendar>, &'static str)> {
    let mut all = Vec::new();
    for (name, change) in [("google", "PATCH"), ("graph", "PATCH"), ("calendly", "POST"), ("acuity", "PUT")] {
        let provider = Provider::start(name, &["--fixed-token", "personal"]);
        let calendar = provider.calendar();
        // Tokens and lengths are asked for once.
        calendar.find_slots(&harbor(), &question()).await.unwrap();
        all.push((provider, calendar, change));
    }
    all
}

fn question() -> SlotQuery {
    let (from, to) = (at("2026-11-24T00:00:00Z"), at("2026-11-25T00:00:00Z"));
    SlotQuery { service: "cleaning".to_owned(), minutes: 30, from, to, limit: 100, staff: None, holder: String::new() }
}

fn half_hour(start: &str) -> Slot {
    Slot { starts_at: at(start), ends_at: at(start) + jiff::SignedDuration::from_mins(30) }
}

async fn standing(provider: &Provider) -> Value {
    let seen = provider.seen().await;
    json!([seen["confirmed"], seen["tentative"]])
}

#[tokio::test]
async fn an_answer_lost_after_success_is_one_event() {
    for (provider, calendar, change) in each().await {
        let request = booking("c1/booking/1", "2026-11-24T15:00:00Z", 30);
        provider.next("POST", json!({"fate": "lose"})).await;
        let booked = answered(&*calendar, &request).await;
        assert_eq!(standing(&provider).await, json!([1, 0]), "{}", provider.name);
        // Of the two-step providers the confirmation is lost too.
        let second = booking("c2/booking/1", "2026-11-24T16:00:00Z", 30);
        provider.next(change, json!({"fate": "lose"})).await;
        answered(&*calendar, &second).await;
        assert_eq!(standing(&provider).await, json!([2, 0]), "{change}");

        provider.next(change, json!({"fate": "lose"})).await;
        let to = half_hour("2026-11-24T18:00:00Z");
        let mut moved = calendar.reschedule(&harbor(), &booked.id, to, "c3/change/1").await;
        if matches!(moved, Err(BookFailure::Unavailable(_))) {
            moved = calendar.reschedule(&harbor(), &booked.id, to, "c3/change/1").await;
        }
        assert_eq!(moved.map(|a| (a.id, a.slot)), Ok((booked.id.clone(), to)), "{change}");
        assert_eq!(standing(&provider).await, json!([2, 0]), "moved, not doubled: {change}");

        provider.next(change, json!({"fate": "lose"})).await;
        let mut cancelled = calendar.cancel(&harbor(), &booked.id, "c3/change/2").await;
        if matches!(cancelled, Err(BookFailure::Unavailable(_))) {
            cancelled = calendar.cancel(&harbor(), &booked.id, "c3/change/2").await;
        }
        assert_eq!(cancelled, Ok(()));
        assert_eq!(standing(&provider).await, json!([1, 0]));
        assert_eq!(provider.seen().await["faults_left"], 0, "the answers were lost");
    }
}

/// As a call asks: a second time under the same key.
async fn answered(calendar: &dyn Calendar, request: &BookingRequest) -> offhook::conversation::Appointment {
    let first = calendar.book(&harbor(), request).await;
    let second = calendar.book(&harbor(), request).await;
    if let Ok(first) = first {
        assert_eq!(second, Ok(first));
    }
    second.unwrap()
}

#[tokio::test]
async fn who_hung_up_during_a_booking_finds_it_again() {
    for (provider, calendar, _) in each().await {
        provider.next("POST", json!({"fate": "stall"})).await;
        let request = booking("c1/booking/1", "2026-11-24T15:00:00Z", 30);
        let business = harbor();
        tokio::select! {
            answer = calendar.book(&business, &request) => panic!("it does not stall: {answer:?}"),
            () = fault_spent(&provider) => {}
        }
        let booked = calendar.book(&harbor(), &request).await.unwrap();
        assert_eq!(calendar.book(&harbor(), &request).await, Ok(booked));
        assert_eq!(standing(&provider).await, json!([1, 0]), "{}", provider.name);
    }
}

async fn fault_spent(provider: &Provider) {
    while provider.seen().await["faults_left"] != 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_provider_that_says_slower_is_obeyed() {
    for (provider, calendar, _) in each().await {
        // A short wait is waited, for reads and for writes.
        for method in ["GET", "POST"] {
            provider.next(method, json!({"throttle": 1})).await;
            let asked = Instant::now();
            let key = format!("c-{method}/booking/1");
            let start = if method == "GET" { "2026-11-24T15:00:00Z" } else { "2026-11-24T16:00:00Z" };
            calendar.book(&harbor(), &booking(&key, start, 30)).await.unwrap();
            assert!(asked.elapsed() >= Duration::from_millis(900), "it waited");
        }
        // A long one is not: a caller is on the phone. Until it is over nothing is asked at all.
        provider.next("GET", json!({"throttle": 60})).await;
        let error = calendar.find_slots(&harbor(), &question()).await.unwrap_err();
        assert!(matches!(error, CalendarError::Unavailable(_)), "{error}");
        let before = provider.seen().await["requests"].as_array().unwrap().len();
        let error = calendar.find_slots(&harbor(), &question()).await.unwrap_err();
        assert!(error.to_string().contains("left alone"), "{error}");
        let failure = calendar.book(&harbor(), &booking("c9/booking/1", "2026-11-24T17:00:00Z", 30)).await;
        assert!(matches!(failure, Err(BookFailure::Unavailable(_))), "{failure:?}");
        let seen = provider.seen().await;
        assert_eq!(seen["requests"].as_array().unwrap().len(), before, "nothing was asked");
        assert_eq!(seen["violations"], json!([]), "nobody came too early");
        assert_eq!(standing(&provider).await, json!([2, 0]));
    }
}

#[tokio::test]
async fn a_date_until_which_to_wait_is_understood() {
    for (provider, calendar, _) in each().await {
        let until = json!({"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"});
        provider.next("GET", json!({"status": 429, "headers": until})).await;
        calendar.find_slots(&harbor(), &question()).await.unwrap_err();
        let error = calendar.find_slots(&harbor(), &question()).await.unwrap_err();
        assert!(error.to_string().contains("left alone"), "{}: {error}", provider.name);
    }
}

#[tokio::test]
async fn a_read_is_tried_again_and_an_outage_is_no_taken() {
    for (provider, calendar, _) in each().await {
        provider.next("GET", json!({"status": 502})).await;
        assert!(!calendar.find_slots(&harbor(), &question()).await.unwrap().is_empty(), "one bad moment is not heard");
        provider.tell(json!({"faults": [{"status": 503, "count": 1000}]})).await;
        let error = calendar.find_slots(&harbor(), &question()).await.unwrap_err();
        assert!(matches!(error, CalendarError::Unavailable(_)), "{error}");
        let request = booking("c1/booking/1", "2026-11-24T15:00:00Z", 30);
        let failure = calendar.book(&harbor(), &request).await;
        assert!(matches!(failure, Err(BookFailure::Unavailable(_))), "{failure:?}");
        provider.tell(json!({"faults": []})).await;
        calendar.book(&harbor(), &request).await.unwrap();
        assert_eq!(standing(&provider).await, json!([1, 0]));
    }
}

#[tokio::test]
async fn an_outside_booking_blocks_at_the_next_question_and_at_the_write() {
    for (provider, calendar, _) in each().await {
        let request = booking("c1/booking/1", "2026-11-24T15:00:00Z", 30);
        let free = calendar.find_slots(&harbor(), &question()).await.unwrap();
        assert!(free.contains(&request.slot));
        provider.tell(json!({"add": theirs(&provider)})).await;
        assert_eq!(calendar.book(&harbor(), &request).await, Err(BookFailure::Taken));
        let left = calendar.find_slots(&harbor(), &question()).await.unwrap();
        let gone: Vec<&Slot> = free.iter().filter(|slot| !left.contains(slot)).collect();
        assert_eq!(gone, [&request.slot], "that time, and no other");
        // Nothing of the attempt stays.
        assert_eq!(provider.seen().await["tentative"], 0);
    }
}

/// From 10:10 to 10:20 in New York.
fn theirs(provider: &Provider) -> Value {
    somebodys(provider, "2026-11-24T15:10:00", "2026-11-24T15:20:00")
}

/// Somebody else's event, as each provider writes it.
fn somebodys(provider: &Provider, start: &str, end: &str) -> Value {
    match provider.name {
        "google" => json!({"start": {"dateTime": format!("{start}Z")}, "end": {"dateTime": format!("{end}Z")}}),
        "graph" => {
            json!({"start": {"dateTime": start, "timeZone": "UTC"}, "end": {"dateTime": end, "timeZone": "UTC"}})
        }
        _ => json!({"start": format!("{start}Z"), "end": format!("{end}Z")}),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_who_want_one_time_one_gets_it() {
    for name in ["google", "graph", "calendly", "acuity"] {
        let provider = Provider::start(name, &["--fixed-token", "personal"]);
        let mut tasks = JoinSet::new();
        for n in 0..8 {
            let calendar = provider.calendar();
            let request = booking(&format!("c{n}/booking/1"), &format!("2026-11-24T15:{:02}:00Z", 5 * (n % 4)), 30);
            let request = BookingRequest { phone: format!("+1212555010{n}"), ..request };
            tasks.spawn(async move { calendar.book(&harbor(), &request).await });
        }
        let results = tasks.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{name}: {results:?}");
        let taken = results.iter().filter(|result| **result == Err(BookFailure::Taken)).count();
        assert_eq!(taken, 7, "{name}: {results:?}");
        assert_eq!(standing(&provider).await, json!([1, 0]), "{name}: nothing is left held");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_asked_by_many_at_once_is_one_event() {
    for name in ["google", "graph", "calendly", "acuity"] {
        let provider = Provider::start(name, &["--fixed-token", "personal"]);
        let mut tasks = JoinSet::new();
        for _ in 0..5 {
            let calendar = provider.calendar();
            let request = booking("same/booking/1", "2026-11-24T15:00:00Z", 30);
            tasks.spawn(async move { calendar.book(&harbor(), &request).await });
        }
        let results = tasks.join_all().await;
        assert!(results.iter().all(|result| *result == results[0] && result.is_ok()), "{name}: {results:?}");
        assert_eq!(standing(&provider).await, json!([1, 0]), "{name}");
    }
}

#[tokio::test]
async fn somebody_who_comes_in_between_keeps_the_time() {
    for (provider, calendar, change) in each().await {
        let request = booking("c1/booking/1", "2026-11-24T15:00:00Z", 30);
        // After our last look before the confirmation, where there is one.
        let theirs = theirs(&provider);
        provider.next(if change == "PATCH" { change } else { "POST" }, json!({"first": theirs})).await;
        assert_eq!(calendar.book(&harbor(), &request).await, Err(BookFailure::Taken), "{}", provider.name);
        assert_eq!(calendar.book(&harbor(), &request).await, Err(BookFailure::Taken), "{} again", provider.name);
        let left = if change == "PATCH" { json!([1, 0]) } else { json!([0, 0]) };
        assert_eq!(standing(&provider).await, left, "{}: theirs, and nothing of ours", provider.name);

        let booked = calendar.book(&harbor(), &booking("c2/booking/1", "2026-11-24T17:00:00Z", 30)).await.unwrap();
        let later = somebodys(&provider, "2026-11-24T20:10:00", "2026-11-24T20:20:00");
        provider.next(if change == "PATCH" { change } else { "GET" }, json!({"first": later})).await;
        let moved = calendar.reschedule(&harbor(), &booked.id, half_hour("2026-11-24T20:00:00Z"), "c2/change/1").await;
        assert_eq!(moved, Err(BookFailure::Taken), "{}", provider.name);
        let told = calendar.appointments(&harbor(), "+12125550123").await;
        assert_eq!(told, Ok(vec![booked]), "{}: it stays where it was", provider.name);
    }
}

#[tokio::test]
async fn a_change_of_somebody_else_in_between_is_kept() {
    for name in ["google", "graph"] {
        let provider = Provider::start(name, &[]);
        let calendar = provider.calendar();
        let booked = calendar.book(&harbor(), &booking("c1/booking/1", "2026-11-24T15:00:00Z", 30)).await.unwrap();
        // The desk renames it when our move is already on its way: its version is not the one we read.
        let title = if name == "google" { "summary" } else { "subject" };
        provider.next("PATCH", json!({"first": {"id": booked.id, title: "Named by the desk"}})).await;
        let to = half_hour("2026-11-24T18:00:00Z");
        let moved = calendar.reschedule(&harbor(), &booked.id, to, "c1/change/1").await.unwrap();
        assert_eq!(moved.slot, to, "{name}");
        assert_eq!(provider.asked("PATCH").await, 3, "{name}: confirmed, refused, moved");
        let seen = provider.seen().await;
        let event = seen["events"].as_array().unwrap().iter().find(|e| e[title] == "Named by the desk");
        assert!(event.is_some(), "{name}: what the desk wrote stays: {seen:#}");
        assert_eq!(standing(&provider).await, json!([1, 0]), "{name}");
        // And what the desk takes out is not told any more.
        let out = if name == "google" {
            json!({"id": booked.id, "status": "cancelled"})
        } else {
            json!({"id": booked.id, "isCancelled": true})
        };
        provider.tell(json!({"add": out})).await;
        assert_eq!(calendar.appointments(&harbor(), "+12125550123").await, Ok(Vec::new()), "{name}");
    }
}

#[tokio::test]
async fn calendars_that_are_only_looked_at_block_and_a_hidden_one_is_said() {
    for name in ["google", "graph"] {
        let provider = Provider::start(name, &[]);
        let calendar = provider.watching(&["ann@example.com"]);
        let error = calendar.find_slots(&harbor(), &question()).await.unwrap_err();
        assert!(matches!(&error, CalendarError::Rejected(why) if why.contains("ann@example.com")), "{name}: {error}");
        let busy = json!({"other": "ann@example.com", "start": "2026-11-24T15:10:00Z", "end": "2026-11-24T15:20:00Z"});
        provider.tell(json!({"add": busy})).await;
        let request = booking("c1/booking/1", "2026-11-24T15:00:00Z", 30);
        let free = calendar.find_slots(&harbor(), &question()).await.unwrap();
        assert!(!free.is_empty() && !free.contains(&request.slot), "{name}");
        assert_eq!(calendar.book(&harbor(), &request).await, Err(BookFailure::Taken), "{name}");
        calendar.book(&harbor(), &booking("c2/booking/1", "2026-11-24T16:00:00Z", 30)).await.unwrap();
    }
}

#[tokio::test]
async fn whole_days_and_what_keeps_nobody_are_understood() {
    let google = Provider::start("google", &[]);
    google.tell(json!({"add": {"start": {"date": "2026-11-24"}, "end": {"date": "2026-11-25"}}})).await;
    assert_eq!(google.google().find_slots(&harbor(), &question()).await, Ok(Vec::new()), "a holiday");
    let graph = Provider::start("graph", &[]);
    let day = |day: &str| json!({"dateTime": format!("{day}T00:00:00"), "timeZone": "UTC"});
    let holiday = json!({"isAllDay": true, "start": day("2026-11-24"), "end": day("2026-11-25")});
    graph.tell(json!({"add": holiday})).await;
    assert_eq!(graph.graph().find_slots(&harbor(), &question()).await, Ok(Vec::new()), "a holiday");

    let google = Provider::start("google", &[]);
    let transparent =
        json!({"start": {"date": "2026-11-24"}, "end": {"date": "2026-11-25"}, "transparency": "transparent"});
    google.tell(json!({"add": transparent})).await;
    assert_eq!(google.google().find_slots(&harbor(), &question()).await.unwrap().len(), 16);
    let graph = Provider::start("graph", &[]);
    let free = json!({"isAllDay": true, "showAs": "free", "start": day("2026-11-24"), "end": day("2026-11-25")});
    graph.tell(json!({"add": free})).await;
    assert_eq!(graph.graph().find_slots(&harbor(), &question()).await.unwrap().len(), 16);
}

#[tokio::test]
async fn a_move_at_calendly_that_was_cut_off_is_finished() {
    let provider = Provider::start("calendly", &["--fixed-token", "personal"]);
    let calendar = provider.calendar();
    let request = booking("c1/booking/1", "2026-11-24T15:00:00Z", 30);
    let booked = calendar.book(&harbor(), &request).await.unwrap();
    let to = half_hour("2026-11-24T18:00:00Z");
    provider.tell(json!({"faults": [{"method": "POST", "path": "cancellation", "status": 500, "count": 1}]})).await;
    let cut_off = calendar.reschedule(&harbor(), &booked.id, to, "c1/change/1").await;
    assert!(matches!(cut_off, Err(BookFailure::Unavailable(_))), "{cut_off:?}");
    assert_eq!(standing(&provider).await, json!([2, 0]), "the new one first, so that nothing is lost");
    let told = calendar.appointments(&harbor(), &request.phone).await.unwrap();
    assert_eq!(told.iter().map(|a| a.slot).collect::<Vec<_>>(), [to], "one appointment, where it is to be");
    let moved = calendar.reschedule(&harbor(), &booked.id, to, "c1/change/1").await.unwrap();
    assert_eq!((moved.id, moved.slot), (booked.id.clone(), to));
    assert_eq!(standing(&provider).await, json!([1, 0]));

    // Onto its own time the old one goes first; when the new one is refused it comes back.
    provider.tell(json!({"add": {"start": "2026-11-24T18:35:00Z", "end": "2026-11-24T18:40:00Z"}})).await;
    let onto_both = half_hour("2026-11-24T18:15:00Z");
    let refused = calendar.reschedule(&harbor(), &booked.id, onto_both, "c1/change/2").await;
    assert_eq!(refused, Err(BookFailure::Taken));
    let told = calendar.appointments(&harbor(), &request.phone).await.unwrap();
    assert_eq!(told.iter().map(|a| a.slot).collect::<Vec<_>>(), [to], "where it was");
}

#[tokio::test]
async fn a_wrong_key_or_length_is_said() {
    let provider = Provider::start("calendly", &[]);
    let error = provider.calendar().find_slots(&harbor(), &question()).await.unwrap_err();
    assert!(matches!(&error, CalendarError::Rejected(why) if why.contains("token")), "{error}");
    assert!(!error.to_string().contains("personal"), "{error}");
    for name in ["calendly", "acuity"] {
        let provider = Provider::start(name, &["--fixed-token", "personal"]);
        let query = SlotQuery { minutes: 40, ..question() };
        let error = provider.calendar().find_slots(&harbor(), &query).await.unwrap_err();
        assert!(error.to_string().contains("40 minutes here and 30 at the provider"), "{name}: {error}");
        let query = SlotQuery { service: "filling".to_owned(), ..question() };
        let error = provider.calendar().find_slots(&harbor(), &query).await.unwrap_err();
        assert!(error.to_string().contains("[calendar.services]"), "{name}: {error}");
    }
}
