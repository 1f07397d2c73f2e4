//! The playout queue: sayings in order, a 20 ms frame at a time, stopped and resumed by barge-in.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::audio::TELEPHONE_RATE;

/// What the agent is saying and has yet to say.
#[derive(Debug)]
pub struct Mouth {
    /// Samples per millisecond.
    per_ms: usize,
    queue: VecDeque<Saying>,
    next_id: u32,
    paused: bool,
}

/// One text on its way to the caller.
#[derive(Debug)]
struct Saying {
    id: u32,
    text: String,
    pcm: VecDeque<Arc<[i16]>>,
    /// Position in the first chunk, samples.
    offset: usize,
    /// Samples played.
    played: usize,
    /// Samples received.
    received: usize,
    /// No more chunks follow.
    complete: bool,
    /// Frames of silence in a row for want of sound.
    starved_frames: u32,
    started_ms: Option<u64>,
}

/// A text that was heard by the caller, wholly or up to where it was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The words played.
    pub text: String,
    /// First sample, milliseconds since the answer.
    pub start_ms: u64,
    /// Last sample.
    pub end_ms: u64,
}

/// What a tick of playout gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Played {
    /// Nothing to say, or nothing yet.
    Silence,
    /// Sound was written.
    Sound,
    /// Sound was written and with it a saying ended.
    Finished(Said),
}

impl Default for Mouth {
    fn default() -> Self {
        Self::new(TELEPHONE_RATE)
    }
}

impl Mouth {
    /// A mouth whose sound is at `rate` Hz.
    pub fn new(rate: u32) -> Self {
        Self { per_ms: rate as usize / 1_000, queue: VecDeque::new(), next_id: 0, paused: false }
    }

    /// Queues a text; its sound comes later under the returned number.
    pub fn say(&mut self, text: String) -> u32 {
        self.next_id += 1;
        self.queue.push_back(Saying {
            id: self.next_id,
            text,
            pcm: VecDeque::new(),
            offset: 0,
            played: 0,
            received: 0,
            complete: false,
            starved_frames: 0,
            started_ms: None,
        });
        self.next_id
    }

    /// Sound for a saying; false when it was dropped meanwhile.
    pub fn voice(&mut self, id: u32, pcm: Arc<[i16]>, last: bool) -> bool {
        let Some(saying) = self.queue.iter_mut().find(|saying| saying.id == id) else { return false };
        saying.received += pcm.len();
        saying.complete |= last;
        if !pcm.is_empty() {
            saying.pcm.push_back(pcm);
        }
        true
    }

    /// Whether anything is left to say.
    pub fn is_busy(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether sound is going out now.
    pub fn is_audible(&self) -> bool {
        !self.paused && self.queue.front().is_some_and(|saying| saying.started_ms.is_some())
    }

    /// Stops the sound, keeps the words.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Goes on where it stopped, a breath earlier.
    pub fn resume(&mut self) {
        self.paused = false;
        if let Some(saying) = self.queue.front_mut() {
            let back = saying.offset.min(RESUME_BACK_MS * self.per_ms);
            saying.offset -= back;
            saying.played -= back;
        }
    }

    /// Drops everything unsaid; what was said of the first comes back.
    pub fn drop_rest(&mut self, now_ms: u64) -> Option<Said> {
        self.paused = false;
        let saying = std::mem::take(&mut self.queue).pop_front()?;
        let start_ms = saying.started_ms?;
        let text = saying.words_played(self.per_ms);
        (!text.is_empty()).then_some(Said { text, start_ms, end_ms: now_ms })
    }

    /// Fills one frame. `frame` is always completely written.
    pub fn play(&mut self, frame: &mut [i16], now_ms: u64) -> Played {
        frame.fill(0);
        if self.paused {
            return Played::Silence;
        }
        let Some(saying) = self.queue.front_mut() else { return Played::Silence };
        let written = saying.read(frame);
        if written > 0 {
            saying.started_ms.get_or_insert(now_ms);
            saying.starved_frames = 0;
        } else if !saying.complete {
            saying.starved_frames += 1;
            // A voice that is lost must not silence the call for good.
            if saying.starved_frames > STARVED_FRAMES_MAX {
                return self.drop_starved(now_ms);
            }
        }
        if saying.complete && saying.pcm.is_empty() {
            let saying = self.queue.pop_front().unwrap_or_else(|| unreachable!("the front was just read"));
            let start_ms = saying.started_ms.unwrap_or(now_ms);
            return Played::Finished(Said { text: saying.text, start_ms, end_ms: now_ms + FRAME_MS });
        }
        if written > 0 { Played::Sound } else { Played::Silence }
    }

    fn drop_starved(&mut self, now_ms: u64) -> Played {
        let lost = self.queue.pop_front();
        let said = lost.and_then(|saying| saying.started_ms.map(|at| (saying.words_played(self.per_ms), at)));
        said.map_or(Played::Silence, |(text, start_ms)| Played::Finished(Said { text, start_ms, end_ms: now_ms }))
    }
}

impl Saying {
    fn read(&mut self, frame: &mut [i16]) -> usize {
        let mut written = 0;
        while written < frame.len() {
            let Some(chunk) = self.pcm.front() else { break };
            let n = (chunk.len() - self.offset).min(frame.len() - written);
            frame[written..written + n].copy_from_slice(&chunk[self.offset..self.offset + n]);
            written += n;
            self.offset += n;
            if self.offset == chunk.len() {
                self.pcm.pop_front();
                self.offset = 0;
            }
        }
        self.played += written;
        written
    }

    /// The words up to where the sound was cut, by share of samples.
    fn words_played(&self, per_ms: usize) -> String {
        if self.complete && self.played >= self.received {
            return self.text.clone();
        }
        // Speech runs at about 15 characters a second when the whole length is not known yet.
        let total =
            if self.complete { self.received } else { self.received.max(self.text.len() * MS_PER_CHAR * per_ms) };
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let count = (words.len() * self.played).checked_div(total).unwrap_or(0);
        words[..count.min(words.len())].join(" ")
    }
}

/// Length of a played frame.
const FRAME_MS: u64 = 20;
/// 5 s: the voice renders a long sentence in one, on a busy machine in three.
const STARVED_FRAMES_MAX: u32 = 250;
/// A resumed word is heard from a little before the cut.
const RESUME_BACK_MS: usize = 100;
/// 15 characters a second.
const MS_PER_CHAR: usize = 67;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(n: usize) -> Arc<[i16]> {
        vec![1000; n].into()
    }

    #[test]
    fn plays_in_order_and_reports_what_was_said() {
        let mut mouth = Mouth::default();
        let id = mouth.say("Hello there.".into());
        let mut frame = [0; 160];
        assert_eq!(mouth.play(&mut frame, 0), Played::Silence);
        mouth.voice(id, tone(320), true);
        assert_eq!(mouth.play(&mut frame, 20), Played::Sound);
        let said = Said { text: "Hello there.".into(), start_ms: 20, end_ms: 60 };
        assert_eq!(mouth.play(&mut frame, 40), Played::Finished(said));
        assert!(!mouth.is_busy());
    }

    #[test]
    fn a_cut_saying_keeps_only_the_words_played() {
        let mut mouth = Mouth::default();
        let id = mouth.say("one two three four".into());
        mouth.voice(id, tone(160 * 4), true);
        let mut frame = [0; 160];
        mouth.play(&mut frame, 0);
        mouth.play(&mut frame, 20);
        assert_eq!(mouth.drop_rest(40).map(|said| said.text), Some("one two".into()));
        assert!(!mouth.voice(id, tone(160), false));
    }

    #[test]
    fn paused_is_silent_and_resumes() {
        let mut mouth = Mouth::default();
        let id = mouth.say("Hello.".into());
        mouth.voice(id, tone(1600), true);
        let mut frame = [0; 160];
        mouth.play(&mut frame, 0);
        mouth.pause();
        assert_eq!(mouth.play(&mut frame, 20), Played::Silence);
        assert_eq!(frame[0], 0);
        mouth.resume();
        assert_eq!(mouth.play(&mut frame, 40), Played::Sound);
    }
}
