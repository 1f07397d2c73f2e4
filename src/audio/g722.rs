//! G.722 at 64 kbit/s (ITU-T G.722, mode 1): 16 kHz in two bands of 8 kHz, one byte per pair of samples.
//!
//! Names follow the recommendation's block diagrams. All arithmetic is on 16-bit values held in `i32`, saturated where
//! the recommendation saturates, so that both halves are bit-exact.

/// Samples to bytes.
#[derive(Debug, Clone)]
pub struct Encoder {
    low: Band,
    high: Band,
    /// The last 24 samples, oldest first.
    past: [i32; TAPS],
    /// A sample that waits for its pair.
    odd: Option<i16>,
}

/// Bytes to samples.
#[derive(Debug, Clone)]
pub struct Decoder {
    low: Band,
    high: Band,
    past: [i32; TAPS],
}

impl Default for Encoder {
    fn default() -> Self {
        Self { low: Band::new(LOW_STEP), high: Band::new(HIGH_STEP), past: [0; TAPS], odd: None }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self { low: Band::new(LOW_STEP), high: Band::new(HIGH_STEP), past: [0; TAPS] }
    }
}

impl Encoder {
    /// Appends the encoded samples to `out`; an odd one waits for the next call.
    pub fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) {
        for &sample in samples {
            match self.odd.take() {
                Some(first) => out.push(self.pair(i32::from(first), i32::from(sample))),
                None => self.odd = Some(sample),
            }
        }
    }

    fn pair(&mut self, first: i32, second: i32) -> u8 {
        self.past.copy_within(2.., 0);
        (self.past[TAPS - 2], self.past[TAPS - 1]) = (first, second);
        let (odd, even) = halves(&self.past);
        let low = self.low.quantise_low((even + odd) >> 14);
        let high = self.high.quantise_high((even - odd) >> 14);
        (high << 6 | low) as u8
    }
}

impl Decoder {
    /// Appends the decoded samples, two per byte, to `out`.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        for &byte in payload {
            let low = self.low.restore_low(usize::from(byte & 0x3F));
            let high = self.high.restore_high(usize::from(byte >> 6));
            self.past.copy_within(2.., 0);
            (self.past[TAPS - 2], self.past[TAPS - 1]) = (low + high, low - high);
            let (second, first) = halves(&self.past);
            out.extend([first, second].map(|sum| saturate(sum >> 11) as i16));
        }
    }
}

/// One band's adaptive predictor and quantiser.
#[derive(Debug, Clone)]
struct Band {
    /// Prediction: of both sections, and of the zero section alone.
    s: i32,
    sz: i32,
    /// Reconstructed signal and partly reconstructed signal, newest first.
    r: [i32; 2],
    p: [i32; 2],
    /// Coefficients of the pole section and the zero section.
    a: [i32; 2],
    b: [i32; 6],
    /// Quantised differences, newest first.
    d: [i32; 6],
    /// Logarithmic scale factor, and the quantiser's step.
    nb: i32,
    det: i32,
}

impl Band {
    fn new(det: i32) -> Self {
        Self { s: 0, sz: 0, r: [0; 2], p: [0; 2], a: [0; 2], b: [0; 6], d: [0; 6], nb: 0, det }
    }

    /// QUANTL: the six-bit code of the low band.
    fn quantise_low(&mut self, x: i32) -> i32 {
        let error = saturate(x - self.s);
        let magnitude = if error >= 0 { error } else { -(error + 1) };
        let level = (1..30).find(|&i| magnitude < (Q6[i] * self.det) >> 12).unwrap_or(30) as i32;
        // Codes count down from the smallest magnitude: positive from 61, negative from 63 and then from 31.
        let code = match (error >= 0, level) {
            (true, level) => 62 - level,
            (false, level @ (1 | 2)) => 64 - level,
            (false, level) => 34 - level,
        };
        self.adapt_low(code as usize >> 2);
        code
    }

    /// QUANTH: the two-bit code of the high band.
    fn quantise_high(&mut self, x: i32) -> i32 {
        let error = saturate(x - self.s);
        let magnitude = if error >= 0 { error } else { -(error + 1) };
        let far = magnitude >= (564 * self.det) >> 12;
        let code = match (error >= 0, far) {
            (false, false) => 1,
            (false, true) => 0,
            (true, false) => 3,
            (true, true) => 2,
        };
        self.adapt_high(code as usize);
        code
    }

    /// INVQBL and RECONS: the low band's sample, from all six bits.
    fn restore_low(&mut self, code: usize) -> i32 {
        let sample = limit(self.s + ((self.det * QM6[code]) >> 15));
        self.adapt_low(code >> 2);
        sample
    }

    fn restore_high(&mut self, code: usize) -> i32 {
        let sample = limit(self.s + ((self.det * QM2[code]) >> 15));
        self.adapt_high(code);
        sample
    }

    /// INVQAL, LOGSCL, SCALEL: adaptation uses only the four upper bits, so that the lower two may be stolen on the way.
    fn adapt_low(&mut self, code: usize) {
        let difference = (self.det * QM4[code]) >> 15;
        self.nb = (((self.nb * 127) >> 7) + WL[RL42[code]]).clamp(0, 18_432);
        self.det = scale(self.nb, 8);
        self.predict(difference);
    }

    fn adapt_high(&mut self, code: usize) {
        let difference = (self.det * QM2[code]) >> 15;
        self.nb = (((self.nb * 127) >> 7) + WH[code & 1]).clamp(0, 22_528);
        self.det = scale(self.nb, 10);
        self.predict(difference);
    }

    /// Block 4: adapts both sections to the quantised difference and predicts the next sample.
    fn predict(&mut self, d: i32) {
        let r = saturate(self.s + d);
        let p = saturate(self.sz + d);
        self.adapt_poles(p);
        self.adapt_zeros(d);
        self.d.copy_within(..5, 1);
        self.d[0] = d;
        self.r = [r, self.r[0]];
        self.p = [p, self.p[0]];
        let poles: i32 = self.a.iter().zip(self.r).map(|(a, r)| (a * saturate(2 * r)) >> 15).sum();
        let zeros: i32 = self.b.iter().zip(self.d).map(|(b, d)| (b * saturate(2 * d)) >> 15).sum();
        self.sz = saturate(zeros);
        self.s = saturate(saturate(poles) + self.sz);
    }

    /// UPPOL2 and UPPOL1.
    fn adapt_poles(&mut self, p: i32) {
        let [same1, same2] = self.p.map(|before| (before < 0) == (p < 0));
        let quadruple = saturate(4 * self.a[0]);
        let pull = if same1 { -quadruple } else { quadruple }.min(32_767) >> 7;
        let second = if same2 { 128 } else { -128 } + pull + ((self.a[1] * 32_512) >> 15);
        let second = second.clamp(-12_288, 12_288);
        let first = saturate(if same1 { 192 } else { -192 } + ((self.a[0] * 32_640) >> 15));
        let bound = saturate(15_360 - second);
        self.a = [first.clamp(-bound, bound), second];
    }

    /// UPZERO.
    fn adapt_zeros(&mut self, d: i32) {
        let step = if d == 0 { 0 } else { 128 };
        for (b, before) in self.b.iter_mut().zip(self.d) {
            let push = if (before < 0) == (d < 0) { step } else { -step };
            *b = saturate(push + ((*b * 32_640) >> 15));
        }
    }
}

/// The two halves of the quadrature mirror filter.
fn halves(past: &[i32; TAPS]) -> (i32, i32) {
    let (mut first, mut second) = (0, 0);
    for (i, pair) in past.chunks_exact(2).enumerate() {
        first += pair[0] * QMF[i];
        second += pair[1] * QMF[QMF.len() - 1 - i];
    }
    (first, second)
}

/// SCALEL and SCALEH: from the logarithmic factor to the step.
fn scale(nb: i32, bias: i32) -> i32 {
    let mantissa = ILB[(nb >> 6 & 31) as usize];
    let shift = bias - (nb >> 11);
    (if shift < 0 { mantissa << -shift } else { mantissa >> shift }) << 2
}

fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

/// LIMIT: a band's sample has 15 bits.
fn limit(value: i32) -> i32 {
    value.clamp(-16_384, 16_383)
}

const TAPS: usize = 24;
const LOW_STEP: i32 = 32;
const HIGH_STEP: i32 = 8;
const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3_876, -805, 362, -156, 53, -11];
/// Decision levels of the six-bit quantiser.
const Q6: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1_023, 1_121, 1_219,
    1_339, 1_458, 1_612, 1_765, 1_980, 2_195, 2_557, 2_919,
];
/// Output levels of the quantisers with six, four and two bits.
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192, -10_232, -9_360,
    -8_576, -7_856, -7_192, -6_576, -6_000, -5_456, -4_944, -4_464, -4_008, -3_576, -3_168, -2_776, -2_400, -2_032,
    -1_688, -1_360, -1_040, -728, 24_808, 21_904, 19_008, 16_704, 14_984, 13_512, 12_280, 11_192, 10_232, 9_360, 8_576,
    7_856, 7_192, 6_576, 6_000, 5_456, 4_944, 4_464, 4_008, 3_576, 3_168, 2_776, 2_400, 2_032, 1_688, 1_360, 1_040,
    728, 432, 136, -432, -136,
];
const QM4: [i32; 16] =
    [0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288, 4_240, 2_584, 1_200, 0];
const QM2: [i32; 4] = [-7_408, -1_616, 7_408, 1_616];
/// Steps of the logarithmic scale factor, by magnitude.
const RL42: [usize; 16] = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0];
const WL: [i32; 8] = [-60, -30, 58, 172, 334, 538, 1_198, 3_042];
/// By the code's lower bit: 1 is the smaller magnitude.
const WH: [i32; 2] = [798, -214];
/// 2,048 times 2 to the power of n / 32.
const ILB: [i32; 32] = [
    2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656, 2_714, 2_774, 2_834,
    2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520, 3_597, 3_676, 3_756, 3_838, 3_922, 4_008,
];
