//! The account of a received stream: RFC 3550 appendices A.1, A.3 and A.8.

use std::time::Instant;

use super::CLOCK_RATE;
use super::packet::Packet;

/// Totals of a stream since it began, over all its SSRCs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StreamStats {
    /// Packets taken, keys and comfort noise included.
    pub packets_received: u64,
    /// Packets expected and never seen, RFC 3550 A.3.
    pub packets_lost: u64,
    /// Interarrival jitter in milliseconds, RFC 3550 A.8.
    pub jitter_ms: f32,
}

/// Counts the packets of one SSRC and makes the figures of its report blocks.
#[derive(Debug, Clone, Default)]
pub struct Reception {
    /// First and highest extended sequence number of the current run; none before the first packet.
    run: Option<(u64, u64)>,
    /// Packets expected in earlier runs of the sequence.
    expected_earlier: u64,
    received: u64,
    /// Expected and received at the last report.
    reported: (u64, u64),
    /// In clock units, scaled by 16 as in A.8.
    jitter: u32,
    /// Arrival and timestamp of the packet before.
    last: Option<(Instant, u32)>,
}

impl Reception {
    /// Counts a packet that has the stream's SSRC. `timed` when its timestamp is its sampling time (audio, not keys).
    pub fn count(&mut self, packet: &Packet<'_>, timed: bool, now: Instant) {
        self.received += 1;
        self.follow(packet.sequence);
        if timed {
            self.time(packet.timestamp, now);
        }
    }

    /// Packets counted.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Packets that should have come by now.
    pub fn expected(&self) -> u64 {
        self.expected_earlier + self.run.map_or(0, |(base, highest)| highest - base + 1)
    }

    /// Packets missing; duplicates make up for missing ones as in A.3, but never below none.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Interarrival jitter in clock units.
    pub fn jitter_units(&self) -> u32 {
        self.jitter >> 4
    }

    /// Interarrival jitter in milliseconds.
    pub fn jitter_ms(&self) -> f32 {
        self.jitter as f32 / 16.0 * 1_000.0 / CLOCK_RATE as f32
    }

    /// Extended highest sequence number received, modulo 2^32.
    pub fn highest(&self) -> u32 {
        self.run.map_or(0, |(_, highest)| highest as u32)
    }

    /// Share of packets lost since the last call, in 1/256 (RFC 3550 A.3). Begins the next interval.
    pub fn take_fraction_lost(&mut self) -> u8 {
        let (expected, received) = (self.expected(), self.received);
        let expected_since = expected - self.reported.0.min(expected);
        let lost_since = expected_since.saturating_sub(received - self.reported.1);
        self.reported = (expected, received);
        (lost_since * 256).checked_div(expected_since).unwrap_or(0).min(255) as u8
    }

    fn follow(&mut self, sequence: u16) {
        let Some((base, highest)) = self.run else {
            self.run = Some((u64::from(sequence), u64::from(sequence)));
            return;
        };
        let ahead = i64::from(sequence.wrapping_sub(highest as u16) as i16);
        if ahead.abs() > JUMP_MAX {
            // The sender restarted its sequence: nothing was lost in between.
            self.expected_earlier = self.expected();
            self.run = Some((u64::from(sequence), u64::from(sequence)));
        } else if ahead > 0 {
            self.run = Some((base, highest + ahead as u64));
        }
    }

    /// J += (|D| - J) / 16, in integers as the appendix writes it.
    fn time(&mut self, timestamp: u32, now: Instant) {
        if let Some((arrived, before)) = self.last.replace((now, timestamp)) {
            let passed = now.saturating_duration_since(arrived).as_micros() as i64 * i64::from(CLOCK_RATE) / 1_000_000;
            let difference = (passed - i64::from(timestamp.wrapping_sub(before) as i32)).unsigned_abs();
            if difference < u64::from(CLOCK_RATE) {
                self.jitter = self.jitter + difference as u32 - ((self.jitter + 8) >> 4);
            }
        }
    }
}

/// A step of the sequence beyond this many packets is a restart (RFC 3550 A.1, MAX_DROPOUT is 3,000).
const JUMP_MAX: i64 = 3_000;
