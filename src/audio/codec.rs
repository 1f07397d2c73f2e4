//! The codecs of a telephone leg.

use super::g711;

/// A codec the media path can encode and decode. G.722 and Opus will join here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl Codec {
    /// Every codec, in the order we prefer them in an answer.
    pub const ALL: [Codec; 2] = [Codec::Pcmu, Codec::Pcma];

    /// Static RTP payload type, RFC 3551 section 6.
    pub fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
        }
    }

    /// The codec of a static payload type.
    pub fn from_payload_type(payload_type: u8) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.payload_type() == payload_type)
    }

    /// Encoding name as SDP writes it.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
    }

    /// The codec of an SDP encoding name, in any case.
    pub fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// RTP clock and sample rate in Hz.
    pub fn clock_rate(self) -> u32 {
        super::TELEPHONE_RATE
    }

    /// Samples a payload of `bytes` holds.
    pub fn samples_in(self, bytes: usize) -> usize {
        bytes
    }

    /// Appends the encoded samples to `out`.
    pub fn encode(self, samples: &[i16], out: &mut Vec<u8>) {
        match self {
            Codec::Pcmu => g711::encode_ulaw_slice(samples, out),
            Codec::Pcma => g711::encode_alaw_slice(samples, out),
        }
    }

    /// Appends the decoded samples to `out`.
    pub fn decode(self, payload: &[u8], out: &mut Vec<i16>) {
        match self {
            Codec::Pcmu => g711::decode_ulaw_slice(payload, out),
            Codec::Pcma => g711::decode_alaw_slice(payload, out),
        }
    }
}
