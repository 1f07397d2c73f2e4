//! What we agree to: codecs in our order, and protection.

use super::crypto::{Secret, Security};
use super::fingerprint::Fingerprint;
use super::protect::Setup;

/// An audio encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Opus.
    Opus,
    /// G.722.
    G722,
    /// G.711 mu-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl Encoding {
    /// Every encoding we speak, the ones that sound best first.
    pub const ALL: [Encoding; 4] = [Encoding::Opus, Encoding::G722, Encoding::Pcmu, Encoding::Pcma];

    /// Name in SDP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::G722 => "G722",
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The encoding of a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name().eq_ignore_ascii_case(name))
    }

    /// RTP clock, Hz.
    pub fn clock(self) -> u32 {
        if self == Self::Opus { 48_000 } else { 8_000 }
    }

    /// What stands in `a=rtpmap` after the payload type.
    pub(super) fn map(self) -> &'static str {
        match self {
            Self::Opus => "opus/48000/2",
            Self::G722 => "G722/8000",
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
        }
    }

    /// The payload type we offer it under.
    pub(super) fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            Self::Opus => 111,
        }
    }

    /// Both laws of G.711 sound the same: between neighbours the other side's order counts.
    fn is_g711(self) -> bool {
        matches!(self, Self::Pcmu | Self::Pcma)
    }
}

/// What a call may agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What we speak, preferred first.
    pub codecs: Vec<Encoding>,
    /// Whether media is protected.
    pub security: Security,
    /// Our master key of this call, long enough for every suite; none: no protected media.
    pub secret: Option<Secret>,
    /// Our certificate's; none: no handshake on the media path.
    pub fingerprint: Option<Fingerprint>,
    /// What we do in the handshake this call has agreed on; offers of ours keep to it.
    pub setup: Option<Setup>,
}

impl Terms {
    /// Everything we speak; plain media, as there is no key.
    pub fn plain() -> Self {
        Self { codecs: Encoding::ALL.to_vec(), security: Security::Off, secret: None, fingerprint: None, setup: None }
    }

    /// The same with G.711 alone: what every telephone has.
    pub fn narrow() -> Self {
        Self { codecs: vec![Encoding::Pcmu, Encoding::Pcma], ..Self::plain() }
    }

    /// Place in our order, the less the better; none for what we do not speak.
    pub(super) fn rank(&self, encoding: Encoding) -> Option<usize> {
        let at = self.codecs.iter().position(|&known| known == encoding)?;
        let neighbour = at.checked_sub(1).and_then(|before| self.codecs.get(before));
        Some(if encoding.is_g711() && neighbour.is_some_and(|n| n.is_g711()) { at - 1 } else { at })
    }
}
