//! Packet-loss concealment in the manner of ITU-T G.711 Appendix I: the last pitch period is repeated, faded out, and
//! blended with what comes next. Unlike the appendix it adds no delay: the seam at the start of a loss is bent instead.

use super::TELEPHONE_RATE;

/// Conceals the losses of one stream.
#[derive(Debug, Clone)]
pub struct Concealer {
    /// Times 8 kHz: all lengths below are for 8 kHz.
    scale: usize,
    /// What was played last, newest at the end; `HISTORY` samples at 8 kHz.
    history: Vec<i16>,
    /// The period being repeated, and where in it we are.
    cycle: Vec<f32>,
    at: usize,
    /// Pitch of the current loss, in samples.
    pitch: usize,
    /// Samples concealed in the current loss.
    lost: usize,
    /// Offset that bends the first synthetic samples onto the last real one.
    step: f32,
}

impl Default for Concealer {
    fn default() -> Self {
        Self::new(TELEPHONE_RATE)
    }
}

impl Concealer {
    /// A concealer for a stream at `rate` Hz, a multiple of 8,000, that has heard silence so far.
    pub fn new(rate: u32) -> Self {
        let scale = (rate / TELEPHONE_RATE).max(1) as usize;
        Self {
            scale,
            history: vec![0; HISTORY * scale],
            cycle: Vec::with_capacity(PITCH_MAX * scale),
            at: 0,
            pitch: PITCH_MAX * scale,
            lost: 0,
            step: 0.0,
        }
    }

    /// Takes samples that did arrive; after a loss their beginning is blended with the tail of the concealment.
    pub fn good(&mut self, samples: &mut [i16]) {
        if self.lost > 0 {
            // The longer the loss, the less the two sides match: 4 ms more for every 10 ms, as the appendix does.
            let longer = self.lost / (CHUNK * self.scale) * 32 * self.scale;
            let overlap = (self.pitch / 4 + longer).clamp(1, OVERLAP_MAX * self.scale).min(samples.len());
            for (n, sample) in samples[..overlap].iter_mut().enumerate() {
                let real = (n + 1) as f32 / (overlap + 1) as f32;
                *sample = clamp(f32::from(*sample) * real + self.synthetic() * (1.0 - real));
            }
            self.lost = 0;
        }
        push_history(&mut self.history, samples);
    }

    /// Appends `count` samples in place of lost ones; silence after 60 ms of loss.
    pub fn lost(&mut self, count: usize, out: &mut Vec<i16>) {
        let first = out.len();
        if self.lost == 0 {
            self.begin();
        }
        for _ in 0..count {
            let sample = self.synthetic();
            out.push(clamp(sample));
        }
        push_history(&mut self.history, &out[first..]);
    }

    /// Blends `samples` onto the past although nothing was lost: call before [`Concealer::good`] when audio between the
    /// two was dropped on purpose.
    pub fn splice(&mut self) {
        if self.lost == 0 {
            self.begin();
            self.lost = 1;
        }
    }

    /// Finds the pitch of what was heard last and starts repeating it.
    fn begin(&mut self) {
        self.pitch = pitch(&self.history, self.scale);
        self.repeat();
        self.at = 0;
        let newest = self.history.len() - 1;
        self.step = f32::from(self.history[newest]) - f32::from(self.history[newest - self.pitch]);
    }

    /// Makes the last pitch period a loop, its end faded into what preceded its beginning.
    fn repeat(&mut self) {
        let length = self.pitch;
        let (start, fade) = (self.history.len() - length, self.pitch / 4);
        self.cycle.clear();
        self.cycle.extend(self.history[start..].iter().map(|&s| f32::from(s)));
        for n in 0..fade {
            let share = (n + 1) as f32 / (fade + 1) as f32;
            let earlier = f32::from(self.history[start - fade + n]);
            let late = &mut self.cycle[length - fade + n];
            *late = *late * (1.0 - share) + earlier * share;
        }
    }

    fn synthetic(&mut self) -> f32 {
        let fade = (self.pitch / 4).max(1);
        let bend = self.step * (1.0 - self.lost as f32 / fade as f32).max(0.0);
        let sample = self.cycle[self.at] * gain(self.lost / self.scale) + bend;
        self.at = (self.at + 1) % self.cycle.len();
        self.lost = self.lost.saturating_add(1);
        sample
    }
}

/// Full for 10 ms, then down by a fifth per 10 ms, gone at 60 ms.
fn gain(lost: usize) -> f32 {
    let faded = lost.saturating_sub(CHUNK) as f32 / (5 * CHUNK) as f32;
    (1.0 - faded).max(0.0)
}

/// The lag with the best normalised correlation over the last 20 ms.
fn pitch(history: &[i16], scale: usize) -> usize {
    let start = history.len() - CORRELATED * scale;
    let recent = &history[start..];
    let score = |lag: usize| {
        let earlier = &history[start - lag..history.len() - lag];
        let (mut cross, mut energy) = (0.0_f32, 1.0_f32);
        for (&a, &b) in recent.iter().zip(earlier) {
            cross += f32::from(a) * f32::from(b);
            energy += f32::from(b) * f32::from(b);
        }
        cross.max(0.0) / energy.sqrt()
    };
    let mut best = (PITCH_MAX * scale, 0.0);
    for lag in PITCH_MIN * scale..=PITCH_MAX * scale {
        let value = score(lag);
        if value > best.1 {
            best = (lag, value);
        }
    }
    best.0
}

fn push_history(history: &mut [i16], samples: &[i16]) {
    let length = history.len();
    let new = &samples[samples.len().saturating_sub(length)..];
    history.copy_within(new.len().., 0);
    history[length - new.len()..].copy_from_slice(new);
}

fn clamp(sample: f32) -> i16 {
    sample.round().clamp(-32_768.0, 32_767.0) as i16
}

/// 10 ms at 8 kHz, the beat of the fade.
const CHUNK: usize = 80;
/// Pitch of human voices: 200 Hz down to 66 Hz, in samples at 8 kHz.
const PITCH_MIN: usize = 40;
const PITCH_MAX: usize = 120;
/// 20 ms are compared to find the pitch.
const CORRELATED: usize = 160;
/// 48.75 ms of past, as in the appendix.
const HISTORY: usize = 390;
/// Longest blend back into real audio: 10 ms.
const OVERLAP_MAX: usize = 80;
