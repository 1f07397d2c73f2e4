//! Rate changes keep what is below the Nyquist frequency and nothing else.

use offhook::audio::{Resampler, resample};
use proptest::prelude::*;

use crate::line::sine;

const RATIOS: [(u32, u32); 7] = [
    (8_000, 16_000),
    (16_000, 8_000),
    (22_050, 8_000),
    (22_050, 16_000),
    (48_000, 8_000),
    (44_100, 16_000),
    (24_000, 8_000),
];

/// Level in dB relative to `amplitude` of everything that is not the best-fitting sine of `frequency`.
fn residue_db(samples: &[i16], frequency: f64, rate: f64, amplitude: f64) -> (f64, f64) {
    let omega = std::f64::consts::TAU * frequency / rate;
    let (mut s, mut c) = (0.0, 0.0);
    for (n, &x) in samples.iter().enumerate() {
        s += f64::from(x) * (omega * n as f64).sin();
        c += f64::from(x) * (omega * n as f64).cos();
    }
    let half = samples.len() as f64 / 2.0;
    let (s, c) = (s / half, c / half);
    let energy: f64 = samples
        .iter()
        .enumerate()
        .map(|(n, &x)| (f64::from(x) - s * (omega * n as f64).sin() - c * (omega * n as f64).cos()).powi(2))
        .sum();
    let noise = (energy / half).sqrt();
    (20.0 * (noise / amplitude).log10(), 20.0 * (s.hypot(c) / amplitude).log10())
}

#[test]
fn tones_in_the_passband_come_through_clean() {
    for (from, to) in RATIOS {
        for frequency in [100.0, 300.0, 1_000.0, 2_200.0, 3_400.0] {
            let input = sine(frequency, f64::from(from), 12_000.0, from as usize);
            let out = resample(&input, from, to);
            // Whole periods from the middle: the fit is then exact.
            let middle = &out[to as usize / 4..to as usize / 4 + to as usize / 2];
            let (noise, gain) = residue_db(middle, frequency, f64::from(to), 12_000.0);
            assert!(noise < -60.0, "{from}->{to} at {frequency} Hz: residue {noise:.1} dB");
            assert!(gain.abs() < 0.1, "{from}->{to} at {frequency} Hz: gain {gain:.2} dB");
        }
    }
}

#[test]
fn what_cannot_be_represented_is_gone() {
    for (from, to) in RATIOS.into_iter().filter(|(from, to)| from > to) {
        let nyquist = f64::from(to) / 2.0;
        for frequency in [nyquist * 1.01, nyquist * 1.2, f64::from(from) / 2.0 * 0.95] {
            let out = resample(&sine(frequency, f64::from(from), 20_000.0, from as usize), from, to);
            let middle = &out[to as usize / 4..to as usize * 3 / 4];
            let rms = (middle.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / middle.len() as f64).sqrt();
            let db = 20.0 * (rms * std::f64::consts::SQRT_2 / 20_000.0).max(1e-9).log10();
            assert!(db < -60.0, "{from}->{to}: {frequency} Hz leaks at {db:.1} dB");
        }
    }
}

#[test]
fn upsampling_leaves_no_image() {
    let out = resample(&sine(3_000.0, 8_000.0, 20_000.0, 8_000), 8_000, 16_000);
    let (noise, _) = residue_db(&out[4_000..12_000], 3_000.0, 16_000.0, 20_000.0);
    assert!(noise < -60.0, "image at {noise:.1} dB");
}

#[test]
fn a_recording_keeps_its_length_and_its_timing() {
    for (from, to) in RATIOS {
        let input = sine(440.0, f64::from(from), 10_000.0, from as usize);
        let out = resample(&input, from, to);
        assert_eq!(out.len(), to as usize);
        let expected = sine(440.0, f64::from(to), 10_000.0, to as usize);
        for n in to as usize / 4..to as usize / 2 {
            assert!((i32::from(out[n]) - i32::from(expected[n])).abs() < 60, "{from}->{to} sample {n}");
        }
    }
}

#[test]
fn full_scale_does_not_wrap() {
    let square: Vec<i16> = (0..8_000).map(|n| if n / 8 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let out = resample(&square, 8_000, 16_000);
    // Overshoot must clip: right in the middle of a half-wave the sign is known.
    for n in (64..7_900).filter(|n| n % 8 == 4) {
        assert_eq!(out[n * 2] > 0, square[n] > 0, "sample {n}");
    }
}

proptest! {
    #[test]
    fn blocks_of_any_size_give_the_same_stream(cuts in prop::collection::vec(1..700_usize, 1..12), ratio in 0..RATIOS.len()) {
        let (from, to) = RATIOS[ratio];
        let input = sine(700.0, f64::from(from), 9_000.0, cuts.iter().sum());
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        Resampler::new(from, to).process(&input, &mut whole);
        let mut resampler = Resampler::new(from, to);
        let mut rest = &input[..];
        for cut in cuts {
            let (head, tail) = rest.split_at(cut);
            resampler.process(head, &mut parts);
            rest = tail;
        }
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn any_rates_and_samples_are_survived(from in 10..960_u32, to in 10..960_u32, input in prop::collection::vec(any::<i16>(), 0..50)) {
        let (from, to) = (from * 50, to * 50); // rates a file may claim
        prop_assume!(from.max(to) / from.min(to) < 8);
        let out = resample(&input, from, to);
        prop_assert_eq!(out.len(), (input.len() as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize);
    }
}
