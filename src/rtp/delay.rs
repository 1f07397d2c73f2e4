//! What the jitter buffer knows of the network: how late packets come, and how much of its delay it never needed.

use std::time::{Duration, Instant};

use super::{CLOCK_RATE, FRAME_UNITS};

/// How late packets come, relative to the earliest ones, over the last seconds.
#[derive(Debug, Default)]
pub(super) struct Delays {
    /// Arrival minus timestamp of the first packet, in microseconds: the others are measured against it.
    origin: Option<(Instant, u32)>,
    /// Least and greatest transit per second, newest first.
    seconds: [Option<(i64, i64)>; MEMORY_SECONDS],
    began: Option<Instant>,
}

impl Delays {
    pub(super) fn note(&mut self, timestamp: u32, now: Instant) {
        let (start, first) = *self.origin.get_or_insert((now, timestamp));
        let sent = i64::from(timestamp.wrapping_sub(first) as i32) * UNIT_US as i64;
        let transit = now.saturating_duration_since(start).as_micros() as i64 - sent;
        if self.seconds.iter().flatten().next().is_some_and(|&(low, _)| (transit - low).abs() > JUMP_US) {
            // The sender's timestamps jumped: not a delay.
            self.restart();
            return;
        }
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) >= Duration::from_secs(1) {
            self.seconds.rotate_right(1);
            self.seconds[0] = None;
            self.began = Some(now);
        }
        let (low, high) = self.seconds[0].unwrap_or((transit, transit));
        self.seconds[0] = Some((low.min(transit), high.max(transit)));
    }

    pub(super) fn target_us(&self) -> u64 {
        let low = self.seconds.iter().flatten().map(|s| s.0).min();
        let high = self.seconds.iter().flatten().map(|s| s.1).max();
        let spread = low.zip(high).map_or(0, |(low, high)| (high - low) as u64);
        let unknown = self.seconds[1..].iter().all(Option::is_none);
        let spread = if unknown { spread.max(UNKNOWN_JITTER_US) } else { spread };
        (spread + FRAME_US).clamp(DELAY_US_MIN, DELAY_US_MAX)
    }

    /// A new clock: transits cannot be compared across it.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }
}

/// The least that was left in the buffer, over the last seconds.
#[derive(Debug, Default)]
pub(super) struct LowWater {
    /// Per second of audio, newest first; none until that second is over.
    seconds: [Option<u32>; MEMORY_SECONDS],
    current: Option<u32>,
    /// Units played in the current second.
    played: u32,
}

impl LowWater {
    pub(super) fn note(&mut self, level: u32, units: u32) {
        self.current = Some(self.current.map_or(level, |low| low.min(level)));
        self.played += units;
        if self.played >= CLOCK_RATE {
            self.seconds.rotate_right(1);
            self.seconds[0] = self.current.take();
            self.played = 0;
        }
    }

    /// 0 until all of the memory is filled: shortening is never urgent.
    pub(super) fn lowest(&self) -> u32 {
        if self.seconds.contains(&None) {
            return 0;
        }
        self.seconds.iter().flatten().copied().chain(self.current).min().unwrap_or(0)
    }

    pub(super) fn lower(&mut self, units: u32) {
        let levels = self.seconds.iter_mut().chain([&mut self.current]);
        levels.flatten().for_each(|level| *level = level.saturating_sub(units));
    }
}

/// Assumed of a network measured for less than a second: one packet of reserve.
const UNKNOWN_JITTER_US: u64 = 20_000;
/// A transit that moves by more than a second is a jump of the clock.
const JUMP_US: i64 = 1_000_000;
/// Jitter of the last seconds decides the delay.
const MEMORY_SECONDS: usize = 4;
/// Microseconds of one clock unit at 8 kHz.
pub(super) const UNIT_US: u64 = 125;
/// Microseconds of one 20 ms frame.
pub(super) const FRAME_US: u64 = FRAME_UNITS as u64 * UNIT_US;
/// Bounds of the target delay: one packet, and what a talker still takes for a line.
const DELAY_US_MIN: u64 = 20_000;
pub(super) const DELAY_US_MAX: u64 = 200_000;
