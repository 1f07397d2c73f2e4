//! Windowed-sinc resampling of whole clips between any two rates.

use std::f64::consts::PI;

/// Converts a clip. Same rate: a copy.
pub(super) fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || from == 0 || to == 0 {
        return samples.to_vec();
    }
    let divisor = gcd(from, to);
    let (up, down) = (u64::from(to / divisor), u64::from(from / divisor));
    let cutoff = (f64::from(to) / f64::from(from)).min(1.0) * ROLL_OFF;
    let reach = (ZERO_CROSSINGS / cutoff).ceil() as i64;
    let phases: Vec<Vec<f32>> = (0..up).map(|p| kernel(p as f64 / up as f64, cutoff, reach)).collect();
    let count = samples.len() as u64 * up / down;
    (0..count).map(|n| at(samples, n * down, up, reach, &phases)).collect()
}

/// One output sample at input position `numerator / up`.
fn at(samples: &[i16], numerator: u64, up: u64, reach: i64, phases: &[Vec<f32>]) -> i16 {
    let first = (numerator / up) as i64 - reach + 1;
    let kernel = &phases[(numerator % up) as usize];
    let sum: f32 = kernel
        .iter()
        .enumerate()
        .filter_map(|(i, weight)| {
            let index = usize::try_from(first + i as i64).ok()?;
            Some(weight * f32::from(*samples.get(index)?))
        })
        .sum();
    sum.round().clamp(-32_768.0, 32_767.0) as i16
}

/// Weights of the inputs around a fractional position, summing to one.
fn kernel(fraction: f64, cutoff: f64, reach: i64) -> Vec<f32> {
    let weights: Vec<f64> = (-reach + 1..=reach)
        .map(|i| {
            let x = i as f64 - fraction;
            let angle = PI * x * cutoff;
            let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
            let t = PI * x / reach as f64;
            let blackman = if x.abs() < reach as f64 { 0.42 + 0.5 * t.cos() + 0.08 * (2.0 * t).cos() } else { 0.0 };
            sinc * blackman
        })
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| (w / sum) as f32).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Share of the lower rate's band that passes: the rest is the filter's slope.
const ROLL_OFF: f64 = 0.94;

/// Lobes of the sinc on each side: about 70 dB of rejection with this window.
const ZERO_CROSSINGS: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, count: usize) -> Vec<i16> {
        (0..count).map(|i| (8_000.0 * (2.0 * PI * hz * i as f64 / f64::from(rate)).sin()) as i16).collect()
    }

    fn loudness(samples: &[i16]) -> f64 {
        let inner = &samples[samples.len() / 4..samples.len() * 3 / 4];
        (inner.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / inner.len() as f64).sqrt()
    }

    #[test]
    fn a_tone_in_the_band_keeps_its_level_and_one_above_goes() {
        for (from, to) in [(22_050, 8_000), (8_000, 16_000), (48_000, 16_000), (16_000, 22_050)] {
            let kept = resample(&tone(1_000.0, from, from as usize), from, to);
            assert_eq!(kept.len(), to as usize);
            assert!((loudness(&kept) - 5_657.0).abs() < 60.0, "{from} -> {to}: {}", loudness(&kept));
        }
        let gone = resample(&tone(5_000.0, 22_050, 22_050), 22_050, 8_000);
        assert!(loudness(&gone) < 10.0, "{}", loudness(&gone));
    }
}
