//! Voice is noticed, and the sounds of a telephone line are not taken for it.

use offhook::audio::tones::{self, ComfortNoise};
use offhook::audio::{VoiceGate, level_dbfs};

use crate::babble::babble;
use crate::line::{Chance, sine};

/// Voiced frames of a recording.
fn voiced(samples: &[i16]) -> Vec<bool> {
    let mut gate = VoiceGate::new();
    samples.chunks_exact(160).map(|frame| gate.push(frame).voiced).collect()
}

fn count(samples: &[i16]) -> usize {
    voiced(samples).into_iter().filter(|v| *v).count()
}

fn noise(level: f32, seconds: usize) -> Vec<i16> {
    let mut out = Vec::new();
    ComfortNoise::new(9, level).append(seconds * 8_000, &mut out);
    out
}

#[test]
fn a_voice_is_noticed_at_any_loudness_of_a_telephone() {
    for peak in [3_000.0, 8_000.0, 20_000.0] {
        let mut samples = noise(-65.0, 1);
        samples.extend(babble(3, peak));
        samples.iter_mut().zip(noise(-65.0, 4)).for_each(|(s, n)| *s = s.saturating_add(n));
        let voiced = voiced(&samples);
        assert!(!voiced[..50].contains(&true), "nobody talks yet");
        let frames = voiced.iter().filter(|v| **v).count();
        assert!(frames >= 40, "{frames} of 150 frames at peak {peak}");
        let onset = voiced.iter().position(|v| *v).unwrap();
        assert!(onset <= 62, "noticed after {} ms", (onset - 50) * 20);
    }
}

#[test]
fn steady_noise_is_no_voice_however_loud() {
    for level in [-70.0, -50.0, -40.0, -30.0, -20.0] {
        assert_eq!(count(&noise(level, 20)), 0, "noise at {level} dBFS");
    }
    let mut chance = Chance::new(1);
    let white: Vec<i16> = (0..80_000).map(|_| ((chance.unit() - 0.5) * 6_000.0) as i16).collect();
    assert_eq!(count(&white), 0);
}

#[test]
fn noise_that_begins_in_mid_call_is_no_voice() {
    let mut samples = noise(-70.0, 3);
    samples.extend(noise(-25.0, 5));
    samples.extend(noise(-70.0, 2));
    assert_eq!(count(&samples), 0);
}

#[test]
fn keys_and_call_progress_tones_are_no_voice() {
    let mut samples = Vec::new();
    for (n, key) in "0123456789*#ABCD0123456789*#ABCD".chars().enumerate() {
        tones::dtmf(key, 60 + n as u32 * 17 % 200, -10.0 - n as f32 % 3.0 * 8.0, &mut samples);
        tones::silence(300 + n * 331 % 900, &mut samples);
    }
    assert_eq!(count(&samples), 0, "keys");
    for (name, frequencies, on, off) in [
        ("dial", &[350.0, 440.0][..], 5_000, 1),
        ("ringback", &[440.0, 480.0], 2_000, 4_000),
        ("busy", &[480.0, 620.0], 500, 500),
        ("ringback 425", &[425.0], 1_000, 4_000),
        ("beep", &[1_000.0], 300, 900),
    ] {
        let mut samples = Vec::new();
        for _ in 0..5 {
            tones::tone(frequencies, on, -16.0, &mut samples);
            tones::silence(off * 8, &mut samples);
        }
        assert_eq!(count(&samples), 0, "{name}");
    }
}

#[test]
fn hum_is_no_voice() {
    for mains in [50.0, 60.0] {
        let mut samples = vec![0_i16; 80_000];
        for (harmonic, amplitude) in [(1.0, 3_000.0), (2.0, 800.0), (3.0, 1_000.0), (5.0, 400.0)] {
            let part = sine(mains * harmonic, 8_000.0, amplitude, samples.len());
            samples.iter_mut().zip(part).for_each(|(s, p)| *s += p);
        }
        assert_eq!(count(&samples), 0, "{mains} Hz");
    }
}

#[test]
fn clicks_and_silence_are_no_voice_and_the_level_is_told() {
    let mut samples = vec![0_i16; 40_000];
    samples.iter_mut().step_by(4_001).for_each(|s| *s = 25_000);
    assert_eq!(count(&samples), 0);
    let mut gate = VoiceGate::new();
    let frame = sine(1_000.0, 8_000.0, 8_000.0, 160);
    assert_eq!(gate.push(&frame).level_dbfs, level_dbfs(&frame));
    let mut gate = VoiceGate::new();
    assert_eq!(gate.push(&[0; 160]).probability, 0.0, "the detector does not run on silence");
    assert!(gate.noise_floor_dbfs() < -50.0);
}
