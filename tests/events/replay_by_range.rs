//! A range of events is sent again under the ids they had, to one endpoint or all, from the store and by the API.

use offhook::call::{CallRecord, Disposition};
use offhook::store::DeliveryState;

use crate::fixtures::{at, call, ended};
use crate::receiver::{House, Receiver, eventually};

/// A call that started and ended within one minute past fifteen.
fn at_minute(n: u32) -> CallRecord {
    let when = at(&format!("2026-11-23T15:{n:02}:00Z"));
    let mut call = ended(call(&format!("c{n}"), None), Disposition::InfoOnly);
    (call.started_at, call.answered_at, call.ended_at) = (when, Some(when), Some(when));
    call
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_events_come_again_and_no_others() {
    let (one, two) = (Receiver::taking_all().await, Receiver::taking_all().await);
    let house = House::open(vec![one.endpoint("one"), two.endpoint("two")]).await;
    (0..10).for_each(|n| house.ends(at_minute(n)));
    one.until("ten calls", |r| r.taken().len() == 30).await;
    two.until("ten calls", |r| r.taken().len() == 30).await;
    let all_noted =
        || async { house.store().deliveries(None, Some(DeliveryState::Waiting), 500).await.unwrap().is_empty() };
    eventually("all noted", all_noted).await;
    let (since, until) = (at("2026-11-23T15:03:00Z"), at("2026-11-23T15:05:00Z"));
    let count = house.store().replay_events(since, until, Some("one"), jiff::Timestamp::now()).await.unwrap();
    assert_eq!(count, 6);
    one.until("two calls again", |r| r.taken().len() == 36).await;
    eventually("all noted", all_noted).await;
    house.close().await;
    assert_eq!((one.got().len(), two.got().len()), (36, 30));
    let got = one.got();
    for again in &got[30..] {
        assert!(["c3", "c4"].contains(&again.call()));
        let first = got.iter().find(|got| got.id() == again.id()).unwrap();
        assert_eq!(first.raw, again.raw);
    }
}
