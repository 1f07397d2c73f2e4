//! The one task that writes calls: whatever waits goes into one transaction.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::handoff::{Pending, Waiting};
use super::rows::{Rules, row_meanwhile, rows};
use super::run::Signal;
use crate::events::{Event, happened};
use crate::store::{CallWrite, NewJob, Store, StoreError};

/// Writes until told to stop, then what is left.
pub(super) async fn run(
    store: Store,
    pending: Arc<Pending>,
    rules: Rules,
    signal: Signal,
    mut stop: watch::Receiver<bool>,
) {
    let mut failures = 0u32;
    loop {
        // Read before the queue is looked at: what was handed off before the stop is written.
        let stopping = *stop.borrow_and_update();
        match write_group(&store, &pending, &rules).await {
            Ok(0) if stopping => return,
            Ok(0) => {
                tokio::select! {
                    () = pending.bell.notified() => {}
                    _ = stop.changed() => {}
                }
            }
            Ok(_) => {
                failures = 0;
                signal.send();
            }
            Err(error) if stopping && failures >= STOP_TRIES => {
                tracing::error!(%error, "calls that ended are not in the call log; the next start closes them as failed");
                return;
            }
            Err(error) => {
                failures += 1;
                tracing::error!(%error, failures, "the call log cannot be written, trying again");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}

/// How many calls were written.
async fn write_group(store: &Store, pending: &Pending, rules: &Rules) -> Result<usize, StoreError> {
    let group = pending.take(GROUP_MAX);
    if group.is_empty() {
        return Ok(0);
    }
    let result = write(store, &group, rules).await;
    let written = group.len();
    pending.settle(if result.is_ok() { Vec::new() } else { group });
    result.map(|()| written)
}

async fn write(store: &Store, group: &[Waiting], rules: &Rules) -> Result<(), StoreError> {
    let now = Timestamp::now();
    let of = |w: &Waiting| {
        let told = rules.told(&w.call);
        let jobs = match w.ended {
            true => rows(&w.call, &told, rules, now),
            false => row_meanwhile(&told, rules, now).into_iter().collect(),
        };
        (jobs, happened(&told, w.ended))
    };
    let left: Vec<(Vec<NewJob>, Vec<Event>)> = group.iter().map(of).collect();
    let each = group.iter().zip(&left);
    let writes: Vec<CallWrite<'_>> =
        each.map(|(w, (jobs, events))| CallWrite { call: &w.call, over: w.ended, jobs, events }).collect();
    store.write_calls(&writes).await.map(drop)
}

/// Calls per transaction: a sync costs about as much as writing this many rows.
const GROUP_MAX: usize = 128;
/// A full or stuck disk is looked at this often.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// Failed writes in a row after which a stopping process gives up.
const STOP_TRIES: u32 = 3;
