//! The gateway seen from outside: what runs, what happens, how to stop it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dashmap::DashMap;
use jiff::Timestamp;
use tokio::sync::{Notify, broadcast};

use super::health::TrunkHealth;
use super::trunks::{TrunkState, TrunkStatus};
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
    trunks: Mutex<Vec<TrunkStatus>>,
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
                trunks: Mutex::new(Vec::new()),
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

    /// How signing in stands, trunk by trunk.
    pub fn trunks(&self) -> Vec<TrunkStatus> {
        self.shared.trunks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A trunk stands otherwise now.
    pub(super) fn trunk(&self, name: &str, registrar: String, state: TrunkState, problem: Option<String>) {
        let mut trunks = self.shared.trunks.lock().unwrap_or_else(PoisonError::into_inner);
        let since = trunks.iter().find(|known| known.name == name && known.state == state).map(|known| known.since);
        let since = since.unwrap_or_else(Timestamp::now);
        let health = trunks.iter().find(|known| known.name == name).and_then(|known| known.health.clone());
        let status = TrunkStatus { name: name.to_owned(), state, registrar, problem, since, health };
        match trunks.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = status,
            None => trunks.push(status),
        }
    }

    /// A trunk was asked whether it is there.
    pub(super) fn trunk_health(&self, name: &str, reachable: bool, answer: Option<u16>, round_trip_ms: u64) {
        let mut trunks = self.shared.trunks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = trunks.iter_mut().find(|known| known.name == name) {
            let before = known.health.as_ref().filter(|health| health.reachable == reachable);
            let since = before.map_or_else(Timestamp::now, |health| health.since);
            known.health = Some(TrunkHealth { reachable, answer, round_trip_ms, since });
        }
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
