//! One heap of wake-ups. Entries are never removed: who is woken looks whether it is still due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// Who is to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wake {
    Server(u64),
    Client(u64),
    Dialog(u64),
    Session(u64),
    Registration(u64),
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Wake)>>,
}

impl Timers {
    pub(super) fn at(&mut self, due: Option<Instant>, who: Wake) {
        if let Some(due) = due {
            self.heap.push(Reverse((due, who)));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((due, _))| *due)
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Wake> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, who))| who)
    }
}

/// A retransmission: doubles from T1, up to `cap` when there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backoff {
    pub(super) due: Instant,
    interval: Duration,
    cap: Option<Duration>,
}

impl Backoff {
    pub(super) fn new(now: Instant, cap: Option<Duration>) -> Self {
        Self { due: now + T1, interval: T1, cap }
    }

    /// True when one is due; the next one is set.
    pub(super) fn fire(&mut self, now: Instant) -> bool {
        if self.due > now {
            return false;
        }
        self.interval = self.cap.map_or(self.interval * 2, |cap| (self.interval * 2).min(cap));
        self.due = now + self.interval;
        true
    }

    /// From now on once every T2 (RFC 3261 17.1.2.2: a provisional answer came).
    pub(super) fn slow_down(&mut self) {
        self.interval = T2;
    }
}

/// Round-trip estimate, RFC 3261 17.1.1.1.
pub(super) const T1: Duration = Duration::from_millis(500);

/// Longest retransmission interval.
pub(super) const T2: Duration = Duration::from_secs(4);

/// Longest a message stays in the network.
pub(super) const T4: Duration = Duration::from_secs(5);

/// 64*T1: timers B, F, H, J, L, M.
pub(super) const GIVE_UP: Duration = Duration::from_secs(32);
