//! SRTP and SRTCP (RFC 3711, 6188, 7714): one direction of one stream, sealed or opened in place.
//!
//! What does not authenticate changes nothing: neither the packet counter nor the list of sources. Who may send at all is
//! decided before, by [`super::SourceFilter`].

use thiserror::Error;

use super::replay::{Counter, Window};
use super::seal::{Seal, SealError};

/// How a stream is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// AES-GCM with a 256-bit key.
    AeadAes256Gcm,
    /// AES-GCM with a 128-bit key.
    AeadAes128Gcm,
    /// AES in counter mode with a 256-bit key, 80-bit tags.
    Aes256CmSha1_80,
    /// The same with 32-bit tags on RTP.
    Aes256CmSha1_32,
    /// AES in counter mode with a 128-bit key, 80-bit tags: what everybody has.
    Aes128CmSha1_80,
    /// The same with 32-bit tags on RTP.
    Aes128CmSha1_32,
}

/// One direction: the side that holds the master key seals, the other opens.
#[derive(Debug)]
pub struct Srtp {
    rtp: Seal,
    rtcp: Seal,
    /// Sources heard, the latest last.
    sources: Vec<Source>,
    /// Next index of a sealed RTCP packet, and the RTP counter of what we seal.
    rtcp_index: u32,
    sent: Counter,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    counter: Counter,
    rtp_seen: Window,
    rtcp_seen: Window,
}

/// Why a packet was not opened; it is to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SrtpError {
    /// Shorter than its header and tag.
    #[error("protected packet of {0} bytes is too short: drop it")]
    Short(usize),
    /// Seen before, or too old to tell.
    #[error("protected packet was seen before: drop it")]
    Replayed,
    /// Not made with our key.
    #[error("protected packet does not authenticate: drop it")]
    Forged,
}

impl Profile {
    /// Every profile, the strongest first.
    pub const ALL: [Profile; 6] = [
        Profile::AeadAes256Gcm,
        Profile::AeadAes128Gcm,
        Profile::Aes256CmSha1_80,
        Profile::Aes256CmSha1_32,
        Profile::Aes128CmSha1_80,
        Profile::Aes128CmSha1_32,
    ];

    /// Name in SDP (RFC 4568, 6188, 7714).
    pub fn name(self) -> &'static str {
        match self {
            Profile::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Profile::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Profile::Aes256CmSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Profile::Aes256CmSha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Profile::Aes128CmSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Profile::Aes128CmSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// The profile of a name in SDP.
    pub fn from_name(name: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| profile.name().eq_ignore_ascii_case(name))
    }

    /// Bytes of the master key, without the salt.
    pub fn key_bytes(self) -> usize {
        match self {
            Profile::AeadAes128Gcm | Profile::Aes128CmSha1_80 | Profile::Aes128CmSha1_32 => 16,
            Profile::AeadAes256Gcm | Profile::Aes256CmSha1_80 | Profile::Aes256CmSha1_32 => 32,
        }
    }

    /// Bytes of the master salt.
    pub fn salt_bytes(self) -> usize {
        if self.is_gcm() { 12 } else { 14 }
    }

    pub(super) fn is_gcm(self) -> bool {
        matches!(self, Profile::AeadAes128Gcm | Profile::AeadAes256Gcm)
    }

    /// Bytes of the tag that counter mode puts after RTP; RTCP has ten in every profile (RFC 4568 section 6.2).
    pub(super) fn tag_bytes(self) -> usize {
        if matches!(self, Profile::Aes128CmSha1_32 | Profile::Aes256CmSha1_32) { 4 } else { 10 }
    }
}

impl Srtp {
    /// A direction with this master key and salt, one after the other. None when their length is not the profile's.
    pub fn new(profile: Profile, key_and_salt: &[u8]) -> Option<Self> {
        if key_and_salt.len() != profile.key_bytes() + profile.salt_bytes() {
            return None;
        }
        let (key, salt) = key_and_salt.split_at(profile.key_bytes());
        Some(Self {
            rtp: Seal::derive(profile, key, salt, 0, profile.tag_bytes())?,
            rtcp: Seal::derive(profile, key, salt, 3, RTCP_TAG_BYTES)?,
            sources: Vec::with_capacity(SOURCES_MAX),
            rtcp_index: 0,
            sent: Counter::default(),
        })
    }

    /// Protects an RTP packet; false, and nothing changed, when it is none.
    pub fn seal_rtp(&mut self, packet: &mut Vec<u8>) -> bool {
        let Some((header, sequence, ssrc)) = rtp_header(packet) else { return false };
        let index = self.sent.guess(sequence);
        self.sent.advance(index);
        self.rtp.seal(packet, header, ssrc, index, &rollover(index)).is_ok()
    }

    /// Protects an RTCP packet; false, and nothing changed, when it is none.
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> bool {
        let Some(ssrc) = rtcp_ssrc(packet) else { return false };
        let index = self.rtcp_index;
        self.rtcp_index = (index + 1) & !ENCRYPTED;
        self.rtcp.seal_rtcp(packet, ssrc, index).is_ok()
    }

    /// Opens an RTP packet in place: how many of its bytes are the plain packet.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let short = SrtpError::Short(packet.len());
        let (header, sequence, ssrc) = rtp_header(packet).ok_or(short)?;
        let known = self.sources.iter().position(|source| source.ssrc == ssrc);
        let index = known.map_or(u64::from(sequence), |at| self.sources[at].counter.guess(sequence));
        if known.is_some_and(|at| self.sources[at].rtp_seen.has(index)) {
            return Err(SrtpError::Replayed);
        }
        let length = self.rtp.open(packet, header, ssrc, index, &rollover(index))?;
        let source = self.source(ssrc);
        source.counter.advance(index);
        source.rtp_seen.note(index);
        Ok(length)
    }

    /// Opens an RTCP packet in place: how many of its bytes are the plain packet.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_ssrc(packet).ok_or(SrtpError::Short(packet.len()))?;
        let index = self.rtcp.rtcp_index(packet)?;
        let known = self.sources.iter().find(|source| source.ssrc == ssrc);
        if known.is_some_and(|source| source.rtcp_seen.has(u64::from(index))) {
            return Err(SrtpError::Replayed);
        }
        let length = self.rtcp.open_rtcp(packet, ssrc, index)?;
        self.source(ssrc).rtcp_seen.note(u64::from(index));
        Ok(length)
    }

    /// The state of a source that has just proved to be one; the one heard of longest ago makes room.
    fn source(&mut self, ssrc: u32) -> &mut Source {
        let at = self.sources.iter().position(|source| source.ssrc == ssrc).unwrap_or_else(|| {
            if self.sources.len() == SOURCES_MAX {
                self.sources.remove(0);
            }
            let (counter, rtp_seen, rtcp_seen) = Default::default();
            self.sources.push(Source { ssrc, counter, rtp_seen, rtcp_seen });
            self.sources.len() - 1
        });
        &mut self.sources[at]
    }
}

impl From<SealError> for SrtpError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Short(length) => SrtpError::Short(length),
            SealError::Forged => SrtpError::Forged,
        }
    }
}

/// Length of the header with its lists, sequence number, source.
fn rtp_header(packet: &[u8]) -> Option<(usize, u16, u32)> {
    let fixed = packet.first_chunk::<12>().filter(|fixed| fixed[0] >> 6 == 2)?;
    let mut length = 12 + usize::from(fixed[0] & 0x0F) * 4;
    if fixed[0] & 0x10 != 0 {
        let extension = packet.get(length..)?.first_chunk::<4>()?;
        length += 4 + usize::from(u16::from_be_bytes([extension[2], extension[3]])) * 4;
    }
    let sequence = u16::from_be_bytes([fixed[2], fixed[3]]);
    let ssrc = u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]);
    (length <= packet.len()).then_some((length, sequence, ssrc))
}

fn rtcp_ssrc(packet: &[u8]) -> Option<u32> {
    let fixed = packet.first_chunk::<8>().filter(|fixed| fixed[0] >> 6 == 2)?;
    Some(u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]))
}

/// The part of the index that is not sent: it is authenticated all the same.
fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// The first bit of SRTCP's index word.
pub(super) const ENCRYPTED: u32 = 0x8000_0000;
const RTCP_TAG_BYTES: usize = 10;
/// A phone changes its source now and then; nobody has more than a few at once.
const SOURCES_MAX: usize = 8;
