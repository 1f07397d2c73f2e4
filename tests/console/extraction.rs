//! What a call's words say stands beside its record, once it is over.

use offhook::call::{CallState, Disposition, Line, Speaker};

use crate::house::{House, ringing};

#[tokio::test]
async fn an_ended_call_shows_what_was_read_out_of_it() {
    let house = House::open().await;
    let mut call = ringing("c1", 0);
    house.store.open_call(&call).await.unwrap();
    assert!(house.json("/api/v1/calls/c1").await.get("extraction").is_none(), "not while it runs");
    let text = "Could I book an appointment as soon as possible?".to_owned();
    call.transcript.push(Line { speaker: Speaker::Caller, text, start_ms: 900, end_ms: 2100, confidence: 0.9 });
    call.state = CallState::Ended;
    call.disposition = Some(Disposition::InfoOnly);
    call.ended_at = Some(call.started_at);
    house.store.finish_call(&call, &[]).await.unwrap();
    let shown = house.json("/api/v1/calls/c1").await;
    let extraction = &shown["extraction"];
    assert_eq!((&extraction["intent"]["value"], &extraction["urgency"]["value"]), (&"book".into(), &"high".into()));
    assert_eq!(extraction["intent"]["citations"][0]["start_ms"], 900);
    assert_eq!((&shown["id"], &extraction["schema_version"]), (&"c1".into(), &1.into()));
}
