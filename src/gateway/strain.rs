//! Whether the calls there are get their packets on time: a call more is refused before they suffer.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counts how late the calls' ticks are; shared by all of them.
#[derive(Debug)]
pub(super) struct Strain {
    born: Instant,
    /// Since [`Self::born`], in milliseconds: when counting began anew, and until when it is too much.
    since: AtomicU64,
    until: AtomicU64,
    ticks: AtomicU32,
    late: AtomicU32,
}

impl Strain {
    pub(super) fn new(now: Instant) -> Self {
        let (since, until) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { born: now, since, until, ticks: AtomicU32::new(0), late: AtomicU32::new(0) }
    }

    /// A call's tick that was due at `due` is served now.
    pub(super) fn tick(&self, due: Instant, now: Instant) {
        let late = now.saturating_duration_since(due) >= LATE;
        self.late.fetch_add(u32::from(late), Ordering::Relaxed);
        self.ticks.fetch_add(1, Ordering::Relaxed);
        let (at, since) = (self.millis(now), self.since.load(Ordering::Relaxed));
        let over = at.saturating_sub(since) >= WINDOW_MS;
        if over && self.since.compare_exchange(since, at, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let (late, ticks) = (self.late.swap(0, Ordering::Relaxed), self.ticks.swap(0, Ordering::Relaxed));
            if ticks >= TICKS_MIN && late * LATE_IN >= ticks {
                self.until.store(at + WINDOW_MS, Ordering::Relaxed);
            }
        }
    }

    /// Whether a call more would spoil the others.
    pub(super) fn is_high(&self, now: Instant) -> bool {
        self.millis(now) < self.until.load(Ordering::Relaxed)
    }

    fn millis(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.born).as_millis()).unwrap_or(u64::MAX)
    }
}

/// A packet this late has emptied the other side's jitter buffer.
const LATE: Duration = Duration::from_millis(60);
/// One tick in so many late is too much: calls that begin together make some of each other's late, and no more.
const LATE_IN: u32 = 4;
/// Counted over so long, and remembered as long.
const WINDOW_MS: u64 = 2_000;
/// Fewer ticks in a window say nothing.
const TICKS_MIN: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_packets_close_the_door_for_a_while() {
        let start = Instant::now();
        let strain = Strain::new(start);
        let at = |ms: u64| start + Duration::from_millis(ms);
        let serve =
            |from: u64, late: u64| (0..=110).for_each(|n| strain.tick(at(from + n * 20), at(from + n * 20 + late)));
        serve(0, 3);
        assert!(!strain.is_high(at(2_250)));
        serve(2_300, 65);
        assert!(strain.is_high(at(4_400)));
        // In the window that follows the last late ones still count.
        serve(4_500, 3);
        serve(6_720, 3);
        assert!(!strain.is_high(at(8_900)));
    }
}
