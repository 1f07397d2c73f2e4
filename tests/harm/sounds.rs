//! What is heard on bad lines: noise of several colours, music, people far away; and speech with known words.

use std::collections::HashMap;
use std::f32::consts::TAU;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use offhook::speech::files::decode;

/// 8 kHz samples.
pub type Sound = Arc<[i16]>;

/// Hz.
const RATE: usize = 8_000;
/// Debian's hold music.
const MUSIC: &str = "/usr/share/asterisk/moh";

/// A sentence spoken by one of flite's voices; each is made once.
pub fn spoken(voice: &str, text: &str) -> Sound {
    static KNOWN: Mutex<Option<HashMap<(String, String), Sound>>> = Mutex::new(None);
    let key = (voice.to_owned(), text.to_owned());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.get_or_insert_default().entry(key).or_insert_with(|| flite(voice, text)).clone()
}

fn flite(voice: &str, text: &str) -> Sound {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("said.wav");
    let status = Command::new("flite").args(["-voice", voice, "-t", text, "-o"]).arg(&file).status();
    assert!(status.is_ok_and(|status| status.success()), "this test needs the package flite");
    decode(&file, RATE as u32).expect("flite writes WAV").into()
}

/// So many seconds from the start of a track of hold music.
pub fn music(track: &str, seconds: usize) -> Sound {
    let file = Path::new(MUSIC).join(track);
    let mut sound = decode(&file, RATE as u32)
        .unwrap_or_else(|error| panic!("this test needs the package asterisk-moh-opsound-wav: {error}"));
    assert!(sound.len() >= seconds * RATE, "{track} is shorter than {seconds} s");
    sound.truncate(seconds * RATE);
    sound.into()
}

/// Hiss: every pitch alike.
pub fn white(seconds: usize, dbfs: f32) -> Sound {
    let mut dice = Dice(7);
    at_level((0..seconds * RATE).map(|_| dice.next()).collect(), dbfs)
}

/// Rain and traffic: deeper is louder (Voss's sum of slower and slower dice).
pub fn pink(seconds: usize, dbfs: f32) -> Sound {
    let (mut dice, mut rows) = (Dice(11), [0.0; 12]);
    let sound = (1..=seconds * RATE).map(|n| {
        let row = (n.trailing_zeros() as usize).min(rows.len() - 1);
        rows[row] = dice.next();
        rows.iter().sum()
    });
    at_level(sound.collect(), dbfs)
}

/// Mains hum of 50 Hz and its harmonics, swelling slowly.
pub fn hum(seconds: usize, dbfs: f32) -> Sound {
    let sound = (0..seconds * RATE).map(|n| {
        let t = n as f32 / RATE as f32;
        let swell = 0.7 + 0.3 * (TAU * 0.3 * t).sin();
        swell * [1.0, 2.0, 3.0, 5.0, 7.0].iter().map(|k| (TAU * 50.0 * k * t).sin() / k).sum::<f32>()
    });
    at_level(sound.collect(), dbfs)
}

/// A bad contact: clicks and short bursts at random.
pub fn crackle(seconds: usize, dbfs: f32) -> Sound {
    let (mut dice, mut burst) = (Dice(13), 0);
    let sound = (0..seconds * RATE).map(|_| {
        if burst == 0 && dice.next() > 0.998 {
            burst = 8 + (dice.next().abs() * 400.0) as usize;
        }
        burst = burst.saturating_sub(1);
        if burst > 0 { dice.next() } else { dice.next() * 0.01 }
    });
    at_level(sound.collect(), dbfs)
}

/// A room full of people far away: four voices at once, none of them speaking to the telephone.
pub fn babble(seconds: usize, dbfs: f32) -> Sound {
    let mut sum = vec![0.0; seconds * RATE];
    for (n, (voice, text)) in TALK.iter().enumerate() {
        let talk = spoken(voice, text);
        let shift = n * 3 * RATE / 2;
        for (at, sample) in sum.iter_mut().enumerate() {
            *sample += f32::from(talk[(at + shift) % talk.len()]);
        }
    }
    at_level(sum, dbfs)
}

/// Brings a sound to a level, mean over all of it.
fn at_level(sound: Vec<f32>, dbfs: f32) -> Sound {
    let power = sound.iter().map(|s| s * s).sum::<f32>() / sound.len().max(1) as f32;
    let gain = 32_768.0 * 10f32.powf(dbfs / 20.0) / power.sqrt().max(f32::MIN_POSITIVE);
    sound.iter().map(|s| (s * gain).clamp(-32_768.0, 32_767.0) as i16).collect()
}

/// A small generator with a seed: the same noise every time.
pub struct Dice(pub u64);

impl Dice {
    /// -1..1
    pub fn next(&mut self) -> f32 {
        (self.number() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// 0..`below`
    pub fn below(&mut self, below: u64) -> u64 {
        (self.number() >> 16) % below.max(1)
    }

    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0
    }
}

/// What people far away talk about: words a receptionist would act upon, were they meant for it.
const TALK: [(&str, &str); 4] = [
    ("slt", "So I told her that the cleaning was on Tuesday, and she said yes, and then they cancelled it."),
    ("kal16", "The train was late again this morning, and there were no seats, so I stood all the way to the office."),
    ("awb", "Did you see the game last night? They were two goals up, and then they lost it in the last minute."),
    ("rms", "My name is on the list, I called them on Monday, and nobody could tell me anything about the booking."),
];
