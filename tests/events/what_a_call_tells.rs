//! Which events a call's record implies, with which ids, and that each is written once with it.

use offhook::call::{CallState, Disposition, Outcome};
use offhook::conversation::{Booking, Transfer};
use offhook::events::{Kind, happened};

use crate::fixtures::{at, call, db, ended, line};
use crate::receiver::{EVENTS, House, Receiver};

fn booking(id: &str) -> Booking {
    let (starts_at, ends_at) = (at("2026-11-24T15:00:00Z"), at("2026-11-24T15:30:00Z"));
    Booking { appointment_id: id.into(), service: "cleaning".into(), starts_at, ends_at }
}

#[test]
fn each_turn_of_a_call_has_its_event_and_its_order() {
    let kinds = |call: &_, over| happened(call, over).iter().map(|event| event.kind.as_str()).collect::<Vec<_>>();
    let mut live = call("c1", Some("+12125550123"));
    live.state = CallState::Ringing;
    assert_eq!(kinds(&live, false), ["call.started"]);
    live.outcome = Outcome {
        booking: Some(booking("a2")),
        also_booked: vec![booking("a1")],
        moved: Some(booking("a0")),
        cancelled: Some(booking("a9")),
        ..Outcome::default()
    };
    let appointments = ["appointment.booked", "appointment.booked", "appointment.moved", "appointment.cancelled"];
    assert_eq!(kinds(&live, false)[1..], appointments);
    let over = ended(live.clone(), Disposition::Booked);
    assert_eq!(kinds(&over, true)[5..], ["call.ended", "transcription.complete", "sentiment.scored"]);
    let failed = ended(call("c1", None), Disposition::Failed);
    assert_eq!(kinds(&failed, true), ["call.started", "call.failed", "transcription.complete", "sentiment.scored"]);
    let mut passed = ended(call("c1", None), Disposition::Escalated);
    assert!(!kinds(&passed, true).contains(&"call.transferred"), "nobody took it");
    passed.outcome.transferred = Some(Transfer { at: passed.started_at, to: None, rang_ms: None });
    assert_eq!(
        kinds(&passed, true),
        ["call.started", "call.transferred", "call.ended", "transcription.complete", "sentiment.scored"]
    );
    let mut silent = ended(call("c1", None), Disposition::Abandoned);
    silent.transcript.clear();
    assert_eq!(kinds(&silent, true), ["call.started", "call.ended"]);
}

#[test]
fn the_same_thing_has_the_same_id_and_another_thing_another() {
    let mut over = ended(call("c1", None), Disposition::Booked);
    over.outcome.booking = Some(booking("a1"));
    let (early, late) = (happened(&call("c1", None), false), happened(&over, true));
    assert_eq!(early[0].id, late[0].id);
    let ids: std::collections::BTreeSet<_> = late.iter().map(|event| &event.id).collect();
    assert_eq!(ids.len(), late.len());
    assert!(happened(&call("c2", None), true).iter().all(|event| !ids.contains(&event.id)));
    // The signed content separates its parts with dots.
    assert!(ids.iter().all(|id| !id.contains('.')));
    assert_eq!(late.iter().map(|e| e.kind).filter(|kind| *kind == Kind::AppointmentBooked).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often_a_call_is_written_each_event_goes_out_once() {
    let receiver = Receiver::taking_all().await;
    let house = House::open(vec![receiver.endpoint("desk")]).await;
    let hand_off = house.outbox.hand_off();
    let mut live = call("c1", Some("+12125550123"));
    for turn in 0..5 {
        live.transcript.push(line(offhook::call::Speaker::Agent, "Hello.", turn * 1000, turn * 1000 + 500));
        hand_off.progress(live.clone());
        hand_off.on_disk("c1", std::time::Duration::from_secs(30)).await;
    }
    receiver.until("call.started while the call runs", |r| r.taken().len() == 1).await;
    house.ends(ended(live.clone(), Disposition::InfoOnly));
    house.ends(ended(live, Disposition::Failed));
    receiver.until("every event", |r| r.taken().len() >= EVENTS).await;
    house.outbox.drained().await;
    house.close().await;
    let kinds: Vec<String> = receiver.got().iter().map(|got| got.kind().to_owned()).collect();
    assert_eq!(kinds, ["call.started", "call.ended", "transcription.complete", "sentiment.scored"]);
    assert_eq!(receiver.got()[3].body["data"]["sentiment"], "neutral");
    let last = &receiver.got()[2].body;
    assert_eq!(last["id"].as_str(), Some(receiver.got()[2].id()));
    assert_eq!(last["data"]["lines"][0]["text"], "I would like a cleaning");
    assert_eq!(receiver.got()[1].body["data"]["disposition"], "info_only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_a_crash_cut_off_fails_at_the_next_start() {
    let receiver = Receiver::taking_all().await;
    let db = db().await;
    db.store.open_call(&call("c1", Some("+12125550123"))).await.unwrap();
    let house = House::with(db, vec![receiver.endpoint("desk")], crate::receiver::settings()).await;
    receiver.until("every event", |r| r.taken().len() >= EVENTS).await;
    house.close().await;
    assert_eq!(receiver.got()[1].kind(), "call.failed");
}
