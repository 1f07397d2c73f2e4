//! The leaving half of a stream: packets of 10 to 60 ms, as agreed.

use ::rtp::header::Header;
use webrtc_util::marshal::Marshal;

use super::dtmf::DtmfSender;
use super::format::Format;
use crate::audio::{Codec, Encoder};

/// Builds packets with running sequence numbers and timestamps. The owner calls exactly one of [`Sender::next_packet`],
/// [`Sender::next_event`] and [`Sender::skip`] per tick, so that timestamps follow the clock.
#[derive(Debug)]
pub struct Sender {
    /// The next packet's header, kept as the `rtp` crate's type; its lists stay empty, so marshalling allocates nothing.
    header: Header,
    format: Format,
    encoder: Encoder,
    /// Samples per second of the frames given to us.
    rate: u32,
    packets: u32,
    octets: u32,
}

impl Sender {
    /// A stream whose SSRC, first sequence number and first timestamp come from `seed`, which must be random
    /// (RFC 3550 section 5.1). Frames are given at the codec's own rate.
    pub fn new(codec: Codec, seed: u64) -> Self {
        Self::at_rate(codec.sample_rate(), Format::of(codec), seed)
    }

    /// The same for frames at `rate` Hz (8,000 or 16,000), whatever the codec.
    pub fn at_rate(rate: u32, format: Format, seed: u64) -> Self {
        let (first, second) = (mix(seed), mix(seed ^ SEED_SPLIT));
        let header = Header {
            version: 2,
            marker: true,
            ssrc: first as u32,
            sequence_number: (first >> 32) as u16,
            timestamp: second as u32,
            ..Header::default()
        };
        let encoder = Encoder::new(format.codec, rate, format.fec, format.dtx);
        Self { header, format, encoder, rate, packets: 0, octets: 0 }
    }

    /// Encodes one frame, a whole packet, into `out`, which is cleared first. The marker is set on the first packet after
    /// silence (RFC 3551 section 4.1). False, and `out` empty, when there is nothing worth sending.
    pub fn next_packet(&mut self, frame: &[i16], out: &mut Vec<u8>) -> bool {
        self.header.payload_type = self.format.payload_type;
        self.write_header(out);
        let worth = self.encoder.encode(frame, out);
        if worth {
            self.count(out.len());
        } else {
            out.clear();
        }
        self.header.marker = !worth;
        self.advance(frame.len());
        worth
    }

    /// The tick's packet of a key being sent, into `out`, which is cleared first; false when no key is being sent
    /// (nothing is written, the tick is still free).
    pub fn next_event(&mut self, keys: &mut DtmfSender, out: &mut Vec<u8>) -> bool {
        let tick = self.format.codec.clock_rate() / TICKS_PER_SECOND;
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
        self.header.timestamp = self.header.timestamp.wrapping_add(tick);
        true
    }

    /// Nothing was sent for `samples` samples at our rate: the clock goes on.
    pub fn skip(&mut self, samples: u32) {
        self.header.marker = true;
        self.advance(samples as usize);
    }

    /// Changes the codec from the next packet on, under its usual payload type.
    pub fn set_codec(&mut self, codec: Codec) {
        self.set_format(Format::of(codec));
    }

    /// Changes codec and packets from the next one on.
    pub fn set_format(&mut self, format: Format) {
        let Format { codec, fec, dtx, .. } = format;
        let Format { codec: old, fec: old_fec, dtx: old_dtx, .. } = self.format;
        if (codec, fec, dtx) != (old, old_fec, old_dtx) {
            self.encoder = Encoder::new(codec, self.rate, fec, dtx);
        }
        self.format = format;
    }

    /// Frames come at `rate` Hz from now on.
    pub fn set_rate(&mut self, rate: u32) {
        self.rate = rate;
        let Format { codec, fec, dtx, .. } = self.format;
        self.encoder = Encoder::new(codec, rate, fec, dtx);
    }

    /// The codec in use.
    pub fn codec(&self) -> Codec {
        self.format.codec
    }

    /// Samples of one packet, at our rate.
    pub fn packet_samples(&self) -> usize {
        usize::from(self.format.codec.packet_ms(self.format.packet_ms)) * self.rate as usize / 1_000
    }

    /// What share of our packets the far end loses, 0..=1: decides how much Opus repeats.
    pub fn expect_loss(&mut self, share: f32) {
        self.encoder.expect_loss((share * 100.0).clamp(0.0, 100.0) as u8);
    }

    /// Our synchronisation source.
    pub fn ssrc(&self) -> u32 {
        self.header.ssrc
    }

    /// Timestamp of the next packet.
    pub fn timestamp(&self) -> u32 {
        self.header.timestamp
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
    }

    fn count(&mut self, datagram: usize) {
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add((datagram - HEADER_BYTES) as u32);
    }

    fn advance(&mut self, samples: usize) {
        let units = samples as u64 * u64::from(self.format.codec.clock_rate()) / u64::from(self.rate);
        self.header.timestamp = self.header.timestamp.wrapping_add(units as u32);
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
/// A tick is 20 ms.
const TICKS_PER_SECOND: u32 = 50;
/// Any constant: makes the second draw differ from the first.
const SEED_SPLIT: u64 = 0x5851_F42D_4C95_7F2D;
