//! A transcript and what it is asked for with.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::questions::Questions;

/// "What is said here?"
#[derive(Debug, Clone)]
pub struct TranscribeJob {
    /// 16 kHz mono.
    pub audio16k: Arc<[i16]>,
    /// BCP 47 or ISO 639-1 ("en"); none means English. Several ("en,es"): the recogniser hears which of them it is, the
    /// first one where it cannot tell.
    pub language: Option<String>,
    /// How urgent.
    pub kind: TranscribeKind,
    /// Words likely to occur (names, services): makes their spelling likelier.
    pub hint: Option<String>,
    /// What the words are compared with, for [`Transcript::answers`].
    pub questions: Option<Arc<Questions>>,
    /// Set when nobody wants the answer any more: skipped if still queued, broken off if running.
    pub cancel: Arc<AtomicBool>,
}

/// How urgent a transcript is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TranscribeKind {
    /// Asked for early in a pause; may be overtaken, and dropped when the queue is full.
    Speculative,
    /// The turn is over, somebody waits.
    Final,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// The words; empty when there were none.
    pub text: String,
    /// Mean probability of the tokens, 0..=1; 0 when there were none. Tokens too uncertain to be shown count: speech
    /// that could not be made out has a confidence and no text.
    pub confidence: f32,
    /// No speech in the audio (or nothing that can be believed to be speech).
    pub no_speech: bool,
    /// How like the questions it is, as [`Questions::asked`] tells; empty when there were none to compare with.
    pub answers: Vec<(usize, f32)>,
    /// Language transcribed in.
    pub language: String,
    /// Length of the audio given, seconds.
    pub audio_seconds: f32,
    /// Speech found in it, seconds.
    pub speech_seconds: f32,
    /// CPU time of this process while it ran, milliseconds (10 ms steps).
    pub cpu_ms: u32,
    /// Time it took once begun, milliseconds.
    pub wall_ms: u32,
}
