//! Level and edges of a rendered sentence.

/// Brings speech to the telephone's level and cuts what is silent at both ends.
pub(super) fn finish(samples: &[f32], rate: u32) -> Vec<i16> {
    let frame = (rate as usize / FRAMES_PER_SECOND).max(1);
    let loudness: Vec<f32> = samples.chunks(frame).map(rms).collect();
    let loudest = loudness.iter().copied().fold(0.0, f32::max);
    let audible = (loudest * AUDIBLE).max(FLOOR);
    let Some(first) = loudness.iter().position(|&l| l >= audible) else { return Vec::new() };
    let last = loudness.iter().rposition(|&l| l >= audible).unwrap_or(first);
    let from = first.saturating_sub(LEAD_FRAMES) * frame;
    let to = ((last + 1) * frame).min(samples.len());
    let gain = gain(samples, &loudness, audible);
    let mut out: Vec<i16> = samples[from..to].iter().map(|s| ((s * gain).clamp(-1.0, 1.0) * 32_767.0) as i16).collect();
    out.extend(samples[to..].iter().take(TAIL_FRAMES * frame).map(|s| ((s * gain).clamp(-1.0, 1.0) * 32_767.0) as i16));
    let missing = (TAIL_FRAMES * frame).saturating_sub(samples.len() - to);
    out.extend(std::iter::repeat_n(0, missing));
    out
}

/// The factor that brings audible frames to [`TARGET`], less where the peak would clip.
fn gain(samples: &[f32], loudness: &[f32], audible: f32) -> f32 {
    let heard: Vec<f32> = loudness.iter().copied().filter(|&l| l >= audible).collect();
    let level = rms(&heard);
    let peak = samples.iter().fold(0.0_f32, |m, s| m.max(s.abs()));
    if level == 0.0 || peak == 0.0 { 1.0 } else { (TARGET / level).min(PEAK / peak) }
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

/// Frames of 5 ms.
const FRAMES_PER_SECOND: usize = 200;

/// Share of the loudest frame from which a frame is audible: -32 dB.
const AUDIBLE: f32 = 0.025;

/// A clip quieter than this everywhere is silence: -60 dBFS.
const FLOOR: f32 = 0.001;

/// Silence kept in front: 15 ms, so that no attack is cut and the first sound comes at once.
const LEAD_FRAMES: usize = 3;

/// Silence after a sentence: 120 ms.
const TAIL_FRAMES: usize = 24;

/// -20 dBFS: the usual level of speech on the telephone.
const TARGET: f32 = 0.1;

/// -1 dBFS: leaves room for the codec's rounding.
const PEAK: f32 = 0.89;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_cut_and_level_is_right() {
        let mut clip = vec![0.0; 8_000];
        clip.extend((0..8_000).map(|i| (i as f32 * 0.7).sin() * 0.02));
        clip.extend(vec![0.0; 8_000]);
        let out = finish(&clip, 8_000);
        let first = out.iter().position(|s| s.unsigned_abs() > 300).unwrap();
        assert!(first <= 160, "first audible sample {first}");
        assert_eq!(out.len(), 120 + 8_000 + 960);
        let level = (out[200..8_000].iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / 7_800.0).sqrt() / 32_767.0;
        assert!((level - 0.1).abs() < 0.005, "{level}");
        assert!(finish(&[0.0; 800], 8_000).is_empty());
    }
}
