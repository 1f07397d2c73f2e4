//! The leaving half of a stream: one packet per 20 ms tick.

use ::rtp::header::Header;
use webrtc_util::marshal::Marshal;

use super::dtmf::DtmfSender;
use crate::audio::Codec;

/// Builds packets with running sequence numbers and timestamps. The owner calls exactly one of [`Sender::next_packet`],
/// [`Sender::next_event`] and [`Sender::skip`] per tick, so that timestamps follow the clock.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The next packet's header, kept as the `rtp` crate's type; its lists stay empty, so marshalling allocates nothing.
    header: Header,
    codec: Codec,
    packets: u32,
    octets: u32,
}

impl Sender {
    /// A stream whose SSRC, first sequence number and first timestamp come from `seed`, which must be random
    /// (RFC 3550 section 5.1).
    pub fn new(codec: Codec, seed: u64) -> Self {
        let (first, second) = (mix(seed), mix(seed ^ SEED_SPLIT));
        let header = Header {
            version: 2,
            marker: true,
            ssrc: first as u32,
            sequence_number: (first >> 32) as u16,
            timestamp: second as u32,
            ..Header::default()
        };
        Self { header, codec, packets: 0, octets: 0 }
    }

    /// Encodes one frame (160 samples per 20 ms) into `out`, which is cleared first. The marker is set on the first
    /// packet after silence (RFC 3551 section 4.1).
    pub fn next_packet(&mut self, frame: &[i16], out: &mut Vec<u8>) {
        self.header.payload_type = self.codec.payload_type();
        self.write_header(out);
        self.codec.encode(frame, out);
        self.count(out.len());
        self.header.marker = false;
        self.advance(frame.len());
    }

    /// The tick's packet of a key being sent, into `out`, which is cleared first; false when no key is being sent
    /// (nothing is written, the tick is still free).
    pub fn next_event(&mut self, keys: &mut DtmfSender, out: &mut Vec<u8>) -> bool {
        let Some(event) = keys.next(self.header.timestamp) else { return false };
        let clock = std::mem::replace(&mut self.header.timestamp, event.timestamp);
        self.header.payload_type = event.payload_type;
        self.header.marker = event.marker;
        self.write_header(out);
        out.extend_from_slice(&event.payload);
        self.count(out.len());
        self.header.timestamp = clock;
        // Audio resumes as after silence.
        self.header.marker = true;
        self.advance(super::FRAME_UNITS as usize);
        true
    }

    /// Nothing was sent for `samples` samples: the clock goes on.
    pub fn skip(&mut self, samples: u32) {
        self.header.marker = true;
        self.advance(samples as usize);
    }

    /// Changes the codec from the next packet on.
    pub fn set_codec(&mut self, codec: Codec) {
        self.codec = codec;
    }

    /// The codec in use.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Our synchronisation source.
    pub fn ssrc(&self) -> u32 {
        self.header.ssrc
    }

    /// Timestamp of the next packet.
    pub fn timestamp(&self) -> u32 {
        self.header.timestamp
    }

    /// Sequence number of the next packet.
    pub fn sequence(&self) -> u16 {
        self.header.sequence_number
    }

    /// Packets sent, modulo 2^32 as RFC 3550 section 6.4.1 counts.
    pub fn packets(&self) -> u32 {
        self.packets
    }

    /// Payload bytes sent, modulo 2^32.
    pub fn octets(&self) -> u32 {
        self.octets
    }

    fn write_header(&mut self, out: &mut Vec<u8>) {
        out.clear();
        out.resize(HEADER_BYTES, 0);
        // Without lists the header is 12 bytes and the buffer has them, so this cannot fail.
        let _ = self.header.marshal_to(out);
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
    }

    fn count(&mut self, datagram: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add((datagram - HEADER_BYTES) as u32);
    }

    fn advance(&mut self, samples: usize) {
        self.header.timestamp = self.header.timestamp.wrapping_add(samples as u32);
    }
}

/// Spreads a seed over 64 bits (splitmix64).
pub(super) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

const HEADER_BYTES: usize = 12;
/// Any constant: makes the second draw differ from the first.
const SEED_SPLIT: u64 = 0x5851_F42D_4C95_7F2D;
