//! Enqueues into effectum, each acknowledged after its transaction: FILE ROWS PRODUCERS.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use effectum::{Job, Queue};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let file = args.next().expect("FILE ROWS PRODUCERS");
    let mut number = || args.next().and_then(|n| n.parse::<usize>().ok()).expect("FILE ROWS PRODUCERS");
    let (rows, producers) = (number(), number());
    let queue = Arc::new(Queue::new(Path::new(&file)).await.expect("opens"));
    let payload: serde_json::Value = serde_json::from_str(include_str!("../../payload.json")).expect("is JSON");
    let began = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let (queue, payload) = (queue.clone(), payload.clone());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                for _ in 0..rows / producers {
                    let asked = Instant::now();
                    let job = Job::builder("contact").json_payload(&payload).expect("is JSON");
                    job.add_to(&queue).await.expect("is taken");
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
