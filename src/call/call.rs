//! One phone call: inputs in, one mutation, then the outputs are drained.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::arrival::Arrival;
use super::ears::Ears;
use super::event::CallEvent;
use super::handing::Handing;
use super::io::{Gone, Input, Output};
use super::keys::{Echoes, Keys, Origin};
use super::mind::Mind;
use super::mouth::{Mouth, Said};
use super::record::{CallRecord, CallState, Line, MediaStats, Speaker};
use super::sound::{frame_samples, note_codec, receiver};
use super::turns::{Timing, Turn, Words};
use crate::audio::KeyTones;
use crate::conversation::{Business, Caller, Conversation, Disposition, Event, Hold, Kind, Rephrased};
use crate::rtp;

/// What a call needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Our id of it.
    pub call_id: String,
    /// SIP Call-ID.
    pub sip_call_id: String,
    /// Who is called.
    pub business: Arc<Business>,
    /// Caller's number, E.164 where possible.
    pub from: Option<String>,
    /// Called user part.
    pub to: String,
    /// Randomness of this call: RTP identities, choice of wordings.
    pub seed: u64,
    /// Business clock at the INVITE.
    pub started_at: Timestamp,
    /// How it came in.
    pub arrival: Arrival,
}

/// What the SDP settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// Codec and packets, both ways.
    pub format: rtp::Format,
    /// Payload type of telephone-event, both ways.
    pub dtmf_pt: Option<u8>,
    /// Its clock, Hz.
    pub dtmf_clock: u32,
    /// Keys are listened for in the sound itself: there is no telephone-event, or it is not trusted.
    pub key_tones: bool,
    /// Name of the cipher that protects it; none: plain RTP.
    pub protection: Option<&'static str>,
}

impl Media {
    /// A codec as it usually is, with telephone-event.
    pub const fn of(codec: crate::audio::Codec) -> Self {
        let format = rtp::Format::of(codec);
        Self {
            format,
            dtmf_pt: Some(101),
            dtmf_clock: crate::audio::TELEPHONE_RATE,
            key_tones: false,
            protection: None,
        }
    }

    /// What presses keys there; none: the other side has no RFC 4733.
    pub fn dtmf_sender(&self) -> Option<rtp::DtmfSender> {
        let mut keys = rtp::DtmfSender::new(self.dtmf_pt?);
        keys.set_clock(self.dtmf_clock);
        Some(keys)
    }
}

/// One call. Drive it with [`Call::handle`], then drain [`Call::poll_output`] and [`Call::take_packet`]; come back at
/// [`Call::poll_timeout`] with [`Input::Tick`].
#[derive(Debug)]
pub struct Call {
    pub(super) record: CallRecord,
    pub(super) phase: Phase,
    /// The INVITE, on both clocks.
    created: (Instant, Timestamp),
    pub(super) answered: Option<Instant>,
    pub(super) next_tick: Option<Instant>,
    /// Samples per second of all sound inside this call: 16,000 when the line carries it, else 8,000.
    pub(super) rate: u32,
    pub(super) receiver: rtp::Receiver,
    pub(super) sender: rtp::Sender,
    pub(super) rtcp: rtp::Rtcp,
    pub(super) quality: rtp::Quality,
    /// Hears keys in the sound, where they come no other way.
    pub(super) key_tones: Option<KeyTones>,
    pub(super) ears: Ears,
    pub(super) mouth: Mouth,
    pub(super) keys: Keys,
    pub(super) echoes: Echoes,
    pub(super) mind: Mind,
    pub(super) turn: Turn,
    pub(super) timing: Option<Timing>,
    /// Since when nobody has anything to say.
    pub(super) quiet_since: Option<Instant>,
    /// A tool is waited for: when the next bridge is due.
    pub(super) bridge_at: Option<Instant>,
    /// The conversation is over once the mouth is empty.
    pub(super) parting: Option<Disposition>,
    last_packet: Option<Instant>,
    /// Longest call.
    longest: Duration,
    pub(super) on_hold: bool,
    /// The time the calendar keeps for this call.
    kept: Option<Hold>,
    /// The caller is on the way to a person.
    pub(super) handing: Option<Handing>,
    /// Number of the last call to somebody.
    pub(super) legs: u32,
    /// What the SDP last settled.
    pub(super) agreed: Media,
    pub(super) outputs: VecDeque<Output>,
    pub(super) heard_frame: Vec<i16>,
    pub(super) spoken_frame: Vec<i16>,
    /// Sound that waits to fill a packet.
    pub(super) unsent: Vec<i16>,
    pub(super) packet: Vec<u8>,
    /// A packet of somebody else's, on its way to the caller.
    pub(super) packet_ready: bool,
    pub(super) report: Option<Vec<u8>>,
}

/// Where the call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Ringing,
    Active,
    /// The line is gone, a booking is still being written.
    Closing {
        gone: Gone,
        until: Instant,
    },
    Over,
}

impl Call {
    /// A call whose INVITE just arrived.
    pub fn new(settings: Settings, media: Media, now: Instant) -> Self {
        let caller = Caller { number: settings.from.clone(), call_id: settings.call_id.clone() };
        let begins_with = settings.arrival.flow.as_deref().and_then(Kind::opening);
        let conversation =
            Conversation::new(settings.business.clone(), caller, settings.seed).beginning_with(begins_with);
        let record = new_record(&settings, media);
        let rate = media.format.codec.sample_rate();
        let sender = rtp::Sender::at_rate(rate, media.format, settings.seed);
        let mut call = Self {
            record,
            phase: Phase::Ringing,
            created: (now, settings.started_at),
            answered: None,
            next_tick: None,
            rate,
            receiver: receiver(rate, media),
            rtcp: rtp::Rtcp::new(sender.ssrc(), settings.seed),
            sender,
            quality: rtp::Quality::default(),
            key_tones: media.key_tones.then(KeyTones::default),
            ears: Ears::new(rate),
            mouth: Mouth::new(rate),
            keys: Keys::default(),
            echoes: Echoes::default(),
            mind: Mind::new(conversation),
            turn: Turn::default(),
            timing: None,
            quiet_since: None,
            bridge_at: None,
            parting: None,
            last_packet: None,
            longest: CALL_MAX,
            on_hold: false,
            kept: None,
            handing: None,
            legs: 0,
            agreed: media,
            outputs: VecDeque::new(),
            heard_frame: Vec::with_capacity(frame_samples(rate)),
            spoken_frame: vec![0; frame_samples(rate)],
            unsent: Vec::with_capacity(4 * frame_samples(rate)),
            packet: Vec::with_capacity(PACKET_BYTES_RESERVED),
            packet_ready: false,
            report: None,
        };
        call.outputs.push_back(Output::Event(CallEvent::Started(Box::new(call.record.clone()))));
        call
    }

    /// Ends after this at the latest, whoever talks.
    pub fn lasting(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Has a language model read what the grammar cannot.
    pub fn with_model(mut self) -> Self {
        self.mind = self.mind.with_model();
        self
    }

    /// Speaks these wordings too.
    pub fn with_rephrased(mut self, rephrased: Arc<Rephrased>) -> Self {
        self.mind = self.mind.with_rephrased(rephrased);
        self
    }

    /// The conversation that is held.
    pub fn conversation(&self) -> &Conversation {
        self.mind.conversation()
    }

    /// Takes one input; afterwards the outputs must be drained.
    pub fn handle(&mut self, input: Input<'_>, now: Instant) {
        if self.phase == Phase::Over {
            return;
        }
        match input {
            Input::Answered(known) => self.answer(known, now),
            Input::Rtp(bytes) => {
                self.last_packet = Some(now);
                // What is no RTP is counted by nobody: the line may carry anything.
                let _ = self.receiver.handle_packet(bytes, now);
                self.caller_said(bytes, now);
            }
            Input::Rtcp(bytes) => {
                let news = self.rtcp.handle(bytes, now);
                self.quality.note(&news);
                if let Some(lost) = news.fraction_lost {
                    self.sender.expect_loss(lost);
                }
            }
            Input::Key(key) => self.press(key, Origin::Signalling, now),
            Input::Tick => self.tick(now),
            Input::Known(caller) => {
                self.record.contact_id = Some(caller.contact_id.clone());
                self.tell(Event::Known(caller), now);
            }
            Input::Coming(coming) => self.tell(Event::Coming(coming), now),
            // The one place where answers of older turns and askings are dropped.
            Input::Heard { turn, ask, .. } | Input::Judged { turn, ask, .. }
                if turn != self.turn.number || ask != self.turn.ask || !self.ears.is_speaking() => {}
            Input::Heard { text, confidence, answers, .. } => {
                self.words(Words { text, confidence, answers, at: now }, now);
            }
            Input::Judged { finished, .. } => self.turn.finished = Some(finished),
            Input::Voice { say, pcm, last } => {
                self.mouth.voice(say, pcm, last);
            }
            Input::Slots { tool, slots } => self.tool(tool, now, |request| Event::Slots { request, slots }),
            Input::Booked { tool, result } => {
                self.tool(tool, now, |request| Event::Booked { request, result });
                self.close_if_written();
            }
            Input::Appointments { tool, found } => {
                self.tool(tool, now, |request| Event::Appointments { request, found });
            }
            Input::Changed { tool, result } => {
                self.tool(tool, now, |request| Event::Changed { request, result });
                self.close_if_written();
            }
            Input::Interpreted { tool, proposal } => {
                self.tool(tool, now, |request| Event::Interpreted { request, proposal });
            }
            Input::Cancelled { tool, result } => {
                self.tool(tool, now, |request| Event::Cancelled { request, result });
                self.close_if_written();
            }
            Input::Hold(on_hold) => self.hold(on_hold, now),
            Input::Person { leg, news } => self.person_news(leg, news, now),
            Input::PersonRtp(bytes) => self.person_said(bytes, now),
            Input::Whispered { leg, say, pcm, last } => self.whispered(leg, say, pcm, last),
            Input::Referred(status) => self.referred(status, now),
            Input::Wanted(whom) => self.tell(Event::Wanted(whom), now),
            Input::Gone(gone) => self.gone(gone, now),
        }
        self.keep();
    }

    /// The calendar keeps the time that is being talked about, and no other.
    fn keep(&mut self) {
        let held = self.mind.conversation().holding().filter(|_| self.phase == Phase::Active);
        // A write that is under way books through what is kept.
        if held != self.kept && !self.mind.is_writing() && self.phase != Phase::Over {
            self.kept = held.clone();
            self.outputs.push_back(Output::Keep(held));
        }
    }

    /// What is to be done next; `None` when all is done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// An RTCP report due, once.
    pub fn take_report(&mut self) -> Option<Vec<u8>> {
        self.report.take()
    }

    /// When [`Input::Tick`] is wanted.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Active => self.next_tick,
            Phase::Closing { until, .. } => Some(until),
            Phase::Ringing | Phase::Over => None,
        }
    }

    /// The record as it stands.
    pub fn record(&self) -> &CallRecord {
        &self.record
    }

    fn answer(&mut self, known: Option<crate::conversation::KnownCaller>, now: Instant) {
        if self.phase != Phase::Ringing {
            return;
        }
        self.phase = Phase::Active;
        self.answered = Some(now);
        self.next_tick = Some(now);
        self.last_packet = Some(now);
        self.quiet_since = Some(now);
        self.record.state = CallState::Active;
        self.record.answered_at = Some(self.wall(now));
        self.record.contact_id = known.as_ref().map(|known| known.contact_id.clone());
        self.outputs.push_back(Output::Event(CallEvent::Answered { call_id: self.record.id.clone() }));
        self.save();
        self.tell(Event::Started(known), now);
    }

    fn tick(&mut self, now: Instant) {
        if let Phase::Closing { gone, until } = self.phase {
            if now >= until {
                self.finish(gone, now);
            }
            return;
        }
        let (Phase::Active, Some(due)) = (self.phase, self.next_tick) else { return };
        if now < due {
            return;
        }
        // A tick that comes very late (the machine slept) does not play its backlog in one burst.
        let behind = now.duration_since(due) > BACKLOG_MAX;
        self.next_tick = Some(if behind { now + FRAME } else { due + FRAME });
        if self.is_joined() {
            self.overhear(now);
        } else {
            self.hear(now);
            self.speak(now);
            self.mind_the_time(now);
        }
        self.tick_person(now);
    }

    /// A caller who talks to a person is only counted: packets, keys, and whether the line lives.
    fn overhear(&mut self, now: Instant) {
        self.receiver.pull_frame(now, &mut self.heard_frame);
        while self.receiver.poll_digit().is_some() {
            self.note_key();
        }
        self.mind_the_line(now);
    }

    fn hold(&mut self, on_hold: bool, now: Instant) {
        self.on_hold = on_hold;
        self.last_packet = Some(now);
        self.quiet_since = Some(now);
    }

    fn mind_the_time(&mut self, now: Instant) {
        self.mind_silence(now);
        if self.answered.is_none() || self.mind_the_line(now) {
            return;
        }
        if self.parting.is_some() && !self.mouth.is_busy() && !self.mind.is_waiting() {
            self.outputs.push_back(Output::HangUp);
            self.finish(Gone::Shutdown, now);
        }
    }

    /// Ends the call when nothing comes from the caller any more, or when it lasted long enough; whether it did.
    fn mind_the_line(&mut self, now: Instant) -> bool {
        let deaf = self.last_packet.is_some_and(|at| now.duration_since(at) > MEDIA_TIMEOUT) && !self.on_hold;
        if deaf {
            self.outputs.push_back(Output::HangUp);
            self.gone(Gone::Caller, now);
        }
        let long = self.answered.is_some_and(|at| now.duration_since(at) > self.longest) && !deaf;
        if long {
            self.outputs.push_back(Output::HangUp);
            self.gone(Gone::Shutdown, now);
        }
        deaf || long
    }

    /// The line is gone: the call ends now, or once a booking in flight has been answered.
    fn gone(&mut self, gone: Gone, now: Instant) {
        if matches!(self.phase, Phase::Closing { .. } | Phase::Over) {
            return;
        }
        self.left_while_handing(now);
        if let Some(said) = self.mouth.drop_rest(self.now_ms(now)) {
            self.agent_line(said);
        }
        if self.mind.is_writing() {
            self.phase = Phase::Closing { gone, until: now + WRITE_WAIT };
        } else {
            let wall = self.wall(now);
            self.mind.tell(Event::Gone, wall);
            self.finish(gone, now);
        }
    }

    fn close_if_written(&mut self) {
        if let Phase::Closing { gone, until } = self.phase
            && !self.mind.is_writing()
        {
            self.finish(gone, until - WRITE_WAIT);
        }
    }

    pub(super) fn finish(&mut self, gone: Gone, now: Instant) {
        self.phase = Phase::Over;
        let conversation = self.mind.conversation();
        let settled = self.parting.unwrap_or_else(|| conversation.disposition());
        self.record.outcome = conversation.outcome().clone();
        self.record.language = conversation.language_tag().into();
        self.record.disposition = Some(match (gone, settled) {
            (Gone::Failure, Disposition::Abandoned | Disposition::NoDisposition) => Disposition::Failed,
            (_, settled) => settled,
        });
        self.record.state = CallState::Ended;
        self.record.ended_at = Some(self.wall(now));
        if self.kept.take().is_some() {
            self.outputs.push_back(Output::Keep(None));
        }
        self.note_media();
        self.outputs.push_back(Output::Event(CallEvent::Ended(Box::new(self.record.clone()))));
        self.outputs.push_back(Output::Ended(Box::new(self.record.clone())));
    }

    pub(super) fn save(&mut self) {
        self.note_media();
        self.record.outcome = self.mind.conversation().outcome().clone();
        self.record.language = self.mind.conversation().language_tag().into();
        self.outputs.push_back(Output::Save(Box::new(self.record.clone())));
    }

    pub(super) fn agent_line(&mut self, said: Said) {
        self.add_line(Line {
            speaker: Speaker::Agent,
            text: said.text,
            start_ms: said.start_ms,
            end_ms: said.end_ms,
            confidence: 1.0,
        });
    }

    pub(super) fn add_line(&mut self, line: Line) {
        self.outputs.push_back(Output::Event(CallEvent::Line { call_id: self.record.id.clone(), line: line.clone() }));
        // A caller's line is known only after it was spoken: it may belong before a line of ours.
        let at = self.record.transcript.partition_point(|other| other.start_ms <= line.start_ms);
        self.record.transcript.insert(at, line);
        self.save();
    }

    /// Whether the frame just played can be heard.
    pub(super) fn spoke_audibly(&self) -> bool {
        self.spoken_frame.iter().any(|sample| sample.unsigned_abs() >= AUDIBLE)
    }

    /// Milliseconds since the answer.
    pub(super) fn now_ms(&self, now: Instant) -> u64 {
        let since = self.answered.map_or(Duration::ZERO, |answered| now.saturating_duration_since(answered));
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// The business clock.
    pub(super) fn wall(&self, now: Instant) -> Timestamp {
        let (instant, timestamp) = self.created;
        timestamp.saturating_add(now.saturating_duration_since(instant)).unwrap_or(timestamp)
    }
}

/// RFC 5905: 32.32 bits of seconds since 1900.
pub fn ntp(wall: Timestamp) -> u64 {
    let seconds = u64::try_from(wall.as_second() + NTP_TO_UNIX_SECS).unwrap_or(0);
    let fraction = u64::try_from(wall.subsec_nanosecond()).unwrap_or(0) * (1 << 32) / 1_000_000_000;
    seconds << 32 | fraction
}

fn new_record(settings: &Settings, media: Media) -> CallRecord {
    let mut stats = MediaStats::default();
    note_codec(&mut stats, media);
    CallRecord {
        id: settings.call_id.clone(),
        sip_call_id: settings.sip_call_id.clone(),
        business: settings.business.id.clone(),
        from: settings.from.clone(),
        to: settings.to.clone(),
        state: CallState::Ringing,
        disposition: None,
        started_at: settings.started_at,
        answered_at: None,
        ended_at: None,
        contact_id: None,
        language: settings.business.language.clone(),
        transcript: Vec::new(),
        turns: Vec::new(),
        digits: String::new(),
        media: stats,
        outcome: Default::default(),
        elsewhere: None,
        arrival: (!settings.arrival.is_empty()).then(|| Box::new(settings.arrival.clone())),
    }
}

/// About -44 dBFS: what a listener on a phone notices.
const AUDIBLE: u16 = 200;
/// From 1900 to 1970.
const NTP_TO_UNIX_SECS: i64 = 2_208_988_800;
/// One tick.
const FRAME: Duration = Duration::from_millis(20);
/// Past this, late ticks are skipped instead of caught up: the far end's jitter buffer is rarely deeper.
const BACKLOG_MAX: Duration = Duration::from_millis(200);
/// A 20 ms G.711 packet is 172 bytes; wider codecs and SRTP fit without growing.
const PACKET_BYTES_RESERVED: usize = 1500;
/// A line without media for this long, not on hold, is dead.
const MEDIA_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest call unless told otherwise.
const CALL_MAX: Duration = Duration::from_secs(120 * 60);
/// A calendar's own deadline is shorter; this is the end of waiting after a hang-up.
const WRITE_WAIT: Duration = Duration::from_secs(15);
