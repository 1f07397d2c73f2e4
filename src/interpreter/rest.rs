//! A model that keeps failing is left alone for a while: callers are not made to wait for it again and again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Whether a model may be asked.
#[derive(Debug, Default)]
pub(super) struct Rest(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// Left alone until then.
    until: Option<Instant>,
}

impl Rest {
    /// Whether it is left alone. Once the time is over one question is let through, the next only when it was answered.
    pub(super) fn is_on(&self, now: Instant) -> bool {
        let mut state = self.lock();
        match state.until {
            Some(until) if now < until => true,
            Some(_) => {
                state.until = Some(now + REST);
                false
            }
            None => false,
        }
    }

    /// It answered.
    pub(super) fn answered(&self) {
        *self.lock() = State::default();
    }

    /// It failed, or said nothing in time.
    pub(super) fn failed(&self, now: Instant) {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES_MAX {
            state.until = Some(now + REST);
        }
    }

    /// It asks to be left alone.
    pub(super) fn refused(&self, now: Instant) {
        self.lock().until = Some(now + REST);
    }

    /// Nothing in here can panic half-way, so a poisoned lock still guards a whole state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Failures in a row after which it is left alone.
const FAILURES_MAX: u32 = 3;
/// For how long.
const REST: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_after_failures_in_a_row_and_one_question_tries_again() {
        let (rest, now) = (Rest::default(), Instant::now());
        (1..FAILURES_MAX).for_each(|_| rest.failed(now));
        assert!(!rest.is_on(now));
        rest.answered();
        (0..FAILURES_MAX).for_each(|_| rest.failed(now));
        assert!(rest.is_on(now));
        let later = now + REST;
        assert!(!rest.is_on(later), "one may try");
        assert!(rest.is_on(later), "only one");
        rest.answered();
        assert!(!rest.is_on(later));
        rest.refused(later);
        assert!(rest.is_on(later));
    }
}
