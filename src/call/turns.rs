//! The caller's turn in hand: its number, what was asked about it, what came back.

use std::time::{Duration, Instant};

use super::record::TurnTimes;

/// The turn being spoken, or the last one.
#[derive(Debug, Default)]
pub struct Turn {
    /// From 1; 0 before the first.
    pub number: u32,
    /// Which asking of this turn; answers to earlier askings are dropped.
    pub ask: u32,
    /// Turns in a row whose transcript never came.
    pub unheard: u32,
    /// Words of the current asking, and when they came.
    pub words: Option<Words>,
    /// Turn detector's answer to the current asking.
    pub finished: Option<f32>,
    /// Whether this pause was asked about.
    pub asked: bool,
    /// Length of the utterance, ms, at which it is next checked for being noise.
    pub next_check_ms: u32,
    /// The last check found no speech in it.
    pub noise: bool,
    /// It began before anything of the answer to the one before was heard.
    pub continues: bool,
    /// First frame, milliseconds since the answer.
    pub start_ms: u64,
}

/// A transcript that came back.
#[derive(Debug, Clone)]
pub struct Words {
    /// Empty when there was no speech.
    pub text: String,
    /// 0..=1.
    pub confidence: f32,
    /// How like each FAQ they are.
    pub answers: Vec<(usize, f32)>,
    /// Arrival.
    pub at: Instant,
}

impl Turn {
    /// Starts the next turn.
    pub fn begin(&mut self, start_ms: u64, continues: bool) {
        let (number, unheard) = (self.number + 1, self.unheard);
        *self = Self { number, unheard, next_check_ms: NOISE_CHECK_MS, start_ms, continues, ..Self::default() };
    }

    /// The caller goes on: what was asked in the pause is void.
    pub fn goes_on(&mut self) {
        if self.asked {
            self.asked = false;
            self.words = None;
            self.finished = None;
        }
    }

    /// Asks anew: the number to ask under.
    pub fn ask_again(&mut self) -> u32 {
        self.ask += 1;
        self.ask
    }
}

/// Where the time of an answer went: filled as it happens, a row once the answer is heard.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Turn answered.
    pub turn: u32,
    /// Last voiced frame.
    pub speech_end: Instant,
    /// Words known.
    pub words_at: Instant,
    /// Turn over.
    pub decided: Instant,
    /// First text to say.
    pub answer_at: Option<Instant>,
}

impl Timing {
    /// The row, when the first audible sample leaves at `now`.
    pub fn row(&self, now: Instant) -> TurnTimes {
        let answer_at = self.answer_at.unwrap_or(now);
        // A transcript that came after the earliest possible decision is what the caller waited for.
        let late = self.words_at.saturating_duration_since(self.speech_end + EARLIEST_DECISION);
        let end_of_turn = self.decided.saturating_duration_since(self.speech_end);
        let transcript = late.min(end_of_turn);
        TurnTimes {
            turn: self.turn,
            end_of_turn_ms: millis(end_of_turn - transcript),
            transcript_ms: millis(transcript),
            think_ms: millis(answer_at.saturating_duration_since(self.decided)),
            voice_ms: millis(now.saturating_duration_since(answer_at)),
            voice_to_voice_ms: millis(now.saturating_duration_since(self.speech_end)),
        }
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// An utterance this long without a pause is checked for being music or noise.
const NOISE_CHECK_MS: u32 = 1500;
/// Patience with everything known (see `turn`).
const EARLIEST_DECISION: Duration = Duration::from_millis(240);
