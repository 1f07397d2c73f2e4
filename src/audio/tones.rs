//! Sounds we make ourselves: keypad tones, comfort noise, silence.

use std::f64::consts::TAU;

use super::TELEPHONE_RATE;

/// Appends `duration_ms` of the keypad tone of `digit` (`0-9 * # A-D`) at 8 kHz, `level_dbfs` per frequency.
///
/// Returns false, and appends nothing, when the digit is no key (ITU-T Q.23).
pub fn dtmf(digit: char, duration_ms: u32, level_dbfs: f32, out: &mut Vec<i16>) -> bool {
    let Some(key) = KEYS.iter().position(|&k| k == digit.to_ascii_uppercase()) else { return false };
    tone(&[ROWS_HZ[key / 4], COLUMNS_HZ[key % 4]], duration_ms, level_dbfs, out);
    true
}

/// Appends a sum of sines at 8 kHz, each at `level_dbfs` root mean square, with 2 ms ramps against clicks.
pub fn tone(frequencies_hz: &[f64], duration_ms: u32, level_dbfs: f32, out: &mut Vec<i16>) {
    let count = (duration_ms * TELEPHONE_RATE / 1_000) as usize;
    let amplitude = 32_768.0 * std::f64::consts::SQRT_2 * 10_f64.powf(f64::from(level_dbfs) / 20.0);
    out.extend((0..count).map(|n| {
        let time = n as f64 / f64::from(TELEPHONE_RATE);
        let sum: f64 = frequencies_hz.iter().map(|f| (TAU * f * time).sin()).sum();
        let ramp = (n.min(count - 1 - n) as f64 / RAMP_SAMPLES).min(1.0);
        (sum * amplitude * ramp).clamp(-32_768.0, 32_767.0) as i16
    }));
}

/// Appends `samples` zeros.
pub fn silence(samples: usize, out: &mut Vec<i16>) {
    out.resize(out.len() + samples, 0);
}

/// A soft noise that tells the far end that the line is alive.
#[derive(Debug, Clone)]
pub struct ComfortNoise {
    state: u64,
    /// Last output of the one-pole low-pass that takes the hiss off.
    colour: f32,
    gain: f32,
}

impl ComfortNoise {
    /// A source at `level_dbfs` root mean square; equal seeds sound equal.
    pub fn new(seed: u64, level_dbfs: f32) -> Self {
        let mut noise = Self { state: seed | 1, colour: 0.0, gain: 0.0 };
        noise.set_level(level_dbfs);
        noise
    }

    /// Changes the level, in dBFS root mean square.
    pub fn set_level(&mut self, level_dbfs: f32) {
        self.gain = 32_768.0 * 10_f32.powf(level_dbfs.min(0.0) / 20.0) * COLOUR_GAIN;
    }

    /// Appends `samples` of noise.
    pub fn append(&mut self, samples: usize, out: &mut Vec<i16>) {
        for _ in 0..samples {
            self.colour = COLOUR * self.colour + (1.0 - COLOUR) * self.white();
            out.push((self.colour * self.gain).clamp(-32_768.0, 32_767.0) as i16);
        }
    }

    /// Uniform white noise of unit variance (xorshift64*).
    fn white(&mut self) -> f32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let bits = (self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32 / (1_u32 << 24) as f32;
        (bits * 2.0 - 1.0) * 1.732_050_8
    }
}

/// Keys in the order of RFC 4733 would be 0-9*#A-D; here by row and column.
pub(super) const KEYS: [char; 16] = ['1', '2', '3', 'A', '4', '5', '6', 'B', '7', '8', '9', 'C', '*', '0', '#', 'D'];
pub(super) const ROWS_HZ: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
pub(super) const COLUMNS_HZ: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// 2 ms at 8 kHz.
const RAMP_SAMPLES: f64 = 16.0;
/// One-pole coefficient: -3 dB at about 900 Hz, near the long-term slope of room noise.
const COLOUR: f32 = 0.5;
/// Restores unit variance after the low-pass: sqrt((1 + a) / (1 - a)).
const COLOUR_GAIN: f32 = 1.732_050_8;
