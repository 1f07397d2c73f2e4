//! What the API says about calls and what came of them.

use jiff::{SignedDuration, Timestamp};
use offhook::call::CallEvent;
use offhook::call::{CallState, Disposition, Line, Speaker, TurnTimes};
use offhook::store::{Fields, NewAppointment, Object};
use serde_json::json;

use crate::house::{House, ringing};

#[tokio::test]
async fn a_live_call_can_be_read_while_it_runs() {
    let house = House::open().await;
    let mut call = ringing("c1", 0);
    house.store.open_call(&call).await.unwrap();
    call.state = CallState::Active;
    let text = "<script>alert(1)</script>".to_string();
    call.transcript.push(Line { speaker: Speaker::Caller, text, start_ms: 900, end_ms: 2100, confidence: 0.5 });
    house.desk.live.lock().unwrap().push(call);
    let read = house.json("/api/v1/calls/c1").await;
    assert_eq!(read["state"], "active");
    assert_eq!(read["sip_call_id"], "c1@phone");
    assert_eq!(read["disposition"], json!(null));
    let line = json!({"speaker": "caller", "text": "<script>alert(1)</script>", "start_ms": 900, "end_ms": 2100, "confidence": 0.5});
    assert_eq!(read["transcript"][0], line);
    let list = house.json("/api/v1/calls").await;
    assert_eq!(list.as_array().unwrap().len(), 1, "the stored row and the live call are one: {list}");
    assert_eq!(list[0]["state"], "active", "and the live one is newer");
}

#[tokio::test]
async fn calls_are_listed_newest_first_page_by_page() {
    let house = House::open().await;
    for minute in 0..5 {
        let mut call = ringing(&format!("c{minute}"), minute);
        house.store.open_call(&call).await.unwrap();
        call.state = CallState::Ended;
        call.disposition = Some(Disposition::InfoOnly);
        call.ended_at = Some(call.started_at);
        house.store.finish_call(&call, &[]).await.unwrap();
    }
    house.store.open_call(&ringing("now", 30)).await.unwrap();
    house.desk.live.lock().unwrap().push(ringing("now", 30));
    let ids = |list: serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(ids(house.json("/api/v1/calls?limit=3").await), ["now", "c4", "c3"]);
    assert_eq!(ids(house.json("/api/v1/calls?limit=3&before=c3").await), ["c2", "c1", "c0"]);
    assert_eq!(ids(house.json("/api/v1/calls?before=now").await), ["c4", "c3", "c2", "c1", "c0"]);
    assert_eq!(house.json("/api/v1/calls/c2").await["disposition"], "info_only");
}

#[tokio::test]
async fn a_contact_is_found_by_its_number_however_the_plus_arrives() {
    let house = House::open().await;
    let contact = Fields::from([("phone".into(), json!("+34915550123")), ("name".into(), json!("Ana"))]);
    house.store.create_record("garage", Object::Contact, "c1/contact/upsert", &contact).await.unwrap();
    for phone in ["%2B34915550123", "+34915550123", "34915550123", "%2B34%20915%20550-123"] {
        let found = house.json(&format!("/api/v1/contacts?phone={phone}")).await;
        assert_eq!(found[0]["phone"], "+34915550123", "{phone}");
        assert_eq!(found[0]["name"], "Ana");
    }
    assert_eq!(house.json("/api/v1/contacts?phone=%2B34915550124").await, json!([]));
    assert_eq!(house.json("/api/v1/contacts").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_appointment_is_shown_on_the_wall_clock_of_its_business() {
    let house = House::open().await;
    for (key, starts_at) in [("summer", "2026-10-23T15:00:00Z"), ("winter", "2026-10-26T15:00:00Z")] {
        let starts_at: Timestamp = starts_at.parse().unwrap();
        let new = NewAppointment {
            key: key.into(),
            business: "garage".into(),
            resource: "bay".into(),
            service: "tyres".into(),
            starts_at,
            ends_at: starts_at + SignedDuration::from_mins(60),
            timezone: "Europe/Madrid".into(),
            name: "Ana".into(),
            phone: "+34915550123".into(),
            reason: None,
            call_id: "c1".into(),
            ..NewAppointment::default()
        };
        house.store.add_appointment(&new).await.unwrap();
    }
    let all = house.json("/api/v1/appointments").await;
    assert_eq!(all[0]["starts_at"], "2026-10-23T17:00:00+02:00");
    assert_eq!(all[1]["starts_at"], "2026-10-26T16:00:00+01:00", "the clocks went back in between");
    assert_eq!(all[1]["ends_at"], "2026-10-26T17:00:00+01:00");
    assert_eq!((&all[1]["status"], &all[1]["call_id"]), (&json!("confirmed"), &json!("c1")));
    assert_eq!(all[1]["contact_id"], json!(null));
    let later = house.json("/api/v1/appointments?from=2026-10-25T00:00:00Z").await;
    assert_eq!(later.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let house = House::open().await;
    let mut call = ringing("c1", 0);
    house.desk.live.lock().unwrap().push(call.clone());
    let send = |event| house.desk.events.send(event).unwrap();
    send(CallEvent::Started(Box::new(call.clone())));
    call.disposition = Some(Disposition::Booked);
    call.media.packets_received = 500;
    call.turns.push(TurnTimes { turn: 1, voice_to_voice_ms: 340, ..TurnTimes::default() });
    call.ended_at = Some(Timestamp::UNIX_EPOCH);
    send(CallEvent::Ended(Box::new(call)));
    // The counting task runs beside us: ask until it has caught up, at most a few thousand times.
    let mut text = String::new();
    for _ in 0..5000 {
        text = house.get("/metrics").await.text().await.unwrap();
        if text.contains("offhook_calls_total{") {
            break;
        }
    }
    for line in [
        "offhook_calls_live 1",
        "offhook_calls_started_total 1",
        "offhook_calls_total{disposition=\"booked\"} 1",
        "offhook_rtp_packets_received_total 500",
        "offhook_outbox_jobs{state=\"parked\"} 0",
        "offhook_turn_seconds_bucket{stage=\"voice_to_voice\",le=\"0.200\"} 0",
        "offhook_turn_seconds_bucket{stage=\"voice_to_voice\",le=\"0.350\"} 1",
        "offhook_turn_seconds_bucket{stage=\"voice_to_voice\",le=\"+Inf\"} 1",
        "offhook_turn_seconds_sum{stage=\"voice_to_voice\"} 0.340",
        "offhook_ready 1",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn the_description_names_every_path_and_the_token() {
    let house = House::open().await;
    let description = house.json("/api/v1/openapi.json").await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    for path in ["calls", "calls/{id}", "appointments", "contacts", "outbox", "events"] {
        assert!(description["paths"][format!("/api/v1/{path}")]["get"].is_object(), "{path}");
    }
    for schema in ["CallRecord", "AppointmentRow", "ContactRow", "JobRow", "Problem", "TurnTimes"] {
        assert!(description["components"]["schemas"][schema].is_object(), "{schema}");
    }
    assert_eq!(description["components"]["securitySchemes"]["token"]["scheme"], "bearer");
}
