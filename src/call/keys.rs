//! Keys pressed, gathered into answers.

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

#[cfg(test)]
mod tests {
    use super::*;

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
