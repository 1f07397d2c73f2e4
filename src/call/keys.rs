//! Keys pressed, gathered into answers.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::conversation::Expectation;

/// Keys of the answer being typed.
#[derive(Debug, Default)]
pub struct Keys {
    typed: String,
    last_at: Option<Instant>,
}

impl Keys {
    /// A key went down: an answer when it completes one.
    pub fn press(&mut self, key: char, expectation: Expectation, now: Instant) -> Option<String> {
        self.last_at = Some(now);
        if key == '#' {
            return self.take();
        }
        if self.typed.len() < TYPED_KEYS_MAX {
            self.typed.push(key);
        }
        match expectation {
            Expectation::Phone | Expectation::Message | Expectation::Name | Expectation::Email => None,
            // Neither yes nor no: the beginning of another number, typed before it was asked for.
            Expectation::YesNo if !matches!(self.typed.as_str(), "1" | "2") => None,
            _ => self.take(),
        }
    }

    /// The answer, once the caller has stopped typing.
    pub fn pause_over(&mut self, now: Instant) -> Option<String> {
        let last = self.last_at?;
        if now.duration_since(last) < TYPING_PAUSE {
            return None;
        }
        self.take()
    }

    /// Whether something is being typed.
    pub fn is_typing(&self) -> bool {
        !self.typed.is_empty()
    }

    fn take(&mut self) -> Option<String> {
        self.last_at = None;
        let typed = std::mem::take(&mut self.typed);
        (!typed.is_empty()).then_some(typed)
    }
}

/// A pause this long ends a typed number; phones' own inter-digit timers run 3 to 4 s.
const TYPING_PAUSE: Duration = Duration::from_millis(3000);
/// E.164 has 15 digits; twice that leaves room for corrections.
const TYPED_KEYS_MAX: usize = 30;

/// How a key came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// RFC 4733.
    Event,
    /// SIP INFO.
    Signalling,
    /// In the sound.
    Tone,
}

/// Presses that may be told of a second time another way: gateways send keys twice to be sure.
#[derive(Debug, Default)]
pub struct Echoes {
    recent: VecDeque<(char, Instant, Vec<Origin>)>,
}

impl Echoes {
    /// Whether this press is one that came before another way; the first of them counts.
    pub fn is_echo(&mut self, key: char, origin: Origin, now: Instant) -> bool {
        self.recent.retain(|(_, at, _)| now.saturating_duration_since(*at) < ECHO_WINDOW);
        let same = self.recent.iter_mut().find(|(other, _, origins)| *other == key && !origins.contains(&origin));
        if let Some((_, _, origins)) = same {
            origins.push(origin);
            return true;
        }
        self.recent.truncate(ECHOES_MAX - 1);
        self.recent.push_back((key, now, vec![origin]));
        false
    }
}

/// INFO is sent when the key is up again, and takes a way of its own.
const ECHO_WINDOW: Duration = Duration::from_millis(1500);
/// More presses than anybody makes in that time.
const ECHOES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_told_in_several_ways_counts_once_and_a_key_pressed_twice_counts_twice() {
        let now = Instant::now();
        let at = |ms| now + Duration::from_millis(ms);
        let mut echoes = Echoes::default();
        let mut counted = 0;
        for (origin, ms) in [
            (Origin::Event, 0),
            (Origin::Tone, 40),
            (Origin::Signalling, 120),
            (Origin::Event, 300),
            (Origin::Signalling, 420),
            (Origin::Signalling, 2_000),
        ] {
            counted += u32::from(!echoes.is_echo('5', origin, at(ms)));
        }
        assert_eq!(counted, 3);
        assert!(!echoes.is_echo('6', Origin::Event, at(2_010)));
    }

    #[test]
    fn a_number_ends_with_hash_or_a_pause_and_a_choice_at_once() {
        let now = Instant::now();
        let mut keys = Keys::default();
        assert_eq!(keys.press('2', Expectation::YesNo, now), Some("2".into()));
        assert_eq!(keys.press('6', Expectation::YesNo, now), None);
        assert_eq!(keys.press('1', Expectation::YesNo, now), None);
        assert_eq!(keys.press('#', Expectation::YesNo, now), Some("61".into()));
        assert_eq!(keys.press('4', Expectation::Phone, now), None);
        assert_eq!(keys.press('1', Expectation::Phone, now), None);
        assert_eq!(keys.pause_over(now + Duration::from_millis(2900)), None);
        assert_eq!(keys.pause_over(now + Duration::from_millis(3100)), Some("41".into()));
        assert_eq!(keys.press('#', Expectation::Phone, now), None);
    }
}
