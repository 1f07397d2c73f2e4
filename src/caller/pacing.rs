//! How evenly the agent's packets come.

use std::time::Instant;

use crate::rtp::Packet;

/// Arrivals against the sender's own clock.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    last: Option<(Instant, u32)>,
    /// How far each packet came from its time after the one before it, microseconds.
    off_us: Vec<u32>,
}

impl Pacing {
    /// A packet is here.
    pub(super) fn arrived(&mut self, packet: &Packet<'_>, now: Instant) {
        if let Some((before, timestamp)) = self.last.replace((now, packet.timestamp)) {
            let due_us = i64::from(packet.timestamp.wrapping_sub(timestamp)) * MICROS / CLOCK_HZ;
            let took_us = i64::try_from((now - before).as_micros()).unwrap_or(i64::MAX);
            let off = took_us.saturating_sub(due_us).unsigned_abs();
            self.off_us.push(u32::try_from(off).unwrap_or(u32::MAX));
        }
    }

    /// 99 of 100 packets, and every packet, came no further off than this, milliseconds.
    pub(super) fn p99_and_max(mut self) -> (f32, f32) {
        self.off_us.sort_unstable();
        let at =
            |part: usize| self.off_us.get((self.off_us.len() * part / 100).min(self.off_us.len().saturating_sub(1)));
        let ms = |us: Option<&u32>| us.map_or(0.0, |us| *us as f32 / 1000.0);
        (ms(at(99)), ms(at(100)))
    }
}

const MICROS: i64 = 1_000_000;
/// Of every codec that is offered.
const CLOCK_HZ: i64 = 8_000;
