//! A stage for one call in virtual time: the caller's sound goes in 20 ms at a time, workers answer after a delay.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use offhook::audio::Codec;
use offhook::call::{Call, CallRecord, Gone, Input, Media, Output, Settings};
use offhook::conversation::{Appointment, BookError, BookingRequest, Business, Slot};
use offhook::rtp;

use crate::babble::babble;
use crate::line::start;
use crate::shops;

pub struct Stage {
    pub call: Call,
    pub now: Instant,
    pub phone: rtp::Sender,
    voice: Vec<i16>,
    /// What the recogniser will make of the utterance that is being spoken; none: it never answers.
    pub words: Option<String>,
    /// The turn detector's word.
    pub finished: f32,
    /// How long workers take.
    pub recogniser: Duration,
    pub speaker: Option<Duration>,
    pub calendar: Option<Duration>,
    /// The phone sends nothing at all.
    pub dead_line: bool,
    due: Vec<(Instant, Answer)>,
    /// Every text handed to the voice.
    pub said: Vec<String>,
    pub prepared: Vec<String>,
    /// Questions to a language model, by tool number: it answers when told to.
    pub unread: Vec<u32>,
    pub booked: Vec<BookingRequest>,
    pub hung_up: bool,
    pub ended: Option<CallRecord>,
    pub events: usize,
    /// Calls to somebody, in order: made, given up, referred.
    pub handed: Vec<Output>,
    /// Packets that left, to the caller and to whoever was called.
    pub to_caller: Vec<Vec<u8>>,
    pub to_person: Vec<Vec<u8>>,
    /// Audible packets of the agent: (time, loud).
    pub heard: Vec<(Instant, bool)>,
}

enum Answer {
    Heard { turn: u32, ask: u32, text: String },
    Judged { turn: u32, ask: u32, finished: f32 },
    Voice { say: u32, pcm: Arc<[i16]> },
    Slots { tool: u32 },
    Booked { tool: u32, booking: BookingRequest },
    Whispered { leg: u32, say: u32, pcm: Arc<[i16]> },
}

impl Stage {
    /// A call that rings at the dentist's, Monday morning.
    pub fn ringing() -> Self {
        Self::at(shops::dental())
    }

    /// The same at another business.
    pub fn at(business: Arc<Business>) -> Self {
        let started_at: Timestamp = "2026-11-23T13:00:00Z".parse().expect("a time");
        let settings = Settings {
            call_id: "call-1".into(),
            sip_call_id: "one@a".into(),
            business,
            from: Some("+16175550123".into()),
            to: "desk".into(),
            seed: 7,
            started_at,
            arrival: Default::default(),
        };
        let now = start();
        let media = Media::of(Codec::Pcmu);
        Self {
            call: Call::new(settings, media, now),
            now,
            phone: rtp::Sender::new(Codec::Pcmu, 99),
            voice: babble(20, 9_000.0),
            words: Some(String::new()),
            finished: 0.9,
            recogniser: Duration::from_millis(150),
            speaker: Some(Duration::from_millis(100)),
            calendar: Some(Duration::from_millis(30)),
            dead_line: false,
            due: Vec::new(),
            said: Vec::new(),
            prepared: Vec::new(),
            unread: Vec::new(),
            booked: Vec::new(),
            hung_up: false,
            ended: None,
            events: 0,
            handed: Vec::new(),
            to_caller: Vec::new(),
            to_person: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// The same, ended after this at the latest.
    pub fn lasting(mut self, longest: Duration) -> Self {
        self.call = self.call.lasting(longest);
        self
    }

    /// The same, answered.
    pub fn answered() -> Self {
        let mut stage = Self::ringing();
        stage.tell(Input::Answered(None));
        stage
    }

    /// Answered, and the greeting is over.
    pub fn greeted() -> Self {
        let mut stage = Self::answered();
        stage.listen_until_quiet();
        stage
    }

    pub fn tell(&mut self, input: Input<'_>) {
        self.call.handle(input, self.now);
        self.drain();
    }

    /// A re-INVITE: another codec both ways. The phone's frames stay at 8 kHz.
    pub fn change_codec(&mut self, codec: Codec) {
        self.call.renegotiate(Media::of(codec));
        self.phone = rtp::Sender::at_rate(8_000, rtp::Format::of(codec), 98);
    }

    /// The caller speaks for `ms`; the recogniser will say `text`.
    pub fn speak(&mut self, text: &str, ms: usize) {
        self.words = Some(text.into());
        for frame in 0..ms / FRAME_MS {
            let from = frame * 160 % self.voice.len();
            let sound = self.voice[from..from + 160].to_vec();
            self.frame(&sound);
        }
    }

    /// One whole turn: a second of speech, then quiet until the agent has answered and is quiet again.
    pub fn turn(&mut self, text: &str) {
        self.speak(text, 1_000);
        let said = self.said.len();
        self.wait_until(10_000, |stage| stage.said.len() > said);
        self.listen_until_quiet();
    }

    /// Nobody speaks for `ms`.
    pub fn quiet(&mut self, ms: usize) {
        (0..ms / FRAME_MS).for_each(|_| self.frame(&[0; 160]));
    }

    /// Quiet until `done`, at most `ms`.
    pub fn wait_until(&mut self, ms: usize, done: impl Fn(&Self) -> bool) {
        for _ in 0..ms / FRAME_MS {
            if done(self) || self.ended.is_some() {
                return;
            }
            self.frame(&[0; 160]);
        }
        assert!(done(self), "not within {ms} ms: {:?}", self.said);
    }

    /// Until the agent has spoken and then made no sound for half a second.
    pub fn listen_until_quiet(&mut self) {
        let since = self.now;
        self.wait_until(60_000, |stage| stage.audible_after(since) > 0);
        self.wait_until(60_000, |stage| {
            stage.heard.len() > QUIET_FRAMES && stage.heard.iter().rev().take(QUIET_FRAMES).all(|(_, loud)| !loud)
        });
    }

    /// Whether the agent was audible in the frames after `since`.
    pub fn audible_after(&self, since: Instant) -> usize {
        self.heard.iter().filter(|(at, loud)| *at > since && *loud).count()
    }

    pub fn record(&self) -> &CallRecord {
        self.ended.as_ref().unwrap_or(self.call.record())
    }

    fn frame(&mut self, sound: &[i16]) {
        self.now += Duration::from_millis(FRAME_MS as u64);
        if !self.dead_line {
            let mut packet = Vec::new();
            self.phone.next_packet(sound, &mut packet);
            self.tell(Input::Rtp(&packet));
        }
        self.answer_what_is_due();
        if self.call.poll_timeout().is_some_and(|at| at <= self.now) {
            self.tell(Input::Tick);
        }
    }

    fn answer_what_is_due(&mut self) {
        let now = self.now;
        let (due, later) = std::mem::take(&mut self.due).into_iter().partition(|(at, _)| *at <= now);
        self.due = later;
        let due: Vec<(Instant, Answer)> = due;
        for (_, answer) in due {
            match answer {
                Answer::Heard { turn, ask, text } => {
                    self.tell(Input::Heard { turn, ask, text, confidence: 0.9, answers: vec![] })
                }
                Answer::Judged { turn, ask, finished } => self.tell(Input::Judged { turn, ask, finished }),
                Answer::Voice { say, pcm } => self.tell(Input::Voice { say, pcm, last: true }),
                Answer::Whispered { leg, say, pcm } => self.tell(Input::Whispered { leg, say, pcm, last: true }),
                Answer::Slots { tool } => self.tell(Input::Slots { tool, slots: Some(free_slots()) }),
                Answer::Booked { tool, booking } => {
                    let result = Ok::<_, BookError>(Appointment {
                        id: "a-1".into(),
                        service: booking.service.clone(),
                        slot: booking.slot,
                    });
                    self.booked.push(booking);
                    self.tell(Input::Booked { tool, result });
                }
            }
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.call.poll_output() {
            self.carry_out(output);
        }
        self.to_person.extend(self.call.take_person_packet().map(<[u8]>::to_vec));
        if let Some(packet) = self.call.take_packet() {
            self.to_caller.push(packet.to_vec());
            let packet = rtp::Packet::parse(packet).expect("our own packets are RTP");
            // mu-law: silence is 0xff and 0x7f and what lies next to them.
            let loud = packet.payload.iter().any(|byte| byte & 0x7f < 0x60);
            self.heard.push((self.now, loud));
        }
        self.call.take_report();
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Transcribe { turn, ask, .. } => {
                if let Some(text) = self.words.clone() {
                    self.due.push((self.now + self.recogniser, Answer::Heard { turn, ask, text }));
                }
            }
            Output::JudgeTurn { turn, ask, .. } => {
                let finished = self.finished;
                self.due.push((self.now + Duration::from_millis(40), Answer::Judged { turn, ask, finished }));
            }
            Output::Speak { say, text } => {
                if let Some(delay) = self.speaker {
                    let pcm = babble(1 + text.len() / 15, 9_000.0).into();
                    self.due.push((self.now + delay, Answer::Voice { say, pcm }));
                }
                self.said.push(text);
            }
            Output::Prepare(text) => self.prepared.push(text),
            Output::FindSlots { tool, .. } => {
                self.due.extend(self.calendar.map(|delay| (self.now + delay, Answer::Slots { tool })));
            }
            Output::Book { tool, booking } => {
                self.due.extend(self.calendar.map(|delay| (self.now + delay, Answer::Booked { tool, booking })));
            }
            // This calendar has no appointments to tell or change: it never answers.
            Output::FindAppointments { .. } | Output::Reschedule { .. } | Output::Cancel { .. } => {}
            Output::Interpret { tool, .. } => self.unread.push(tool),
            Output::Keep(_) => {}
            Output::Whisper { leg, say, .. } => {
                let pcm: Arc<[i16]> = vec![WHISPER; 8_000].into();
                self.due.push((self.now, Answer::Whispered { leg, say, pcm }));
            }
            handed @ (Output::Call { .. } | Output::Release { .. } | Output::Refer { .. }) => self.handed.push(handed),
            Output::HangUp => self.hung_up = true,
            Output::Event(_) => self.events += 1,
            Output::Save(_) => {}
            Output::Ended(record) => self.ended = Some(*record),
        }
    }

    /// The line drops.
    pub fn gone(&mut self, gone: Gone) {
        self.tell(Input::Gone(gone));
    }
}

/// Tuesday, 10:00 and 11:00 and 14:30 in New York.
fn free_slots() -> Vec<Slot> {
    ["2026-11-24T15:00:00Z", "2026-11-24T16:00:00Z", "2026-11-24T19:30:00Z"]
        .into_iter()
        .map(|at| {
            let starts_at: Timestamp = at.parse().expect("a time");
            Slot { starts_at, ends_at: starts_at + jiff::SignedDuration::from_mins(30) }
        })
        .collect()
}

/// The level a whisper is made of, which nothing else is.
pub const WHISPER: i16 = 12_345;
const FRAME_MS: usize = 20;
/// Half a second.
const QUIET_FRAMES: usize = 25;
