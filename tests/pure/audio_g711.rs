//! G.711 against the decision values of ITU-T G.711, every input.

use offhook::audio::g711::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};
use offhook::audio::{Codec, Decoder, Encoder};

/// Upper decision values of the positive half, in units of the law's own scale, from the tables' segment ends and steps.
fn decisions(first: &[(i32, i32)]) -> Vec<i32> {
    let mut values = Vec::new();
    let mut at = 0;
    for &(step, count) in first {
        for _ in 0..count {
            at += step;
            values.push(at);
        }
    }
    values
}

/// Table 2a/G.711 (µ-law): 1, then 15 steps of 2 to 31, then 16 steps each of 4, 8 .. 256.
fn ulaw_decisions() -> Vec<i32> {
    decisions(&[(1, 1), (2, 15), (4, 16), (8, 16), (16, 16), (32, 16), (64, 16), (128, 16), (256, 16)])
}

/// Table 1a/G.711 (A-law): 32 steps of 2 to 64, then 16 steps each of 4, 8 .. 128.
fn alaw_decisions() -> Vec<i32> {
    decisions(&[(2, 32), (4, 16), (8, 16), (16, 16), (32, 16), (64, 16), (128, 16)])
}

fn interval(decisions: &[i32], magnitude: i32) -> usize {
    decisions.iter().position(|&upper| magnitude < upper).unwrap_or(decisions.len() - 1)
}

#[test]
fn ulaw_encodes_every_sample_into_its_interval() {
    let decisions = ulaw_decisions();
    assert_eq!(decisions.len(), 128);
    assert_eq!(decisions[127], 8_159);
    for sample in i16::MIN..=i16::MAX {
        let magnitude = i32::from(if sample < 0 { !sample } else { sample }) >> 2;
        let expected = 0xFF - interval(&decisions, magnitude) as u8 - if sample < 0 { 0x80 } else { 0 };
        assert_eq!(encode_ulaw(sample), expected, "sample {sample}");
    }
}

#[test]
fn alaw_encodes_every_sample_into_its_interval() {
    let decisions = alaw_decisions();
    assert_eq!((decisions.len(), decisions[127]), (128, 4_096));
    for sample in i16::MIN..=i16::MAX {
        let magnitude = i32::from(if sample < 0 { !sample } else { sample }) >> 3;
        let sign = if sample < 0 { 0 } else { 0x80 };
        let expected = (interval(&decisions, magnitude) as u8 | sign) ^ 0x55;
        assert_eq!(encode_alaw(sample), expected, "sample {sample}");
    }
}

#[test]
fn decoded_values_are_the_middles_of_the_tables() {
    let (ulaw, alaw) = (ulaw_decisions(), alaw_decisions());
    for n in 0..128_u8 {
        let low = if n == 0 { 0 } else { ulaw[n as usize - 1] };
        // The first µ-law interval is 0..1 and its value is 0.
        let middle = if n == 0 { 0 } else { (low + ulaw[n as usize]) * 2 };
        assert_eq!(i32::from(decode_ulaw(0xFF - n)), middle);
        assert_eq!(i32::from(decode_ulaw(0x7F - n)), -middle);
        let low = if n == 0 { 0 } else { alaw[n as usize - 1] };
        let middle = (low + alaw[n as usize]) * 4;
        assert_eq!(i32::from(decode_alaw((n | 0x80) ^ 0x55)), middle);
        assert_eq!(i32::from(decode_alaw(n ^ 0x55)), -middle);
    }
}

#[test]
fn a_byte_survives_decoding_and_encoding() {
    for byte in 0..=255_u8 {
        // Negative zero becomes positive zero.
        let expected = if byte == 0x7F { 0xFF } else { byte };
        assert_eq!(encode_ulaw(decode_ulaw(byte)), expected);
        assert_eq!(encode_alaw(decode_alaw(byte)), byte);
    }
}

#[test]
fn a_codec_appends() {
    let samples: Vec<i16> = (-500..500).map(|n| n * 60).collect();
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let (mut bytes, mut back) = (vec![1], vec![2]);
        Encoder::new(codec, 8_000, false, false).encode(&samples, &mut bytes);
        Decoder::new(8_000).decode(codec, &bytes[1..], &mut back);
        assert_eq!((bytes.len(), back.len()), (1_001, 1_001));
        for (a, b) in samples.iter().zip(&back[1..]) {
            let error = (i32::from(*a) - i32::from(*b)).abs();
            assert!(error <= 16 + i32::from(*a).abs() / 28, "{a} became {b} in {}", codec.name());
        }
        assert_eq!(Codec::from_payload_type(codec.payload_type()), Some(codec));
        assert_eq!(Codec::from_name(&codec.name().to_lowercase()), Some(codec));
    }
}
