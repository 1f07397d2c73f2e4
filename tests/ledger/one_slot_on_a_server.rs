//! One slot on a CalDAV server and many who want it: one gets it, whatever the order of their requests.

use std::sync::Arc;

use offhook::calendar::{BookFailure, Calendar};
use offhook::conversation::{Business, Capacity};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::dav::{self, Dav};
use crate::fixtures::{booking, harbor};

/// `wanting` processes with a client of their own; how many were told yes, and how many were told that it is taken.
async fn race(server: &Dav, day: &str, wanting: usize) -> (usize, usize) {
    let (mut tasks, start) = (JoinSet::new(), Arc::new(Barrier::new(wanting)));
    for n in 0..wanting {
        // Every pair overlaps, no two are equal.
        let request = booking(&format!("{day}-{n}/booking/1"), &format!("{day}T15:{n:02}:00Z"), 30);
        let (calendar, start) = (server.calendar(), start.clone());
        tasks.spawn(async move {
            calendar.probe().await.unwrap();
            start.wait().await;
            calendar.book(&harbor(), &request).await
        });
    }
    let results = tasks.join_all().await;
    let taken = results.iter().filter(|result| **result == Err(BookFailure::Taken)).count();
    (results.iter().filter(|result| result.is_ok()).count(), taken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_one_wins_every_time() {
    for server in dav::each().await {
        for day in 1..=12 {
            let won = race(&server, &format!("2026-12-{day:02}"), 2).await;
            assert_eq!(won, (1, 1), "{} day {day}", server.root);
            assert_eq!(server.confirmed().await, day, "{}", server.root);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_one_wins() {
    for server in dav::each().await {
        let (won, taken) = race(&server, "2026-12-01", 8).await;
        assert_eq!((won, taken), (1, 7), "{}", server.root);
        assert_eq!(server.confirmed().await, won, "{}: who was told yes is in the calendar", server.root);
        assert!(!server.export().await.contains("STATUS:TENTATIVE"), "nothing is left held");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_asked_by_many_at_once_is_one_event() {
    for server in dav::each().await {
        let mut tasks = JoinSet::new();
        for _ in 0..6 {
            let calendar = server.calendar();
            let request = booking("same/booking/1", "2026-12-02T15:00:00Z", 30);
            tasks.spawn(async move { calendar.book(&harbor(), &request).await });
        }
        let results = tasks.join_all().await;
        assert!(results.iter().all(|result| *result == results[0] && result.is_ok()), "{}: {results:?}", server.root);
        assert_eq!(server.confirmed().await, 1);
    }
}

#[tokio::test]
async fn a_booking_carries_what_the_desk_needs() {
    let server = dav::radicale().await;
    let mut request = booking("c77/booking/1", "2026-12-02T15:00:00Z", 30);
    request.name = "Doe; Jane\r\nSTATUS:CANCELLED".to_owned();
    request.reason = Some("a tooth, upper left".to_owned());
    let capacity = Capacity { reminders: vec![45], ..Capacity::default() };
    server.calendar().book(&Business { capacity, ..harbor() }, &request).await.unwrap();
    let export = server.export().await.replace("\r\n ", "").replace("\n ", "");
    for wanted in [
        "SUMMARY:cleaning: Doe\\; Jane",
        "+12125550123",
        "a tooth\\, upper left",
        "X-OFFHOOK-CALL:c77",
        "ORGANIZER:mailto:desk@example.com",
        "DTSTART:20261202T150000Z",
        "DTEND:20261202T153000Z",
        "STATUS:CONFIRMED",
        "TRIGGER:-PT45M",
    ] {
        assert!(export.contains(wanted), "{wanted}: {export}");
    }
    assert!(!export.lines().any(|line| line == "STATUS:CANCELLED"), "a name is a name: {export}");
}
