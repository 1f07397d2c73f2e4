//! A CRM is asked no faster than it allows. What waits for that has not failed, and comes to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use offhook::call::Disposition;
use offhook::crm::BuiltIn;
use offhook::outbox::{Limits, Outbox, Settings};
use offhook::store::{JobState, Store};

use crate::fixtures::{call, db, ended, quick};

/// One failed try and a row is parked; as many requests at once as describe the CRM and make a contact.
fn settings(per_second: f64) -> Settings {
    let limits = Limits { per_second, burst: 5, ..Limits::none() };
    Settings { attempts: 1, deadline: Duration::from_secs(30), limits, ..quick() }
}

async fn outbox(store: &Store, per_second: f64) -> Outbox {
    let outbox = Outbox::start(store.clone(), Arc::new(BuiltIn::new(store.clone())), settings(per_second)).await;
    let outbox = outbox.unwrap();
    outbox.hand_off().ended(ended(call("c1", Some("+12125550123")), Disposition::InfoOnly));
    outbox
}

#[tokio::test]
async fn who_waits_longer_than_a_delivery_may_is_put_off_and_not_parked() {
    let db = db().await;
    // The next request after the first five is in a quarter of an hour.
    let outbox = outbox(&db.store, 0.001).await;
    let until = Instant::now() + Duration::from_secs(20);
    let activity = loop {
        let rows = db.store.jobs_of_call("c1").await.unwrap();
        if let Some(row) = rows.into_iter().find(|row| row.kind == "activity" && row.reason.is_some()) {
            break row;
        }
        assert!(Instant::now() < until, "nothing was put off");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!((activity.state, activity.attempts), (JobState::Retrying, 0), "{activity:?}");
    assert!(activity.run_at > Timestamp::now() + Duration::from_secs(60), "{activity:?}");
    outbox.stop().await;
}

#[tokio::test]
async fn who_waits_a_little_waits_in_its_place() {
    let db = db().await;
    // The activity's requests come a second and more apart.
    let outbox = outbox(&db.store, 0.9).await;
    outbox.drained().await;
    outbox.stop().await;
    let rows = db.store.jobs_of_call("c1").await.unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.state == JobState::Done), "{rows:#?}");
    assert!(rows.iter().all(|row| row.attempts == 0), "nobody had to begin anew: {rows:#?}");
}
