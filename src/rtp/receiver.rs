//! The arriving half of a stream: from datagrams to keys and 20 ms frames.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::dtmf::DtmfReceiver;
use super::format::Clock;
use super::jitter::{Frame, JitterBuffer};
use super::packet::{Packet, PacketError};
use super::reception::{Reception, StreamStats};
use super::{COMFORT_NOISE_PAYLOAD_TYPE, FRAME_UNITS};
use crate::audio::tones::{self, ComfortNoise};
use crate::audio::{Codec, Concealer, Decoder, FRAME_SAMPLES, TELEPHONE_RATE, level_dbfs};

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

/// One received stream. Takes G.711 and G.722 whichever was preferred, what was negotiated under other numbers, comfort
/// noise, and keys on the payload types given; anything else is counted nowhere and ignored. The owner checks the source first (see [`super::SourceFilter`]).
#[derive(Debug)]
pub struct Receiver {
    event_payload_types: Vec<u8>,
    /// Payload types that are negotiated, beside the static ones.
    formats: Vec<(u8, Codec)>,
    /// Samples per clock unit of 8 kHz.
    scale: usize,
    clock: Clock,
    decoder: Decoder,
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
    /// Opus: the last packet only said that it is quiet.
    pausing: bool,
    codec: Option<Codec>,
    /// Samples decoded and not pulled yet: less than a frame, plus one packet.
    decoded: Vec<i16>,
    /// The packet being decoded.
    scratch: Vec<i16>,
}

impl Receiver {
    /// A receiver that gives sound at 8 kHz and takes keys on these payload types (those negotiated for telephone-event).
    pub fn new(event_payload_types: &[u8]) -> Self {
        Self::at_rate(TELEPHONE_RATE, event_payload_types)
    }

    /// A receiver that gives sound at `rate` Hz: 8,000 or 16,000.
    pub fn at_rate(rate: u32, event_payload_types: &[u8]) -> Self {
        let scale = (rate / TELEPHONE_RATE).max(1) as usize;
        Self {
            event_payload_types: event_payload_types.to_vec(),
            formats: Vec::new(),
            scale,
            clock: Clock::default(),
            decoder: Decoder::new(rate),
            ssrc: None,
            knocking: None,
            last_stream: None,
            last_packet: None,
            jitter: JitterBuffer::new(),
            reception: Reception::default(),
            earlier: StreamStats::default(),
            dtmf: DtmfReceiver::new(),
            digits: VecDeque::with_capacity(DIGITS_MAX),
            concealer: Concealer::new(rate),
            noise: ComfortNoise::new(NOISE_SEED, f32::NEG_INFINITY),
            noisy: false,
            pausing: false,
            codec: None,
            decoded: Vec::with_capacity(FRAME_SAMPLES * scale * RESERVED_FRAMES),
            scratch: Vec::with_capacity(FRAME_SAMPLES * scale * RESERVED_FRAMES),
        }
    }

    /// New SDP: keys are taken on these payload types from now on.
    pub fn set_event_payload_types(&mut self, payload_types: &[u8]) {
        self.event_payload_types.clear();
        self.event_payload_types.extend_from_slice(payload_types);
    }

    /// New SDP: what these payload types carry. Earlier ones stay known: packets of them may be on the way.
    pub fn add_format(&mut self, payload_type: u8, codec: Codec) {
        self.formats.retain(|(known, _)| *known != payload_type);
        self.formats.truncate(FORMATS_MAX - 1);
        self.formats.insert(0, (payload_type, codec));
        self.decoder.prepare(codec);
    }

    /// Takes a datagram from the stream's source. An error says why it is no RTP packet; it has changed nothing.
    pub fn handle_packet(&mut self, datagram: &[u8], now: Instant) -> Result<(), PacketError> {
        let packet = Packet::parse(datagram)?;
        if self.event_payload_types.contains(&packet.payload_type) {
            self.handle_event(&packet, now);
        } else if packet.payload_type == COMFORT_NOISE_PAYLOAD_TYPE {
            self.handle_audio(&packet, None, now);
        } else if let Some(codec) = codec_of(&self.formats, packet.payload_type) {
            self.handle_audio(&packet, Some(codec), now);
        }
        Ok(())
    }

    /// The next key pressed, once per press.
    pub fn poll_digit(&mut self) -> Option<char> {
        self.digits.pop_front()
    }

    /// The next 20 ms into `out`, which is cleared first: 160 samples at 8 kHz, 320 at 16 kHz. Call every 20 ms.
    pub fn pull_frame(&mut self, now: Instant, out: &mut Vec<i16>) -> FrameKind {
        let samples = FRAME_SAMPLES * self.scale;
        // What is left of a longer packet is audio.
        let mut kind = if self.decoded.is_empty() { FrameKind::Silence } else { FrameKind::Audio };
        while self.decoded.len() < samples {
            kind = kind.min(self.decode_next(now));
        }
        out.clear();
        out.extend_from_slice(&self.decoded[..samples]);
        self.decoded.drain(..samples);
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
        (self.jitter.buffered_units() + (self.decoded.len() / self.scale) as u32) * 1_000 / super::CLOCK_RATE
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

    /// Units of the stream's own clock in one of 8 kHz.
    pub(super) fn clock_factor(&self) -> u32 {
        self.clock.factor()
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
            let timestamp = self.clock.read(packet.timestamp);
            self.jitter.insert(&Packet { payload: &[], timestamp, ..*packet }, 0, now);
        }
    }

    /// Sound of a codec, or comfort noise.
    fn handle_audio(&mut self, packet: &Packet<'_>, codec: Option<Codec>, now: Instant) {
        if packet.payload.is_empty() || packet.payload.len() > PAYLOAD_BYTES_MAX || !self.admit(packet.ssrc, now) {
            return;
        }
        (self.last_packet, self.last_stream) = (Some(now), Some(now));
        let units = codec.map_or(0, |codec| codec.length(packet.payload)) as u32;
        let timestamp = match codec {
            Some(codec) => self.clock.follow(packet.timestamp, codec.clock_rate()),
            None => self.clock.read(packet.timestamp),
        };
        let packet = Packet { timestamp, ..*packet };
        self.reception.count(&packet, units > 0, now);
        self.jitter.insert(&packet, units, now);
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
        self.clock = Clock::default();
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
                let Some(codec) = codec_of(&self.formats, payload_type) else { return FrameKind::Silence };
                self.scratch.clear();
                self.decoder.decode(codec, payload, &mut self.scratch);
                self.pausing = codec == Codec::Opus && payload.len() <= PAUSE_BYTES_MAX;
                if self.scratch.is_empty() && !payload.is_empty() {
                    self.concealer.lost(codec.length(payload) * self.scale, &mut self.decoded);
                    return FrameKind::Concealed;
                }
                if cut {
                    self.concealer.splice();
                }
                self.play(codec, surplus)
            }
            Frame::Lost { units, after } if !self.noisy => {
                let samples = units as usize * self.scale;
                self.scratch.clear();
                let codec = self.codec.unwrap_or(Codec::Pcmu);
                if self.decoder.conceal(codec, samples, after, &mut self.scratch) {
                    self.concealer.good(&mut self.scratch);
                    self.decoded.extend_from_slice(&self.scratch);
                } else {
                    self.concealer.lost(samples, &mut self.decoded);
                }
                FrameKind::Concealed
            }
            Frame::Lost { units, .. } | Frame::Nothing { units } => self.rest(units as usize * self.scale),
        }
    }

    /// The decoded packet joins the output, unless the delay is too long and nobody will miss it.
    fn play(&mut self, codec: Codec, surplus: u32) -> FrameKind {
        (self.codec, self.noisy) = (Some(codec), false);
        let units = (self.scratch.len() / self.scale) as u32;
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
        let paused = self.pausing && self.decoder.conceal(Codec::Opus, samples, None, &mut self.scratch);
        let kind = if paused {
            FrameKind::ComfortNoise
        } else if self.noisy {
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

/// The codec of a payload type: negotiated, else static.
fn codec_of(formats: &[(u8, Codec)], payload_type: u8) -> Option<Codec> {
    let negotiated = formats.iter().find(|(known, _)| *known == payload_type).map(|(_, codec)| *codec);
    negotiated.or_else(|| Codec::from_payload_type(payload_type))
}

/// Payload types remembered of one call.
const FORMATS_MAX: usize = 8;
/// The longest packet, 200 ms, and one more.
const RESERVED_FRAMES: usize = 12;
/// Opus packets of one or two bytes carry no sound (RFC 6716 section 2.1.9).
const PAUSE_BYTES_MAX: usize = 2;
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
