//! The log-mel picture smart-turn looks at: Whisper's, over the last 8 s.

use std::f32::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use crate::models::{MEL_BANDS, MEL_BINS, mel_bank};

/// Makes pictures; plans and tables are made once.
pub(super) struct Features {
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    bank: Vec<f32>,
}

impl Features {
    /// Tables for 16 kHz.
    pub fn new() -> Features {
        let fft = FftPlanner::new().plan_fft_forward(FFT);
        let window = (0..FFT).map(|i| 0.5 - 0.5 * (2.0 * PI * i as f32 / FFT as f32).cos()).collect();
        Features { fft, window, bank: mel_bank() }
    }

    /// [`MEL_BANDS`] rows of [`FRAMES`] values: the end of `audio`, silence in front when it is short, levelled to zero
    /// mean and unit variance.
    pub fn picture(&self, audio: &[i16]) -> Vec<f32> {
        let samples = levelled(audio);
        let mut picture = vec![0.0; MEL_BANDS * FRAMES];
        let mut buffer = vec![Complex32::default(); FFT];
        let mut scratch = vec![Complex32::default(); self.fft.get_inplace_scratch_len()];
        for frame in 0..FRAMES {
            for (i, value) in buffer.iter_mut().enumerate() {
                let at = reflect((frame * HOP + i) as isize - (FFT / 2) as isize, SAMPLES);
                *value = Complex32::new(samples[at] * self.window[i], 0.0);
            }
            self.fft.process_with_scratch(&mut buffer, &mut scratch);
            let power: Vec<f32> = buffer[..MEL_BINS].iter().map(Complex32::norm_sqr).collect();
            for (band, weights) in self.bank.chunks(MEL_BINS).enumerate() {
                let energy: f32 = weights.iter().zip(&power).map(|(w, p)| w * p).sum();
                picture[band * FRAMES + frame] = energy.max(FLOOR).log10();
            }
        }
        let loudest = picture.iter().copied().fold(f32::MIN, f32::max);
        picture.iter_mut().for_each(|v| *v = (v.max(loudest - RANGE) + 4.0) / 4.0);
        picture
    }
}

fn levelled(audio: &[i16]) -> Vec<f32> {
    let tail = &audio[audio.len().saturating_sub(SAMPLES)..];
    let mut samples = vec![0.0; SAMPLES - tail.len()];
    samples.extend(tail.iter().map(|&s| f32::from(s) / 32_768.0));
    let mean = samples.iter().sum::<f32>() / SAMPLES as f32;
    let variance = samples.iter().map(|s| (s - mean).powi(2)).sum::<f32>() / SAMPLES as f32;
    let scale = 1.0 / (variance + VARIANCE_FLOOR).sqrt();
    samples.iter_mut().for_each(|s| *s = (*s - mean) * scale);
    samples
}

/// An index before the start or after the end, mirrored back without repeating the edge.
fn reflect(at: isize, length: usize) -> usize {
    let last = length as isize - 1;
    let at = at.abs();
    (if at > last { 2 * last - at } else { at }) as usize
}

/// Samples looked at: 8 s.
const SAMPLES: usize = 128_000;

/// Columns of the picture.
pub(super) const FRAMES: usize = SAMPLES / HOP;

/// Samples per transform.
const FFT: usize = 400;

/// Samples between columns.
const HOP: usize = 160;

/// Least energy, as in Whisper's training.
const FLOOR: f32 = 1e-10;

/// Decades below the loudest that are kept.
const RANGE: f32 = 8.0;

/// Keeps silence from being blown up without bound.
const VARIANCE_FLOOR: f32 = 1e-7;
