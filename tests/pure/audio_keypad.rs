//! Keys heard in the sound itself, and none heard where there are none.

use std::path::Path;

use offhook::audio::tones::{dtmf, silence, tone};
use offhook::audio::{Codec, Decoder, Encoder, KeyTones};

#[test]
fn every_key_is_heard_once_at_every_level() {
    let mut heard = 0;
    for level in [-4.0, -7.0, -10.0, -13.0, -16.0, -20.0, -24.0, -28.0, -32.0, -36.0_f32] {
        for key in "0123456789*#ABCD".chars() {
            let mut sound = Vec::new();
            silence(333, &mut sound);
            dtmf(key, 70, level - 3.0, &mut sound);
            silence(800, &mut sound);
            let keys = keys(&through(Codec::Pcmu, &sound));
            heard += usize::from(keys == [key]);
        }
    }
    assert_eq!(heard, 160, "of 16 keys at 10 levels");
}

#[test]
fn keys_may_be_short_uneven_detuned_and_close_together() {
    let mut sound = Vec::new();
    for key in "12345".chars() {
        dtmf(key, 50, -12.0, &mut sound);
        silence(400, &mut sound);
    }
    assert_eq!(keys(&sound), ['1', '2', '3', '4', '5'], "50 ms of tone, 50 ms of pause");
    for detune in [0.985, 1.015] {
        let mut sound = Vec::new();
        tone(&[770.0 * detune, 1_336.0 * detune], 60, -15.0, &mut sound);
        silence(400, &mut sound);
        assert_eq!(keys(&sound), ['5'], "1.5 % off");
    }
    for (low, high) in [(-10.0, -16.0), (-16.0, -10.0)] {
        let (mut sound, mut other) = (Vec::new(), Vec::new());
        tone(&[852.0], 60, low, &mut sound);
        tone(&[1_477.0], 60, high, &mut other);
        sound.iter_mut().zip(other).for_each(|(a, b)| *a += b);
        silence(400, &mut sound);
        assert_eq!(keys(&sound), ['9'], "6 dB of twist");
    }
}

#[test]
fn what_is_no_key_is_none() {
    let no_keys: [(&[f64], u32, &str); 5] = [
        (&[697.0, 1_209.0], 22, "too short"),
        (&[697.0], 200, "one tone"),
        (&[697.0, 770.0], 200, "two rows"),
        (&[697.0 * 1.04, 1_209.0 * 1.04], 200, "4 % off"),
        (&[350.0, 440.0], 400, "a dial tone"),
    ];
    for (tones, ms, what) in no_keys {
        let mut sound = Vec::new();
        silence(177, &mut sound);
        tone(tones, ms, -12.0, &mut sound);
        silence(400, &mut sound);
        assert!(keys(&sound).is_empty(), "{what}");
    }
}

/// All the speech and music of the packages the tests install, as it is and as it may come: louder, softer, faster, slower.
/// `TALK_OFF=all` listens to everything; otherwise a part that takes a second or two.
#[test]
fn no_key_is_heard_in_speech_or_music() {
    let all = std::env::var("TALK_OFF").is_ok();
    let (mut seconds, mut false_keys) = (0.0, Vec::new());
    for folder in SOUNDS {
        for path in sounds(Path::new(folder)).into_iter().step_by(if all { 1 } else { 12 }) {
            let Ok(mut wav) = hound::WavReader::open(&path) else { continue };
            let samples: Vec<i16> = wav.samples::<i16>().map_while(Result::ok).collect();
            let variants = if all { 5 } else { 1 };
            for variant in 0..variants {
                let sound = vary(&samples, variant);
                seconds += sound.len() as f64 / 8_000.0;
                let keys = keys(&sound);
                if !keys.is_empty() {
                    false_keys.push(format!("{} ({variant}): {keys:?}", path.display()));
                }
            }
        }
    }
    println!("{:.1} minutes listened to, {} with false keys", seconds / 60.0, false_keys.len());
    assert!(seconds > 30.0, "the sounds of asterisk-core-sounds-en-wav and asterisk-moh-opsound-wav are not installed");
    assert!(false_keys.is_empty(), "{false_keys:#?}");
}

fn vary(samples: &[i16], variant: usize) -> Vec<i16> {
    let gain = |by: f32| samples.iter().map(|&s| (f32::from(s) * by).clamp(-32_768.0, 32_767.0) as i16).collect();
    match variant {
        0 => samples.to_vec(),
        1 => gain(4.0),
        2 => offhook::audio::resample(samples, 8_000, 7_200),
        3 => offhook::audio::resample(samples, 8_000, 9_000),
        _ => through(Codec::Pcma, &gain(0.25)),
    }
}

fn sounds(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .flat_map(|entry| if entry.path().is_dir() { sounds(&entry.path()) } else { vec![entry.path()] })
        .filter(|path| path.extension().is_some_and(|end| end == "wav"))
        .collect();
    found.sort();
    found
}

fn keys(sound: &[i16]) -> Vec<char> {
    let mut tones = KeyTones::default();
    sound.chunks(160).filter_map(|frame| tones.push(frame)).collect()
}

fn through(codec: Codec, sound: &[i16]) -> Vec<i16> {
    let (mut bytes, mut back) = (Vec::new(), Vec::new());
    Encoder::new(codec, 8_000, false, false).encode(sound, &mut bytes);
    Decoder::new(8_000).decode(codec, &bytes, &mut back);
    back
}

const SOUNDS: [&str; 2] = ["/usr/share/asterisk/sounds", "/usr/share/asterisk/moh"];
