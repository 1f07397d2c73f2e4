//! Keypad tones in the sound itself (ITU-T Q.23, Q.24), for peers that send them no other way.

use std::f32::consts::TAU;

use super::TELEPHONE_RATE;
use super::tones::{COLUMNS_HZ, KEYS, ROWS_HZ};

/// Hears keys in one 8 kHz stream. Each press is reported once, while it is still held.
///
/// Every 5 ms the last 20 ms are looked at: one row and one column of the keypad must hold nearly all of the energy,
/// neither much louder than the other. A key counts when four looks in a row agree: some 30 ms of tone. A voice is never that pure
/// for that long.
#[derive(Debug, Clone)]
pub struct KeyTones {
    /// The last 20 ms, a ring.
    window: [f32; WINDOW],
    at: usize,
    /// What the last looks agree on, and how many.
    candidate: Option<u8>,
    agreed: u32,
    /// The key that is held, and looks since it was last seen.
    held: Option<u8>,
    missed: u32,
}

impl Default for KeyTones {
    fn default() -> Self {
        Self { window: [0.0; WINDOW], at: 0, candidate: None, agreed: 0, held: None, missed: 0 }
    }
}

impl KeyTones {
    /// Takes samples at 8 kHz; the key whose press was recognised with them.
    pub fn push(&mut self, samples: &[i16]) -> Option<char> {
        let mut key = None;
        for &sample in samples {
            self.window[self.at % WINDOW] = f32::from(sample) / 32_768.0;
            self.at += 1;
            if self.at.is_multiple_of(HOP) {
                key = self.note(self.look()).or(key);
            }
            self.at %= WINDOW * HOP;
        }
        key
    }

    fn note(&mut self, seen: Option<u8>) -> Option<char> {
        self.agreed = if seen.is_some() && seen == self.candidate { self.agreed + 1 } else { 1 };
        self.candidate = seen;
        if self.held.is_some() {
            self.missed = if seen == self.held { 0 } else { self.missed + 1 };
            if self.missed >= RELEASED_LOOKS {
                self.held = None;
            }
        }
        let key = seen.filter(|_| self.agreed == PRESSED_LOOKS && self.held != seen)?;
        (self.held, self.missed) = (Some(key), 0);
        KEYS.get(usize::from(key)).copied()
    }

    /// The key the window holds.
    fn look(&self) -> Option<u8> {
        let energy: f32 = self.window.iter().map(|x| x * x).sum::<f32>() / WINDOW as f32;
        if energy < 2.0 * TONE_POWER_MIN {
            return None;
        }
        let (row, low) = self.strongest(&ROWS_HZ)?;
        let (column, high) = self.strongest(&COLUMNS_HZ)?;
        let twist = high / low;
        let fits = low.min(high) >= TONE_POWER_MIN
            && (1.0 / TWIST_MAX..=TWIST_MAX).contains(&twist)
            && low + high >= PURITY_MIN * energy;
        fits.then_some((row * 4 + column) as u8)
    }

    /// The group's strongest tone and its power, when the others are well below.
    fn strongest(&self, group: &[f64; 4]) -> Option<(usize, f32)> {
        let powers = group.map(|hz| self.power(hz as f32));
        let (best, &power) = powers.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        let alone = powers.iter().enumerate().all(|(n, &other)| n == best || other * ALONE <= power);
        alone.then_some((best, power))
    }

    /// Power near a frequency: the keys of old phones are up to 1.5 % off.
    fn power(&self, hz: f32) -> f32 {
        TUNINGS.iter().map(|tuning| self.goertzel(hz * tuning)).fold(0.0, f32::max)
    }

    fn goertzel(&self, hz: f32) -> f32 {
        let coefficient = 2.0 * (TAU * hz / TELEPHONE_RATE as f32).cos();
        let (mut s1, mut s2) = (0.0_f32, 0.0_f32);
        let (newer, older) = self.window.split_at(self.at % WINDOW);
        for &x in older.iter().chain(newer) {
            let s = x + coefficient * s1 - s2;
            (s2, s1) = (s1, s);
        }
        2.0 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2) / (WINDOW * WINDOW) as f32
    }
}

/// 20 ms and 5 ms at 8 kHz.
const WINDOW: usize = 160;
const HOP: usize = 40;
/// Looks that must agree, and that may miss before the key is up: some 30 and 20 ms (Q.24: 40 ms of tone, 10 ms of break).
const PRESSED_LOOKS: u32 = 4;
const RELEASED_LOOKS: u32 = 4;
/// Least power of one tone: -42 dBFS, below what any network lets a key fall to.
const TONE_POWER_MIN: f32 = 6.3e-5;
/// 8 dB either way (Q.24 allows 4 and 8).
const TWIST_MAX: f32 = 6.3;
/// Share of the window's energy that the two tones must hold.
const PURITY_MIN: f32 = 0.8;
/// Other tones of the group are 7 dB below.
const ALONE: f32 = 5.0;
const TUNINGS: [f32; 3] = [0.99, 1.0, 1.01];
