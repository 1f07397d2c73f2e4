//! Each alert of `ops/alerts.yml` fires on what is scraped while its fault is there, and not before.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use offhook::crm::BuiltIn;
use offhook::outbox::{Limits, Meter, Settings};
use offhook::store::{JobState, NewJob};
use serde_json::json;

use crate::fixtures::{Db, db, quick};
use crate::named_failures::{Ailing, Illness, over};
use crate::promtool::{Scrape, fires, promtool};
use crate::watched::{Watch, watched};

/// A CRM that is well, then has a fault while twenty calls end.
async fn before_and_after(ill: Illness) -> [(Scrape, usize); 2] {
    let db = db().await;
    let crm = Ailing::new(&db.store, ill);
    crm.on.store(false, Ordering::SeqCst);
    let limits = Limits { failures_max: 4, rest: Duration::from_secs(3600), ..Limits::none() };
    let (outbox, watch) = watched(&db.store, crm.clone(), Settings { limits, ..quick() }).await;
    (0..10).for_each(|n| outbox.hand_off().ended(over(n)));
    outbox.drained().await;
    let (before, asked) = (watch.scrape().await, crm.asked.load(Ordering::SeqCst));
    crm.on.store(true, Ordering::SeqCst);
    (10..30).for_each(|n| outbox.hand_off().ended(over(n)));
    match ill {
        // It rests then, and rows wait.
        Illness::TokenOver => {
            while crm.asked.load(Ordering::SeqCst) < asked + 4 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        _ => outbox.drained().await,
    }
    let after = watch.scrape().await;
    outbox.stop().await;
    [(before, 40), (after, 30)]
}

#[tokio::test]
async fn dead_letters() {
    fires("OffhookDeadLetters", &before_and_after(Illness::RefusesTasks).await);
}

#[tokio::test]
async fn delivery_below_99() {
    fires("OffhookDeliveryBelow99", &before_and_after(Illness::RefusesTasks).await);
}

#[tokio::test]
async fn crm_writes_below_99() {
    fires("OffhookCrmWritesBelow99", &before_and_after(Illness::RefusesTasks).await);
}

#[tokio::test]
async fn the_crm_lets_nobody_in() {
    fires("OffhookCrmLockedOut", &before_and_after(Illness::TokenOver).await);
}

#[tokio::test]
async fn the_queue_grows() {
    let db = db().await;
    let crm = Ailing::new(&db.store, Illness::TokenOver);
    let limits = Limits { failures_max: 1, rest: Duration::from_secs(3600), ..Limits::none() };
    let (outbox, watch) = watched(&db.store, crm, Settings { limits, ..quick() }).await;
    let mut scrapes = vec![(watch.scrape().await, 30)];
    for round in 0..8 {
        let calls = (0..50).map(|n| round * 50 + n);
        calls.clone().for_each(|n| outbox.hand_off().ended(over(n)));
        outbox.hand_off().on_disk(&format!("c{:03}", round * 50 + 49), Duration::from_secs(60)).await;
        scrapes.push((watch.scrape().await, 4));
    }
    fires("OffhookQueueGrowing", &scrapes);
    outbox.stop().await;
}

/// A queue with a row of each kind, and when it was made.
async fn aged(state: JobState, by: Duration) -> [(Scrape, usize); 2] {
    let db = db().await;
    let watch = Watch::on(&db.store, Meter::default()).await;
    let job = NewJob {
        key: "c1/deal/stage".to_owned(),
        after: None,
        call_id: "c1".to_owned(),
        business: "harbor".to_owned(),
        kind: "deal".to_owned(),
        payload: json!({"stage": "Proposal"}),
        run_at: Timestamp::now(),
        lane: Some("harbor/c1".to_owned()),
        state,
        reason: None,
        basis: json!({}),
    };
    db.store.add_job(&job).await.unwrap();
    let before = watch.scrape().await;
    age(&db, by).await;
    [(before, 20), (watch.scrape().await, 20)]
}

async fn age(db: &Db, by: Duration) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(db.folder.path().join("data/offhook.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let us = i64::try_from(by.as_micros()).unwrap();
    sqlx::query("UPDATE jobs SET created_us = created_us - $1").bind(us).execute(&pool).await.unwrap();
}

#[tokio::test]
async fn what_waits_is_late() {
    fires("OffhookLag", &aged(JobState::Ready, Duration::from_secs(90)).await);
}

#[tokio::test]
async fn what_was_written_was_late() {
    let db = db().await;
    let crm = Arc::new(BuiltIn::new(db.store.clone()));
    let (outbox, watch) = watched(&db.store, crm, quick()).await;
    outbox.hand_off().ended(over(1));
    outbox.drained().await;
    let before = watch.scrape().await;
    age(&db, Duration::from_secs(90)).await;
    fires("OffhookLag", &[(before, 20), (watch.scrape().await, 20)]);
    outbox.stop().await;
}

#[tokio::test]
async fn nobody_decides() {
    fires("OffhookApprovalsAge", &aged(JobState::AwaitingApproval, Duration::from_secs(90_000)).await);
}

#[tokio::test]
async fn every_metric_that_is_watched_is_there_from_the_start() {
    promtool(&["check", "rules", concat!(env!("CARGO_MANIFEST_DIR"), "/ops/alerts.yml")]);
    let db = db().await;
    db.store.set_endpoints(&[("zapier".to_owned(), Vec::new())]).await.unwrap();
    let scrape = Watch::on(&db.store, Meter::default()).await.scrape().await;
    let names: Vec<&str> = scrape.keys().map(|series| series.split('{').next().unwrap()).collect();
    let watched = [include_str!("../../ops/alerts.yml"), include_str!("../../ops/dashboard.json")].concat();
    let mut asked = 0;
    for (at, _) in watched.match_indices("offhook_") {
        let name = watched[at..].split(|c: char| !(c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())).next();
        assert!(names.contains(&name.unwrap()), "{name:?} is not on /metrics");
        asked += 1;
    }
    assert!(asked > 10, "{asked}");
}
