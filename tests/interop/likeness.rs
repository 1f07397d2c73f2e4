//! Whether what was played is in what was heard: normalised cross-correlation, in the telephone's band.

use std::path::Path;

use offhook::audio::resample;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

/// How surely `played` is in `heard`, both at 8 kHz: each half second of it is looked for by itself, since a phone's
/// buffer may stretch the time between two; the middle one of their best likenesses, 0..=1.
pub fn likeness(played: &[i16], heard: &[i16]) -> f64 {
    let (played, heard) = (in_band(played), in_band(heard));
    let loudest = played.chunks(PIECE).map(energy).fold(0.0, f64::max);
    let spoken = played.chunks_exact(PIECE).filter(|piece| energy(piece) > loudest * SPOKEN);
    let mut found: Vec<f64> = spoken.map(|piece| best(piece, &heard)).collect();
    found.sort_by(f64::total_cmp);
    found.get(found.len() / 2).copied().unwrap_or(0.0)
}

/// A WAV file of any rate as one channel at 8 kHz.
pub fn sound(file: &Path) -> Vec<i16> {
    let Ok(mut wav) = hound::WavReader::open(file) else { return Vec::new() };
    let spec = wav.spec();
    let samples: Vec<i16> = wav.samples::<i16>().map_while(Result::ok).collect();
    let first: Vec<i16> = samples.chunks(usize::from(spec.channels.max(1))).map(|of_all| of_all[0]).collect();
    if spec.sample_rate == RATE_HZ { first } else { resample(&first, spec.sample_rate, RATE_HZ) }
}

/// The best likeness of a piece to any stretch of the whole.
fn best(piece: &[f64], whole: &[f64]) -> f64 {
    if whole.len() < piece.len() {
        return 0.0;
    }
    let size = (whole.len() + piece.len()).next_power_of_two();
    let (mut sought, mut among) = (complex(piece, size), complex(whole, size));
    let mut planner = FftPlanner::new();
    let forward = planner.plan_fft_forward(size);
    forward.process(&mut sought);
    forward.process(&mut among);
    let mut met: Vec<_> = among.iter().zip(&sought).map(|(a, s)| a * s.conj()).collect();
    planner.plan_fft_inverse(size).process(&mut met);
    let (own, mut there) = (energy(piece), energy(&whole[..piece.len()]));
    let mut best = 0.0_f64;
    for at in 0..=whole.len() - piece.len() {
        if there > own * SILENCE {
            best = best.max(met[at].re.abs() / size as f64 / (own * there).sqrt());
        }
        let (leaves, comes) = (whole[at], whole.get(at + piece.len()).copied().unwrap_or(0.0));
        there += comes * comes - leaves * leaves;
    }
    best
}

/// What of it a telephone carries: 300 to 3,400 Hz.
fn in_band(samples: &[i16]) -> Vec<f64> {
    let size = samples.len().max(1).next_power_of_two();
    let mut spectrum = complex(&samples.iter().map(|&sample| f64::from(sample)).collect::<Vec<_>>(), size);
    let mut planner = FftPlanner::new();
    planner.plan_fft_forward(size).process(&mut spectrum);
    let hz = |bin: usize| bin.min(size - bin) * RATE_HZ as usize / size;
    for (bin, value) in spectrum.iter_mut().enumerate() {
        if !BAND_HZ.contains(&hz(bin)) {
            *value = Complex::new(0.0, 0.0);
        }
    }
    planner.plan_fft_inverse(size).process(&mut spectrum);
    spectrum[..samples.len()].iter().map(|value| value.re / size as f64).collect()
}

fn complex(samples: &[f64], size: usize) -> Vec<Complex<f64>> {
    let mut padded: Vec<_> = samples.iter().map(|&sample| Complex::new(sample, 0.0)).collect();
    padded.resize(size, Complex::new(0.0, 0.0));
    padded
}

fn energy(samples: &[f64]) -> f64 {
    samples.iter().map(|sample| sample * sample).sum()
}

/// Of all that is compared.
pub const RATE_HZ: u32 = 8_000;
const BAND_HZ: std::ops::RangeInclusive<usize> = 300..=3_400;
/// Half a second.
const PIECE: usize = RATE_HZ as usize / 2;
/// Pieces quieter than this share of the loudest are pauses.
const SPOKEN: f64 = 0.05;
/// What is quieter than this share of a piece is not compared with it: noise is like anything.
const SILENCE: f64 = 0.01;

#[test]
fn speech_is_like_itself_and_like_nothing_else() {
    let say = |voice, text| sound(&crate::voices::speech(voice, text));
    let played = say(crate::voices::Voice::Slt, crate::conversation::FIRST);
    let other = say(crate::voices::Voice::Slt, crate::conversation::SECOND);
    let late = [vec![0; 5_000], played.iter().map(|sample| sample / 2).collect(), vec![0; 999]].concat();
    assert!(likeness(&played, &late) > 0.99);
    assert!(likeness(&played, &other) < 0.6, "{}", likeness(&played, &other));
    assert!(likeness(&played, &[]) < 0.01);
}
