//! Three times the peak: two hundred calls end while two hundred events arrive. Every call reaches the CRM, every event
//! is kept and answered. `--nocapture` prints how long the slowest answers took.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use offhook::call::Disposition;
use offhook::console::Doors;
use offhook::events::{Secrets, Share};
use offhook::store::JobState;

use crate::fixtures::{call, ended};
use crate::platforms::{generic, house, story};
use crate::receiver::SECRET;
use crate::watched::console;

const CALLS: usize = 200;
const EVENTS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn none_is_lost() {
    let told = house(vec![generic()], None).await;
    let console = console(&told.db.store, Default::default()).await;
    let address = console.local_addr().unwrap();
    let share = Share::new("a key", &format!("http://{address}"), SignedDuration::from_hours(1));
    assert!(console.doors().set(Doors { ingest: told.ingest.clone(), share, is_proxy: Box::new(|_| false) }).is_ok());
    let running = tokio::spawn(console.run(std::future::pending()));
    let client = reqwest::Client::new();
    let hand_off = told.outbox.hand_off();
    let ends = (0..CALLS).map(|n| {
        let hand_off = hand_off.clone();
        let over = ended(call(&format!("ours{n}"), Some(&format!("+1212555{n:04}"))), Disposition::InfoOnly);
        tokio::spawn(async move { hand_off.ended(over) })
    });
    let ends: Vec<_> = ends.collect();
    let answers = (0..EVENTS).map(|n| {
        // Of each told call its three events, in some order.
        let (id, body) = story(&format!("told{}", n / 3)).swap_remove(n % 3);
        let (now, body) = (Timestamp::now(), body.to_string());
        let signature = Secrets::new(&[SECRET]).unwrap().sign(&id, now, body.as_bytes());
        let request = client.post(format!("http://{address}/ingest/generic")).header("webhook-id", id).body(body);
        let request = request.header("webhook-timestamp", now.as_second().to_string());
        let request = request.header("webhook-signature", signature);
        async move {
            let began = Instant::now();
            (request.send().await.unwrap().status().as_u16(), began.elapsed())
        }
    });
    let answers = futures_util::future::join_all(answers).await;
    for end in ends {
        end.await.unwrap();
    }
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    let mut waits: Vec<Duration> = answers.into_iter().map(|(_, took)| took).collect();
    waits.sort_unstable();
    println!("answered p50 {:?} p99 {:?}", waits[EVENTS / 2], waits[EVENTS * 99 / 100]);
    assert_eq!(told.db.store.arrivals_kept("generic").await.unwrap().0, EVENTS as u64);
    told.outbox.drained().await;
    running.abort();
    let db = told.close().await;
    let rows = db.store.jobs(Some(JobState::Done), 10_000).await.unwrap();
    let ours = rows.iter().filter(|row| row.call_id.starts_with("ours") && row.kind == "activity").count();
    assert_eq!(ours, CALLS);
}
