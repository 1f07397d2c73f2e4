//! The mel filter bank Whisper was trained with: Slaney's scale and area normalisation.

/// Mel bands.
pub const MEL_BANDS: usize = 80;

/// Frequency bins of a 400-point transform, DC to Nyquist.
pub const MEL_BINS: usize = 201;

/// The bank for 16 kHz audio, row by row: `MEL_BANDS` rows of `MEL_BINS` weights.
pub fn mel_bank() -> Vec<f32> {
    let edges = edges();
    let bin_hz = RATE_HZ / 2.0 / (MEL_BINS - 1) as f64;
    let mut bank = Vec::with_capacity(MEL_BANDS * MEL_BINS);
    for band in edges.windows(3) {
        let (low, centre, high) = (band[0], band[1], band[2]);
        for bin in 0..MEL_BINS {
            let hz = bin as f64 * bin_hz;
            let rising = (hz - low) / (centre - low);
            let falling = (high - hz) / (high - centre);
            bank.push((rising.min(falling).max(0.0) * 2.0 / (high - low)) as f32);
        }
    }
    bank
}

/// Band edges in hertz, evenly spaced in mels from 0 Hz to Nyquist.
fn edges() -> Vec<f64> {
    let top = hz_to_mel(RATE_HZ / 2.0);
    (0..MEL_BANDS + 2).map(|i| mel_to_hz(top * i as f64 / (MEL_BANDS + 1) as f64)).collect()
}

/// Linear below 1 kHz (15 mels), 27 mels per factor of 6.4 above.
fn hz_to_mel(hz: f64) -> f64 {
    if hz < KNEE_HZ { hz * 3.0 / 200.0 } else { KNEE_MEL + (hz / KNEE_HZ).ln() * 27.0 / 6.4_f64.ln() }
}

fn mel_to_hz(mel: f64) -> f64 {
    if mel < KNEE_MEL { mel * 200.0 / 3.0 } else { KNEE_HZ * ((mel - KNEE_MEL) * 6.4_f64.ln() / 27.0).exp() }
}

const RATE_HZ: f64 = 16_000.0;
const KNEE_HZ: f64 = 1_000.0;
const KNEE_MEL: f64 = 15.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_band_has_weight_and_peaks_move_up() {
        let bank = mel_bank();
        let peaks: Vec<usize> = bank
            .chunks(MEL_BINS)
            .map(|row| (0..MEL_BINS).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0))
            .collect();
        assert_eq!(peaks.len(), MEL_BANDS);
        assert!(peaks.windows(2).all(|p| p[0] <= p[1]));
        assert!(bank.chunks(MEL_BINS).all(|row| row.iter().sum::<f32>() > 0.0));
    }
}
