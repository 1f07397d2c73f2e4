//! Change of sample rate by a polyphase windowed-sinc filter, any rational ratio.

use std::f64::consts::PI;

/// A streaming resampler for one fixed ratio.
///
/// Passband to 0.88 of the smaller Nyquist frequency, stopband from the Nyquist frequency at -70 dB. The output lags
/// the input by [`Resampler::delay_samples`]. The filter is made once per resampler (some milliseconds for odd ratios
/// such as 22,050 to 8,000): keep one and [`Resampler::reset`] it between streams.
#[derive(Debug, Clone)]
pub struct Resampler {
    up: usize,
    down: usize,
    /// Coefficients of each phase, newest sample last, `taps` per phase.
    phases: Vec<f32>,
    taps: usize,
    /// The last `taps - 1` input samples and what of the current block is not consumed yet.
    window: Vec<f32>,
    /// Next output's position: window start, and phase of `up`.
    start: usize,
    phase: usize,
}

impl Resampler {
    /// A resampler from one rate to another, both in Hz and at least 1.
    pub fn new(from: u32, to: u32) -> Self {
        let (from, to) = (from.max(1), to.max(1));
        let divisor = gcd(from, to);
        let (up, down) = ((to / divisor) as usize, (from / divisor) as usize);
        let taps = taps_per_phase(from, to);
        let phases = design(up, taps, f64::from(from.min(to)) / f64::from(from));
        Self { up, down, phases, taps, window: vec![0.0; taps - 1], start: 0, phase: 0 }
    }

    /// Appends the resampled `input` to `out`; what the filter still holds comes with later input.
    pub fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        if self.up == self.down {
            out.extend_from_slice(input);
            return;
        }
        self.window.extend(input.iter().map(|&s| f32::from(s)));
        while self.start + self.taps <= self.window.len() {
            let samples = &self.window[self.start..self.start + self.taps];
            let filter = &self.phases[self.phase * self.taps..(self.phase + 1) * self.taps];
            out.push(dot(samples, filter).round().clamp(-32_768.0, 32_767.0) as i16);
            self.phase += self.down;
            self.start += self.phase / self.up;
            self.phase %= self.up;
        }
        let consumed = self.start.min(self.window.len());
        self.window.drain(..consumed);
        self.start -= consumed;
    }

    /// Forgets the stream, keeps the filter.
    pub fn reset(&mut self) {
        self.window.clear();
        self.window.resize(self.taps - 1, 0.0);
        (self.start, self.phase) = (0, 0);
    }

    /// How far the output lags, in input samples.
    pub fn delay_samples(&self) -> usize {
        if self.up == self.down { 0 } else { self.taps / 2 }
    }
}

/// A whole recording at once, without the filter's delay; `ceil(len * to / from)` samples come out.
pub fn resample(input: &[i16], from: u32, to: u32) -> Vec<i16> {
    let mut resampler = Resampler::new(from, to);
    let wanted = (input.len() * resampler.up).div_ceil(resampler.down);
    let mut out = Vec::with_capacity(wanted + 1);
    let delay = resampler.delay_samples();
    resampler.start = delay;
    resampler.process(input, &mut out);
    resampler.process(&vec![0; delay + 1], &mut out);
    out.truncate(wanted);
    out
}

/// Plain sum in eight lanes: the compiler may use vector registers, which a single running sum forbids.
fn dot(samples: &[f32], filter: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for (x, h) in samples.chunks_exact(8).zip(filter.chunks_exact(8)) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * h[lane];
        }
    }
    lanes.iter().sum()
}

/// Kaiser's length for the transition band, rounded up to whole lanes.
fn taps_per_phase(from: u32, to: u32) -> usize {
    let transition = TRANSITION * f64::from(from.min(to)) / 2.0 / f64::from(from);
    let taps = (STOPBAND_DB - 8.0) / (2.285 * 2.0 * PI * transition);
    (taps.ceil() as usize).next_multiple_of(8)
}

/// The prototype low-pass cut into `up` phases, each of unit gain at DC so that no phase ripples.
fn design(up: usize, taps: usize, narrower: f64) -> Vec<f32> {
    let cutoff = narrower * (1.0 - TRANSITION / 2.0);
    let beta = 0.1102 * (STOPBAND_DB - 8.7);
    let half = taps as f64 / 2.0;
    let mut phases = Vec::with_capacity(up * taps);
    for phase in 0..up {
        let row: Vec<f64> = (0..taps)
            .map(|tap| {
                // Distance from the output instant to this input sample, in input samples.
                let distance = tap as f64 - (half - 1.0) - phase as f64 / up as f64;
                sinc(cutoff * distance) * kaiser(distance / half, beta)
            })
            .collect();
        let gain: f64 = row.iter().sum();
        phases.extend(row.iter().map(|h| (h / gain) as f32));
    }
    phases
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Kaiser window at `x` in -1..=1.
fn kaiser(x: f64, beta: f64) -> f64 {
    if x.abs() > 1.0 { 0.0 } else { bessel_i0(beta * (1.0 - x * x).sqrt()) / bessel_i0(beta) }
}

/// Modified Bessel function of order 0, by its series (converges in some twenty terms for our arguments).
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-12 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Attenuation designed for, dB: ten more than promised, to leave room for rounding.
const STOPBAND_DB: f64 = 70.0;
/// Width of the transition band as a share of the smaller Nyquist frequency: 480 Hz at 8 kHz, 4.5 ms of delay.
const TRANSITION: f64 = 0.12;
