//! Live events arrive in order, numbered, and a late reader is told.

use offhook::call::{CallEvent, Line, Speaker};
use serde_json::Value;

use crate::house::{House, TOKEN, ringing};

/// Reads server-sent events.
struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(house: &House, last: Option<&str>) -> Self {
        let mut request = house.request(reqwest::Method::GET, "/api/v1/events").bearer_auth(TOKEN);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        Self { answer, text: String::new() }
    }

    /// Id, name and data of the next event; none at the end.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = frame.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim().to_string()
                };
                let event = (field("id:"), field("event:"), field("data:"));
                self.text = rest.to_string();
                if event.1.is_empty() {
                    continue; // a keep-alive comment
                }
                return Some((event.0, event.1, serde_json::from_str(&event.2).unwrap()));
            }
            let chunk = self.answer.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

fn line(text: &str) -> CallEvent {
    let line = Line { speaker: Speaker::Agent, text: text.into(), start_ms: 0, end_ms: 1, confidence: 1.0 };
    CallEvent::Line { call_id: "c1".into(), line }
}

#[tokio::test]
async fn events_arrive_in_order_with_increasing_numbers() {
    let house = House::open().await;
    let mut stream = Stream::open(&house, None).await;
    let call = ringing("c1", 0);
    let send = |event| house.desk.events.send(event).unwrap();
    send(CallEvent::Started(Box::new(call.clone())));
    send(CallEvent::Answered { call_id: "c1".into() });
    send(line("Hello,\nhow can I help?"));
    send(CallEvent::Ended(Box::new(call)));
    let mut numbers = Vec::new();
    for (name, field, value) in [
        ("call.started", "id", "c1"),
        ("call.answered", "call_id", "c1"),
        ("transcript.line", "call_id", "c1"),
        ("call.ended", "sip_call_id", "c1@phone"),
    ] {
        let (id, event, data) = stream.next().await.unwrap();
        assert_eq!((event.as_str(), data[field].as_str()), (name, Some(value)));
        if name == "transcript.line" {
            assert_eq!(data["line"]["text"], "Hello,\nhow can I help?");
        }
        numbers.push(id.parse::<u64>().unwrap());
    }
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    // Who reconnects gets what came after the last number seen.
    let mut again = Stream::open(&house, Some(&numbers[1].to_string())).await;
    assert_eq!(again.next().await.unwrap().1, "transcript.line");
    assert_eq!(again.next().await.unwrap().1, "call.ended");
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_and_cut() {
    let house = House::open().await;
    let mut slow = Stream::open(&house, None).await;
    let mut quick = Stream::open(&house, None).await;
    let long = "x".repeat(20_000);
    let mut seen = 0;
    // The quick reader paces us, so that only the slow one falls behind: 1,024 waiting events and full socket buffers.
    for _ in 0..3000 {
        house.desk.events.send(line(&long)).unwrap();
        assert_eq!(quick.next().await.unwrap().1, "transcript.line");
    }
    let lost = loop {
        let (_, name, data) = slow.next().await.unwrap();
        if name == "notice" {
            break data["lost"].as_u64().unwrap();
        }
        seen += 1;
    };
    assert!(lost > 0 && seen < 3000, "{seen} seen, {lost} lost");
    assert!(slow.next().await.is_none(), "the stream ends after the notice");
}

#[tokio::test]
async fn stopping_does_not_wait_for_readers() {
    let mut house = House::open().await;
    let mut stream = Stream::open(&house, None).await;
    house.close().await;
    assert!(stream.next().await.is_none());
    assert!(house.request(reqwest::Method::GET, "/healthz").send().await.is_err());
}
