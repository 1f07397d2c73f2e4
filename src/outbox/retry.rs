//! When a failed delivery is tried again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Wait after the first failure.
    pub first: Duration,
    /// Each wait is this many times the one before.
    pub factor: u32,
    /// No wait is longer, its jitter apart.
    pub longest: Duration,
}

/// Five tries over seven minutes: 5 s, 20 s, 80 s, 320 s.
impl Default for Backoff {
    fn default() -> Self {
        Backoff { first: Duration::from_secs(5), factor: 4, longest: Duration::from_secs(15 * 60) }
    }
}

/// When to try again after the `attempt`th failure (from 1): exponential, up to a fifth later by `seed`, so that rows
/// which failed together do not come back together. Never before `now`.
pub fn next_attempt(now: Timestamp, attempt: u32, seed: u64, backoff: &Backoff) -> Timestamp {
    let growth = backoff.factor.max(1).saturating_pow(attempt.saturating_sub(1));
    let wait = backoff.first.saturating_mul(growth).min(backoff.longest);
    let jitter = wait.mul_f64(JITTER_MAX * (mixed(seed ^ u64::from(attempt)) >> 11) as f64 / (1u64 << 53) as f64);
    let wait = SignedDuration::try_from(wait.saturating_add(jitter)).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// SplitMix64's finaliser: neighbouring seeds (row numbers) give unrelated numbers.
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The largest part of a wait that is added to it.
const JITTER_MAX: f64 = 0.2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_grow_are_bounded_and_repeat(now in -1_000_000_000i64..4_000_000_000, attempt in 1u32..=u32::MAX,
                                             seed: u64, first_ms in 1u64..100_000, factor in 0u32..10) {
            let backoff = Backoff { first: Duration::from_millis(first_ms), factor, longest: Duration::from_secs(900) };
            let now = Timestamp::from_second(now).unwrap();
            let at = next_attempt(now, attempt, seed, &backoff);
            prop_assert_eq!(at, next_attempt(now, attempt, seed, &backoff));
            let wait = at.duration_since(now);
            prop_assert!(wait >= SignedDuration::from_millis(first_ms as i64));
            prop_assert!(wait <= SignedDuration::from_millis(900_000 * 12 / 10));
            if factor >= 2 && attempt < 5 {
                // Growth outweighs jitter until the longest wait is reached.
                let next = next_attempt(now, attempt + 1, seed, &backoff).duration_since(now);
                prop_assert!(next > wait || wait >= SignedDuration::from_secs(900));
            }
        }

        #[test]
        fn rows_that_failed_together_spread(seed in 0u64..u64::MAX / 2) {
            let times: std::collections::HashSet<_> =
                (0..100).map(|i| next_attempt(Timestamp::UNIX_EPOCH, 1, seed + i, &Backoff::default())).collect();
            prop_assert!(times.len() > 95);
        }
    }

    #[test]
    fn the_default_is_minutes() {
        let waits: i64 =
            (1..5).map(|n| next_attempt(Timestamp::UNIX_EPOCH, n, 7, &Backoff::default()).as_second()).sum();
        assert!((425..=510).contains(&waits), "{waits} s");
    }
}
