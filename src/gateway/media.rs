//! Media as it was agreed in signalling, for the rooms that carry it.

use std::net::SocketAddr;

use super::leg::Mail;
use super::person::PersonMail;
use super::random::random;
use crate::audio::Codec;
use crate::call::Media;
use crate::rtp::{Certificate, Format};
use crate::sip::sdp::{Agreed, Direction, Encoding, Fingerprint, Protection, Secret, Security, Terms};

/// How media is spoken and protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaPolicy {
    /// Codecs, preferred first.
    pub codecs: Vec<Encoding>,
    /// Whether it is protected, where no trunk says otherwise.
    pub security: Security,
    /// Whether keys are listened for in the sound; none: when the peer sends them no other way.
    pub key_tones: Option<bool>,
    /// Shown to peers that agree on keys by a handshake on the media path; none: nobody can.
    pub certificate: Option<Certificate>,
}

impl MediaPolicy {
    /// The terms of one call, with a key of its own.
    pub(super) fn terms(&self, security: Security) -> Terms {
        let (one, two): ([u8; 32], [u8; 32]) = (random(), random());
        let fingerprint = self.certificate.as_ref().map(|certificate| Fingerprint::of(certificate.der()));
        let secret = Some(Secret::new([one, two].concat()));
        Terms { codecs: self.codecs.clone(), security, secret, fingerprint, setup: None }
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
        let protection = agreed.protection.as_ref().map(Protection::name);
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
        Terms { codecs: Terms::narrow().codecs, fingerprint: None, ..self.terms(required) }
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
