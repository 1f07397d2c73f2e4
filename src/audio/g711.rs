//! G.711 µ-law and A-law, bit-exact with the tables of ITU-T G.711 and the reference coder of ITU-T G.191.
//!
//! Negative inputs are folded by one's complement, as G.191 does: other coders round ties differently.

/// One 16-bit sample to its µ-law byte.
pub fn encode_ulaw(sample: i16) -> u8 {
    let magnitude = (fold(sample) >> 2) + ULAW_BIAS;
    let magnitude = magnitude.min(ULAW_MAGNITUDE_MAX);
    // The biased magnitude has 6..=13 bits; the segment is how many lie above the five that code the step.
    let segment = 10 - magnitude.leading_zeros() as u16;
    let step = (magnitude >> (segment + 1)) & 0x0F;
    let code = !((segment << 4 | step) as u8);
    if sample < 0 { code & 0x7F } else { code | 0x80 }
}

/// One µ-law byte to its 16-bit sample (14 significant bits, left-justified).
pub fn decode_ulaw(byte: u8) -> i16 {
    ULAW[byte as usize]
}

/// One 16-bit sample to its A-law byte, even bits toggled as on the line.
pub fn encode_alaw(sample: i16) -> u8 {
    let magnitude = fold(sample) >> 4;
    let segment = (12 - magnitude.leading_zeros() as i32).max(0) as u16;
    let step = if segment > 1 { magnitude >> (segment - 1) } else { magnitude } & 0x0F;
    let code = (segment << 4 | step) as u8 | if sample < 0 { 0 } else { 0x80 };
    code ^ ALAW_TOGGLE
}

/// One A-law byte to its 16-bit sample (13 significant bits, left-justified).
pub fn decode_alaw(byte: u8) -> i16 {
    ALAW[byte as usize]
}

/// Appends the µ-law bytes of `samples` to `out`.
pub fn encode_ulaw_slice(samples: &[i16], out: &mut Vec<u8>) {
    out.extend(samples.iter().map(|&s| encode_ulaw(s)));
}

/// Appends the samples of the µ-law `bytes` to `out`.
pub fn decode_ulaw_slice(bytes: &[u8], out: &mut Vec<i16>) {
    out.extend(bytes.iter().map(|&b| decode_ulaw(b)));
}

/// Appends the A-law bytes of `samples` to `out`.
pub fn encode_alaw_slice(samples: &[i16], out: &mut Vec<u8>) {
    out.extend(samples.iter().map(|&s| encode_alaw(s)));
}

/// Appends the samples of the A-law `bytes` to `out`.
pub fn decode_alaw_slice(bytes: &[u8], out: &mut Vec<i16>) {
    out.extend(bytes.iter().map(|&b| decode_alaw(b)));
}

/// Magnitude by one's complement: 0..=32,767.
fn fold(sample: i16) -> u16 {
    (if sample < 0 { !sample } else { sample }) as u16
}

const fn ulaw_value(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4 & 7) as i32;
    let step = (code & 0x0F) as i32;
    // Middle of the interval in the biased 14-bit domain, then shifted to the top of 16 bits.
    let magnitude = (((2 * step + 33) << segment) - ULAW_BIAS as i32) << 2;
    (if byte & 0x80 == 0 { -magnitude } else { magnitude }) as i16
}

const fn alaw_value(byte: u8) -> i16 {
    let code = byte ^ ALAW_TOGGLE;
    let segment = (code >> 4 & 7) as i32;
    let step = (code & 0x0F) as i32;
    let magnitude = if segment == 0 { 2 * step + 1 } else { (2 * step + 33) << (segment - 1) } << 3;
    (if code & 0x80 == 0 { -magnitude } else { magnitude }) as i16
}

const fn table(ulaw: bool) -> [i16; 256] {
    let mut values = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        values[byte] = if ulaw { ulaw_value(byte as u8) } else { alaw_value(byte as u8) };
        byte += 1;
    }
    values
}

/// Shifts the µ-law segments to powers of two (14-bit units).
const ULAW_BIAS: u16 = 33;
/// Largest biased magnitude of 14 bits.
const ULAW_MAGNITUDE_MAX: u16 = 0x1FFF;
/// A-law inverts every second bit so that silence is not a row of zeros on the line.
const ALAW_TOGGLE: u8 = 0x55;
static ULAW: [i16; 256] = table(true);
static ALAW: [i16; 256] = table(false);
