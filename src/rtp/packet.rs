//! RTP packets as they arrive (RFC 3550 section 5).
//!
//! Arriving packets are read in place: the `rtp` crate's own parser allocates per packet and can be brought to panic by
//! a header extension that overstates its length. Leaving packets are built with the crate, see `sender`.

use thiserror::Error;

/// One packet, borrowed from the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Payload type 0..=127.
    pub payload_type: u8,
    /// Marker bit.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in clock units.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// What is carried, padding removed; may be empty.
    pub payload: &'a [u8],
}

/// Why a datagram is no RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PacketError {
    /// Shorter than its header says.
    #[error("RTP packet of {0} bytes is shorter than its header, CSRC list and extension: drop it")]
    Short(usize),
    /// Not RTP version 2.
    #[error("RTP version {0} instead of 2: drop it, the sender may be speaking STUN or DTLS to this port")]
    Version(u8),
    /// Padding count of zero or beyond the packet.
    #[error("RTP padding of {0} bytes does not fit the packet: drop it")]
    Padding(u8),
    /// An RTCP packet on the RTP port (RFC 5761 section 4).
    #[error("RTCP packet type {0} where RTP is expected: hand it to the RTCP reader")]
    Rtcp(u8),
}

impl<'a> Packet<'a> {
    /// Reads a datagram.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, PacketError> {
        let short = PacketError::Short(datagram.len());
        let (header, rest) = datagram.split_first_chunk::<HEADER_BYTES>().ok_or(short)?;
        let version = header[0] >> 6;
        if version != VERSION {
            return Err(PacketError::Version(version));
        }
        if RTCP_TYPES.contains(&header[1]) {
            return Err(PacketError::Rtcp(header[1]));
        }
        let rest = rest.get(usize::from(header[0] & 0x0F) * 4..).ok_or(short)?;
        let rest = if header[0] & 0x10 == 0 { rest } else { skip_extension(rest).ok_or(short)? };
        let payload = if header[0] & 0x20 == 0 { rest } else { strip_padding(rest)? };
        Ok(Self {
            payload_type: header[1] & 0x7F,
            marker: header[1] & 0x80 != 0,
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
            payload,
        })
    }
}

fn skip_extension(rest: &[u8]) -> Option<&[u8]> {
    let (head, rest) = rest.split_first_chunk::<4>()?;
    rest.get(usize::from(u16::from_be_bytes([head[2], head[3]])) * 4..)
}

fn strip_padding(rest: &[u8]) -> Result<&[u8], PacketError> {
    let count = rest.last().copied().unwrap_or(0);
    let kept = rest.len().checked_sub(usize::from(count)).filter(|_| count > 0);
    kept.map(|kept| &rest[..kept]).ok_or(PacketError::Padding(count))
}

const HEADER_BYTES: usize = 12;
const VERSION: u8 = 2;
/// SR, RR, SDES, BYE, APP and the feedback types in the second byte (RFC 5761 section 4).
const RTCP_TYPES: std::ops::RangeInclusive<u8> = 200..=207;
