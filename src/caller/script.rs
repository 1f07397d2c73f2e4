//! What a scripted caller says and when: pure, in frames of 20 ms.

use std::sync::Arc;
use std::time::Duration;

/// One thing the caller does.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Shown in the timeline.
    pub label: String,
    /// Sound or keys.
    pub act: Act,
    /// When: after the agent has finished, or so long after the turn before.
    pub start: Start,
}

/// What is sent.
#[derive(Debug, Clone)]
pub enum Act {
    /// 8 kHz samples.
    Sound(Arc<[i16]>),
    /// Keys, RFC 4733.
    Keys(String),
}

/// When a turn starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Once the agent has spoken and stopped.
    AgentFinished,
    /// This long after the turn before began to be answered (or after the answer of the call, for the first): barge-in.
    After(Duration),
}

/// Follows the agent's sound and says when the next turn starts.
#[derive(Debug, Default)]
pub struct Listener {
    /// Something audible was heard since the last turn.
    heard: bool,
    /// When audible sound was last heard, milliseconds since the answer.
    last_audible_ms: u64,
    first_audible_ms: u64,
    /// When the caller last finished a turn.
    turn_end_ms: u64,
}

impl Listener {
    /// The caller finished a turn.
    pub fn turn_ended(&mut self, now_ms: u64) {
        self.heard = false;
        self.turn_end_ms = now_ms;
    }

    /// The agent's sound at `now_ms`; true when it is the first since the last turn.
    pub fn sound(&mut self, level_dbfs: f32, now_ms: u64) -> bool {
        if level_dbfs < AUDIBLE_DBFS {
            return false;
        }
        self.last_audible_ms = now_ms;
        let first = !self.heard;
        if first {
            self.first_audible_ms = now_ms;
        }
        self.heard = true;
        first
    }

    /// Whether a turn that starts like this starts now.
    pub fn is_due(&self, start: Start, now_ms: u64) -> bool {
        let silent_ms = now_ms.saturating_sub(self.last_audible_ms.max(self.turn_end_ms));
        match start {
            Start::AgentFinished if self.heard => silent_ms >= FINISHED_MS,
            Start::AgentFinished => silent_ms >= UNANSWERED_MS,
            Start::After(delay) => {
                self.heard && u128::from(now_ms.saturating_sub(self.first_audible_ms)) >= delay.as_millis()
            }
        }
    }

    /// Silence since anybody spoke, milliseconds.
    pub fn silent_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.last_audible_ms.max(self.turn_end_ms))
    }
}

/// Quieter than this is line noise to a listener.
pub const AUDIBLE_DBFS: f32 = -45.0;
/// A pause this long means the agent waits for us: longer than its pauses between sentences.
const FINISHED_MS: u64 = 900;
/// A caller who hears nothing speaks again after this.
const UNANSWERED_MS: u64 = 12_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_until_the_agent_has_finished() {
        let mut listener = Listener::default();
        assert!(!listener.is_due(Start::AgentFinished, 500));
        assert!(listener.sound(-20.0, 600));
        assert!(!listener.sound(-20.0, 700));
        assert!(!listener.is_due(Start::AgentFinished, 1500));
        assert!(listener.is_due(Start::AgentFinished, 1600));
        listener.turn_ended(3000);
        assert!(!listener.is_due(Start::AgentFinished, 4500));
        assert!(listener.is_due(Start::AgentFinished, 15_000));
    }

    #[test]
    fn barges_in_after_a_delay() {
        let mut listener = Listener::default();
        listener.sound(-20.0, 100);
        assert!(!listener.is_due(Start::After(Duration::from_millis(500)), 500));
        assert!(listener.is_due(Start::After(Duration::from_millis(500)), 600));
    }
}
