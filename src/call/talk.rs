//! What a call makes of what it hears: turns, barge-in, keys, silence, and the answers.

use std::time::{Duration, Instant};

use super::call::{Call, Phase};
use super::ears::Sense;
use super::io::Output;
use super::keys::Origin;
use super::mouth::Played;
use super::record::{Line, Speaker};
use super::turn::Pause;
use super::turns::{Timing, Words};
use crate::conversation::{Action, Completeness, Event, Expectation};

impl Call {
    /// The ears' word on one frame.
    pub(super) fn sensed(&mut self, sense: Sense, now: Instant) {
        match sense {
            Sense::Quiet => {}
            Sense::Started => self.speech_starts(now),
            Sense::Speaking => {
                self.turn.goes_on();
                self.check_for_noise(now);
            }
            Sense::Paused(silence_ms) => self.speech_pauses(silence_ms, now),
        }
    }

    fn speech_starts(&mut self, now: Instant) {
        // Words that come before the answer was properly heard belong to the turn before.
        let fresh = self.timing.is_some_and(|timing| timing.answer_at.is_none_or(|_| !self.mouth.is_audible()));
        let start_ms = self.now_ms(now).saturating_sub(ONSET_MS);
        self.turn.begin(start_ms, fresh);
        self.mouth.pause();
    }

    fn speech_pauses(&mut self, silence_ms: u32, now: Instant) {
        if silence_ms >= SPECULATE_AFTER_MS && !self.turn.asked {
            self.turn.asked = true;
            self.turn.words = None;
            self.turn.finished = None;
            self.ask();
            let (turn, ask) = (self.turn.number, self.turn.ask);
            self.outputs.push_back(Output::JudgeTurn { turn, ask, audio: self.ears.utterance() });
        }
        let conversation = self.mind.conversation();
        let words = self.turn.words.as_ref().filter(|_| self.turn.asked);
        let pause = Pause {
            silence_ms,
            words: words.map(|words| match words.text.as_str() {
                // Speech that could not be made out: the rest of the sentence may make it clear.
                "" => Completeness::Unclear,
                text => conversation.completeness(text),
            }),
            finished: self.turn.finished,
            expectation: conversation.expectation(),
        };
        let nothing_said = words.is_some_and(|words| words.text.is_empty() && words.confidence == 0.0);
        if nothing_said || (words.is_some() && pause.is_over()) {
            self.conclude(silence_ms, now);
        } else if words.is_none() && silence_ms == TRANSCRIPT_LATE_MS {
            // Speculative askings give way when the recogniser is busy; this one does not. Whichever answers first counts.
            self.ask_for(self.turn.ask, true);
        } else if silence_ms >= TRANSCRIPT_WAIT_MS || self.ears.length_ms() >= UTTERANCE_MS_MAX {
            self.give_up_on_turn(now);
        }
    }

    fn ask(&mut self) {
        let ask = self.turn.ask_again();
        self.ask_for(ask, false);
    }

    fn ask_for(&mut self, ask: u32, urgent: bool) {
        self.outputs.push_back(Output::Transcribe {
            turn: self.turn.number,
            ask,
            audio: self.ears.utterance(),
            urgent,
            hint: self.mind.conversation().vocabulary(),
        });
    }

    /// Long sound without a pause: is it speech at all? Hold music and noise must not hold the agent up.
    fn check_for_noise(&mut self, now: Instant) {
        let length_ms = self.ears.length_ms();
        if length_ms >= UTTERANCE_MS_MAX {
            self.give_up_on_turn(now);
        } else if length_ms >= self.turn.next_check_ms {
            self.turn.next_check_ms = length_ms.saturating_mul(2);
            self.ask();
        }
    }

    /// A transcript of the turn in hand.
    pub(super) fn words(&mut self, words: Words, now: Instant) {
        let silent = words.text.is_empty();
        self.turn.noise = silent;
        if !self.turn.asked {
            // Answer to a noise check in the middle of sound.
            if silent {
                self.mouth.resume();
            }
            return;
        }
        if !silent {
            let wall = self.wall(now);
            self.mind.think(&words, wall, &mut self.outputs);
        }
        self.turn.unheard = 0;
        self.turn.words = Some(words);
    }

    fn give_up_on_turn(&mut self, now: Instant) {
        let (noise, unheard) = (self.turn.noise, self.turn.asked && self.turn.words.is_none());
        self.ears.finish();
        self.mouth.resume();
        self.turn.unheard += u32::from(unheard);
        if unheard && self.turn.unheard <= UNHEARD_FORGIVEN {
            self.tell(Event::Missed, now);
        } else if !noise {
            self.tell(Event::NotUnderstood, now);
        }
    }

    /// The turn is over and its words are known.
    fn conclude(&mut self, silence_ms: u32, now: Instant) {
        let Some(words) = self.turn.words.take() else { return };
        let voiced_ms = self.ears.voiced_ms();
        self.ears.finish();
        if words.text.is_empty() {
            self.mouth.resume();
            // A real attempt at speech that gave no words is worth a question; a click is not.
            if words.confidence > 0.0 && voiced_ms >= MUMBLE_MS && !self.mouth.is_busy() {
                self.tell(Event::NotUnderstood, now);
            }
            return;
        }
        let end_ms = self.now_ms(now).saturating_sub(u64::from(silence_ms));
        if self.mouth.is_busy() && !self.turn.continues && self.is_backchannel(&words.text) {
            self.caller_line(words.text, words.confidence, end_ms);
            self.mouth.resume();
            return;
        }
        self.take_turn(words, silence_ms, end_ms, now);
    }

    fn take_turn(&mut self, mut words: Words, silence_ms: u32, end_ms: u64, now: Instant) {
        let interrupted = self.mouth.is_busy();
        if let Some(said) = self.mouth.drop_rest(self.now_ms(now)) {
            self.agent_line(said);
        }
        self.mouth.resume();
        let mut parting = self.parting.take();
        self.timing = Some(Timing {
            turn: self.turn.number,
            speech_end: now - Duration::from_millis(u64::from(silence_ms)),
            words_at: words.at,
            decided: now,
            answer_at: None,
        });
        let wall = self.wall(now);
        if self.turn.continues && self.mind.unhear() {
            parting = None;
            words.text = self.rejoin(&words.text);
        } else if interrupted {
            self.tell(Event::Interrupted, now);
        }
        self.caller_line(words.text.clone(), words.confidence, end_ms);
        let actions = self.mind.hear(&words, wall);
        self.perform(actions, now);
        // Who speaks over the goodbye is not kept on a line where nobody answers any more.
        self.parting = self.parting.or(parting);
        self.quiet_since = Some(now);
    }

    /// The turn before was cut too early: its words and these are one.
    fn rejoin(&mut self, text: &str) -> String {
        let last = self.record.transcript.iter().rposition(|line| line.speaker == Speaker::Caller);
        let Some(at) = last else { return text.into() };
        let line = self.record.transcript.remove(at);
        self.turn.start_ms = line.start_ms;
        // A breath after the words can bring the same words back.
        if words_of(&line.text) == words_of(text) {
            return line.text;
        }
        format!("{} {text}", line.text.trim_end_matches(['.', '?', '!', ',']))
    }

    fn caller_line(&mut self, text: String, confidence: f32, end_ms: u64) {
        let start_ms = self.turn.start_ms;
        self.add_line(Line { speaker: Speaker::Caller, text, start_ms, end_ms: end_ms.max(start_ms), confidence });
    }

    /// "Mm-hm" while the agent speaks is encouragement, unless a yes or no was asked for.
    fn is_backchannel(&self, text: &str) -> bool {
        let words = words_of(text);
        let asked = self.mind.conversation().expectation() == Expectation::YesNo;
        let encourages = |word: &String| HUMS.contains(&word.as_str()) || (!asked && NODS.contains(&word.as_str()));
        words.len() <= BACKCHANNEL_WORDS_MAX && words.iter().all(encourages)
    }

    /// A key went down.
    pub(super) fn press(&mut self, key: char, origin: Origin, now: Instant) {
        if self.phase != Phase::Active || self.is_joined() || self.echoes.is_echo(key, origin, now) {
            return;
        }
        self.note_key();
        let expectation = self.mind.conversation().expectation();
        self.quiet_since = Some(now);
        if let Some(said) = self.mouth.drop_rest(self.now_ms(now)) {
            self.agent_line(said);
            self.tell(Event::Interrupted, now);
        }
        if let Some(keys) = self.keys.press(key, expectation, now) {
            self.typed(keys, now);
        }
    }

    /// One more key in the record, masked.
    pub(super) fn note_key(&mut self) {
        if self.record.digits.len() < MASKED_KEYS_MAX {
            self.record.digits.push('*');
        }
    }

    pub(super) fn typed(&mut self, keys: String, now: Instant) {
        self.mind.settle();
        self.tell(Event::Keys(keys), now);
    }

    /// Tells the conversation and does what it wants.
    pub(super) fn tell(&mut self, event: Event, now: Instant) {
        let wall = self.wall(now);
        let actions = self.mind.tell(event, wall);
        self.perform(actions, now);
    }

    /// A tool answered.
    pub(super) fn tool(&mut self, tool: u32, now: Instant, event: impl FnOnce(u32) -> Event) {
        let wall = self.wall(now);
        let actions = self.mind.answer(tool, wall, event, &mut self.outputs);
        if !self.mind.is_waiting() {
            self.bridge_at = None;
        }
        self.perform(actions, now);
    }

    fn perform(&mut self, actions: Vec<Action>, now: Instant) {
        if actions.iter().any(writes) {
            // What is about to be written is on its way to the disk first: a crash leaves no write nobody knows of.
            self.save();
        }
        for action in actions {
            match action {
                Action::Say(text) => self.say(text, now),
                Action::FindSlots { request, query } => {
                    let tool = self.mind.ask(request, false);
                    self.outputs.push_back(Output::FindSlots { tool, query });
                }
                Action::Book { request, booking } => {
                    let tool = self.mind.ask(request, true);
                    self.outputs.push_back(Output::Book { tool, booking });
                }
                Action::FindAppointments { request, phone } => {
                    let tool = self.mind.ask(request, false);
                    self.outputs.push_back(Output::FindAppointments { tool, phone });
                }
                Action::Reschedule { request, appointment_id, slot, key } => {
                    let tool = self.mind.ask(request, true);
                    self.outputs.push_back(Output::Reschedule { tool, appointment_id, slot, key });
                }
                Action::Cancel { request, appointment_id, key } => {
                    let tool = self.mind.ask(request, true);
                    self.outputs.push_back(Output::Cancel { tool, appointment_id, key });
                }
                Action::Interpret { request, utterance } => {
                    let tool = self.mind.ask(request, false);
                    self.outputs.push_back(Output::Interpret { tool, utterance });
                }
                Action::PutThrough { request, people, whisper } => self.hand_over(request, people, whisper, now),
                Action::CallNobody { .. } => self.call_nobody(),
                Action::HangUp(disposition) => self.parting = Some(disposition),
            }
        }
        if self.mind.is_waiting() {
            self.bridge_at.get_or_insert(now + BRIDGE_AFTER);
        }
    }

    fn say(&mut self, text: String, now: Instant) {
        if matches!(self.phase, Phase::Closing { .. } | Phase::Over) {
            return;
        }
        if let Some(timing) = &mut self.timing {
            timing.answer_at.get_or_insert(now);
        }
        let say = self.mouth.say(text.clone());
        self.outputs.push_back(Output::Speak { say, text });
    }

    /// What playout did this tick.
    pub(super) fn played(&mut self, played: Played, now: Instant) {
        match played {
            Played::Silence => {}
            Played::Sound => self.answer_is_heard(now),
            Played::Finished(said) => {
                self.answer_is_heard(now);
                self.agent_line(said);
                self.quiet_since = Some(now);
            }
        }
    }

    fn answer_is_heard(&mut self, now: Instant) {
        if let Some(timing) = self.timing
            && timing.answer_at.is_some()
            && self.spoke_audibly()
        {
            self.timing = None;
            self.record.turns.push(timing.row(now));
            self.save();
        }
    }

    /// Silence after everything was said: ask again; a slow tool: bridge it.
    pub(super) fn mind_silence(&mut self, now: Instant) {
        if self.bridge_at.is_some_and(|at| at <= now) {
            self.bridge_at = Some(now + if self.is_handing() { BRIDGE_PERSON } else { BRIDGE_AGAIN_AFTER });
            if !self.mouth.is_busy() && self.mind.is_waiting() {
                self.tell(Event::Waiting, now);
            }
        }
        let Some(since) = self.quiet_since else { return };
        let speaking = self.ears.is_speaking() && !self.turn.noise;
        // Who put us on hold cannot answer.
        let held = self.on_hold;
        let busy = self.mouth.is_busy() || speaking || held || self.mind.is_waiting() || self.keys.is_typing();
        if busy || self.parting.is_some() {
            if !self.ears.is_speaking() || held || self.mouth.is_busy() {
                self.quiet_since = Some(now);
            }
            return;
        }
        if now.duration_since(since) >= silence_limit(self.mind.conversation().expectation()) {
            self.quiet_since = Some(now);
            self.tell(Event::Silence, now);
        }
    }
}

fn writes(action: &Action) -> bool {
    matches!(action, Action::Book { .. } | Action::Reschedule { .. } | Action::Cancel { .. })
}

fn words_of(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn silence_limit(expectation: Expectation) -> Duration {
    match expectation {
        Expectation::Phone | Expectation::Message | Expectation::Email => SILENCE_SEARCHING,
        Expectation::Name | Expectation::DateTime => SILENCE_THINKING,
        _ => SILENCE,
    }
}

/// Into a pause this long the recogniser is started: most inner pauses are shorter than the decision, and the text is
/// there when the turn ends.
const SPECULATE_AFTER_MS: u32 = 140;
/// After this the transcript is asked for again, urgently. A multiple of the 20 ms frame.
const TRANSCRIPT_LATE_MS: u32 = 2000;
/// A recogniser silent for this long is not coming back.
const TRANSCRIPT_WAIT_MS: u32 = 8000;
/// Turns lost to a busy recogniser before they count as not understood: it may be broken.
const UNHEARD_FORGIVEN: u32 = 2;
/// Whisper's window is 30 s.
const UTTERANCE_MS_MAX: u32 = 28_000;
/// Shorter sounds without words are clicks and coughs.
const MUMBLE_MS: u32 = 400;
/// The onset decision comes about three frames after the onset.
const ONSET_MS: u64 = 60;
/// A tool slower than this gets a spoken bridge; the whole pause then stays under a second.
const BRIDGE_AFTER: Duration = Duration::from_millis(700);
/// And another one: silence for longer than this sounds like a dead line.
const BRIDGE_AGAIN_AFTER: Duration = Duration::from_secs(4);
/// The same while somebody's phone rings: there is something to hear.
const BRIDGE_PERSON: Duration = Duration::from_secs(15);
/// Longest silence after an ordinary question.
const SILENCE: Duration = Duration::from_secs(7);
/// While somebody looks at a diary or spells a name.
const SILENCE_THINKING: Duration = Duration::from_secs(9);
/// While somebody looks for a number.
const SILENCE_SEARCHING: Duration = Duration::from_secs(14);
/// "mm-hm, okay, right"
const BACKCHANNEL_WORDS_MAX: usize = 3;
/// A caller leaning on the keypad does not fill the record.
const MASKED_KEYS_MAX: usize = 64;
/// Sounds that never answer anything.
const HUMS: [&str; 12] = ["mm", "mmm", "mhm", "hm", "hmm", "uh", "huh", "um", "ah", "oh", "aha", "mhmm"];
/// Words that only answer when something was asked.
const NODS: [&str; 7] = ["yeah", "okay", "ok", "right", "sure", "yes", "yep"];
