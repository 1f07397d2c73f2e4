//! What a stream carries, as it was agreed; and its clock.

use crate::audio::{Codec, TELEPHONE_RATE};

/// Codec and shape of a leaving stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Codec.
    pub codec: Codec,
    /// Its payload type, both ways.
    pub payload_type: u8,
    /// Length of a packet, milliseconds: 10 to 60.
    pub packet_ms: u16,
    /// Opus repeats each packet coarsely in the next.
    pub fec: bool,
    /// Opus sends next to nothing while it is quiet.
    pub dtx: bool,
}

impl Format {
    /// A codec under its usual payload type, 20 ms a packet.
    pub fn of(codec: Codec) -> Self {
        Self { codec, payload_type: codec.payload_type(), packet_ms: 20, fec: true, dtx: false }
    }
}

/// Timestamps of any clock as those of an 8 kHz one, in which all else is counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    /// Units of their clock in one of ours.
    factor: u32,
    /// The last timestamp, as sent and without its wrapping round.
    last: Option<(u32, u64)>,
}

impl Clock {
    /// An audio packet's timestamp. A new clock goes on where the old one stood.
    pub(super) fn follow(&mut self, timestamp: u32, clock_rate: u32) -> u32 {
        let factor = (clock_rate / TELEPHONE_RATE).max(1);
        let wide = match self.last {
            None => FAR_FROM_ZERO | u64::from(timestamp),
            Some((last, wide)) if factor == self.factor => {
                wide.saturating_add_signed(i64::from(timestamp.wrapping_sub(last) as i32))
            }
            Some((_, wide)) => {
                (wide / u64::from(self.factor.max(1)) + u64::from(super::FRAME_UNITS)) * u64::from(factor)
            }
        };
        (self.factor, self.last) = (factor, Some((timestamp, wide)));
        (wide / u64::from(factor)) as u32
    }

    /// Another packet's, which moves nothing.
    pub(super) fn read(&self, timestamp: u32) -> u32 {
        self.clone().follow(timestamp, self.factor.max(1) * TELEPHONE_RATE)
    }

    /// Units of their clock in one of ours.
    pub(super) fn factor(&self) -> u32 {
        self.factor.max(1)
    }
}

/// Room for timestamps before the first.
const FAR_FROM_ZERO: u64 = 1 << 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_of_48_khz_count_at_8_khz_over_their_wrapping_round() {
        let mut clock = Clock::default();
        let first = clock.follow(u32::MAX - 959, 48_000);
        assert_eq!(clock.follow(960, 48_000).wrapping_sub(first), 320);
        assert_eq!(clock.read(0).wrapping_sub(first), 160, "a late one");
        assert_eq!(clock.follow(1_920, 48_000).wrapping_sub(first), 480);
        let next = clock.follow(77, 8_000);
        assert_eq!(next.wrapping_sub(first), 640, "another clock goes on");
        assert_eq!(clock.follow(237, 8_000).wrapping_sub(next), 160);
    }

    #[test]
    fn timestamps_of_8_khz_stay_what_they_are() {
        let mut clock = Clock::default();
        assert_eq!([clock.follow(u32::MAX, 8_000), clock.follow(159, 8_000)], [u32::MAX, 159]);
    }
}
