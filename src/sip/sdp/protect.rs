//! How a stream is protected: by keys in the description (RFC 4568), or by certificates it names (RFC 5763).

use super::crypto::{Crypto, Secret, Security, Suite};
use super::fingerprint::Fingerprint;
use super::negotiate::Refusal;
use super::session::{Media, Session};
use super::terms::Terms;

/// How both sides protect what they send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protection {
    /// With keys that signalling told.
    Sdes(Sdes),
    /// With keys of a handshake on the media path.
    Dtls(Dtls),
}

/// Keys out of `a=crypto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sdes {
    /// Number of the `a=crypto` line that was taken.
    pub tag: u32,
    /// Cipher of both directions.
    pub suite: Suite,
    /// Our key.
    pub ours: Secret,
    /// Theirs.
    pub theirs: Secret,
}

/// A handshake to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dtls {
    /// Their certificate's.
    pub theirs: Fingerprint,
    /// What we do.
    pub setup: Setup,
}

/// Who begins a handshake (RFC 4145).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// We do.
    Active,
    /// They do.
    Passive,
}

impl Protection {
    /// For the record of a call.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sdes(sdes) => sdes.suite.name(),
            Self::Dtls(_) => "DTLS-SRTP",
        }
    }

    /// What our answer says of it.
    pub(super) fn lines(&self, terms: &Terms) -> Vec<String> {
        match self {
            Self::Sdes(Sdes { tag, suite, ours, .. }) => {
                vec![Crypto { tag: *tag, suite: *suite, secret: ours.clone() }.to_string()]
            }
            Self::Dtls(dtls) => handshake_lines(terms, dtls.setup.name()),
        }
    }
}

impl Setup {
    /// Name in SDP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
        }
    }

    /// What we do when this is said of them; what we did before when they leave it to us. None for what is neither.
    fn facing(theirs: Option<&str>, before: Option<Setup>) -> Option<Setup> {
        match theirs {
            Some("active") => Some(Self::Passive),
            Some("passive") => Some(Self::Active),
            // Whoever has the open path begins: their first packet tells where they are.
            Some("actpass") | None => Some(before.unwrap_or(Self::Passive)),
            Some(_) => None,
        }
    }
}

/// Protection as our own offer has it.
#[derive(Debug)]
pub(super) enum Offered {
    Plain,
    Sdes(Crypto),
    Dtls,
}

impl Offered {
    /// What we offer when media must be protected. Optional protection is not offered: half of all phones refuse the
    /// sight of it.
    pub(super) fn of(terms: &Terms) -> Self {
        if terms.setup.is_some() && terms.fingerprint.is_some() {
            return Self::Dtls;
        }
        let suite = Suite::AesCm128_80;
        let secret = terms.secret.as_ref().filter(|_| terms.security == Security::Required);
        match secret.and_then(|secret| secret.of(suite)) {
            Some(secret) => Self::Sdes(Crypto { tag: 1, suite, secret }),
            None => Self::Plain,
        }
    }

    /// Protocol of the `m=` line.
    pub(super) fn protocol(&self) -> &'static str {
        match self {
            Self::Plain => "RTP/AVP",
            Self::Sdes(_) => "RTP/SAVP",
            Self::Dtls => "UDP/TLS/RTP/SAVP",
        }
    }

    /// What the offer says of it.
    pub(super) fn lines(&self, terms: &Terms) -> Vec<String> {
        match self {
            Self::Plain => Vec::new(),
            Self::Sdes(crypto) => vec![crypto.to_string()],
            Self::Dtls => handshake_lines(terms, "actpass"),
        }
    }
}

/// How a stream of theirs is protected, and what we say to it: to an offer of theirs, or to the answer to ours. None:
/// it is not. An answer keeps to what we offered, and never turns protected media into plain media.
pub(super) fn protect(
    session: &Session,
    media: &Media,
    terms: &Terms,
    offered: Option<&Offered>,
) -> Result<Option<Protection>, Refusal> {
    let way = Way::of(media).ok_or(Refusal::NoAudio)?;
    let allowed = match offered {
        None => match terms.security {
            Security::Off => way == Way::Plain,
            Security::Optional => true,
            Security::Required => way != Way::Plain,
        },
        Some(Offered::Plain) => way == Way::Plain,
        Some(Offered::Sdes(_)) => way == Way::Sdes,
        Some(Offered::Dtls) => way == Way::Dtls,
    };
    if !allowed {
        return Err(Refusal::Security);
    }
    let protection = match (way, offered) {
        (Way::Plain, _) => return Ok(None),
        (Way::Sdes, Some(Offered::Sdes(ours))) => same_line(media, ours).map(Protection::Sdes),
        (Way::Sdes, _) => first_line(media, terms).map(Protection::Sdes),
        (Way::Dtls, _) => handshake(session, media, terms).map(Protection::Dtls),
    };
    protection.map(Some).ok_or(Refusal::Security)
}

/// What a stream is sent over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    Sdes,
    Dtls,
}

impl Way {
    /// None for what is no RTP.
    fn of(media: &Media) -> Option<Self> {
        let has = |name: &str| media.attributes.iter().any(|line| line.starts_with(name));
        match media.protocol.as_str() {
            "RTP/AVP" | "RTP/AVPF" => Some(Self::Plain),
            // Some say only by the fingerprint that it is a handshake they mean.
            "RTP/SAVP" | "RTP/SAVPF" if has("fingerprint:") && !has("crypto:") => Some(Self::Dtls),
            "RTP/SAVP" | "RTP/SAVPF" => Some(Self::Sdes),
            "UDP/TLS/RTP/SAVP" | "UDP/TLS/RTP/SAVPF" => Some(Self::Dtls),
            _ => None,
        }
    }
}

/// Their first line that we can take, with our key.
fn first_line(media: &Media, terms: &Terms) -> Option<Sdes> {
    let secret = terms.secret.as_ref()?;
    media.attributes.iter().filter_map(|line| Crypto::parse(line)).find_map(|crypto| {
        let Crypto { tag, suite, secret: theirs } = crypto;
        Some(Sdes { tag, suite, ours: secret.of(suite)?, theirs })
    })
}

/// The one line we offered, as they took it.
fn same_line(media: &Media, ours: &Crypto) -> Option<Sdes> {
    let mut theirs = media.attributes.iter().filter_map(|line| Crypto::parse(line));
    let theirs = theirs.find(|theirs| theirs.tag == ours.tag && theirs.suite == ours.suite)?.secret;
    Some(Sdes { tag: ours.tag, suite: ours.suite, ours: ours.secret.clone(), theirs })
}

/// What stands at the stream counts before what stands above all streams.
fn handshake(session: &Session, media: &Media, terms: &Terms) -> Option<Dtls> {
    terms.fingerprint.as_ref()?;
    let levels = [&media.attributes, &session.attributes];
    let theirs = levels.iter().find_map(|lines| Fingerprint::strongest(lines.iter()))?;
    let said = levels.iter().find_map(|lines| lines.iter().find_map(|line| line.strip_prefix("setup:")));
    Some(Dtls { theirs, setup: Setup::facing(said.map(str::trim), terms.setup)? })
}

fn handshake_lines(terms: &Terms, setup: &str) -> Vec<String> {
    let ours = terms.fingerprint.iter().map(ToString::to_string);
    ours.chain([format!("setup:{setup}")]).collect()
}
