//! From 20 ms frames to utterances: where speech starts, pauses and goes on.

use std::sync::Arc;

use crate::audio::{FRAME_SAMPLES, Resampler, SPEECH_RATE, TELEPHONE_RATE, VoiceGate};

/// Cuts the caller's sound into utterances. Time is counted in frames, so it needs no clock.
pub struct Ears {
    gate: VoiceGate,
    /// The house's rate to 16 kHz for the recogniser, and to 8 kHz for the gate, whose thresholds are of the telephone.
    to_16k: Resampler,
    to_8k: Resampler,
    /// The last frame at 8 kHz.
    narrow: Vec<i16>,
    /// 16 kHz: the last moments while idle, the whole utterance while one runs.
    sound: Vec<i16>,
    /// Last frames' voicing, newest in bit 0.
    recent: u32,
    /// Frames since the last voiced one.
    quiet_frames: u32,
    /// Samples of `sound` up to the end of the last voiced frame.
    voiced_end: usize,
    /// Voiced frames in this utterance.
    voiced_frames: u32,
    speaking: bool,
}

/// What the ears made of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// Nobody speaks.
    Quiet,
    /// An utterance starts with this frame.
    Started,
    /// It goes on.
    Speaking,
    /// It pauses: milliseconds since the last voiced frame.
    Paused(u32),
}

impl Ears {
    /// Ears for one call whose sound comes at `rate` Hz.
    pub fn new(rate: u32) -> Self {
        Self {
            gate: VoiceGate::new(),
            to_16k: Resampler::new(rate, SPEECH_RATE),
            to_8k: Resampler::new(rate, TELEPHONE_RATE),
            narrow: Vec::with_capacity(2 * FRAME_SAMPLES),
            sound: Vec::with_capacity(SOUND_SAMPLES_RESERVED),
            recent: 0,
            quiet_frames: 0,
            voiced_end: 0,
            voiced_frames: 0,
            speaking: false,
        }
    }

    /// Takes a 20 ms frame. `wary` asks for more voiced frames before an utterance starts: while the agent
    /// speaks, a cough or a click must not stop it.
    pub fn listen(&mut self, frame: &[i16], wary: bool) -> Sense {
        self.narrow.clear();
        self.to_8k.process(frame, &mut self.narrow);
        let voiced = self.gate.push(&self.narrow).voiced;
        self.to_16k.process(frame, &mut self.sound);
        self.recent = self.recent << 1 | u32::from(voiced);
        if !self.speaking {
            self.forget_the_past();
            return if self.is_onset(wary) { self.start() } else { Sense::Quiet };
        }
        if voiced {
            self.quiet_frames = 0;
            self.voiced_frames += 1;
            self.voiced_end = self.sound.len();
            return Sense::Speaking;
        }
        self.quiet_frames += 1;
        Sense::Paused(self.quiet_frames * FRAME_MS)
    }

    /// The last frame at 8 kHz.
    pub fn narrow(&self) -> &[i16] {
        &self.narrow
    }

    /// The utterance so far at 16 kHz, with a margin after the last voiced frame.
    pub fn utterance(&self) -> Arc<[i16]> {
        let end = (self.voiced_end + TAIL_SAMPLES).min(self.sound.len());
        self.sound[..end].into()
    }

    /// Length of the utterance so far, milliseconds.
    pub fn length_ms(&self) -> u32 {
        u32::try_from(self.sound.len() / SAMPLES_PER_MS).unwrap_or(u32::MAX)
    }

    /// Voiced part of the utterance, milliseconds.
    pub fn voiced_ms(&self) -> u32 {
        self.voiced_frames * FRAME_MS
    }

    /// Whether an utterance runs.
    pub fn is_speaking(&self) -> bool {
        self.speaking
    }

    /// The utterance is over; the next may start.
    pub fn finish(&mut self) {
        self.speaking = false;
        self.recent = 0;
        self.sound.clear();
    }

    fn start(&mut self) -> Sense {
        self.speaking = true;
        self.quiet_frames = 0;
        self.voiced_frames = self.recent.count_ones();
        self.voiced_end = self.sound.len();
        Sense::Started
    }

    fn is_onset(&self, wary: bool) -> bool {
        let (window, needed) = if wary { WARY_ONSET } else { ONSET };
        (self.recent & ((1 << window) - 1)).count_ones() >= needed
    }

    fn forget_the_past(&mut self) {
        if self.sound.len() > 2 * PREROLL_SAMPLES {
            let surplus = self.sound.len() - PREROLL_SAMPLES;
            self.sound.drain(..surplus);
        }
    }
}

impl std::fmt::Debug for Ears {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ears").field("speaking", &self.speaking).field("sound", &self.sound.len()).finish()
    }
}

/// Length of a frame.
const FRAME_MS: u32 = 20;
/// 16 kHz.
const SAMPLES_PER_MS: usize = 16;
/// Kept from before the onset: a soft first consonant is up to 300 ms ahead of the first voiced frame.
const PREROLL_SAMPLES: usize = 320 * SAMPLES_PER_MS;
/// Kept after the last voiced frame: a soft last consonant.
const TAIL_SAMPLES: usize = 160 * SAMPLES_PER_MS;
/// Room for 12 s before the buffer has to grow.
const SOUND_SAMPLES_RESERVED: usize = 12_000 * SAMPLES_PER_MS;
/// (window, needed): 3 voiced of the last 4 frames start an utterance: 60-80 ms.
const ONSET: (u32, u32) = (4, 3);
/// The same while the agent speaks: 100-140 ms.
const WARY_ONSET: (u32, u32) = (7, 5);
