//! Silence, noise, tones, hum and hold music give no words.

use std::f32::consts::TAU;
use std::path::Path;

use crate::common::{audio, hear};

const RATE: usize = 16_000;

#[test]
fn noise_and_tones_say_nothing() {
    let mut noise = Noise(7);
    for (name, clip) in [
        ("silence", vec![0; 4 * RATE]),
        ("nothing at all", vec![]),
        ("one sample", vec![1000]),
        ("faint noise", (0..6 * RATE).map(|_| (noise.next() * 40.0) as i16).collect()),
        ("loud noise", (0..6 * RATE).map(|_| (noise.next() * 12_000.0) as i16).collect()),
        ("hum", tone(3.0, &[50.0, 100.0, 150.0, 250.0], |_| true)),
        ("ringing", tone(6.0, &[440.0, 480.0], |t| t % 6.0 < 2.0)),
        ("busy", tone(5.0, &[480.0, 620.0], |t| t % 0.5 < 0.25)),
        ("keys", tone(2.0, &[770.0, 1336.0], |t| t % 0.2 < 0.1)),
        ("fax", tone(4.0, &[1100.0], |t| t % 3.5 < 0.5)),
    ] {
        let heard = hear(clip);
        assert_eq!(heard.text, "", "{name}");
        assert!(heard.no_speech, "{name}");
    }
}

#[test]
fn hold_music_says_nothing() {
    let music = audio(Path::new("/usr/share/asterisk/moh/macroform-cold_day.wav"));
    for start in (0..6).map(|i| i * 20 * RATE) {
        let Some(clip) = music.get(start..start + 10 * RATE) else { break };
        assert_eq!(hear(clip.to_vec()).text, "", "from {} s", start / RATE);
    }
}

fn tone(seconds: f32, pitches: &[f32], on: impl Fn(f32) -> bool) -> Vec<i16> {
    (0..(seconds * RATE as f32) as usize)
        .map(|i| {
            let t = i as f32 / RATE as f32;
            let sum: f32 = pitches.iter().map(|hz| (TAU * hz * t).sin()).sum();
            if on(t) { (sum / pitches.len() as f32 * 9_000.0) as i16 } else { 0 }
        })
        .collect()
}

/// A small generator with a seed: the same noise every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}
