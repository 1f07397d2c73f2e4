//! Wideband codecs: bit for bit what others make, and what survives loss and damage.

use offhook::audio::{Codec, Decoder, Encoder, level_dbfs, opus};

use crate::line::{Chance, sine};

/// What FFmpeg makes of [`ramp`], and of that again (FNV-1a).
const FFMPEG_ENCODED: u64 = 0xe986_5c31_1beb_1519;
const FFMPEG_DECODED: u64 = 0x586d_32f7_a0b9_c517;

#[test]
fn g722_is_that_of_ffmpeg() {
    let (mut bytes, mut back) = (Vec::new(), Vec::new());
    let mut encoder = Encoder::new(Codec::G722, 16_000, false, false);
    // In frames of odd lengths: the halves of a pair may come apart.
    ramp().chunks(321).for_each(|frame| {
        encoder.encode(frame, &mut bytes);
    });
    assert_eq!(fnv(&bytes), FFMPEG_ENCODED);
    Decoder::new(16_000).decode(Codec::G722, &bytes, &mut back);
    let raw: Vec<u8> = back.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(fnv(&raw), FFMPEG_DECODED);
}

#[test]
fn wideband_keeps_what_narrowband_cuts_off() {
    let hiss = sine(5_500.0, 16_000.0, 8_000.0, 16_000);
    for (codec, kept) in [(Codec::Opus, true), (Codec::G722, true), (Codec::Pcmu, false)] {
        let heard = through(codec, 16_000, &hiss);
        let level = level_dbfs(&heard[4_000..12_000]);
        assert_eq!(level > -20.0, kept, "{}: {level} dBFS of a tone at 5.5 kHz", codec.name());
    }
}

#[test]
fn every_codec_speaks_to_a_house_of_either_rate() {
    for codec in Codec::ALL {
        for rate in [8_000_u32, 16_000] {
            let tone = sine(440.0, f64::from(rate), 9_000.0, rate as usize);
            let heard = through(codec, rate, &tone);
            assert_eq!(heard.len(), tone.len(), "{} at {rate}", codec.name());
            let (before, after) = (level_dbfs(&tone), level_dbfs(&heard[rate as usize / 4..]));
            assert!((before - after).abs() < 1.5, "{} at {rate}: {before} became {after}", codec.name());
        }
    }
}

#[test]
fn opus_recovers_a_lost_packet_from_the_next() {
    let mut encoder = opus::Encoder::new(16_000, true, false).expect("libopus");
    encoder.expect_loss(30);
    let voice: Vec<i16> =
        sine(180.0, 16_000.0, 9_000.0, 320 * 30).iter().enumerate().map(|(n, s)| s / 2 + sine_at(n)).collect();
    let packets: Vec<Vec<u8>> = voice
        .chunks_exact(320)
        .map(|frame| {
            let mut packet = Vec::new();
            assert!(encoder.encode(frame, &mut packet));
            packet
        })
        .collect();
    let error = |recovered: bool| {
        let (mut whole, mut lossy) = (opus::Decoder::new(16_000).unwrap(), opus::Decoder::new(16_000).unwrap());
        let mut sum = 0.0;
        for (n, packet) in packets.iter().enumerate() {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            whole.decode(packet, &mut a);
            let done = match (n % 5 == 3, recovered) {
                (false, _) => lossy.decode(packet, &mut b),
                (true, true) => lossy.recover(320, &packets[n + 1], &mut b),
                (true, false) => lossy.conceal(320, &mut b),
            };
            assert!(done && b.len() == 320);
            sum += a.iter().zip(&b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>();
        }
        sum
    };
    assert!(error(true) < error(false) / 2.0, "{} with redundancy, {} without", error(true), error(false));
}

#[test]
fn opus_sends_next_to_nothing_in_silence_when_asked_to() {
    let mut encoder = opus::Encoder::new(16_000, false, true).expect("libopus");
    let sent = (0..100).filter(|_| encoder.encode(&[0; 320], &mut Vec::new())).count();
    assert!(sent < 40, "{sent} of 100 packets of silence");
}

#[test]
fn no_payload_panics_a_decoder() {
    let mut chance = Chance::new(22);
    let mut decoders: Vec<Decoder> = [8_000, 16_000].map(Decoder::new).into();
    decoders.iter_mut().for_each(|decoder| decoder.prepare(Codec::Opus));
    let mut out = Vec::new();
    for _ in 0..3_000 {
        let length = (chance.next() % 90) as usize;
        let payload: Vec<u8> = (0..length).map(|_| chance.next() as u8).collect();
        for codec in Codec::ALL {
            assert!(codec.length(&payload) <= 960);
            for decoder in &mut decoders {
                out.clear();
                decoder.decode(codec, &payload, &mut out);
                assert!(out.len() <= 1_920);
                decoder.conceal(codec, 160, Some(&payload), &mut out);
            }
        }
    }
}

#[test]
fn packets_have_lengths_the_codec_has_frames_for() {
    let lengths = |codec: Codec| [5, 10, 15, 20, 30, 50, 60, 90].map(|ms| codec.packet_ms(ms));
    assert_eq!(lengths(Codec::Pcmu), [10, 10, 10, 20, 30, 50, 60, 60]);
    assert_eq!(lengths(Codec::Opus), [10, 10, 10, 20, 20, 40, 60, 60]);
}

fn through(codec: Codec, rate: u32, sound: &[i16]) -> Vec<i16> {
    let (mut encoder, mut decoder) = (Encoder::new(codec, rate, false, false), Decoder::new(rate));
    decoder.prepare(codec);
    let mut heard = Vec::new();
    for frame in sound.chunks_exact(rate as usize / 50) {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload);
        decoder.decode(codec, &payload, &mut heard);
    }
    heard
}

fn sine_at(n: usize) -> i16 {
    ((n as f64 * 0.31).sin() * 3_000.0) as i16
}

/// Ramps and noise up to full scale, the same in every language: a second of it.
fn ramp() -> Vec<i16> {
    let mut state = 12_345_u64;
    (0..16_000_i32)
        .map(|n| {
            state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
            let noise = ((state >> 12) & 0xFFF) as i32 - 2_048;
            ((n * 37 % 4_000 - 2_000) * 6 + noise) as i16
        })
        .collect()
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
