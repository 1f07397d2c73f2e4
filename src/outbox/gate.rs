//! Whether a CRM may be asked now: so many requests a second, a burst, a day, no sooner than it said, and not while it
//! is down. A value; `now` is an argument.
//!
//! ```text
//! closed --failures_max in a row--> open --rest over--> half-open: one request is let through
//!    ^                               ^                      | it failed: open again
//!    +----------- it answered -------+----------------------+
//! ```

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How much one set of credentials may ask, and when it is left alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Requests a second, on average.
    pub per_second: f64,
    /// Requests at once.
    pub burst: u32,
    /// Requests a day (UTC).
    pub per_day: u64,
    /// Failures in a row after which it counts as down.
    pub failures_max: u32,
    /// How long it is then left alone.
    pub rest: Duration,
}

/// HubSpot's private apps, the tightest of those we know: 100 in 10 s, 250,000 a day.
impl Default for Limits {
    fn default() -> Self {
        Limits {
            per_second: 10.0,
            burst: 50,
            per_day: 250_000,
            failures_max: FAILURES_MAX,
            rest: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Of a CRM in our own house.
    pub fn none() -> Limits {
        Limits { per_second: f64::INFINITY, burst: u32::MAX, per_day: u64::MAX, ..Limits::default() }
    }
}

/// What the requests so far come to.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    limits: Limits,
    /// Requests that could be made at once, as of `at`.
    tokens: f64,
    at: Timestamp,
    /// Days since the epoch, and requests of that day.
    day: i64,
    today: u64,
    failures: u32,
    /// Down, or asked to be left alone, until then.
    closed_until: Option<Timestamp>,
    down: bool,
    probing: bool,
}

/// Not before then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Later {
    pub(super) at: Timestamp,
    pub(super) why: &'static str,
    /// Not a matter of moments: the CRM is down, or wants to be left alone.
    pub(super) closed: bool,
}

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Went {
    /// It answered, whatever the answer was.
    Answered,
    /// It did not, or could not.
    Failed,
    /// It asked to be left alone for so long.
    TooFast(Duration),
}

impl Gate {
    pub(super) fn new(limits: Limits, now: Timestamp) -> Gate {
        let tokens = f64::from(limits.burst);
        Gate {
            limits,
            tokens,
            at: now,
            day: day(now),
            today: 0,
            failures: 0,
            closed_until: None,
            down: false,
            probing: false,
        }
    }

    /// Leave to ask once; else when to come back.
    pub(super) fn ask(&mut self, now: Timestamp) -> Result<(), Later> {
        if let Some(until) = self.closed_until {
            if now < until {
                return Err(Later { at: until, why: if self.down { DOWN } else { TOO_FAST }, closed: true });
            }
            if self.down && self.probing {
                return Err(Later { at: later(now, PROBE_WAIT), why: DOWN, closed: true });
            }
            self.probing = self.down;
            self.closed_until = self.closed_until.filter(|_| self.down);
        }
        self.refill(now);
        if self.today >= self.limits.per_day {
            self.probing = false;
            return Err(Later { at: midnight(now), why: "the requests of the day are used up", closed: true });
        }
        if self.tokens < 1.0 {
            self.probing = false;
            let wait =
                Duration::from_secs_f64((1.0 - self.tokens) / self.limits.per_second.max(RATE_MIN)).max(WAIT_MIN);
            return Err(Later { at: later(now, wait), why: TOO_FAST, closed: false });
        }
        self.tokens -= 1.0;
        self.today += 1;
        Ok(())
    }

    /// How a request went that was let through.
    pub(super) fn went(&mut self, went: Went, now: Timestamp) {
        match went {
            Went::Answered => (self.failures, self.down, self.probing, self.closed_until) = (0, false, false, None),
            Went::TooFast(wait) => {
                (self.failures, self.down, self.probing) = (0, false, false);
                self.closed_until = self.closed_until.max(Some(later(now, wait)));
            }
            Went::Failed => {
                self.failures = self.failures.saturating_add(1);
                if self.failures >= self.limits.failures_max || self.probing {
                    (self.down, self.probing) = (true, false);
                    self.closed_until = Some(later(now, self.limits.rest));
                }
            }
        }
    }

    /// Until when nobody is let through; none while the way is free.
    pub(super) fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        let spent = (self.today >= self.limits.per_day && self.day == day(now)).then(|| midnight(now));
        self.closed_until.filter(|until| self.down || *until > now).max(spent)
    }

    fn refill(&mut self, now: Timestamp) {
        let gone = now.duration_since(self.at).as_secs_f64().max(0.0);
        let more = if self.limits.per_second.is_finite() { gone * self.limits.per_second } else { f64::INFINITY };
        self.tokens = (self.tokens + more).min(f64::from(self.limits.burst));
        self.at = now;
        if day(now) != self.day {
            (self.day, self.today) = (day(now), 0);
        }
    }
}

/// Whether these are the gate's own words: nobody was asked.
pub(super) fn is_limit(reason: &str) -> bool {
    reason == TOO_FAST
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(DAY_SECS)
}

fn midnight(now: Timestamp) -> Timestamp {
    Timestamp::from_second((day(now) + 1).saturating_mul(DAY_SECS)).unwrap_or(Timestamp::MAX)
}

const DOWN: &str = "the CRM is down and left alone";
const TOO_FAST: &str = "the CRM is asked no faster";
/// More than one row's tries: one row that always fails is the row's own affair.
const FAILURES_MAX: u32 = 12;
/// One request in a day or so: slower is "never".
const RATE_MIN: f64 = 1e-5;
/// A token that is short of a rounding error.
const WAIT_MIN: Duration = Duration::from_millis(1);
/// Somebody is trying whether it is back.
const PROBE_WAIT: Duration = Duration::from_millis(250);
const DAY_SECS: i64 = 86_400;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
    }

    proptest! {
        #[test]
        fn no_second_and_no_day_gets_more_than_its_share(
            gaps in prop::collection::vec(0i64..400, 1..400), per_second in 1u32..20, burst in 1u32..20, per_day in 1u64..200
        ) {
            let limits = Limits { per_second: f64::from(per_second), burst, per_day, ..Limits::default() };
            let (mut gate, mut now, mut let_through) = (Gate::new(limits, at(0)), 0, Vec::new());
            for gap in gaps {
                now += gap;
                match gate.ask(at(now)) {
                    Ok(()) => let_through.push(now),
                    Err(later) => prop_assert!(later.at > at(now)),
                }
            }
            for from in &let_through {
                let second = let_through.iter().filter(|t| (*from..from + 1000).contains(*t)).count();
                prop_assert!(second <= (burst + per_second + 1) as usize, "{second} in a second");
            }
            prop_assert!(let_through.len() as u64 <= per_day * 2, "at most two days are touched");
        }
    }

    #[test]
    fn what_is_down_is_left_alone_then_tried_by_one() {
        let limits = Limits { failures_max: 2, rest: Duration::from_secs(10), ..Limits::none() };
        let mut gate = Gate::new(limits, at(0));
        for _ in 0..2 {
            assert_eq!(gate.ask(at(0)), Ok(()));
            gate.went(Went::Failed, at(0));
        }
        assert_eq!(gate.ask(at(9_999)).unwrap_err().at, at(10_000));
        assert_eq!(gate.ask(at(10_000)), Ok(()), "one tries");
        assert!(gate.ask(at(10_000)).is_err(), "nobody else meanwhile");
        gate.went(Went::Failed, at(10_100));
        assert_eq!(gate.resting(at(10_200)), Some(at(20_100)));
        assert_eq!(gate.ask(at(20_100)), Ok(()));
        gate.went(Went::Answered, at(20_200));
        assert!(gate.ask(at(20_200)).is_ok() && gate.ask(at(20_200)).is_ok() && gate.resting(at(20_200)).is_none());
    }

    #[test]
    fn retry_after_holds_everybody() {
        let mut gate = Gate::new(Limits::none(), at(0));
        gate.went(Went::TooFast(Duration::from_secs(7)), at(0));
        assert_eq!(gate.ask(at(6_999)).unwrap_err().at, at(7_000));
        assert_eq!(gate.ask(at(7_000)), Ok(()));
    }
}
