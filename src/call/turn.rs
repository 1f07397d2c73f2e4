//! When is a caller's turn over? One pure decision, taken every tick of a pause.

use crate::conversation::{Completeness, Expectation};

/// What is known while the caller pauses.
#[derive(Debug, Clone, Copy)]
pub struct Pause {
    /// Silence since the last voiced frame, milliseconds.
    pub silence_ms: u32,
    /// What the words heard so far sound like; none while no transcript of this pause has arrived.
    pub words: Option<Completeness>,
    /// The turn detector's probability that the speaker has finished; none while it thinks.
    pub finished: Option<f32>,
    /// What was asked.
    pub expectation: Expectation,
}

impl Pause {
    /// Whether the turn ends now.
    pub fn is_over(&self) -> bool {
        self.silence_ms >= self.patience_ms()
    }

    /// Silence that ends this turn, given what is known.
    fn patience_ms(&self) -> u32 {
        let base = match (self.words, self.finished) {
            (Some(Completeness::Complete), Some(p)) if p >= FINISHED => PATIENCE_SURE_MS,
            (Some(Completeness::Complete), _) => PATIENCE_COMPLETE_MS,
            (Some(Completeness::Unclear), Some(p)) if p >= FINISHED => PATIENCE_LIKELY_MS,
            (Some(Completeness::Unclear), _) => PATIENCE_UNCLEAR_MS,
            (Some(Completeness::Incomplete), Some(p)) if p >= FINISHED => PATIENCE_TORN_MS,
            (Some(Completeness::Incomplete), _) => PATIENCE_INCOMPLETE_MS,
            // Without words nothing is decided early: the transcript is at most a second away.
            (None, _) => PATIENCE_UNHEARD_MS,
        };
        base + self.dictation_ms()
    }

    /// Extra patience while somebody dictates or tells a story.
    fn dictation_ms(&self) -> u32 {
        match (self.expectation, self.words) {
            (_, Some(Completeness::Complete)) | (_, None) => 0,
            (Expectation::Phone | Expectation::Email, Some(Completeness::Incomplete)) => DICTATION_EXTRA_MS,
            (Expectation::Name, _) => NAME_EXTRA_MS,
            (Expectation::Message, _) => MESSAGE_EXTRA_MS,
            _ => 0,
        }
    }
}

/// Above this the turn detector counts as saying "finished".
const FINISHED: f32 = 0.5;
/// Words and melody agree: about the gap people leave between turns (200 ms).
const PATIENCE_SURE_MS: u32 = 240;
/// The words answer the question but the melody is open.
const PATIENCE_COMPLETE_MS: u32 = 520;
/// The melody falls, the words say nothing either way.
const PATIENCE_LIKELY_MS: u32 = 420;
/// Neither tells: longer than most pauses inside a sentence.
const PATIENCE_UNCLEAR_MS: u32 = 900;
/// The melody falls, the words are open: "what's on".
const PATIENCE_TORN_MS: u32 = 1100;
/// "Tuesday at ...": the caller is thinking.
const PATIENCE_INCOMPLETE_MS: u32 = 1600;
/// No transcript yet: the recogniser is late, not the caller.
const PATIENCE_UNHEARD_MS: u32 = 1200;
/// Between groups of a dictated number.
const DICTATION_EXTRA_MS: u32 = 900;
/// Between first and last name.
const NAME_EXTRA_MS: u32 = 150;
/// Between two sentences of a message.
const MESSAGE_EXTRA_MS: u32 = 700;

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(words: Option<Completeness>, finished: Option<f32>, expectation: Expectation) -> Pause {
        Pause { silence_ms: 0, words, finished, expectation }
    }

    #[test]
    fn surer_knowledge_is_never_more_patient() {
        let sure = pause(Some(Completeness::Complete), Some(0.9), Expectation::Open).patience_ms();
        let unclear = pause(Some(Completeness::Unclear), Some(0.1), Expectation::Open).patience_ms();
        let cut = pause(Some(Completeness::Incomplete), Some(0.1), Expectation::Open).patience_ms();
        assert!(sure < unclear && unclear < cut);
    }

    #[test]
    fn dictated_digits_get_more_time_than_the_same_break_elsewhere() {
        let digits = pause(Some(Completeness::Incomplete), None, Expectation::Phone).patience_ms();
        let open = pause(Some(Completeness::Incomplete), None, Expectation::Open).patience_ms();
        assert!(digits > open);
    }
}
