//! The gateway seen from outside: what runs, what happens, how to stop it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dashmap::DashMap;
use tokio::sync::{Notify, broadcast};

use crate::call::{CallEvent, CallRecord};

/// A view of the running gateway; clones share it.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    live: DashMap<String, CallRecord>,
    events: broadcast::Sender<CallEvent>,
    draining: AtomicBool,
    running: AtomicUsize,
    idle: Notify,
}

impl Default for Handle {
    fn default() -> Self {
        Self::new()
    }
}

impl Handle {
    /// Of a gateway that is yet to start.
    pub fn new() -> Self {
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        Self {
            shared: Arc::new(Shared {
                live: DashMap::new(),
                events,
                draining: AtomicBool::new(false),
                running: AtomicUsize::new(0),
                idle: Notify::new(),
            }),
        }
    }

    /// Calls that are not over, newest first.
    pub fn live_calls(&self) -> Vec<CallRecord> {
        let mut calls: Vec<_> = self.shared.live.iter().map(|entry| entry.value().clone()).collect();
        calls.sort_by_key(|call| std::cmp::Reverse(call.started_at));
        calls
    }

    /// One call that is not over.
    pub fn live_call(&self, id: &str) -> Option<CallRecord> {
        self.shared.live.get(id).map(|entry| entry.value().clone())
    }

    /// Live events from now on; a reader more than [`EVENTS_KEPT`] behind loses the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<CallEvent> {
        self.shared.events.subscribe()
    }

    /// Whether new calls are taken.
    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Relaxed)
    }

    /// Calls being carried out.
    pub fn running(&self) -> usize {
        self.shared.running.load(Ordering::Acquire)
    }

    /// From now on new calls are refused.
    pub(super) fn drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
    }

    /// Waits until no call is left.
    pub async fn idle(&self) {
        loop {
            let idle = self.shared.idle.notified();
            if self.running() == 0 {
                return;
            }
            idle.await;
        }
    }

    pub(super) fn update(&self, record: &CallRecord) {
        self.shared.live.insert(record.id.clone(), record.clone());
    }

    pub(super) fn announce(&self, event: CallEvent) {
        // Nobody listening is not an error.
        let _ = self.shared.events.send(event);
    }

    /// Counts a call until the returned value is dropped.
    pub(super) fn enter(&self, id: &str) -> Running {
        self.shared.running.fetch_add(1, Ordering::AcqRel);
        Running { handle: self.clone(), id: id.into() }
    }
}

/// A call being carried out: leaves the registry however its task ends.
#[derive(Debug)]
pub(super) struct Running {
    handle: Handle,
    id: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let shared = &self.handle.shared;
        shared.live.remove(&self.id);
        shared.running.fetch_sub(1, Ordering::AcqRel);
        shared.idle.notify_waiters();
    }
}

/// Events a slow reader may be behind: some minutes of a busy line.
pub const EVENTS_KEPT: usize = 1024;
