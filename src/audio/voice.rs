//! Is somebody talking: an energy gate over our own noise floor, then a small neural detector for what passes.

use earshot::Detector;

use super::level::level_dbfs;
use super::resample::Resampler;
use super::spectrum;
use super::{FRAME_SAMPLES, SPEECH_RATE, TELEPHONE_RATE};

/// The verdict on one 20 ms frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Voice {
    /// Somebody talks.
    pub voiced: bool,
    /// The detector's score 0..=1; 0 when the energy gate was closed.
    pub probability: f32,
    /// Level of the frame.
    pub level_dbfs: f32,
}

/// Voice activity of one 8 kHz stream, frame by frame. About 12 kB.
///
/// A frame is voiced when it stands out of the noise, the detector says so, and a pitch was heard lately: the detector
/// alone takes a good part of loud steady noise for speech once the line has cut off everything above 4 kHz.
pub struct VoiceGate {
    detector: Detector,
    resampler: Resampler,
    floor: NoiseFloor,
    /// The last frames, replayed into the detector when the gate opens.
    recent: [i16; RECENT_SAMPLES],
    /// Samples at 16 kHz that do not fill a detector frame yet.
    pending: Vec<i16>,
    probability: f32,
    /// Frames the gate stays open without energy.
    open: u32,
    /// Frames in a row that were one or two pure tones.
    tonal: u32,
    /// Frames since the last one with a pitch.
    unpitched: u32,
    /// Frames in a row that were taken for voice.
    streak: u32,
}

impl Default for VoiceGate {
    fn default() -> Self {
        Self::new()
    }
}

impl VoiceGate {
    /// A gate that has heard nothing.
    pub fn new() -> Self {
        Self {
            detector: Detector::default(),
            resampler: Resampler::new(TELEPHONE_RATE, SPEECH_RATE),
            floor: NoiseFloor::new(),
            recent: [0; RECENT_SAMPLES],
            pending: Vec::with_capacity(RECENT_SAMPLES * 2 + DETECTOR_SAMPLES),
            probability: 0.0,
            open: 0,
            tonal: 0,
            unpitched: PITCH_HOLD_FRAMES,
            streak: 0,
        }
    }

    /// Judges one frame of 160 samples at 8 kHz; other lengths are judged too, but the times below assume 20 ms.
    pub fn push(&mut self, frame: &[i16]) -> Voice {
        let level_dbfs = level_dbfs(frame);
        let loud = self.floor.push(level_dbfs);
        self.detect(frame, loud);
        self.remember(frame);
        self.tonal = if loud && spectrum::is_tone(frame) { self.tonal + 1 } else { 0 };
        let pitched = loud && self.tonal == 0 && spectrum::pitch_strength(&self.recent) >= PITCHED;
        self.unpitched = if pitched { 0 } else { self.unpitched.saturating_add(1) };
        let voiced = self.decide(loud);
        Voice { voiced, probability: self.probability, level_dbfs }
    }

    /// The noise floor as tracked, in dBFS.
    pub fn noise_floor_dbfs(&self) -> f32 {
        self.floor.floor
    }

    /// Speaking goes on by less than it takes to begin: the edges of tones look like speech for one frame.
    fn decide(&mut self, loud: bool) -> bool {
        let begun = self.streak >= ONSET_FRAMES;
        let tones_allowed = if begun { TONAL_FRAMES } else { 1 };
        let speech = loud && self.probability >= VOICED_PROBABILITY && self.unpitched < PITCH_HOLD_FRAMES;
        self.streak = if speech && self.tonal < tones_allowed { self.streak.saturating_add(1) } else { 0 };
        self.streak >= ONSET_FRAMES
    }

    /// Runs the detector while the gate is open, with its run-up when it just opened.
    fn detect(&mut self, frame: &[i16], loud: bool) {
        if loud {
            if self.open == 0 {
                self.run_up();
            }
            self.open = HOLD_FRAMES;
        } else {
            self.open = self.open.saturating_sub(1);
        }
        if self.open == 0 {
            self.probability = 0.0;
            return;
        }
        self.resampler.process(frame, &mut self.pending);
        self.score();
    }

    fn run_up(&mut self) {
        self.detector.reset();
        self.resampler.reset();
        self.pending.clear();
        self.resampler.process(&self.recent, &mut self.pending);
        self.score();
    }

    /// Scores whole detector frames; the best of this push stands.
    fn score(&mut self) {
        let mut used = 0;
        let mut best: Option<f32> = None;
        for chunk in self.pending.chunks_exact(DETECTOR_SAMPLES) {
            let score = self.detector.predict_i16(chunk);
            best = Some(best.map_or(score, |b| b.max(score)));
            used += DETECTOR_SAMPLES;
        }
        self.pending.drain(..used);
        self.probability = best.unwrap_or(self.probability).clamp(0.0, 1.0);
    }

    fn remember(&mut self, frame: &[i16]) {
        let new = &frame[frame.len().saturating_sub(RECENT_SAMPLES)..];
        self.recent.copy_within(new.len().., 0);
        self.recent[RECENT_SAMPLES - new.len()..].copy_from_slice(new);
    }
}

/// Follows the level of the line when nobody talks: down at once, up slowly, and up at once to what does not move.
#[derive(Debug, Clone)]
struct NoiseFloor {
    floor: f32,
    /// The level smoothed over some 100 ms: syllables move it, the flutter of noise does not.
    smooth: f32,
    /// Extremes of the smoothed level since the last judgement of steadiness, and their age in frames.
    low: f32,
    high: f32,
    age: u32,
}

impl NoiseFloor {
    fn new() -> Self {
        Self { floor: FLOOR_START_DBFS, smooth: FLOOR_START_DBFS, low: f32::MAX, high: f32::MIN, age: 0 }
    }

    /// Takes a frame's level; true when it stands out of the noise.
    fn push(&mut self, level: f32) -> bool {
        self.smooth += (level - self.smooth) * SMOOTHING;
        (self.low, self.high, self.age) = (self.low.min(self.smooth), self.high.max(self.smooth), self.age + 1);
        if self.age >= STEADY_FRAMES {
            if self.high - self.low < STEADY_DB {
                self.floor = self.floor.max(self.high);
            }
            (self.low, self.high, self.age) = (self.smooth, self.smooth, 0);
        }
        let target = level.max(FLOOR_MIN_DBFS);
        self.floor = if target < self.floor {
            self.floor + (target - self.floor) * FALL
        } else {
            (self.floor + RISE_DB).min(target)
        };
        level > (self.floor + OPEN_DB).max(QUIET_DBFS)
    }
}

/// The detector takes 16 ms at 16 kHz.
const DETECTOR_SAMPLES: usize = 256;
/// 80 ms of run-up: the detector looks back 48 ms and its memory settles in a few frames.
const RECENT_SAMPLES: usize = 4 * FRAME_SAMPLES;
/// The detector's authors call 0.5 a good threshold.
const VOICED_PROBABILITY: f32 = 0.5;
/// The gate stays open 200 ms after the last loud frame: the detector keeps its memory across a pause between words.
const HOLD_FRAMES: u32 = 10;
/// Voice begins with the second frame that looks like it.
const ONSET_FRAMES: u32 = 2;
/// Normalised correlation from which a frame has a pitch: voiced speech has 0.6 to 0.95, noise up to 0.4.
const PITCHED: f32 = 0.5;
/// 240 ms without pitch end a voice: longer than any consonant cluster.
const PITCH_HOLD_FRAMES: u32 = 12;
/// Three frames of tone in a row: a voice is never that pure for 60 ms.
const TONAL_FRAMES: u32 = 3;
/// A quiet telephone line to begin with.
const FLOOR_START_DBFS: f32 = -60.0;
/// No line is quieter than its own G.711 quantisation.
const FLOOR_MIN_DBFS: f32 = -75.0;
/// Share of the way down per frame.
const FALL: f32 = 0.3;
/// 1.5 dB per second upwards, so that a sentence does not become the floor.
const RISE_DB: f32 = 0.03;
/// Share of a new level in the smoothed one.
const SMOOTHING: f32 = 0.2;
/// A level that moved less than `STEADY_DB` for 700 ms is the line, not a voice.
const STEADY_FRAMES: u32 = 35;
const STEADY_DB: f32 = 4.0;
/// Speech starts this far above the floor.
const OPEN_DB: f32 = 6.0;
/// Nothing below this is taken for a caller: a whisper on a phone is some -45 dBFS.
const QUIET_DBFS: f32 = -55.0;
