//! From the call tasks to the writer, without waiting.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::run::Signal;
use crate::call::CallRecord;
use crate::store::{Store, StoreError};

/// A handle for call tasks. No method but [`HandOff::retry`] and [`HandOff::park`] waits for anything: a record is
/// put into memory and written by the outbox's writer. A hand-off is no promise that it was written; what a crash
/// catches in between is rebuilt from the call's row.
#[derive(Debug, Clone)]
pub struct HandOff {
    pub(super) pending: Arc<Pending>,
    pub(super) store: Store,
    pub(super) signal: Signal,
}

/// The writer is behind by `CALLS_WAITING_MAX` calls (a stuck disk): no new call should be taken. Holds the record.
#[derive(Debug, thiserror::Error)]
#[error("the call log is {CALLS_WAITING_MAX} calls behind: is the disk full or stuck?")]
pub struct Full(pub Box<CallRecord>);

impl HandOff {
    /// A call began. Refused when the writer is too far behind.
    pub fn opened(&self, call: CallRecord) -> Result<(), Full> {
        self.pending.put(call, false, true)
    }

    /// The call as it stands; only the latest snapshot is written. Dropped when the writer is too far behind: the
    /// next one, or the end, says the same and more.
    pub fn progress(&self, call: CallRecord) {
        let _ = self.pending.put(call, false, true);
    }

    /// The call is over. Always taken: the calls that were let in bound how many there can be.
    pub fn ended(&self, call: CallRecord) {
        let _ = self.pending.put(call, true, false);
    }

    /// Waits until everything handed off of a call is on the disk, or until `deadline` when the disk is stuck.
    pub async fn on_disk(&self, call_id: &str, deadline: Duration) {
        let mut changed = self.signal.subscribe();
        let written = async {
            loop {
                changed.mark_unchanged();
                // An error to receive means that the outbox is gone, and with it what could change.
                if !self.pending.has(call_id) || changed.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(deadline, written).await.is_err() {
            tracing::warn!(call_id, "the call log does not keep up with what is being written");
        }
    }

    /// Makes a parked or retrying row ready at once; false when it is leased, done or unknown.
    pub async fn retry(&self, id: i64) -> Result<bool, StoreError> {
        let done = self.store.retry_job(id, Timestamp::now()).await;
        self.signal.send();
        done
    }

    /// Parks a row; false when it is leased, done or unknown.
    pub async fn park(&self, id: i64, reason: &str) -> Result<bool, StoreError> {
        let done = self.store.park_job(id, reason, Timestamp::now()).await;
        self.signal.send();
        done
    }
}

/// Calls that wait for the writer, one entry per call, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Pending {
    queue: Mutex<Queue>,
    /// Rung when an entry is put in.
    pub(super) bell: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    order: VecDeque<String>,
    calls: HashMap<String, Waiting>,
    /// Taken by the writer, not yet written.
    in_hand: usize,
}

/// One call's latest snapshot.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) call: CallRecord,
    pub(super) ended: bool,
}

impl Pending {
    fn put(&self, call: CallRecord, ended: bool, bounded: bool) -> Result<(), Full> {
        let mut queue = self.lock();
        if bounded && queue.calls.len() >= CALLS_WAITING_MAX && !queue.calls.contains_key(&call.id) {
            return Err(Full(Box::new(call)));
        }
        queue.put(Waiting { call, ended });
        drop(queue);
        self.bell.notify_one();
        Ok(())
    }

    /// Takes up to `most` calls, oldest first; each take is followed by [`Pending::settle`].
    pub(super) fn take(&self, most: usize) -> Vec<Waiting> {
        let mut queue = self.lock();
        let mut group = Vec::new();
        while group.len() < most
            && let Some(id) = queue.order.pop_front()
        {
            group.extend(queue.calls.remove(&id));
        }
        queue.in_hand = group.len();
        group
    }

    /// The taken calls were written (`back` is empty), or go back to the front of the queue.
    pub(super) fn settle(&self, back: Vec<Waiting>) {
        let mut queue = self.lock();
        queue.in_hand = 0;
        for waiting in back.into_iter().rev() {
            queue.put_back(waiting);
        }
    }

    /// Whether something of a call is not written yet; what is in the writer's hands may be of any call.
    fn has(&self, call_id: &str) -> bool {
        let queue = self.lock();
        queue.in_hand > 0 || queue.calls.contains_key(call_id)
    }

    /// Whether nothing waits and nothing is being written.
    pub(super) fn is_empty(&self) -> bool {
        let queue = self.lock();
        queue.order.is_empty() && queue.in_hand == 0
    }

    /// Nothing in here can panic half-way, so a poisoned lock still guards a whole queue.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// The latest snapshot wins, but nothing after the end counts.
    fn put(&mut self, new: Waiting) {
        match self.calls.entry(new.call.id.clone()) {
            Entry::Occupied(entry) if entry.get().ended => {}
            Entry::Occupied(mut entry) => drop(entry.insert(new)),
            Entry::Vacant(entry) => {
                self.order.push_back(new.call.id.clone());
                entry.insert(new);
            }
        }
    }

    /// A snapshot that came in the meantime is newer, unless the old one was the end.
    fn put_back(&mut self, old: Waiting) {
        match self.calls.entry(old.call.id.clone()) {
            Entry::Occupied(mut entry) if old.ended => drop(entry.insert(old)),
            Entry::Occupied(_) => {}
            Entry::Vacant(entry) => {
                self.order.push_front(old.call.id.clone());
                entry.insert(old);
            }
        }
    }
}

/// Calls waiting for the writer: at 100 calls a second the disk may be stuck for 40 s before calls are refused; the
/// records of so many calls are some tens of megabytes.
const CALLS_WAITING_MAX: usize = 4096;
