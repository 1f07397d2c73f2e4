//! The arriving half of a stream: from datagrams to keys and 20 ms frames.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::dtmf::DtmfReceiver;
use super::jitter::{Frame, JitterBuffer};
use super::packet::{Packet, PacketError};
use super::reception::{Reception, StreamStats};
use super::{COMFORT_NOISE_PAYLOAD_TYPE, FRAME_UNITS};
use crate::audio::tones::{self, ComfortNoise};
use crate::audio::{Codec, Concealer, FRAME_SAMPLES, level_dbfs};

/// What a pulled frame is made of; of several, the first in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameKind {
    /// Some of it was made up for lost packets.
    Concealed,
    /// Received audio.
    Audio,
    /// The sender is silent and asked for noise (RFC 3389).
    ComfortNoise,
    /// Nothing is being received: zeros.
    Silence,
}

/// One received stream. Takes PCMU and PCMA whichever was preferred, comfort noise, and keys on the payload types given;
/// anything else is counted nowhere and ignored. The owner checks the source first (see [`super::SourceFilter`]).
#[derive(Debug)]
pub struct Receiver {
    event_payload_types: Vec<u8>,
    ssrc: Option<u32>,
    /// An SSRC that knocks: switched to at its second packet in a row.
    knocking: Option<u32>,
    /// When the stream's own packets, and packets of any kind, came last.
    last_stream: Option<Instant>,
    last_packet: Option<Instant>,
    jitter: JitterBuffer,
    reception: Reception,
    /// Sums of the SSRCs before this one.
    earlier: StreamStats,
    dtmf: DtmfReceiver,
    digits: VecDeque<char>,
    concealer: Concealer,
    noise: ComfortNoise,
    /// The sender asked for noise and has sent no audio since.
    noisy: bool,
    codec: Option<Codec>,
    /// Samples decoded and not pulled yet: less than a frame, plus one packet.
    decoded: Vec<i16>,
    /// The packet being decoded.
    scratch: Vec<i16>,
}

impl Receiver {
    /// A receiver that takes keys on these payload types (those negotiated for telephone-event at 8 kHz).
    pub fn new(event_payload_types: &[u8]) -> Self {
        Self {
            event_payload_types: event_payload_types.to_vec(),
            ssrc: None,
            knocking: None,
            last_stream: None,
            last_packet: None,
            jitter: JitterBuffer::new(),
            reception: Reception::default(),
            earlier: StreamStats::default(),
            dtmf: DtmfReceiver::new(),
            digits: VecDeque::with_capacity(DIGITS_MAX),
            concealer: Concealer::new(),
            noise: ComfortNoise::new(NOISE_SEED, f32::NEG_INFINITY),
            noisy: false,
            codec: None,
            decoded: Vec::with_capacity(FRAME_SAMPLES * 4),
            scratch: Vec::with_capacity(FRAME_SAMPLES * 4),
        }
    }

    /// New SDP: keys are taken on these payload types from now on.
    pub fn set_event_payload_types(&mut self, payload_types: &[u8]) {
        self.event_payload_types.clear();
        self.event_payload_types.extend_from_slice(payload_types);
    }

    /// Takes a datagram from the stream's source. An error says why it is no RTP packet; it has changed nothing.
    pub fn handle_packet(&mut self, datagram: &[u8], now: Instant) -> Result<(), PacketError> {
        let packet = Packet::parse(datagram)?;
        if self.event_payload_types.contains(&packet.payload_type) {
            self.handle_event(&packet, now);
        } else if packet.payload_type == COMFORT_NOISE_PAYLOAD_TYPE {
            self.handle_audio(&packet, 0, now);
        } else if let Some(codec) = Codec::from_payload_type(packet.payload_type) {
            self.handle_audio(&packet, codec.samples_in(packet.payload.len()) as u32, now);
        }
        Ok(())
    }

    /// The next key pressed, once per press.
    pub fn poll_digit(&mut self) -> Option<char> {
        self.digits.pop_front()
    }

    /// The next 160 samples at 8 kHz into `out`, which is cleared first. Call every 20 ms.
    pub fn pull_frame(&mut self, now: Instant, out: &mut Vec<i16>) -> FrameKind {
        // What is left of a longer packet is audio.
        let mut kind = if self.decoded.is_empty() { FrameKind::Silence } else { FrameKind::Audio };
        while self.decoded.len() < FRAME_SAMPLES {
            kind = kind.min(self.decode_next(now));
        }
        out.clear();
        out.extend_from_slice(&self.decoded[..FRAME_SAMPLES]);
        self.decoded.drain(..FRAME_SAMPLES);
        kind
    }

    /// The codec of the audio taken last; none before any.
    pub fn codec(&self) -> Option<Codec> {
        self.codec
    }

    /// The stream's synchronisation source; none before the first packet.
    pub fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// Whether a key is held down right now.
    pub fn is_key_pressed(&self, now: Instant) -> bool {
        self.dtmf.is_pressed(now)
    }

    /// When audio, a key or comfort noise came last; none before any.
    pub fn last_packet(&self) -> Option<Instant> {
        self.last_packet
    }

    /// Audio received and not pulled yet, in milliseconds: what the jitter buffer adds to the caller's delay.
    pub fn delay_ms(&self) -> u32 {
        (self.jitter.buffered_units() + self.decoded.len() as u32) * 1_000 / super::CLOCK_RATE
    }

    /// Totals so far.
    pub fn stats(&self) -> StreamStats {
        StreamStats {
            packets_received: self.earlier.packets_received + self.reception.received(),
            packets_lost: self.earlier.packets_lost + self.reception.lost(),
            jitter_ms: self.reception.jitter_ms(),
        }
    }

    /// The account of the current SSRC, for reports.
    pub(super) fn reception(&mut self) -> &mut Reception {
        &mut self.reception
    }

    fn handle_event(&mut self, packet: &Packet<'_>, now: Instant) {
        self.last_packet = Some(now);
        if let Some(digit) = self.dtmf.handle(packet.payload, packet.timestamp, packet.marker, now)
            && self.digits.len() < DIGITS_MAX
        {
            self.digits.push_back(digit);
        }
        // Some senders give keys an SSRC of their own: only those of the stream keep its sequence whole.
        if self.ssrc == Some(packet.ssrc) {
            self.reception.count(packet, false, now);
            self.jitter.insert(&Packet { payload: &[], ..*packet }, 0, now);
        }
    }

    fn handle_audio(&mut self, packet: &Packet<'_>, units: u32, now: Instant) {
        if packet.payload.is_empty() || packet.payload.len() > PAYLOAD_BYTES_MAX || !self.admit(packet.ssrc, now) {
            return;
        }
        (self.last_packet, self.last_stream) = (Some(now), Some(now));
        self.reception.count(packet, units > 0, now);
        self.jitter.insert(packet, units, now);
    }

    /// Whether this SSRC is the stream: the one heard so far, or a new one that has taken over.
    fn admit(&mut self, ssrc: u32, now: Instant) -> bool {
        if self.ssrc == Some(ssrc) {
            self.knocking = None;
            return true;
        }
        let quiet = self.last_stream.is_none_or(|last| now.saturating_duration_since(last) >= TAKEOVER_AFTER);
        if !quiet && self.knocking != Some(ssrc) {
            self.knocking = Some(ssrc);
            return false;
        }
        self.earlier = self.stats();
        self.reception = Reception::default();
        self.jitter.reset();
        (self.ssrc, self.knocking) = (Some(ssrc), None);
        true
    }

    /// Decodes, conceals or makes up what comes next, at the end of `decoded`.
    fn decode_next(&mut self, now: Instant) -> FrameKind {
        let surplus = self.jitter.surplus_units();
        match self.jitter.pop(now) {
            Frame::Audio { payload_type: COMFORT_NOISE_PAYLOAD_TYPE, payload, .. } => {
                // RFC 3389 section 3.1: the first byte is the level in -dBov.
                let level = payload.first().map_or(127, |byte| byte & 0x7F);
                self.noise.set_level(-f32::from(level));
                self.noisy = true;
                FrameKind::ComfortNoise
            }
            Frame::Audio { payload_type, payload, cut } => {
                // Keys come without payload and without a codec: nothing to hear.
                let Some(codec) = Codec::from_payload_type(payload_type) else { return FrameKind::Silence };
                self.scratch.clear();
                codec.decode(payload, &mut self.scratch);
                if cut {
                    self.concealer.splice();
                }
                self.play(codec, surplus)
            }
            Frame::Lost { units } if !self.noisy => {
                self.concealer.lost(units as usize, &mut self.decoded);
                FrameKind::Concealed
            }
            Frame::Lost { units } | Frame::Nothing { units } => self.rest(units as usize),
        }
    }

    /// The decoded packet joins the output, unless the delay is too long and nobody will miss it.
    fn play(&mut self, codec: Codec, surplus: u32) -> FrameKind {
        (self.codec, self.noisy) = (Some(codec), false);
        let units = self.scratch.len() as u32;
        let inaudible = level_dbfs(&self.scratch) < INAUDIBLE_DBFS;
        if surplus >= units && (inaudible || (surplus >= SURPLUS_UNITS_MAX && units <= FRAME_UNITS)) {
            self.jitter.shorten(units);
            self.concealer.splice();
            return FrameKind::Silence;
        }
        self.concealer.good(&mut self.scratch);
        self.decoded.extend_from_slice(&self.scratch);
        FrameKind::Audio
    }

    /// The sender says nothing: the noise it asked for, or zeros.
    fn rest(&mut self, samples: usize) -> FrameKind {
        self.scratch.clear();
        let kind = if self.noisy {
            self.noise.append(samples, &mut self.scratch);
            FrameKind::ComfortNoise
        } else {
            tones::silence(samples, &mut self.scratch);
            FrameKind::Silence
        };
        self.concealer.good(&mut self.scratch);
        self.decoded.extend_from_slice(&self.scratch);
        kind
    }
}

/// Two seconds of a fast dialler; keys nobody asks for are dropped beyond.
const DIGITS_MAX: usize = 32;
/// 200 ms of G.711: longer packets are no telephone's.
const PAYLOAD_BYTES_MAX: usize = 1_600;
/// A stream silent for this long is replaced at the first packet of another.
const TAKEOVER_AFTER: Duration = Duration::from_millis(60);
/// Below this a dropped packet is not missed.
const INAUDIBLE_DBFS: f32 = -45.0;
/// A delay this much too long (120 ms) is shortened even in the middle of a word; speech pauses long before, music not.
const SURPLUS_UNITS_MAX: u32 = 6 * FRAME_UNITS;
/// Comfort noise need not differ between calls.
const NOISE_SEED: u64 = 0x0FF_4007;
