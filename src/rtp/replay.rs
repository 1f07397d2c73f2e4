//! Packet indices of a protected stream (RFC 3711 section 3.3): which one a sequence number means, and which were seen.

/// Extends 16-bit sequence numbers to indices.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter {
    /// The highest index so far; none before the first.
    highest: Option<u64>,
}

impl Counter {
    /// The index nearest to the highest one (RFC 3711 appendix A).
    pub(super) fn guess(&self, sequence: u16) -> u64 {
        let Some(highest) = self.highest else { return u64::from(sequence) };
        let ahead = i64::from(sequence.wrapping_sub(highest as u16) as i16);
        // Before the first rollover there is nothing earlier to mean.
        highest.checked_add_signed(ahead).unwrap_or(u64::from(sequence)) & INDEX_MASK
    }

    /// An index proved right.
    pub(super) fn advance(&mut self, index: u64) {
        self.highest = Some(self.highest.map_or(index, |highest| highest.max(index)));
    }
}

/// Which of the latest indices were seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    /// One above the highest seen; 0 when none was.
    end: u64,
    /// Bit 0 is the highest one.
    seen: u128,
}

impl Window {
    /// Whether an index was seen, or is too old to tell.
    pub(super) fn has(&self, index: u64) -> bool {
        match self.end.checked_sub(index + 1) {
            None => false,
            Some(age) => age >= u64::from(u128::BITS) || self.seen >> age & 1 == 1,
        }
    }

    /// It is now.
    pub(super) fn note(&mut self, index: u64) {
        if index >= self.end {
            let ahead = u32::try_from(index + 1 - self.end).unwrap_or(u128::BITS);
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.end = index + 1;
        } else if let Some(bit) = u32::try_from(self.end - 1 - index).ok().and_then(|age| 1_u128.checked_shl(age)) {
            self.seen |= bit;
        }
    }
}

/// An index has 48 bits.
const INDEX_MASK: u64 = (1 << 48) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_go_on_over_the_end_of_sequence_numbers() {
        let mut counter = Counter::default();
        assert_eq!(counter.guess(65_530), 65_530);
        counter.advance(65_530);
        assert_eq!((counter.guess(2), counter.guess(65_000)), (65_538, 65_000));
        counter.advance(65_538);
        assert_eq!((counter.guess(65_535), counter.guess(3)), (65_535, 65_539));
    }

    #[test]
    fn a_window_knows_what_was_seen_and_refuses_what_is_too_old() {
        let mut window = Window::default();
        for index in [1_000, 1_002, 1_127] {
            assert!(!window.has(index));
            window.note(index);
            assert!(window.has(index));
        }
        assert!(!window.has(1_001) && window.has(999) && !window.has(5_000));
        window.note(5_000);
        assert!(window.has(1_127), "too old to tell");
    }
}
