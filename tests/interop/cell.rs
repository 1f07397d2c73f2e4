//! One cell of the matrix, and what each phone can.

use std::fmt;

/// Whose phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phone {
    Baresip,
    Pjsua2,
    Linphone,
    Sipp,
}

/// What stands between it and us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Direct,
    /// A proxy at which we are signed in and which stays on the path (Record-Route).
    Kamailio,
    /// Two calls in one: the other half of it calls us.
    Sippy,
}

/// What SIP goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// What the phone offers, alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    Pcmu,
    Pcma,
    G722,
    Opus,
}

/// How the phone insists that media be protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    None,
    Sdes,
    Dtls,
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub phone: Phone,
    pub way: Way,
    pub transport: Transport,
    pub codec: Codec,
    pub protection: Protection,
    /// Whether it is held and taken up again.
    pub hold: bool,
    /// Whether keys go there and back.
    pub keys: bool,
}

/// The lines of the matrix: a phone and its way to us.
pub const LINES: [(Phone, Way); 8] = [
    (Phone::Baresip, Way::Direct),
    (Phone::Pjsua2, Way::Direct),
    (Phone::Linphone, Way::Direct),
    (Phone::Sipp, Way::Direct),
    (Phone::Baresip, Way::Kamailio),
    (Phone::Pjsua2, Way::Kamailio),
    (Phone::Baresip, Way::Sippy),
    (Phone::Pjsua2, Way::Sippy),
];

impl Phone {
    /// What it can protect media with.
    pub fn protections(self) -> &'static [Protection] {
        match self {
            Phone::Baresip | Phone::Linphone => &[Protection::None, Protection::Sdes, Protection::Dtls],
            // Built without DTLS.
            Phone::Pjsua2 => &[Protection::None, Protection::Sdes],
            Phone::Sipp => &[Protection::None],
        }
    }

    /// What it speaks.
    pub fn codecs(self) -> &'static [Codec] {
        match self {
            Phone::Baresip | Phone::Linphone => &[Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus],
            Phone::Pjsua2 | Phone::Sipp => &[Codec::Pcmu, Codec::Pcma, Codec::G722],
        }
    }

    /// What carries its signalling.
    pub fn transports(self, way: Way) -> &'static [Transport] {
        match (self, way) {
            (_, Way::Sippy) => &[Transport::Udp],
            // Built without TLS.
            (Phone::Sipp, _) => &[Transport::Udp, Transport::Tcp],
            _ => &[Transport::Udp, Transport::Tcp, Transport::Tls],
        }
    }
}

impl Transport {
    /// As URIs name it.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        }
    }
}

impl Codec {
    /// Hz of the sound that a phone plays in it.
    pub fn rate(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma => 8_000,
            Codec::G722 => 16_000,
            Codec::Opus => 48_000,
        }
    }

    /// How like itself speech is at least, there and back.
    pub fn mark(self) -> f64 {
        match self {
            Codec::Opus => 0.8,
            _ => 0.9,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cell { transport, codec, protection, hold, keys, .. } = self;
        write!(out, "{} {transport:?} {codec:?} {protection:?}", self.line())?;
        out.write_str(if *hold { " hold" } else { "" })?;
        out.write_str(if *keys { " keys" } else { "" })
    }
}

impl Cell {
    /// The line it is on.
    pub fn line(&self) -> String {
        let Cell { phone, way, .. } = self;
        let phone = format!("{phone:?}").to_lowercase();
        match way {
            Way::Direct => phone,
            way => format!("{phone} through {}", format!("{way:?}").to_lowercase()),
        }
    }
}
