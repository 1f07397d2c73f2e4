//! IEEE 754 half precision to and from single, as ggml stores scales and weights.

/// Half to single: exact.
pub(super) fn to_f32(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let exponent = u32::from(half >> 10) & 0x1f;
    let fraction = u32::from(half & 0x3ff);
    match exponent {
        0 => f32::from_bits(sign) + signed(sign, fraction as f32 * SUBNORMAL_STEP),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | (fraction << 13)),
        _ => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}

/// Single to half, to nearest, ties to even; too large becomes infinite.
pub(super) fn from_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    if magnitude >= 0x7f80_0000 {
        return sign | 0x7c00 | if magnitude > 0x7f80_0000 { 0x200 } else { 0 };
    }
    if magnitude >= 0x4780_0000 {
        return sign | 0x7c00;
    }
    if magnitude < 0x3880_0000 {
        // Subnormal: a whole number of 2^-24 steps; the multiplication is exact, the rounding is to even.
        return sign | (f32::from_bits(magnitude) / SUBNORMAL_STEP).round_ties_even() as u16;
    }
    let rounded = magnitude + 0xfff + ((magnitude >> 13) & 1);
    sign | ((rounded >> 13).wrapping_sub(112 << 10)) as u16
}

fn signed(sign: u32, magnitude: f32) -> f32 {
    if sign == 0 { magnitude } else { -magnitude }
}

/// 2^-24.
const SUBNORMAL_STEP: f32 = 1.0 / 16_777_216.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_survives_the_round_trip() {
        for half in 0..=u16::MAX {
            let single = to_f32(half);
            if single.is_nan() {
                assert!(to_f32(from_f32(single)).is_nan());
            } else {
                assert_eq!(from_f32(single), half, "{half:04x} -> {single}");
            }
        }
    }

    #[test]
    fn halfway_goes_to_the_even_neighbour() {
        assert_eq!(from_f32(1.0 + 0.5 / 1024.0), 0x3c00);
        assert_eq!(from_f32(1.0 + 1.5 / 1024.0), 0x3c02);
        assert_eq!(from_f32(65_520.0), 0x7c00);
    }
}
