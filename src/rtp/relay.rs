//! One party's packets on their way to another: the payload as it came where both speak the codec, in a stream of our own.

use std::time::Instant;

use super::format::{Clock, Format};
use super::packet::Packet;
use super::sender::Sender;
use super::{CLOCK_RATE, COMFORT_NOISE_PAYLOAD_TYPE};
use crate::audio::{Codec, Decoder, Encoder, TELEPHONE_RATE};

/// Rewrites packets into the stream that the receiving party already hears: its synchronisation source goes on, gaps
/// stay gaps, and keys keep their timestamps. Nothing is buffered.
#[derive(Debug)]
pub struct Relay {
    /// Payload type of keys as they come, and as they leave.
    keys: (Option<u8>, Option<u8>),
    /// What comes, beside the static payload types, and what leaves.
    from: Option<Format>,
    to: Format,
    /// Of the party that sends; whatever its clock, packets are counted at 8 kHz.
    clock: Clock,
    /// Used where the two speak different codecs: at 8 kHz, as one of them is a plain telephone.
    decoder: Decoder,
    encoder: Encoder,
    ssrc: u32,
    /// The highest that left, and when.
    sequence: u16,
    timestamp: u32,
    at: Option<Instant>,
    /// Sources heard, the last one first.
    sources: Vec<Source>,
    samples: Vec<i16>,
}

/// One synchronisation source of the sending party; some phones send keys under one of their own.
#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    /// Added to what comes.
    sequence: u16,
    timestamp: u32,
}

impl Relay {
    /// After what `sender` sent, which sends no more.
    pub fn after(sender: &Sender) -> Self {
        Self {
            keys: (None, None),
            from: None,
            to: sender.format(),
            clock: Clock::default(),
            decoder: Decoder::new(TELEPHONE_RATE),
            encoder: encoder(sender.format()),
            ssrc: sender.ssrc(),
            sequence: sender.sequence().wrapping_sub(1),
            timestamp: sender.timestamp(),
            at: None,
            sources: Vec::with_capacity(SOURCES_MAX),
            samples: Vec::new(),
        }
    }

    /// What the sending party agreed to: its codec, and the payload type of its keys.
    pub fn set_from(&mut self, format: Format, keys: Option<u8>) {
        self.from = Some(format);
        self.decoder.prepare(format.codec);
        self.keys.0 = keys;
    }

    /// What the receiving party agreed to.
    pub fn set_to(&mut self, format: Format, keys: Option<u8>) {
        if format.codec != self.to.codec {
            self.encoder = encoder(format);
        }
        self.to = format;
        self.keys.1 = keys;
    }

    /// Writes the packet that leaves for one that came into `out`, which is cleared first; false when none does: what is
    /// no RTP, and what the receiving party did not agree to.
    pub fn forward(&mut self, datagram: &[u8], now: Instant, out: &mut Vec<u8>) -> bool {
        out.clear();
        let Ok(packet) = Packet::parse(datagram) else { return false };
        let Some(payload_type) = self.payload_type(packet.payload_type) else { return false };
        let came = self.codec_of(packet.payload_type).filter(|_| self.keys.0 != Some(packet.payload_type));
        let units = match came {
            Some(codec) => self.clock.follow(packet.timestamp, codec.clock_rate()),
            None => self.clock.read(packet.timestamp),
        };
        let factor = self.to.codec.clock_rate() / TELEPHONE_RATE;
        let packet = Packet { timestamp: units.wrapping_mul(factor), ..packet };
        let (source, switched) = self.source(&packet, now);
        let sequence = packet.sequence.wrapping_add(source.sequence);
        let timestamp = packet.timestamp.wrapping_add(source.timestamp);
        if sequence.wrapping_sub(self.sequence) < HALF {
            (self.sequence, self.timestamp, self.at) = (sequence, timestamp, Some(now));
        }
        out.extend([VERSION_BITS, payload_type | if packet.marker || switched { MARKER_BIT } else { 0 }]);
        out.extend(sequence.to_be_bytes());
        out.extend(timestamp.to_be_bytes());
        out.extend(self.ssrc.to_be_bytes());
        match came.filter(|codec| *codec != self.to.codec) {
            Some(codec) => {
                self.samples.clear();
                self.decoder.decode(codec, packet.payload, &mut self.samples);
                return self.encoder.encode(&self.samples, out);
            }
            None => out.extend_from_slice(packet.payload),
        }
        true
    }

    /// Under which payload type it leaves.
    fn payload_type(&self, came: u8) -> Option<u8> {
        match came {
            _ if self.keys.0 == Some(came) => self.keys.1,
            COMFORT_NOISE_PAYLOAD_TYPE => Some(came),
            _ => self.codec_of(came).map(|_| self.to.payload_type),
        }
    }

    fn codec_of(&self, came: u8) -> Option<Codec> {
        let negotiated = self.from.filter(|format| format.payload_type == came).map(|format| format.codec);
        negotiated.or_else(|| Codec::from_payload_type(came))
    }

    /// What is added to a packet's numbers, and whether its source is not the one before.
    fn source(&mut self, packet: &Packet<'_>, now: Instant) -> (Source, bool) {
        if let Some(same) = self.sources.first().filter(|source| source.ssrc == packet.ssrc) {
            return (*same, false);
        }
        // It goes on right after the last packet; the clock went on meanwhile.
        let since = self.at.map_or(0, |at| now.saturating_duration_since(at).as_millis());
        let units = u32::try_from(since)
            .unwrap_or(0)
            .wrapping_mul(CLOCK_RATE / 1_000 * (self.to.codec.clock_rate() / TELEPHONE_RATE));
        let known = self.sources.iter().position(|source| source.ssrc == packet.ssrc);
        let known = known.map(|at| self.sources.remove(at).timestamp);
        let source = Source {
            ssrc: packet.ssrc,
            sequence: self.sequence.wrapping_add(1).wrapping_sub(packet.sequence),
            timestamp: known.unwrap_or(self.timestamp.wrapping_add(units).wrapping_sub(packet.timestamp)),
        };
        self.sources.truncate(SOURCES_MAX - 1);
        self.sources.insert(0, source);
        (source, true)
    }
}

fn encoder(format: Format) -> Encoder {
    Encoder::new(format.codec, TELEPHONE_RATE, format.fec, false)
}

/// RTP version 2, no padding, extension or contributing sources.
const VERSION_BITS: u8 = 0x80;
const MARKER_BIT: u8 = 0x80;
/// Half the numbers there are: ahead, not behind.
const HALF: u16 = 1 << 15;
/// Sources remembered: audio, keys, and one that was left.
const SOURCES_MAX: usize = 3;
