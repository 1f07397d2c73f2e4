//! Media as it was agreed in signalling, for the rooms that carry it.

use std::net::SocketAddr;

use super::leg::Mail;
use super::person::PersonMail;
use super::random::random;
use crate::audio::Codec;
use crate::call::Media;
use crate::rtp::{Format, Profile, Srtp};
use crate::sip::sdp::{Agreed, Direction, Encoding, Protection, Secret, Security, Terms};

/// How media is spoken and protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaPolicy {
    /// Codecs, preferred first.
    pub codecs: Vec<Encoding>,
    /// Whether it is protected, where no trunk says otherwise.
    pub security: Security,
    /// Whether keys are listened for in the sound; none: when the peer sends them no other way.
    pub key_tones: Option<bool>,
}

impl MediaPolicy {
    /// The terms of one call, with a key of its own.
    pub(super) fn terms(&self, security: Security) -> Terms {
        let (one, two): ([u8; 32], [u8; 32]) = (random(), random());
        Terms { codecs: self.codecs.clone(), security, secret: Some(Secret::new([one, two].concat())) }
    }

    /// What a call needs to know.
    pub(super) fn media(&self, agreed: &Agreed) -> Media {
        let codec = codec(agreed.codec.encoding);
        let format = Format {
            codec,
            payload_type: agreed.codec.payload_type,
            packet_ms: agreed.ptime,
            fec: agreed.fec,
            dtx: agreed.dtx,
        };
        let key_tones = self.key_tones.unwrap_or(agreed.dtmf_pt.is_none());
        let protection = agreed.protection.as_ref().map(|protection| protection.suite.name());
        let Agreed { dtmf_pt, dtmf_clock, .. } = *agreed;
        Media { format, dtmf_pt, dtmf_clock, key_tones, protection }
    }

    /// What our own offer names first, until the answer says what it is.
    pub(super) fn until_answered(&self) -> Media {
        Media::of(self.codecs.first().map_or(Codec::Pcmu, |&first| codec(first)))
    }

    /// What the call's task is told of new SDP, of the caller's side or of leg `leg`.
    pub(super) fn renegotiated(&self, leg: Option<u32>, agreed: &Agreed) -> Mail {
        let (remote, media, protection) = (agreed.remote, self.media(agreed), agreed.protection.clone());
        // The other side does not want to hear us.
        let on_hold = !matches!(agreed.direction, Direction::SendRecv | Direction::SendOnly);
        match leg {
            Some(leg) => Mail::Person { leg, mail: PersonMail::Renegotiated { remote, media, on_hold, protection } },
            None => Mail::Renegotiated { remote, media, on_hold, protection },
        }
    }

    /// The terms of a call to a person, whose phone gets what every telephone has.
    pub(super) fn person_terms(&self, security: Security) -> Terms {
        let required = if security == Security::Required { Security::Required } else { Security::Off };
        Terms { codecs: Terms::narrow().codecs, ..self.terms(required) }
    }
}

/// Both directions of protected media.
#[derive(Debug)]
struct Shield {
    agreed: Protection,
    leaving: Srtp,
    arriving: Srtp,
    sealed: Vec<u8>,
}

impl Shield {
    /// None when a key does not fit its cipher, which the negotiation has seen to.
    fn new(agreed: Protection) -> Option<Self> {
        let profile = Profile::from_name(agreed.suite.name())?;
        let leaving = Srtp::new(profile, agreed.ours.reveal())?;
        let arriving = Srtp::new(profile, agreed.theirs.reveal())?;
        Some(Self { agreed, leaving, arriving, sealed: Vec::with_capacity(PACKET_BYTES_RESERVED) })
    }

    /// What a re-INVITE agreed on. A direction whose key stays goes on counting: no index is ever used twice with one key.
    fn renew(self, agreed: Protection) -> Option<Self> {
        let old = self.agreed.clone();
        let (same_suite, mut new) = (old.suite == agreed.suite, Self::new(agreed)?);
        if same_suite && old.ours == new.agreed.ours {
            new.leaving = self.leaving;
        }
        if same_suite && old.theirs == new.agreed.theirs {
            new.arriving = self.arriving;
        }
        Some(new)
    }

    /// The protected packet; none for what is no packet.
    fn seal_rtp(&mut self, packet: &[u8]) -> Option<&[u8]> {
        self.sealed.clear();
        self.sealed.extend_from_slice(packet);
        self.leaving.seal_rtp(&mut self.sealed).then_some(&self.sealed)
    }

    /// The same for RTCP.
    fn seal_rtcp(&mut self, packet: &[u8]) -> Option<&[u8]> {
        self.sealed.clear();
        self.sealed.extend_from_slice(packet);
        self.leaving.seal_rtcp(&mut self.sealed).then_some(&self.sealed)
    }
}

/// Media as it goes over the wire: protected, or as it is.
#[derive(Debug, Default)]
pub(super) struct Cover(Option<Shield>);

impl Cover {
    /// As it was agreed; none: as it is.
    pub(super) fn new(protection: Option<Protection>) -> Self {
        Self(protection.and_then(Shield::new))
    }

    /// What was agreed last, after what was before.
    pub(super) fn renew(&mut self, protection: Option<Protection>) {
        let old = self.0.take();
        self.0 = protection.and_then(|new| match old {
            Some(old) => old.renew(new),
            None => Shield::new(new),
        });
    }

    /// The packet as it leaves; none for what is no packet.
    pub(super) fn seal_rtp<'a>(&'a mut self, packet: &'a [u8]) -> Option<&'a [u8]> {
        match &mut self.0 {
            Some(shield) => shield.seal_rtp(packet),
            None => Some(packet),
        }
    }

    /// The same for RTCP.
    pub(super) fn seal_rtcp<'a>(&'a mut self, packet: &'a [u8]) -> Option<&'a [u8]> {
        match &mut self.0 {
            Some(shield) => shield.seal_rtcp(packet),
            None => Some(packet),
        }
    }

    /// Opens a packet in place: its plain length; none for what is to be dropped.
    pub(super) fn open_rtp(&mut self, packet: &mut [u8]) -> Option<usize> {
        match &mut self.0 {
            Some(shield) => shield.arriving.open_rtp(packet).ok(),
            None => Some(packet.len()),
        }
    }

    /// The same for RTCP.
    pub(super) fn open_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        match &mut self.0 {
            Some(shield) => shield.arriving.open_rtcp(packet).ok(),
            None => Some(packet.len()),
        }
    }
}

/// Where a peer's RTCP goes: the port above (RFC 3550 section 11).
pub(super) fn rtcp_of(rtp: SocketAddr) -> SocketAddr {
    SocketAddr::new(rtp.ip(), rtp.port() | 1)
}

/// Both rooms name codecs as SDP does.
fn codec(encoding: Encoding) -> Codec {
    Codec::from_name(encoding.name()).unwrap_or(Codec::Pcmu)
}

/// Any packet of ours with its tag.
const PACKET_BYTES_RESERVED: usize = 1_600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::sdp::Suite;

    fn keys(ours: u8, theirs: u8) -> Protection {
        let secret = |byte| Secret::new(vec![byte; Suite::AesCm128_80.secret_bytes()]);
        Protection { tag: 1, suite: Suite::AesCm128_80, ours: secret(ours), theirs: secret(theirs) }
    }

    #[test]
    fn a_key_that_stays_counts_on_and_a_new_one_begins() {
        let report = [&[0x80, 200, 0, 6, 1, 2, 3, 4], &[0; 20][..]].concat();
        let mut phone = Srtp::new(Profile::Aes128CmSha1_80, &[1; 30]).unwrap();
        let mut shield = Shield::new(keys(1, 2)).unwrap();
        let mut opens = |shield: &mut Shield| phone.open_rtcp(&mut shield.seal_rtcp(&report).unwrap().to_vec()).is_ok();
        assert!(opens(&mut shield));
        let mut shield = shield.renew(keys(1, 3)).unwrap();
        assert!(opens(&mut shield), "their key changed, ours did not: no index comes twice");
        let mut shield = shield.renew(keys(4, 3)).unwrap();
        assert!(!opens(&mut shield));
    }
}
