//! A call ends exactly once.

use offhook::call::{CallState, Disposition};
use offhook::store::{CallWrite, JobState, NewJob, Page};

use crate::fixtures::{at, call, db, ended};

fn job(key: &str, call_id: &str) -> NewJob {
    NewJob {
        key: key.to_owned(),
        after: None,
        call_id: call_id.to_owned(),
        business: "harbor".to_owned(),
        kind: "activity".to_owned(),
        payload: serde_json::json!({}),
        lane: None,
        state: JobState::Ready,
        reason: None,
        basis: serde_json::json!({}),
        run_at: at("2026-11-23T15:00:00Z"),
    }
}

#[tokio::test]
async fn the_second_end_changes_nothing() {
    let db = db().await;
    let live = call("c1", None);
    db.store.open_call(&live).await.unwrap();
    let over = ended(live.clone(), Disposition::InfoOnly);
    assert!(db.store.finish_call(&over, &[job("c1/a", "c1")]).await.unwrap());
    let other = ended(live.clone(), Disposition::Failed);
    assert!(!db.store.finish_call(&other, &[job("c1/a", "c1"), job("c1/b", "c1")]).await.unwrap());
    db.store.save_call(&live).await.unwrap();
    assert_eq!(db.store.call("c1").await.unwrap(), Some(over));
    assert_eq!(db.store.jobs(Some(JobState::Ready), 10).await.unwrap().len(), 1);
    assert_eq!(db.store.unfinished_calls().await.unwrap(), []);
}

#[tokio::test]
async fn a_snapshot_that_says_ended_still_waits_for_its_end() {
    let db = db().await;
    let over = ended(call("c1", None), Disposition::Abandoned);
    db.store.save_call(&over).await.unwrap();
    assert_eq!(db.store.unfinished_calls().await.unwrap().len(), 1);
    assert!(db.store.finish_call(&over, &[]).await.unwrap());
}

#[tokio::test]
async fn a_group_is_written_whole_or_not_at_all() {
    let db = db().await;
    let (one, two) = (ended(call("c1", None), Disposition::InfoOnly), ended(call("c2", None), Disposition::InfoOnly));
    let jobs = [job("c1/a", "c1")];
    let group = [
        CallWrite { call: &one, over: true, jobs: &jobs, events: &[] },
        CallWrite { call: &two, over: true, jobs: &[], events: &[] },
    ];
    assert_eq!(db.store.write_calls(&group).await.unwrap(), [true, true]);
    assert_eq!(db.store.write_calls(&group).await.unwrap(), [false, false]);
    assert_eq!(db.store.jobs(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_live_call_is_readable_and_numbers_that_are_none_do_not_hide_it() {
    let db = db().await;
    let mut live = call("c1", Some("+12125550123"));
    live.transcript[0].confidence = f32::NAN;
    db.store.save_call(&live).await.unwrap();
    let read = db.store.call("c1").await.unwrap().unwrap();
    assert_eq!(read.state, CallState::Active);
    assert_eq!(read.transcript[0].text, live.transcript[0].text);
    assert_eq!(read.transcript[0].confidence.to_bits(), 0f32.to_bits());
    assert_eq!(db.store.call("c2").await.unwrap(), None);
}

#[tokio::test]
async fn pages_go_back_in_time_without_gaps() {
    let db = db().await;
    for n in 0..10i64 {
        // Pairs begin in the same microsecond.
        let started_at = at("2026-11-23T15:00:00Z") + jiff::SignedDuration::from_secs(n / 2);
        let call = offhook::call::CallRecord { started_at, ..call(&format!("c{n}"), None) };
        db.store.open_call(&call).await.unwrap();
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = db.store.calls(Page { limit: 3, before: before.clone() }).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id.clone());
        seen.extend(page.into_iter().map(|c| c.id));
    }
    assert_eq!(seen, ["c9", "c8", "c7", "c6", "c5", "c4", "c3", "c2", "c1", "c0"]);
}
