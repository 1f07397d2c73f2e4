//! A figure for README: how many outbox rows a second are durable before they are acknowledged. Run by `bench/paper.sh`;
//! an area of its own, because it is built with every optimisation.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use offhook::store::{JobState, NewJob, Store, fresh_id};
use serde_json::{Value, json};

/// Enqueues by as many as `PRODUCERS` at once, each acknowledged after its sync. Prints rows a second, p50 and p99 of the
/// acknowledgement in milliseconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure: bench/paper.sh"]
async fn durable_enqueues() {
    let (rows, producers) = (number("ROWS", 50_000), number("PRODUCERS", 256));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Store::open(&format!("sqlite:{}", folder.path().join("offhook.db").display())).await.unwrap();
    let payload: Value = serde_json::from_str(include_str!("../../bench/queues/payload.json")).unwrap();
    let began = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let (store, payload) = (store.clone(), payload.clone());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                for _ in 0..rows / producers {
                    let asked = Instant::now();
                    store.add_job(&job(&payload)).await.unwrap();
                    waits.push(asked.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    let took = began.elapsed().as_secs_f64();
    assert_eq!(store.jobs_pending().await.unwrap(), waits.len() as u64);
    let audited = store.verify_audit().await.unwrap();
    assert_eq!((audited.rows, audited.broken_at), (3 * waits.len() as u64, None));
    println!("figure {:.0} {:.3} {:.3}", waits.len() as f64 / took, ms(&mut waits, 50), ms(&mut waits, 99));
}

fn job(payload: &Value) -> NewJob {
    let call_id = fresh_id();
    NewJob {
        key: format!("{call_id}/activity/upsert"),
        after: None,
        lane: Some(format!("harbor/{call_id}")),
        call_id,
        business: "harbor".to_owned(),
        kind: "activity".to_owned(),
        payload: payload.clone(),
        run_at: Timestamp::now(),
        state: JobState::Ready,
        reason: None,
        basis: json!({"source": "phone", "policy": "default-1"}),
    }
}

fn ms(waits: &mut [Duration], part: usize) -> f64 {
    waits.sort_unstable();
    waits[(waits.len() * part / 100).min(waits.len() - 1)].as_secs_f64() * 1e3
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().expect(name))
}
