//! The codecs of a telephone leg.

use super::{SPEECH_RATE, TELEPHONE_RATE, opus};

/// A codec the media path can encode and decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Opus, RFC 6716 and 7587.
    Opus,
    /// G.722 at 64 kbit/s.
    G722,
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl Codec {
    /// Every codec, the ones that sound best first.
    pub const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];

    /// RTP payload type: RFC 3551 section 6, or the one we give Opus when we offer it.
    pub fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
            Codec::Opus => 111,
        }
    }

    /// The codec of a static payload type.
    pub fn from_payload_type(payload_type: u8) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| *codec != Codec::Opus && codec.payload_type() == payload_type)
    }

    /// Encoding name as SDP writes it.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::G722 => "G722",
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
    }

    /// The codec of an SDP encoding name, in any case.
    pub fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// RTP clock in Hz. G.722's is 8,000 although it samples at 16,000: a slip of RFC 1890 that everybody keeps.
    pub fn clock_rate(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::G722 | Codec::Pcmu | Codec::Pcma => TELEPHONE_RATE,
        }
    }

    /// Samples per second of the sound we have it carry. Opus takes either rate.
    pub fn sample_rate(self) -> u32 {
        match self {
            Codec::Opus | Codec::G722 => SPEECH_RATE,
            Codec::Pcmu | Codec::Pcma => TELEPHONE_RATE,
        }
    }

    /// How long the sound of a payload lasts, in samples at 8 kHz; 0 when it is no payload of this codec.
    pub fn length(self, payload: &[u8]) -> usize {
        match self {
            Codec::Opus => opus::length(payload),
            Codec::G722 | Codec::Pcmu | Codec::Pcma => payload.len(),
        }
    }

    /// The packet length we send when this many milliseconds are wanted: what the codec has frames for.
    pub fn packet_ms(self, wanted: u16) -> u16 {
        let wanted = wanted.clamp(PACKET_MS.0, PACKET_MS.1) / 10 * 10;
        match (self, wanted) {
            (Codec::Opus, 30) => 20,
            (Codec::Opus, 50) => 40,
            (_, wanted) => wanted,
        }
    }
}

/// Packet lengths we send, milliseconds.
const PACKET_MS: (u16, u16) = (10, 60);
