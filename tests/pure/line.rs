//! What several behaviours share: seeded chance, and a bad line in virtual time.

use std::time::{Duration, Instant};

/// A small deterministic generator (xorshift64*).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Uniform in 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn hits(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

/// A line that loses, repeats and delays packets.
#[derive(Clone, Copy, Default)]
pub struct Badness {
    pub loss: f64,
    pub duplicate: f64,
    pub jitter_ms: u64,
}

/// Arrival times and datagrams in order of arrival, for packets sent every `every_ms`.
pub fn carry(sent: &[Vec<u8>], every_ms: u64, badness: Badness, seed: u64) -> Vec<(Duration, Vec<u8>)> {
    let mut chance = Chance::new(seed);
    let mut arrivals = Vec::new();
    for (n, datagram) in sent.iter().enumerate() {
        if chance.hits(badness.loss) {
            continue;
        }
        let copies = 1 + usize::from(chance.hits(badness.duplicate));
        for _ in 0..copies {
            let delay = if badness.jitter_ms == 0 { 0 } else { chance.next() % (badness.jitter_ms * 1_000) };
            arrivals.push((Duration::from_micros(n as u64 * every_ms * 1_000 + delay), datagram.clone()));
        }
    }
    arrivals.sort_by_key(|(at, _)| *at);
    arrivals
}

/// The start of virtual time. The one clock read of these tests: an `Instant` cannot be made otherwise.
pub fn start() -> Instant {
    Instant::now()
}

/// A sine at 8 kHz (or any `rate`), peak `amplitude`.
pub fn sine(frequency: f64, rate: f64, amplitude: f64, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| ((std::f64::consts::TAU * frequency * n as f64 / rate).sin() * amplitude).round() as i16)
        .collect()
}
