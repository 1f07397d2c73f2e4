//! When a call's rows may go: at once, by the hour, by night, or at once only where somebody has to act.

use jiff::{SignedDuration, Timestamp};

/// When calls reach the CRM.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pace {
    /// When they end.
    #[default]
    RealTime,
    /// On the hour.
    Hourly,
    /// Once a day, at this hour UTC.
    Nightly {
        /// 0..=23.
        hour: i8,
    },
    /// When they end where somebody has to act, else on the hour.
    Hybrid,
}

impl Pace {
    /// Not before then. `acts`: somebody has to follow up.
    pub(super) fn due(self, now: Timestamp, acts: bool) -> Timestamp {
        match self {
            Pace::RealTime => now,
            Pace::Hybrid if acts => now,
            Pace::Hourly | Pace::Hybrid => next(now, SignedDuration::from_hours(1), SignedDuration::ZERO),
            Pace::Nightly { hour } => {
                next(now, SignedDuration::from_hours(24), SignedDuration::from_hours(i64::from(hour)))
            }
        }
    }
}

/// The next multiple of `every` since the epoch, and `past` it.
fn next(now: Timestamp, every: SignedDuration, past: SignedDuration) -> Timestamp {
    let (every, past) = (every.as_secs(), past.as_secs());
    let turn = (now.as_second() - past).div_euclid(every) + 1;
    Timestamp::from_second(turn.saturating_mul(every).saturating_add(past)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_waits_for_its_hour_and_who_acts_does_not() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = at("2026-11-23T15:20:00Z");
        assert_eq!(Pace::RealTime.due(now, false), now);
        assert_eq!(Pace::Hourly.due(now, true), at("2026-11-23T16:00:00Z"));
        assert_eq!(Pace::Hourly.due(at("2026-11-23T16:00:00Z"), true), at("2026-11-23T17:00:00Z"));
        assert_eq!(Pace::Nightly { hour: 2 }.due(now, true), at("2026-11-24T02:00:00Z"));
        assert_eq!(Pace::Nightly { hour: 16 }.due(now, true), at("2026-11-23T16:00:00Z"));
        assert_eq!(Pace::Hybrid.due(now, true), now);
        assert_eq!(Pace::Hybrid.due(now, false), at("2026-11-23T16:00:00Z"));
    }
}
