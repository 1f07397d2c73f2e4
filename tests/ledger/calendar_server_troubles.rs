//! CalDAV servers that refuse, are gone, lose their answers or take their time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use offhook::calendar::{BookFailure, CalDav, CalDavSettings, Calendar, CalendarError};
use offhook::conversation::{BookingRequest, SlotQuery};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::dav::{self, Dav, on_clock};
use crate::fixtures::{at, booking, harbor};

/// What happens to the next answer to a request of that method; the server has done what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passed,
    Lost,
    Stalled,
}

/// A way to a server on which answers get lost.
#[derive(Clone)]
struct Relay {
    client: reqwest::Client,
    server: String,
    fates: Arc<Mutex<VecDeque<(&'static str, Fate)>>>,
    /// An answer is being kept back.
    stalls: Arc<Notify>,
}

impl Relay {
    /// Our calendar behind a relay.
    async fn before(server: &Dav, fates: &[(&'static str, Fate)]) -> (CalDav, Relay) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let fates = Arc::new(Mutex::new(fates.iter().copied().collect()));
        let (client, stalls) = (reqwest::Client::new(), Arc::new(Notify::new()));
        let relay = Relay { client, server: server.root.clone(), fates, stalls };
        let router = Router::new().fallback(relayed).with_state(relay.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (on_clock(CalDavSettings { url, ..server.settings() }), relay)
    }

    fn fate(&self, method: &str) -> Fate {
        let mut fates = self.fates.lock().unwrap();
        match fates.front() {
            Some((wanted, fate)) if *wanted == method => {
                let fate = *fate;
                fates.pop_front();
                fate
            }
            _ => Fate::Passed,
        }
    }
}

async fn relayed(State(relay): State<Relay>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_start_matches('/');
    let mut asked = relay.client.request(parts.method.clone(), format!("{}{path}", relay.server));
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != "host" && *name != "content-length") {
        asked = asked.header(name, value);
    }
    let answer = asked.body(to_bytes(body, usize::MAX).await.unwrap()).send().await.unwrap();
    let (status, etag) = (answer.status(), answer.headers().get("etag").cloned());
    let text = answer.text().await.unwrap();
    match relay.fate(parts.method.as_str()) {
        Fate::Lost => return StatusCode::BAD_GATEWAY.into_response(),
        Fate::Stalled => {
            relay.stalls.notify_one();
            std::future::pending::<()>().await;
        }
        Fate::Passed => {}
    }
    let mut response = Response::builder().status(status);
    if let Some(etag) = etag {
        response = response.header("etag", etag);
    }
    response.body(Body::from(text)).unwrap()
}

fn question() -> SlotQuery {
    let (from, to) = (at("2026-11-24T00:00:00Z"), at("2026-11-28T00:00:00Z"));
    SlotQuery { service: "cleaning".to_owned(), minutes: 30, from, to, limit: 10, ..SlotQuery::default() }
}

#[tokio::test]
async fn a_wrong_password_is_said_and_not_repeated() {
    let server = dav::radicale().await;
    for password in [Some("not-this-one".to_owned()), None] {
        let username = password.as_ref().map(|_| "desk".to_owned());
        let calendar = on_clock(CalDavSettings { password, username, ..server.settings() });
        let error = calendar.find_slots(&harbor(), &question()).await.unwrap_err();
        assert!(matches!(error, CalendarError::Rejected(_)), "{error}");
        assert!(error.to_string().contains("user name") && !error.to_string().contains("not-this-one"), "{error}");
        let failure = calendar.book(&harbor(), &booking("c1/booking/1", "2026-11-24T15:00:00Z", 30)).await;
        assert!(matches!(failure, Err(BookFailure::Rejected(_))), "{failure:?}");
        assert!(!format!("{calendar:?}").contains("not-this-one"));
    }
}

#[tokio::test]
async fn a_server_that_is_down_may_come_back() {
    let mut settings = dav::xandikos().await.settings(); // gone with the end of this line
    let calendar = on_clock(settings.clone());
    let error = calendar.find_slots(&harbor(), &question()).await.unwrap_err();
    assert!(matches!(error, CalendarError::Unavailable(_)), "{error}");
    let failure = calendar.book(&harbor(), &booking("c1/booking/1", "2026-11-24T15:00:00Z", 30)).await;
    assert!(matches!(failure, Err(BookFailure::Unavailable(_))), "{failure:?}");
    settings.url = "ftp://calendar.example/".to_owned();
    assert!(CalDav::new(settings, Arc::new(|| at("2026-11-23T12:00:00Z"))).is_err(), "no such address at all");
}

#[tokio::test]
async fn of_several_calendars_one_has_to_be_named() {
    let server = dav::radicale().await;
    let second = server.collection.replace("/front/", "/back/");
    let made = reqwest::Client::new().request("MKCALENDAR".parse().unwrap(), &second);
    assert!(made.basic_auth("desk", Some("a-long-password")).send().await.unwrap().status().is_success());
    let error = server.calendar().probe().await.unwrap_err();
    assert!(error.to_string().contains("name one of") && error.to_string().contains("back"), "{error}");
    for (name, finds) in [("back", &second), ("/desk/back/", &second), ("/desk/front/", &server.collection)] {
        let calendar = on_clock(CalDavSettings { calendar: Some(name.to_owned()), ..server.settings() });
        assert_eq!(calendar.probe().await.as_ref(), Ok(finds), "{name}");
    }
    let itself = on_clock(CalDavSettings { url: second.clone(), ..server.settings() });
    assert_eq!(itself.probe().await, Ok(second), "its own address needs no name");
    let absent = on_clock(CalDavSettings { calendar: Some("attic".to_owned()), ..server.settings() });
    let error = absent.probe().await.unwrap_err();
    assert!(matches!(&error, CalendarError::Rejected(why) if why.contains("attic") && why.contains("back")), "{error}");
}

#[tokio::test]
async fn a_lost_answer_is_read_again_and_nothing_is_written_twice() {
    use Fate::{Lost, Passed};
    for server in dav::each().await {
        let fates = [&[("PUT", Lost)][..], &[("PUT", Passed), ("PUT", Lost)], &[("PUT", Lost), ("PUT", Lost)]];
        for (n, fates) in fates.into_iter().enumerate() {
            let (calendar, relay) = Relay::before(&server, fates).await;
            let request = booking(&format!("c{n}/booking/1"), &format!("2026-11-2{}T15:00:00Z", 4 + n), 30);
            let booked = calendar.book(&harbor(), &request).await.unwrap();
            assert_eq!(server.confirmed().await, n + 1, "{} {fates:?}", server.root);
            assert!(relay.fates.lock().unwrap().is_empty(), "the answers were lost");
            relay.fates.lock().unwrap().push_back(("PUT", Lost));
            assert_eq!(calendar.cancel(&harbor(), &booked.id, "c/change/1").await, Ok(()));
            assert_eq!(calendar.cancel(&harbor(), &booked.id, "c/change/1").await, Ok(()));
            let again = booking(&format!("c{n}/booking/2"), &format!("2026-11-2{}T15:00:00Z", 4 + n), 30);
            calendar.book(&harbor(), &again).await.unwrap();
        }
    }
}

#[tokio::test]
async fn who_gave_up_waiting_asks_again_with_the_same_key() {
    use Fate::{Passed, Stalled};
    for server in dav::each().await {
        let fates =
            [&[("PUT", Stalled)][..], &[("PUT", Passed), ("PUT", Stalled)], &[("PUT", Passed), ("REPORT", Stalled)]];
        for (n, fates) in fates.into_iter().enumerate() {
            let (calendar, relay) = Relay::before(&server, fates).await;
            let request = booking(&format!("c{n}/booking/1"), &format!("2026-11-2{}T15:00:00Z", 4 + n), 30);
            give_up(&calendar, &relay, &request).await;
            let booked = calendar.book(&harbor(), &request).await.unwrap();
            assert_eq!(calendar.book(&harbor(), &request).await, Ok(booked), "{} {fates:?}", server.root);
            assert_eq!(server.confirmed().await, n + 1, "{} {fates:?}", server.root);
        }
    }
}

#[tokio::test]
async fn what_a_crash_left_held_lapses() {
    let server = dav::radicale().await;
    let (calendar, relay) = Relay::before(&server, &[("PUT", Fate::Stalled)]).await;
    let request = booking("crashed/booking/1", "2026-11-24T15:00:00Z", 30);
    give_up(&calendar, &relay, &request).await;
    let first = |slots: Vec<offhook::conversation::Slot>| slots.contains(&request.slot);
    assert!(!first(server.calendar().find_slots(&harbor(), &question()).await.unwrap()), "held");
    let later = CalDav::new(server.settings(), Arc::new(|| at("2026-11-23T12:03:00Z"))).unwrap();
    assert!(first(later.find_slots(&harbor(), &question()).await.unwrap()), "free again after two minutes");
    let other = booking("other/booking/1", "2026-11-24T15:15:00Z", 30);
    assert_eq!(later.book(&harbor(), &other).await.unwrap().slot, other.slot);
    assert_eq!(server.confirmed().await, 1);
    assert_eq!(later.book(&harbor(), &request).await, Err(BookFailure::Taken), "too late");
}

/// Asks, and hangs up on the server while its answer is kept back.
async fn give_up(calendar: &CalDav, relay: &Relay, request: &BookingRequest) {
    let business = harbor();
    tokio::select! {
        answer = calendar.book(&business, request) => panic!("it does not stall: {answer:?}"),
        () = relay.stalls.notified() => {}
    }
}
