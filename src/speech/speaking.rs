//! What is asked of the voice and what comes back.

use std::sync::Arc;

/// Sampling rate of [`SpokenChunk`]s, Hz, where nothing else is asked for: the telephone's.
pub const VOICE_RATE: u32 = 8_000;
/// That of telephones with a wideband codec.
pub const WIDE_VOICE_RATE: u32 = 16_000;

/// Who waits for the voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A caller, now.
    Live,
    /// A caller, most likely in a moment: what would be said if the turn ended here.
    Soon,
    /// Nobody yet: prompts rendered ahead.
    Ahead,
}

/// A piece of speech, at most a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenChunk {
    /// Mono; empty when the voice failed.
    pub pcm: Arc<[i16]>,
    /// Nothing follows. Every accepted text ends with exactly one such chunk, unless it was cancelled.
    pub last: bool,
}
