//! Single enqueues into apalis-sqlite, each acknowledged after its sync: FILE ROWS PRODUCERS.

use std::time::{Duration, Instant};

use apalis_core::backend::TaskSink;
use apalis_sqlite::SqliteStorage;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let file = args.next().expect("FILE ROWS PRODUCERS");
    let mut number = || args.next().and_then(|n| n.parse::<usize>().ok()).expect("FILE ROWS PRODUCERS");
    let (rows, producers) = (number(), number());
    // One connection: SQLite has one writer, and its busy handler would cost the peer more than the wait for a turn.
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let pool = pool.acquire_timeout(Duration::from_secs(600)).connect_with(options).await.expect("opens");
    SqliteStorage::setup(&pool).await.expect("migrates");
    // `setup` switches syncs off; here every acknowledgement is a promise.
    sqlx::query("PRAGMA synchronous = FULL").execute(&pool).await.expect("is set");
    let payload: serde_json::Value = serde_json::from_str(include_str!("../../payload.json")).expect("is JSON");
    let storage = SqliteStorage::<serde_json::Value>::new(&pool);
    let began = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let (mut storage, payload) = (storage.clone(), payload.clone());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                for _ in 0..rows / producers {
                    let asked = Instant::now();
                    storage.push(payload.clone()).await.expect("is taken");
                    waits.push(asked.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.expect("ends"));
    }
    let took = began.elapsed().as_secs_f64();
    waits.sort();
    let ms = |part: usize| waits[(waits.len() * part / 100).min(waits.len() - 1)].as_secs_f64() * 1e3;
    println!("{:.0} {:.3} {:.3}", waits.len() as f64 / took, ms(50), ms(99));
}
