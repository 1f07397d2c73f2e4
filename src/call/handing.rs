//! Handing the caller to a person: who is called, what they decide, and the two talking to each other.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::call::{Call, Media, Phase};
use super::event::CallEvent;
use super::io::{Gone, News, Output};
use super::person::PersonLine;
use crate::audio::{FRAME_SAMPLES, TELEPHONE_RATE, resample, tones};
use crate::conversation::{Duty, Event, Mode, Reach, Taken, Whisper};

/// A caller on the way to a person.
#[derive(Debug)]
pub(super) struct Handing {
    /// The conversation's question.
    tool: u32,
    /// Who is left to ask.
    people: VecDeque<Duty>,
    whisper: Whisper,
    /// Number of the call to the one asked now.
    leg: u32,
    person: Duty,
    stage: Stage,
    /// What the caller hears meanwhile, over and over, and how much of it was played.
    tone: Vec<i16>,
    played: usize,
}

/// How far it is with the one asked now.
#[derive(Debug)]
enum Stage {
    /// It rings there.
    Calling { since: Instant, until: Instant },
    /// The caller's own side calls them; whether it said that it does.
    Referring { until: Instant, taken: bool },
    /// They hear who it is and have yet to decide.
    Deciding { line: Box<PersonLine>, rang_ms: u32, until: Instant, again_at: Option<Instant> },
    /// Caller and person talk.
    Joined { line: Box<PersonLine>, since: Instant },
}

impl Call {
    /// Calls these, one after the other.
    pub(super) fn hand_over(&mut self, request: u32, people: Vec<Duty>, whisper: Whisper, now: Instant) {
        let mut people = VecDeque::from(people);
        let tool = self.mind.ask_person(request);
        // The words that asked for somebody are final: a phone rings for them.
        self.mind.settle();
        self.bridge_at = Some(now + BRIDGE_AFTER);
        let Some(person) = people.pop_front() else {
            return self.tool(tool, now, |request| Event::PutThrough { request, taken: None });
        };
        let stage = Stage::Calling { since: now, until: now };
        let leg = self.legs;
        self.handing =
            Some(Handing { tool, people, whisper, leg, person, stage, tone: hold_tone(self.rate), played: 0 });
        self.call_person(now);
    }

    /// Nobody is to be called any more.
    pub(super) fn call_nobody(&mut self) {
        let Some(handing) = self.handing.take() else { return };
        self.mind.forget(handing.tool);
        // What the caller waited for is not to come back with the words.
        self.mind.settle();
        self.bridge_at = None;
        self.outputs.push_back(Output::Release { leg: handing.leg });
    }

    /// Calls the one whose turn it is.
    fn call_person(&mut self, now: Instant) {
        self.legs += 1;
        let leg = self.legs;
        let Some(handing) = &mut self.handing else { return };
        handing.leg = leg;
        let person = handing.person.clone();
        let (mode, ring) = person.reach.as_ref().map_or((Mode::Bridged, Duration::ZERO), reach);
        handing.stage = match mode {
            Mode::Blind => Stage::Referring { until: now + ring + REFER_EXTRA, taken: false },
            Mode::Bridged | Mode::Attended => Stage::Calling { since: now, until: now + ring },
        };
        self.outputs.push_back(match mode {
            Mode::Blind => Output::Refer { person, replacing: false },
            Mode::Bridged | Mode::Attended => Output::Call { leg, person },
        });
    }

    /// This one will not: the next, or back to the agent.
    fn next_person(&mut self, now: Instant) {
        let Some(handing) = &mut self.handing else { return };
        self.outputs.push_back(Output::Release { leg: handing.leg });
        if let Some(person) = handing.people.pop_front() {
            handing.person = person;
            return self.call_person(now);
        }
        let tool = handing.tool;
        self.handing = None;
        self.tool(tool, now, |request| Event::PutThrough { request, taken: None });
    }

    /// News of the call to a person.
    pub(super) fn person_news(&mut self, leg: u32, news: News, now: Instant) {
        let seed = u64::from(self.sender.ssrc()) << 32 | u64::from(leg);
        let Some(handing) = self.handing.as_mut().filter(|handing| handing.leg == leg) else { return };
        match (news, &mut handing.stage) {
            (News::Answered(media), Stage::Calling { since, .. }) => {
                let rang_ms = u32::try_from(now.duration_since(*since).as_millis()).unwrap_or(u32::MAX);
                let keys = handing.person.reach.as_ref().map_or("", |reach| &reach.keys);
                let line = Box::new(PersonLine::new(media, keys, seed, now));
                let until = now + line.menu_lasts() + DECIDE;
                handing.stage = Stage::Deciding { line, rang_ms, until, again_at: None };
                self.whisper(false);
            }
            (News::Renegotiated(media, on_hold), Stage::Deciding { line, .. } | Stage::Joined { line, .. }) => {
                line.renegotiate(media);
                line.on_hold = on_hold;
                line.last_packet = now;
            }
            (News::Key(key), Stage::Deciding { line, .. }) => line.told = Some(key),
            (News::Failed(_) | News::Ended, Stage::Calling { .. } | Stage::Deciding { .. }) => self.next_person(now),
            (News::Failed(_) | News::Ended, Stage::Joined { .. }) => self.part(now),
            _ => {}
        }
    }

    /// What became of the caller's own side calling somebody.
    pub(super) fn referred(&mut self, status: u16, now: Instant) {
        let Some(handing) = &mut self.handing else { return };
        match (&mut handing.stage, status) {
            (Stage::Referring { taken, .. }, ..200) => *taken = true,
            (Stage::Referring { .. }, 200..300) => {
                self.taken(None, now);
                self.part(now);
            }
            (Stage::Referring { .. }, _) => self.next_person(now),
            // They talk without us from now on.
            (Stage::Joined { .. }, 200..300) => self.part(now),
            // Refused: they go on talking through us.
            _ => {}
        }
    }

    /// A packet of whoever was called.
    pub(super) fn person_said(&mut self, datagram: &[u8], now: Instant) {
        let on_hold = self.on_hold;
        let Some(Stage::Deciding { line, .. } | Stage::Joined { line, .. }) =
            self.handing.as_mut().map(|handing| &mut handing.stage)
        else {
            return;
        };
        if line.heard(datagram, now, &mut self.packet) && !on_hold {
            self.packet_ready = true;
        }
    }

    /// A packet of the caller's goes to the person as well; before they took the call it goes nowhere.
    pub(super) fn caller_said(&mut self, datagram: &[u8], now: Instant) {
        if let Some(line) = self.joined() {
            line.caller_said(datagram, now);
        }
    }

    /// Sound of the whisper.
    pub(super) fn whispered(&mut self, leg: u32, say: u32, pcm: std::sync::Arc<[i16]>, last: bool) {
        if let Some(Handing { stage: Stage::Deciding { line, .. }, .. }) =
            self.handing.as_mut().filter(|handing| handing.leg == leg)
        {
            line.voice(say, pcm, last);
        }
    }

    /// The RTP packet for whoever was called, once.
    pub fn take_person_packet(&mut self) -> Option<&[u8]> {
        match &mut self.handing.as_mut()?.stage {
            Stage::Deciding { line, .. } | Stage::Joined { line, .. } => line.take_packet(),
            _ => None,
        }
    }

    /// The caller agreed to something else in the middle of it.
    pub(super) fn caller_renegotiated(&mut self, media: Media) {
        self.agreed = media;
        if let Some(line) = self.joined() {
            line.caller_renegotiated(media);
        }
    }

    /// Whether caller and person talk: then the agent neither hears nor speaks.
    pub(super) fn is_joined(&self) -> bool {
        matches!(self.handing, Some(Handing { stage: Stage::Joined { .. }, .. }))
    }

    /// Whether somebody is being called.
    pub fn is_handing(&self) -> bool {
        self.handing.is_some()
    }

    /// A caller who hangs up while being referred went where we sent them.
    pub(super) fn left_while_handing(&mut self, now: Instant) {
        if let Some(Handing { stage: Stage::Referring { taken: true, .. }, .. }) = self.handing {
            self.taken(None, now);
        }
    }

    /// One 20 ms tick of the line to the person.
    pub(super) fn tick_person(&mut self, now: Instant) {
        let now_ms = self.now_ms(now);
        let Some(handing) = &mut self.handing else { return };
        match &mut handing.stage {
            Stage::Calling { until, .. } | Stage::Referring { until, .. } if *until <= now => self.next_person(now),
            Stage::Calling { .. } | Stage::Referring { .. } => {}
            Stage::Deciding { line, until, again_at, .. } => {
                let key = line.tick(now, now_ms);
                let speaking = line.is_speaking();
                let late = *until <= now;
                if !speaking {
                    again_at.get_or_insert(now + SAY_AGAIN);
                }
                let again = again_at.take_if(|at| *at <= now).is_some();
                match key {
                    Some(ACCEPT) => self.join(now),
                    Some(DECLINE) => self.next_person(now),
                    _ if late => self.next_person(now),
                    _ if again => self.whisper(true),
                    _ => {}
                }
            }
            Stage::Joined { line, since } => {
                line.tick(now, now_ms);
                let deaf = !line.on_hold && now.duration_since(line.last_packet) > DEAF;
                if deaf || now.duration_since(*since) > JOINED_MAX {
                    self.part(now);
                }
            }
        }
    }

    /// Something to hear while it rings: a frame of it when nothing else is said.
    pub(super) fn hold_tone(&mut self, frame: &mut [i16]) {
        let Some(handing) = &mut self.handing else { return };
        let from = handing.played % handing.tone.len();
        frame.copy_from_slice(&handing.tone[from..from + frame.len()]);
        handing.played += frame.len();
    }

    /// Tells whoever picked up who calls, or the keys again.
    fn whisper(&mut self, again: bool) {
        let Some(handing) = &mut self.handing else { return };
        let Stage::Deciding { line, .. } = &mut handing.stage else { return };
        let text = if again { handing.whisper.keys.clone() } else { handing.whisper.text.clone() };
        let say = line.say(&text);
        let (leg, language) = (handing.leg, handing.whisper.language);
        self.outputs.push_back(Output::Whisper { leg, say, text, language });
    }

    /// They take the caller.
    fn join(&mut self, now: Instant) {
        let Some(mut handing) = self.handing.take() else { return };
        let Stage::Deciding { mut line, rang_ms, .. } = handing.stage else { return };
        if let Some(said) = self.mouth.drop_rest(self.now_ms(now)) {
            self.agent_line(said);
        }
        // What was not yet a packet would be one after those of theirs.
        self.unsent.clear();
        line.join(&self.sender, self.agreed);
        handing.stage = Stage::Joined { line, since: now };
        let attended = handing.person.reach.as_ref().is_some_and(|reach| reach.mode == Mode::Attended);
        let person = handing.person.clone();
        self.handing = Some(handing);
        self.taken(Some(rang_ms), now);
        if attended {
            self.outputs.push_back(Output::Refer { person, replacing: true });
        }
    }

    /// Somebody has the caller: the conversation is over, the record says so at once.
    fn taken(&mut self, rang_ms: Option<u32>, now: Instant) {
        let Some(handing) = &self.handing else { return };
        let (tool, name) = (handing.tool, handing.person.name.clone());
        self.outputs
            .push_back(Output::Event(CallEvent::Transferred { call_id: self.record.id.clone(), to: name.clone() }));
        self.tool(tool, now, |request| Event::PutThrough { request, taken: Some(Taken { name, rang_ms }) });
        self.save();
    }

    /// The two have parted, or talk without us: nothing is left to do here.
    fn part(&mut self, now: Instant) {
        if self.phase == Phase::Active {
            self.outputs.push_back(Output::HangUp);
            self.finish(Gone::Shutdown, now);
        }
    }

    fn joined(&mut self) -> Option<&mut PersonLine> {
        match &mut self.handing.as_mut()?.stage {
            Stage::Joined { line, .. } => Some(line),
            _ => None,
        }
    }
}

fn reach(reach: &Reach) -> (Mode, Duration) {
    (reach.mode, reach.ring)
}

/// Two soft notes, then a pause: somebody is being fetched.
fn hold_tone(rate: u32) -> Vec<i16> {
    let mut tone = Vec::with_capacity(TONE_SAMPLES);
    tones::silence(TONE_LEAD_SAMPLES, &mut tone);
    for note in NOTES_HZ {
        tones::tone(&[note], NOTE_MS, TONE_DBFS, &mut tone);
    }
    tones::silence(TONE_SAMPLES - tone.len(), &mut tone);
    resample(&tone, TELEPHONE_RATE, rate)
}

/// The keys of whoever is asked.
const ACCEPT: char = '1';
const DECLINE: char = '2';
/// From picking up to the decision: the whisper twice. An answering machine presses nothing.
const DECIDE: Duration = Duration::from_secs(30);
/// After the whisper the keys are said again.
const SAY_AGAIN: Duration = Duration::from_secs(5);
/// A REFER may take this much longer than it may ring: the other side has to set up a call first.
const REFER_EXTRA: Duration = Duration::from_secs(5);
/// A person's line without media for this long, not on hold, is dead.
const DEAF: Duration = Duration::from_secs(60);
/// The longest a caller and a person are kept together.
const JOINED_MAX: Duration = Duration::from_secs(4 * 3600);
/// The first words while it rings, and then as for any slow tool, only less often.
const BRIDGE_AFTER: Duration = Duration::from_secs(10);
/// One round of what the caller hears: 3 s of frames at 8 kHz.
const TONE_SAMPLES: usize = 150 * FRAME_SAMPLES;
/// The words come first.
const TONE_LEAD_SAMPLES: usize = 50 * FRAME_SAMPLES;
const NOTES_HZ: [f64; 2] = [523.25, 659.25];
const NOTE_MS: u32 = 300;
const TONE_DBFS: f32 = -30.0;
