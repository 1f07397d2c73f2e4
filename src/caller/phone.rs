//! A phone for a scripted caller: one SIP dialog, one RTP stream, a clock.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::net::UdpSocket;
use tokio::time::{interval, sleep_until, timeout};

use super::pacing::Pacing;
use super::report::{Report, TurnReport};
use super::script::{Act, Listener, Turn};
use crate::audio::{Codec, Decoder, FRAME_SAMPLES, TELEPHONE_RATE, level_dbfs};
use crate::rtp::{DtmfSender, Packet, Receiver, Sender};
use crate::sip::{self, DialogId, Endpoint, Event, FromIdentity, Transport, Uri, sdp};

/// One scripted call.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `sip:user@host:port`; the host is an address or a name.
    pub target: String,
    /// `sip:user@host` in From; the user part is the caller's number.
    pub from: String,
    /// What is said.
    pub turns: Vec<Turn>,
    /// Where what was heard goes, 8 kHz WAV.
    pub record: Option<PathBuf>,
    /// Whether the timeline is printed while it happens.
    pub timeline: bool,
    /// The line's faults.
    pub line: BadLine,
    /// Hang up this long after the answer whatever happens.
    pub hang_up_after: Duration,
}

/// Faults of the caller's line, for rehearsals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine {
    /// Packets lost on the way out, per cent.
    pub loss_percent: u8,
    /// Payload type of telephone-event.
    pub dtmf_payload_type: u8,
    /// Whether the first packet of a key has the marker bit.
    pub dtmf_marker: bool,
    /// Randomness of all this.
    pub seed: u64,
}

impl Default for BadLine {
    fn default() -> Self {
        Self { loss_percent: 0, dtmf_payload_type: 101, dtmf_marker: true, seed: 1 }
    }
}

/// Why a call could not be placed.
#[derive(Debug, Error)]
pub enum CallError {
    /// The target is no SIP URI.
    #[error("cannot call {0:?}: write it like sip:demo@127.0.0.1:5060")]
    Target(String),
    /// The name leads nowhere.
    #[error("no address found for {0:?}")]
    Resolve(String),
    /// Sockets.
    #[error("network: {0}")]
    Io(#[from] io::Error),
    /// The recording.
    #[error("recording: {0}")]
    Record(#[from] hound::Error),
    /// A turn's sound.
    #[error("{0}")]
    Sound(String),
}

/// Places the call and plays the script.
pub async fn place(settings: Settings) -> Result<Report, CallError> {
    let mut phone = Phone::dial(settings).await?;
    if phone.ring().await? {
        phone.talk().await?;
    }
    phone.finish().await
}

struct Phone {
    settings: Settings,
    sip: UdpSocket,
    rtp: UdpSocket,
    endpoint: Endpoint,
    dialog: DialogId,
    local: SocketAddr,
    remote: Option<SocketAddr>,
    receiver: Receiver,
    /// For packets as they arrive, before any jitter buffer.
    decoder: Decoder,
    pacing: Pacing,
    sender: Sender,
    keys: DtmfSender,
    dialled: Instant,
    answered: Instant,
    listener: Listener,
    report: Report,
    heard: Vec<i16>,
    over: bool,
    dice: u64,
    next_turn: usize,
    saying: Option<Saying>,
}

/// The turn being sent.
struct Saying {
    position: usize,
    start_ms: u64,
    end_ms: u64,
}

impl Phone {
    async fn dial(settings: Settings) -> Result<Self, CallError> {
        let target: Uri = settings.target.parse().map_err(|_| CallError::Target(settings.target.clone()))?;
        let from: Uri = settings.from.parse().map_err(|_| CallError::Target(settings.from.clone()))?;
        let to = resolve(&settings.target).await?;
        let any: SocketAddr =
            if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { (std::net::Ipv6Addr::UNSPECIFIED, 0).into() };
        let probe = UdpSocket::bind(any).await?;
        probe.connect(to).await?;
        let ip = probe.local_addr()?.ip();
        let sip = UdpSocket::bind(SocketAddr::new(ip, 0)).await?;
        let rtp = UdpSocket::bind(SocketAddr::new(ip, 0)).await?;
        let (local, media) = (sip.local_addr()?, rtp.local_addr()?);
        let agent = concat!("offhook-call/", env!("CARGO_PKG_VERSION"));
        let seed = settings.line.seed ^ u64::from(media.port()) << 32 ^ u64::from(std::process::id());
        let now = Instant::now();
        let core = sip::Settings {
            contact: local,
            transport: Transport::Udp,
            user_agent: agent.into(),
            allow: Vec::new(),
            session: Default::default(),
        };
        let mut endpoint = Endpoint::new(core, seed_bytes(seed));
        let offer =
            sdp::offer_with_dtmf(local_media(media, seed), settings.line.dtmf_payload_type, &sdp::Terms::narrow());
        let mut keys = DtmfSender::new(settings.line.dtmf_payload_type);
        keys.set_marker(settings.line.dtmf_marker);
        let identity = FromIdentity { display: None, uri: from };
        let dialog = endpoint.invite(target, to, identity, offer, Vec::new(), now);
        Ok(Self {
            report: Report { target: settings.target.clone(), ..Report::default() },
            keys,
            dice: seed | 1,
            sip,
            rtp,
            endpoint,
            dialog,
            local,
            remote: None,
            decoder: Decoder::new(TELEPHONE_RATE),
            receiver: Receiver::new(&[settings.line.dtmf_payload_type]),
            pacing: Pacing::default(),
            settings,
            sender: Sender::new(Codec::Pcmu, seed),
            dialled: now,
            answered: now,
            listener: Listener::default(),
            heard: Vec::new(),
            over: false,
            next_turn: 0,
            saying: None,
        })
    }

    /// Until the call is answered; false when it is not.
    async fn ring(&mut self) -> Result<bool, CallError> {
        while self.remote.is_none() && !self.over {
            self.signal().await?;
            if self.remote.is_none() && !self.over {
                self.wait_for_signalling().await?;
            }
        }
        Ok(self.remote.is_some())
    }

    async fn wait_for_signalling(&mut self) -> Result<(), CallError> {
        let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
        let wake = self.endpoint.poll_timeout().unwrap_or_else(|| Instant::now() + WAKE);
        tokio::select! {
            got = self.sip.recv_from(&mut datagram) => if let Ok((length, from)) = got {
                self.endpoint.handle_datagram(from, self.local, &datagram[..length], Instant::now());
            },
            () = sleep_until(wake.into()) => self.endpoint.handle_timeout(Instant::now()),
        }
        Ok(())
    }

    /// Sends what signalling wants sent, takes note of what happened.
    async fn signal(&mut self) -> Result<(), CallError> {
        loop {
            while let Some(transmit) = self.endpoint.poll_transmit() {
                self.sip.send_to(&transmit.bytes, transmit.to).await?;
            }
            let Some(event) = self.endpoint.poll_event() else { return Ok(()) };
            self.note(event);
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Answered { answer, .. } => {
                self.answered = Instant::now();
                self.report.status = 200;
                self.report.answer_ms = millis(self.answered - self.dialled);
                match sdp::accept_answer(&answer, &sdp::Terms::narrow()) {
                    Ok(accepted) => {
                        self.remote = accepted.remote;
                        let name = accepted.codec.encoding.name();
                        self.sender.set_codec(Codec::from_name(name).unwrap_or(Codec::Pcmu));
                        self.say("answered");
                    }
                    Err(_) => self.end("refused"),
                }
            }
            Event::Failed { status, reason, .. } => {
                self.report.status = status;
                self.say(&format!("not answered: {status} {reason}"));
                self.end(if status == 408 { "no_answer" } else { "refused" });
            }
            Event::Ended { .. } if !self.over => {
                self.say("agent hung up");
                self.end("agent_hung_up");
            }
            Event::Reoffer { dialog, .. } => {
                let media = local_media(self.rtp.local_addr().unwrap_or(self.local), 1);
                let offer = sdp::offer_with_dtmf(media, self.settings.line.dtmf_payload_type, &sdp::Terms::narrow());
                self.endpoint.answer_reoffer(dialog, offer, Instant::now());
            }
            _ => {}
        }
    }

    async fn talk(&mut self) -> Result<(), CallError> {
        let mut ticks = interval(Duration::from_millis(20));
        let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
        let mut signalling = vec![0; DATAGRAM_BYTES_MAX];
        while !self.over {
            tokio::select! {
                biased;
                _ = ticks.tick() => self.tick().await?,
                got = self.rtp.recv_from(&mut datagram) => if let Ok((length, from)) = got
                    && self.remote.is_some_and(|remote| remote.ip() == from.ip())
                {
                    self.hear(&datagram[..length]);
                },
                got = self.sip.recv_from(&mut signalling) => if let Ok((length, from)) = got {
                    self.endpoint.handle_datagram(from, self.local, &signalling[..length], Instant::now());
                },
            }
            self.signal().await?;
        }
        Ok(())
    }

    /// A packet of the agent: timed as it arrives, before any jitter buffer.
    fn hear(&mut self, datagram: &[u8]) {
        let now_ms = self.now_ms();
        if let Ok(packet) = Packet::parse(datagram)
            && let Some(codec) = Codec::from_payload_type(packet.payload_type)
        {
            self.pacing.arrived(&packet, Instant::now());
            let mut samples = Vec::with_capacity(FRAME_SAMPLES);
            self.decoder.decode(codec, packet.payload, &mut samples);
            let speaking = self.saying.is_some();
            if self.listener.sound(level_dbfs(&samples), now_ms) && !speaking {
                self.answer_begins(now_ms);
            }
        }
        let _ = self.receiver.handle_packet(datagram, Instant::now());
    }

    fn answer_begins(&mut self, now_ms: u64) {
        match self.report.turns.last_mut() {
            None => {
                self.report.greeting_ms.get_or_insert(now_ms);
                self.say("agent speaks");
            }
            Some(turn) if turn.voice_to_voice_ms.is_none() => {
                let waited = now_ms.saturating_sub(turn.end_ms);
                turn.voice_to_voice_ms = Some(waited);
                self.say(&format!("agent answers after {waited} ms"));
            }
            Some(_) => {}
        }
    }

    async fn tick(&mut self) -> Result<(), CallError> {
        let now = Instant::now();
        if self.endpoint.poll_timeout().is_some_and(|at| at <= now) {
            self.endpoint.handle_timeout(now);
        }
        let mut frame = Vec::with_capacity(FRAME_SAMPLES);
        self.receiver.pull_frame(now, &mut frame);
        frame.resize(FRAME_SAMPLES, 0);
        self.heard.extend_from_slice(&frame);
        self.start_turn();
        self.send_frame().await;
        self.end_call(now);
        Ok(())
    }

    fn start_turn(&mut self) {
        let now_ms = self.now_ms();
        let Some(turn) = self.settings.turns.get(self.next_turn) else { return };
        if self.saying.is_some() || !self.listener.is_due(turn.start, now_ms) {
            return;
        }
        let label = turn.label.clone();
        if let Act::Keys(keys) = &turn.act {
            for key in keys.chars() {
                self.keys.press(key, KEY_MS);
            }
        }
        self.saying = Some(Saying { position: 0, start_ms: now_ms, end_ms: now_ms });
        self.say(&format!("caller: {label}"));
    }

    async fn send_frame(&mut self) {
        let mut packet = Vec::with_capacity(DATAGRAM_BYTES_MAX);
        let mut finished = false;
        let now_ms = self.now_ms();
        match (&mut self.saying, self.settings.turns.get(self.next_turn).map(|turn| &turn.act)) {
            (Some(saying), Some(Act::Sound(pcm))) => {
                let mut frame = [0; FRAME_SAMPLES];
                let rest = &pcm[saying.position..];
                let n = rest.len().min(FRAME_SAMPLES);
                frame[..n].copy_from_slice(&rest[..n]);
                saying.position += n;
                if level_dbfs(&frame) >= super::script::AUDIBLE_DBFS {
                    saying.end_ms = now_ms + 20;
                }
                finished = saying.position == pcm.len();
                self.sender.next_packet(&frame, &mut packet);
            }
            (Some(saying), Some(Act::Keys(_))) => {
                saying.end_ms = now_ms;
                if !self.sender.next_event(&mut self.keys, &mut packet) {
                    self.sender.next_packet(&[0; FRAME_SAMPLES], &mut packet);
                }
                finished = self.keys.is_idle();
            }
            _ => {
                self.sender.next_packet(&[0; FRAME_SAMPLES], &mut packet);
            }
        }
        let lost = self.roll() < u64::from(self.settings.line.loss_percent);
        if let Some(remote) = self.remote.filter(|_| !lost && !packet.is_empty()) {
            // A packet the kernel will not take is a lost packet.
            let _ = self.rtp.try_send_to(&packet, remote);
        }
        if finished {
            self.end_turn();
        }
    }

    fn end_turn(&mut self) {
        let Some(saying) = self.saying.take() else { return };
        let label = self.settings.turns[self.next_turn].label.clone();
        self.next_turn += 1;
        self.listener.turn_ended(saying.end_ms);
        let (start_ms, end_ms) = (saying.start_ms, saying.end_ms);
        self.report.turns.push(TurnReport { label, start_ms, end_ms, voice_to_voice_ms: None });
    }

    /// The caller hangs up when told to, or when all is said and nobody speaks any more.
    fn end_call(&mut self, now: Instant) {
        let done = self.next_turn >= self.settings.turns.len() && self.saying.is_none();
        let waited = done && self.listener.silent_ms(self.now_ms()) > LINGER_MS;
        let told = now - self.answered >= self.settings.hang_up_after;
        if waited || told {
            self.say("caller hangs up");
            self.endpoint.hang_up(self.dialog, now);
            self.end("caller_hung_up");
        }
    }

    fn end(&mut self, by: &str) {
        self.over = true;
        self.report.ended_by = by.into();
        if self.remote.is_some() {
            self.report.duration_ms = self.now_ms();
        }
    }

    async fn finish(mut self) -> Result<Report, CallError> {
        // The BYE's answer is waited for a little, so that the other side is not left with retransmissions.
        let until = Instant::now() + GOODBYE;
        self.signal().await?;
        while self.report.ended_by == "caller_hung_up" && Instant::now() < until {
            let left = until - Instant::now();
            if timeout(left.min(Duration::from_millis(100)), self.wait_for_signalling()).await.is_err() {
                self.endpoint.handle_timeout(Instant::now());
            }
            self.signal().await?;
            if self.endpoint.poll_timeout().is_none() {
                break;
            }
        }
        let stats = self.receiver.stats();
        self.report.packets_received = stats.packets_received;
        self.report.packets_lost = stats.packets_lost;
        (self.report.pacing_p99_ms, self.report.pacing_max_ms) = self.pacing.p99_and_max();
        if let Some(path) = &self.settings.record {
            write_wav(path, &self.heard)?;
        }
        Ok(self.report)
    }

    fn say(&self, what: &str) {
        if self.settings.timeline {
            println!("{:8.2} s  {what}", self.now_ms() as f64 / 1000.0);
        }
    }

    fn now_ms(&self) -> u64 {
        millis(self.answered.elapsed())
    }

    /// 0..100, xorshift.
    fn roll(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % 100
    }
}

fn local_media(addr: SocketAddr, session_id: u64) -> sdp::LocalMedia {
    sdp::LocalMedia { addr, ptime: 20, session_id: session_id >> 2, version: 1 }
}

fn seed_bytes(seed: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes
}

async fn resolve(target: &str) -> Result<SocketAddr, CallError> {
    let wrong = || CallError::Resolve(target.into());
    let rest = target.split_once(':').ok_or_else(wrong)?.1;
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host.split([';', '?']).next().unwrap_or(host);
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(name, port)| port.parse::<u16>().is_ok() && (!name.contains(':') || name.ends_with(']')));
    let full = if has_port { host.to_owned() } else { format!("{host}:5060") };
    tokio::net::lookup_host(full).await.map_err(|_| wrong())?.next().ok_or_else(wrong)
}

fn write_wav(path: &std::path::Path, samples: &[i16]) -> Result<(), hound::Error> {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut wav = hound::WavWriter::create(path, spec)?;
    for &sample in samples {
        wav.write_sample(sample)?;
    }
    wav.finalize()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// An Ethernet frame's worth of RTP, and more than any answer we get.
const DATAGRAM_BYTES_MAX: usize = 8192;
/// Without a timer the phone wakes this often.
const WAKE: Duration = Duration::from_millis(500);
/// A key is held this long: what phones send.
const KEY_MS: u32 = 160;
/// With all said and nobody speaking, the caller leaves.
const LINGER_MS: u64 = 15_000;
/// The longest wait for the answer to our BYE.
const GOODBYE: Duration = Duration::from_secs(2);
