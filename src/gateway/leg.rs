//! One call's task: packets, ticks and answers in; the call's outputs carried out. It waits for nothing else.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep_until};

use super::cover::Cover;
use super::handle::{Handle, Running};
use super::line::{Command, WaysOut};
use super::media::rtcp_of;
use super::person::{PersonLeg, PersonMail, heard_from};
use super::ports::{Pair, next_datagram};
use super::referring::{NOBODY_TOOK, TAKEN};
use super::settings::Rooms;
use super::strain::Strain;
use super::tools::Tools;
use crate::call::{Call, CallEvent, Gone, Input, Media, Output};
use crate::conversation::{Appointment, BookError, Business, Hold, KnownCaller, Language, Proposal, Slot, Utterance};
use crate::rtp::SourceFilter;
use crate::sip::DialogId;
use crate::sip::sdp::Protection;
use crate::speech::{Priority, Speech, TranscribeJob, TranscribeKind};

/// What reaches a call's task from other rooms.
#[derive(Debug)]
pub(super) enum Mail {
    /// The ACK arrived.
    Confirmed,
    /// The dialog is over.
    Gone(Gone),
    /// New SDP was agreed: where media goes now, and what it is.
    Renegotiated { remote: Option<SocketAddr>, media: Media, on_hold: bool, protection: Option<Protection> },
    /// A key told by signalling.
    Key(char),
    /// The look-up answered.
    Known(Option<KnownCaller>),
    /// What the calendar has under the calling number.
    Coming(Option<Vec<Appointment>>),
    /// A transcript.
    Heard { turn: u32, ask: u32, text: String, confidence: f32, answers: Vec<(usize, f32)> },
    /// The turn detector.
    Judged { turn: u32, ask: u32, finished: f32 },
    /// Sound to say.
    Voice { say: u32, pcm: Arc<[i16]>, last: bool },
    /// The calendar's free slots.
    Slots { tool: u32, slots: Option<Vec<Slot>> },
    /// The calendar's word on a booking.
    Booked { tool: u32, result: Result<Appointment, BookError> },
    /// What the calendar has under a number.
    Appointments { tool: u32, found: Option<Vec<Appointment>> },
    /// The calendar's word on a move.
    Changed { tool: u32, result: Result<Appointment, BookError> },
    /// The calendar's word on a cancellation.
    Cancelled { tool: u32, result: Result<(), BookError> },
    /// What the language model makes of a turn.
    Interpreted { tool: u32, proposal: Option<Proposal> },
    /// News of a call to somebody.
    Person { leg: u32, mail: PersonMail },
    /// Sound to say to them.
    Whispered { leg: u32, say: u32, pcm: Arc<[i16]>, last: bool },
    /// What became of a REFER.
    Referred(u16),
    /// Their phone asks for somebody on duty, by name.
    ReferAsked(String),
}

/// Where a call's task reaches the SIP line.
#[derive(Debug, Clone)]
pub(super) struct Signalling {
    pub dialog: DialogId,
    pub commands: mpsc::UnboundedSender<(DialogId, Command)>,
}

impl Signalling {
    pub(super) fn send(&self, command: Command) {
        // The line outlives its calls; on the way down there is nobody left to tell.
        let _ = self.commands.send((self.dialog, command));
    }
}

/// The task's state.
pub(super) struct Leg {
    pub call: Call,
    pub business: Arc<Business>,
    pub sockets: Pair,
    pub filter: SourceFilter,
    pub cover: Cover,
    /// Since when the call is answered and waits for the keys of its media.
    pub keyless_since: Option<Instant>,
    /// Where the caller's signalling comes from.
    pub signalling_ip: IpAddr,
    pub rooms: Rooms,
    pub tools: Tools,
    pub handle: Handle,
    pub signalling: Signalling,
    pub mailbox: mpsc::Receiver<Mail>,
    pub post: mpsc::Sender<Mail>,
    /// Keeps the call counted while its task runs.
    pub _running: Running,
    /// The look-up's answer while it rings.
    pub known: Option<KnownCaller>,
    /// The calendar's.
    pub coming: Option<Vec<Appointment>>,
    /// The calendar keeping or giving back a time.
    pub keeping: Option<JoinHandle<()>>,
    /// Turn and asking of the transcript asked for last.
    pub asked: (u32, u32),
    /// Cancels it.
    pub stale: Arc<AtomicBool>,
    /// Told how late the ticks are.
    pub strain: Arc<Strain>,
    /// Where calls to somebody are placed.
    pub ways_out: Arc<WaysOut>,
    /// Number of the call to somebody that is wanted now, and its leg once it is placed.
    pub calling: Option<u32>,
    pub person: Option<PersonLeg>,
    /// The caller's phone asked for somebody and has not been told what became of it.
    pub referred: bool,
}

impl Leg {
    /// Runs the call to its end.
    pub async fn run(mut self, answer_sdp: String) {
        self.ring(answer_sdp).await;
        let timer = sleep_until(tokio::time::Instant::now());
        tokio::pin!(timer);
        let mut datagram = [0; DATAGRAM_BYTES_MAX];
        let mut report = [0; DATAGRAM_BYTES_MAX];
        let mut other = [0; DATAGRAM_BYTES_MAX];
        while !self.drain().await {
            self.arm(timer.as_mut());
            tokio::select! {
                biased;
                () = &mut timer => {
                    let now = Instant::now();
                    self.strain.tick(timer.deadline().into_std(), now);
                    self.call.handle(Input::Tick, now);
                }
                got = next_datagram(&self.sockets.rtp, &mut datagram) => self.media(got, &mut datagram),
                got = heard_from(self.person.as_ref().map(PersonLeg::socket), &mut other) => self.person_media(got, &mut other),
                Some(mail) = self.mailbox.recv() => self.read(mail),
                got = next_datagram(&self.sockets.rtcp, &mut report) => {
                    if let Ok((length, from)) = got {
                        self.reported(from, &mut report[..length]);
                    }
                }
            }
        }
    }

    /// Asks CRM and calendar about the caller while it rings, both at once, then answers. What is late joins a later
    /// turn.
    async fn ring(&mut self, answer_sdp: String) {
        let from = self.call.record().from.clone();
        let (tools, business, phone) = (self.tools.clone(), self.business.clone(), from.clone());
        let known = tokio::spawn(async move { tools.look_up(&business.id, phone.as_deref()).await });
        let (tools, business) = (self.tools.clone(), self.business.clone());
        let coming = tokio::spawn(async move { tools.appointments(&business, from.as_deref()?).await });
        let answer_at = tokio::time::Instant::now() + LOOK_UP_BUDGET;
        self.known = by(answer_at, known, self.post.clone(), Mail::Known).await;
        self.coming = by(answer_at, coming, self.post.clone(), Mail::Coming).await;
        self.signalling.send(Command::Answer(answer_sdp));
    }

    fn arm(&self, timer: std::pin::Pin<&mut Sleep>) {
        let keys = self.keyless_since.map(|since| since + KEYS_WAIT);
        let wakes = [self.call.poll_timeout(), self.cover.due(), keys].into_iter().flatten();
        let at = wakes.min().unwrap_or_else(|| Instant::now() + IDLE);
        if timer.deadline().into_std() != at {
            timer.reset(at.into());
        }
    }

    fn media(&mut self, got: std::io::Result<(usize, SocketAddr)>, datagram: &mut [u8; DATAGRAM_BYTES_MAX]) {
        let mut next = got.ok();
        // What waits in the socket is taken in one go: one wake-up, not one a packet.
        for _ in 0..BATCH_PACKETS {
            let Some((length, from)) = next else { return };
            if self.filter.accepts(from)
                && let Some(length) = self.cover.open_rtp(&mut datagram[..length])
            {
                self.call.handle(Input::Rtp(&datagram[..length]), Instant::now());
                self.send_to_person();
            }
            next = self.sockets.rtp.try_recv_from(datagram).ok();
        }
    }

    fn reported(&mut self, from: SocketAddr, report: &mut [u8]) {
        if self.filter.target().is_none_or(|remote| remote.ip() != from.ip()) {
            return;
        }
        if let Some(length) = self.cover.open_rtcp(report) {
            self.call.handle(Input::Rtcp(&report[..length]), Instant::now());
        }
    }

    fn read(&mut self, mail: Mail) {
        let now = Instant::now();
        let input = match mail {
            // Nobody hears a word before there are keys.
            Mail::Confirmed => return self.keyless_since = Some(now),
            Mail::Gone(gone) => Input::Gone(gone),
            Mail::Key(key) => Input::Key(key),
            Mail::Renegotiated { remote, media, on_hold, protection } => {
                self.call.renegotiate(media);
                self.cover.renew(protection);
                if let Some(remote) = remote {
                    self.filter.set_expected(remote, self.signalling_ip);
                }
                Input::Hold(on_hold)
            }
            Mail::Known(Some(known)) => Input::Known(known),
            Mail::Coming(Some(coming)) => Input::Coming(coming),
            Mail::Known(None) | Mail::Coming(None) => return,
            Mail::Heard { turn, ask, text, confidence, answers } => {
                if self.asked == (turn, ask) {
                    // A second asking of the same is not needed any more.
                    self.stale.store(true, Ordering::Relaxed);
                }
                Input::Heard { turn, ask, text, confidence, answers }
            }
            Mail::Judged { turn, ask, finished } => Input::Judged { turn, ask, finished },
            Mail::Voice { say, pcm, last } => Input::Voice { say, pcm, last },
            Mail::Slots { tool, slots } => Input::Slots { tool, slots },
            Mail::Booked { tool, result } => Input::Booked { tool, result },
            Mail::Appointments { tool, found } => Input::Appointments { tool, found },
            Mail::Changed { tool, result } => Input::Changed { tool, result },
            Mail::Cancelled { tool, result } => Input::Cancelled { tool, result },
            Mail::Interpreted { tool, proposal } => Input::Interpreted { tool, proposal },
            Mail::Person { leg, mail } => return self.read_person(leg, mail),
            Mail::Whispered { leg, say, pcm, last } => Input::Whispered { leg, say, pcm, last },
            Mail::Referred(status) => Input::Referred(status),
            Mail::ReferAsked(whom) => {
                self.referred = true;
                Input::Wanted(whom)
            }
        };
        self.call.handle(input, now);
    }

    /// Goes on with what protects the media; the conversation begins once media can flow.
    fn shake(&mut self) {
        let now = Instant::now();
        self.cover.shake(&self.sockets, self.filter.target(), now);
        let Some(since) = self.keyless_since else { return };
        if self.cover.is_ready() {
            self.keyless_since = None;
            self.call.handle(Input::Answered(self.known.take()), now);
            if let Some(coming) = self.coming.take() {
                self.call.handle(Input::Coming(coming), now);
            }
        } else if now >= since + KEYS_WAIT {
            self.keyless_since = None;
            tracing::warn!(call = self.call.record().id, "the caller's phone agreed on no keys for its media");
            self.signalling.send(Command::HangUp);
        }
    }

    /// Carries out what the call wants; true once it is over.
    async fn drain(&mut self) -> bool {
        let mut over = false;
        self.shake();
        while let Some(output) = self.call.poll_output() {
            over |= self.carry_out(output);
        }
        if self.referred && !self.call.is_handing() {
            self.tell_refer(NOBODY_TOOK);
        }
        self.send_media();
        self.send_report();
        over
    }

    /// Sends what waits for either side.
    pub(super) fn send_media(&mut self) {
        while let Some(packet) = self.call.take_packet() {
            if let (Some(remote), Some(packet)) = (self.filter.target(), self.cover.seal_rtp(packet)) {
                // A full socket buffer or an ICMP error costs this packet, as it would on the wire.
                let _ = self.sockets.rtp.try_send_to(packet, remote);
            }
        }
        self.send_to_person();
    }

    fn send_report(&mut self) {
        if let (Some(remote), Some(report)) = (self.filter.target(), self.call.take_report())
            && let Some(report) = self.cover.seal_rtcp(&report)
        {
            let _ = self.sockets.rtcp.try_send_to(report, rtcp_of(remote));
        }
    }

    fn carry_out(&mut self, output: Output) -> bool {
        match output {
            Output::Transcribe { turn, ask, audio, urgent, hint } => self.transcribe(turn, ask, audio, urgent, hint),
            Output::JudgeTurn { turn, ask, audio } => {
                let post = self.post.clone();
                // Overload costs the turn detector first: without it turns end by words and silence.
                let _ = self.rooms.speech.judge_turn(audio, move |finished| {
                    let _ = post.try_send(Mail::Judged { turn, ask, finished });
                });
            }
            Output::Speak { say, text } => self.speak(say, &text),
            Output::Prepare(text) => {
                let _ = self.voice(&text).speak(&text, Priority::Soon, |_| {});
            }
            Output::FindSlots { tool, query } => self.ask(|tools, business| async move {
                Mail::Slots { tool, slots: tools.find_slots(&business, &query).await }
            }),
            Output::Book { tool, booking } => self.write(|tools, business| async move {
                Mail::Booked { tool, result: tools.book(&business, &booking).await }
            }),
            Output::FindAppointments { tool, phone } => self.ask(|tools, business| async move {
                Mail::Appointments { tool, found: tools.appointments(&business, &phone).await }
            }),
            Output::Reschedule { tool, appointment_id, slot, key } => self.write(|tools, business| async move {
                Mail::Changed { tool, result: tools.reschedule(&business, &appointment_id, slot, &key).await }
            }),
            Output::Cancel { tool, appointment_id, key } => self.write(|tools, business| async move {
                Mail::Cancelled { tool, result: tools.cancel(&business, &appointment_id, &key).await }
            }),
            Output::Interpret { tool, utterance } => self.interpret(tool, utterance),
            Output::Keep(hold) => self.keep(hold),
            Output::Call { leg, person } => self.call_person(leg, person),
            Output::Release { leg } => self.release_person(leg),
            Output::Whisper { leg, say, text, language } => self.whisper(leg, say, &text, language.tag()),
            Output::Refer { person, replacing } => self.refer(&person, replacing),
            Output::HangUp => self.signalling.send(Command::HangUp),
            Output::Event(event) => {
                if matches!(event, CallEvent::Transferred { .. }) && self.referred {
                    self.tell_refer(TAKEN);
                }
                self.handle.update(self.call.record());
                self.handle.announce(event);
            }
            Output::Save(record) => {
                self.handle.update(&record);
                self.rooms.hand_off.progress(*record);
            }
            Output::Ended(record) => {
                self.rooms.hand_off.ended(*record);
                return true;
            }
        }
        false
    }

    /// Writes to the calendar, once the disk knows that it is about to: a crash leaves no write nobody knows of.
    fn write<F: Future<Output = Mail> + Send + 'static>(&self, change: impl FnOnce(Tools, Arc<Business>) -> F) {
        let (post, hand_off, id) = (self.post.clone(), self.rooms.hand_off.clone(), self.call.record().id.clone());
        let answer = change(self.tools.clone(), self.business.clone());
        tokio::spawn(async move {
            hand_off.on_disk(&id, DISK_WAIT).await;
            let _ = post.send(answer.await).await;
        });
    }

    /// One after the other, so that what is given back was kept before.
    fn keep(&mut self, hold: Option<Hold>) {
        let (tools, business, id) = (self.tools.clone(), self.business.clone(), self.call.record().id.clone());
        let before = self.keeping.take();
        self.keeping = Some(tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await; // a panic there is nothing to this one
            }
            tools.keep(&business, &id, hold.as_ref()).await;
        }));
    }

    /// Asks the calendar; its answer comes by mail.
    fn ask<F: Future<Output = Mail> + Send + 'static>(&self, question: impl FnOnce(Tools, Arc<Business>) -> F) {
        let post = self.post.clone();
        let answer = question(self.tools.clone(), self.business.clone());
        tokio::spawn(async move {
            let _ = post.send(answer.await).await;
        });
    }

    /// Asks the language model; it answers in time or not at all.
    fn interpret(&self, tool: u32, utterance: Utterance) {
        let (post, model) = (self.post.clone(), self.rooms.model.clone());
        tokio::spawn(async move {
            let proposal = match model {
                Some(model) => model.interpret(&utterance).await,
                None => None,
            };
            let _ = post.send(Mail::Interpreted { tool, proposal }).await;
        });
    }

    fn transcribe(&mut self, turn: u32, ask: u32, audio: Arc<[i16]>, urgent: bool, hint: String) {
        if self.asked != (turn, ask) {
            self.asked = (turn, ask);
            self.stale.store(true, Ordering::Relaxed);
            self.stale = Arc::new(AtomicBool::new(false));
        }
        let questions = self.rooms.questions.get().and_then(|all| all.get(&self.business.id));
        let expected = self.call.conversation().expected_languages();
        let languages = expected.iter().map(|language| language.tag()).collect::<Vec<_>>().join(",");
        // The questions are English ones.
        let english = expected.first() == Some(&Language::English);
        let job = TranscribeJob {
            audio16k: audio,
            language: Some(languages),
            kind: if urgent { TranscribeKind::Final } else { TranscribeKind::Speculative },
            hint: Some(hint),
            questions: questions.filter(|_| english).cloned(),
            cancel: self.stale.clone(),
        };
        let post = self.post.clone();
        let answer = move |transcript: crate::speech::Transcript| {
            let confidence = if transcript.no_speech { 0.0 } else { transcript.confidence.max(f32::MIN_POSITIVE) };
            let _ = post.try_send(Mail::Heard {
                turn,
                ask,
                text: transcript.text,
                confidence,
                answers: transcript.answers,
            });
        };
        if self.rooms.speech.transcribe(job, answer).is_err() {
            tracing::warn!(call = self.call.record().id, "recogniser overloaded: a transcript was skipped");
        }
    }

    /// The voice for the language of a text.
    fn voice(&self, text: &str) -> Speech {
        self.rooms.speech.in_language(self.call.conversation().language_of(text).tag()).at_rate(self.call.rate())
    }

    fn speak(&mut self, say: u32, text: &str) {
        let post = self.post.clone();
        let spoken = self.voice(text).speak(text, Priority::Live, move |chunk| {
            let _ = post.try_send(Mail::Voice { say, pcm: chunk.pcm, last: chunk.last });
        });
        if spoken.is_err() {
            tracing::warn!(call = self.call.record().id, "voice overloaded: a sentence was skipped");
            self.call.handle(Input::Voice { say, pcm: Arc::new([]), last: true }, Instant::now());
        }
    }
}

/// A handshake on a bad line takes some tries, a second apart; a phone that makes none in this time makes none.
const KEYS_WAIT: Duration = Duration::from_secs(10);
/// A disk that takes longer is stuck, and a caller waits.
const DISK_WAIT: Duration = Duration::from_secs(1);
/// A look-up's answer when it is there in time; else it comes by mail.
async fn by<T: Send + 'static>(
    time: tokio::time::Instant,
    mut look_up: JoinHandle<Option<T>>,
    post: mpsc::Sender<Mail>,
    mail: fn(Option<T>) -> Mail,
) -> Option<T> {
    match tokio::time::timeout_at(time, &mut look_up).await {
        Ok(found) => found.ok().flatten(),
        Err(_) => {
            tokio::spawn(async move {
                if let Ok(found) = look_up.await {
                    let _ = post.send(mail(found)).await; // the call may be over
                }
            });
            None
        }
    }
}

/// Mail waiting for one call: sentences and answers, never packets.
pub(super) const MAILBOX_MAX: usize = 256;
/// From INVITE to the end of waiting for CRM and calendar (requirement D7).
const LOOK_UP_BUDGET: Duration = Duration::from_millis(500);
/// An Ethernet frame's worth; nothing lawful on a media port is longer.
pub(super) const DATAGRAM_BYTES_MAX: usize = 1500;
/// Packets taken in one wake-up.
pub(super) const BATCH_PACKETS: usize = 16;
/// With no timer wanted the task still wakes now and then.
const IDLE: Duration = Duration::from_secs(60);
