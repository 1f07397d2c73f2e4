//! Losses are bridged without clicks, fade out, and end without clicks.

use offhook::audio::{Concealer, level_dbfs};

use crate::line::sine;

/// A voice-like sound: 125 Hz with falling harmonics.
fn voice(samples: usize) -> Vec<i16> {
    let mut sum = vec![0_i32; samples];
    for harmonic in 1..=20 {
        let part = sine(125.0 * f64::from(harmonic), 8_000.0, 6_000.0 / f64::from(harmonic), samples);
        sum.iter_mut().zip(part).for_each(|(s, p)| *s += i32::from(p));
    }
    sum.into_iter().map(|s| s.clamp(-32_768, 32_767) as i16).collect()
}

fn steepest(samples: &[i16]) -> i32 {
    samples.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap_or(0)
}

/// The sound with the frames `lost` (20 ms each) concealed.
fn bridged(input: &[i16], lost: std::ops::Range<usize>) -> Vec<i16> {
    let (mut concealer, mut out) = (Concealer::default(), Vec::new());
    for (n, frame) in input.chunks_exact(160).enumerate() {
        if lost.contains(&n) {
            concealer.lost(160, &mut out);
        } else {
            let mut frame = frame.to_vec();
            concealer.good(&mut frame);
            out.extend(frame);
        }
    }
    out
}

#[test]
fn one_lost_frame_of_a_steady_voice_is_hardly_heard() {
    let input = voice(3_200);
    let out = bridged(&input, 10..11);
    let error: f64 = (1_600..1_840).map(|n| (f64::from(out[n]) - f64::from(input[n])).powi(2)).sum();
    let energy: f64 = (1_600..1_840).map(|n| f64::from(input[n]).powi(2)).sum();
    let db = 10.0 * (error / energy).log10();
    // Silence instead would be 0 dB, a phase error up to +6; what remains is the fade of the second 10 ms.
    assert!(db < -15.0, "error {db:.1} dB");
}

#[test]
fn no_seam_is_steeper_than_the_voice_itself() {
    let input = voice(8_000);
    for length in 1..6 {
        for first in 10..20 {
            let out = bridged(&input, first..first + length);
            assert!(steepest(&out) <= steepest(&input) * 11 / 10, "loss of {length} frames at {first}: a click");
        }
    }
}

#[test]
fn the_first_made_up_sample_joins_a_voice_that_was_rising() {
    // The period before was half as loud: repeating it plainly would jump.
    let mut input = voice(1_600);
    let (start, crest) = (1_280, input[1_280 + 8]);
    input[..start].iter_mut().for_each(|s| *s /= 2);
    let mut concealer = Concealer::default();
    concealer.good(&mut input[..start + 9].to_vec());
    let mut out = Vec::new();
    concealer.lost(160, &mut out);
    let step = (i32::from(out[0]) - i32::from(crest)).abs();
    assert!(step <= steepest(&input), "a step of {step}, the voice has {}", steepest(&input));
    let plain = i32::from(crest) / 4;
    assert!(step < plain, "a step of {step}");
}

#[test]
fn noise_is_bridged_at_its_level() {
    let mut input = Vec::new();
    offhook::audio::tones::ComfortNoise::new(3, -30.0).append(4_800, &mut input);
    let out = bridged(&input, 15..16);
    let concealed = level_dbfs(&out[2_400..2_480]);
    assert!((-36.0..-24.0).contains(&concealed), "first 10 ms at {concealed} dBFS");
}

#[test]
fn a_long_loss_fades_to_silence_in_60_ms_and_comes_back() {
    let input = voice(8_000);
    let out = bridged(&input, 10..20);
    assert!(level_dbfs(&out[1_600..1_680]) > level_dbfs(&input[..1_600]) - 2.0, "the first 10 ms are not faded");
    assert!(level_dbfs(&out[1_920..2_000]) < level_dbfs(&out[1_680..1_760]), "later ones are");
    assert!(out[2_080..3_200].iter().all(|&s| s == 0), "silence after 60 ms");
    assert_eq!(out[3_280..], input[3_280..], "untouched 10 ms after the loss");
}

#[test]
fn without_loss_nothing_is_touched_and_loss_of_silence_is_silence() {
    let input = voice(1_600);
    assert_eq!(bridged(&input, 0..0), input);
    assert_eq!(bridged(&[0; 1_600], 2..9), [0; 1_600]);
}
