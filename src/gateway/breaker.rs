//! A breaker per connector: one that keeps failing is left alone for a while, so that callers hear at once what they
//! would otherwise hear after the deadline, and a server that is down is not asked by every call.
//!
//! ```text
//! closed --FAILURES_MAX in a row--> open --REST over--> half-open: one question is let through
//!    ^                               ^                      | it failed: open again
//!    +----------- it answered -------+----------------------+
//! ```

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Whether a connector may be asked.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// Left alone until then.
    open_until: Option<Instant>,
    /// Somebody is trying whether it is back.
    probing: bool,
}

/// Leave to ask once. Dropped without a word (a caller who hung up) it says nothing about the connector.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Breaker {
    /// Leave to ask; none while the connector is left alone.
    pub(super) fn leave(&self, now: Instant) -> Option<Leave<'_>> {
        let mut state = self.lock();
        let probe = match state.open_until {
            None => false,
            Some(until) if now >= until && !state.probing => true,
            Some(_) => return None,
        };
        state.probing |= probe;
        Some(Leave { breaker: self, probe })
    }

    /// Nothing in here can panic half-way, so a poisoned lock still guards a whole state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave<'_> {
    /// It answered, whatever the answer was.
    pub(super) fn answered(self) {
        *self.breaker.lock() = State::default();
    }

    /// It failed, or said nothing in time.
    pub(super) fn failed(self, now: Instant) {
        let mut state = self.breaker.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES_MAX {
            state.open_until = Some(now + REST);
        }
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.lock().probing = false;
        }
    }
}

/// Failures in a row after which a connector is left alone: two calls that were unlucky are not enough.
const FAILURES_MAX: u32 = 3;
/// How long it is left alone: a caller who tries again a little later finds it asked again.
const REST: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, times: u32, now: Instant) {
        (0..times).for_each(|_| breaker.leave(now).expect("still asked").failed(now));
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_question_through() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        fail(&breaker, FAILURES_MAX - 1, now);
        breaker.leave(now).expect("closed").answered();
        fail(&breaker, FAILURES_MAX, now);
        assert!(breaker.leave(now).is_none(), "left alone");
        let later = now + REST;
        let probe = breaker.leave(later).expect("one may try");
        assert!(breaker.leave(later).is_none(), "only one");
        probe.failed(later);
        assert!(breaker.leave(later).is_none(), "open again");
        breaker.leave(later + REST).expect("one may try").answered();
        assert!(breaker.leave(later).is_some() && breaker.leave(later).is_some(), "closed");
    }

    #[test]
    fn a_question_nobody_waited_for_says_nothing() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        fail(&breaker, FAILURES_MAX, now);
        drop(breaker.leave(now + REST));
        assert!(breaker.leave(now + REST).is_some(), "the next may try");
    }
}
