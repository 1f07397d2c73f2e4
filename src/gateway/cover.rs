//! What media goes over the wire under: as it is, or protected by keys of signalling or of a handshake on its own path.

use std::net::SocketAddr;
use std::time::Instant;

use super::media::rtcp_of;
use super::ports::Pair;
use crate::rtp::{Certificate, Handshake, Keys, Profile, Srtp};
use crate::sip::sdp::{Dtls, Protection, Sdes, Setup};

/// The cover of one stream.
#[derive(Debug, Default)]
pub(super) struct Cover {
    /// Shown in handshakes; none: there are none.
    certificate: Option<Certificate>,
    kind: Kind,
}

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Plain,
    Told(Box<Told>),
    Shaken(Box<Shaken>),
}

/// Keys out of signalling, the same for RTP and RTCP.
#[derive(Debug)]
struct Told {
    agreed: Sdes,
    shield: Shield,
}

/// Keys out of handshakes, one for each port (RFC 5764 section 5.1).
#[derive(Debug)]
struct Shaken {
    agreed: Dtls,
    rtp: Port,
    rtcp: Port,
}

#[derive(Debug)]
struct Port {
    handshake: Handshake,
    /// None until the handshake is over: nothing leaves and nothing is taken.
    shield: Option<Shield>,
}

/// Both directions of protected media.
#[derive(Debug)]
struct Shield {
    keys: Keys,
    sealed: Vec<u8>,
}

impl Cover {
    /// Plain, until something else is agreed on.
    pub(super) fn with(certificate: Option<Certificate>) -> Self {
        Self { certificate, kind: Kind::Plain }
    }

    /// What was agreed last, after what was before. A direction whose key stays goes on counting, and a handshake with
    /// the same certificate is not made twice: no index is ever used twice with one key.
    pub(super) fn renew(&mut self, protection: Option<Protection>) {
        let old = std::mem::take(&mut self.kind);
        self.kind = match (protection, old) {
            (None, _) => Kind::Plain,
            (Some(Protection::Sdes(new)), Kind::Told(old)) => Kind::told(old.renewed(new)),
            (Some(Protection::Sdes(new)), _) => Kind::told(Told::new(new)),
            (Some(Protection::Dtls(new)), Kind::Shaken(old)) if old.agreed.theirs == new.theirs => Kind::Shaken(old),
            (Some(Protection::Dtls(new)), _) => match Shaken::new(self.certificate.as_ref(), new, Instant::now()) {
                Some(shaken) => Kind::Shaken(Box::new(shaken)),
                None => Kind::Plain,
            },
        };
    }

    /// Media can flow.
    pub(super) fn is_ready(&self) -> bool {
        match &self.kind {
            Kind::Plain | Kind::Told(_) => true,
            Kind::Shaken(shaken) => shaken.rtp.shield.is_some(),
        }
    }

    /// When [`Self::shake`] has something to say again.
    pub(super) fn due(&self) -> Option<Instant> {
        let Kind::Shaken(shaken) = &self.kind else { return None };
        [shaken.rtp.handshake.due(), shaken.rtcp.handshake.due()].into_iter().flatten().min()
    }

    /// Sends what the handshakes have to say.
    pub(super) fn shake(&mut self, sockets: &Pair, remote: Option<SocketAddr>, now: Instant) {
        let (Kind::Shaken(shaken), Some(remote)) = (&mut self.kind, remote) else { return };
        let ends = [(&mut shaken.rtp, &sockets.rtp, remote), (&mut shaken.rtcp, &sockets.rtcp, rtcp_of(remote))];
        for (port, socket, to) in ends {
            if let Err(error) = port.handshake.handle_timeout(now) {
                tracing::warn!(%error, %to, "no keys for a call's media");
            }
            while let Some(datagram) = port.handshake.poll_datagram() {
                // What does not fit is said again later.
                let _ = socket.try_send_to(&datagram, to);
            }
        }
    }

    /// The packet as it leaves; none for what is no packet, or before there are keys.
    pub(super) fn seal_rtp<'a>(&'a mut self, packet: &'a [u8]) -> Option<&'a [u8]> {
        match &mut self.kind {
            Kind::Plain => Some(packet),
            Kind::Told(told) => told.shield.seal(packet, Srtp::seal_rtp),
            Kind::Shaken(shaken) => shaken.rtp.shield.as_mut()?.seal(packet, Srtp::seal_rtp),
        }
    }

    /// The same for RTCP.
    pub(super) fn seal_rtcp<'a>(&'a mut self, packet: &'a [u8]) -> Option<&'a [u8]> {
        match &mut self.kind {
            Kind::Plain => Some(packet),
            Kind::Told(told) => told.shield.seal(packet, Srtp::seal_rtcp),
            Kind::Shaken(shaken) => shaken.rtcp.shield.as_mut()?.seal(packet, Srtp::seal_rtcp),
        }
    }

    /// Opens a packet in place: its plain length; none for what is to be dropped, and for what belongs to a handshake.
    pub(super) fn open_rtp(&mut self, packet: &mut [u8]) -> Option<usize> {
        match &mut self.kind {
            Kind::Plain => Some(packet.len()),
            Kind::Told(told) => told.shield.keys.arriving.open_rtp(packet).ok(),
            Kind::Shaken(shaken) => shaken.rtp.heard(packet)?.keys.arriving.open_rtp(packet).ok(),
        }
    }

    /// The same for RTCP.
    pub(super) fn open_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        match &mut self.kind {
            Kind::Plain => Some(packet.len()),
            Kind::Told(told) => told.shield.keys.arriving.open_rtcp(packet).ok(),
            Kind::Shaken(shaken) => shaken.rtcp.heard(packet)?.keys.arriving.open_rtcp(packet).ok(),
        }
    }
}

impl Kind {
    /// A key that does not fit its cipher protects nothing; the negotiation has seen to it that there is none.
    fn told(told: Option<Told>) -> Self {
        told.map_or(Kind::Plain, |told| Kind::Told(Box::new(told)))
    }
}

impl Told {
    fn new(agreed: Sdes) -> Option<Self> {
        let profile = Profile::from_name(agreed.suite.name())?;
        let leaving = Srtp::new(profile, agreed.ours.reveal())?;
        let arriving = Srtp::new(profile, agreed.theirs.reveal())?;
        Some(Self { agreed, shield: Shield::new(Keys { leaving, arriving }) })
    }

    fn renewed(self, agreed: Sdes) -> Option<Self> {
        let old = self.agreed;
        let (same_suite, mut new) = (old.suite == agreed.suite, Self::new(agreed)?);
        if same_suite && old.ours == new.agreed.ours {
            new.shield.keys.leaving = self.shield.keys.leaving;
        }
        if same_suite && old.theirs == new.agreed.theirs {
            new.shield.keys.arriving = self.shield.keys.arriving;
        }
        Some(new)
    }
}

impl Shaken {
    fn new(certificate: Option<&Certificate>, agreed: Dtls, now: Instant) -> Option<Self> {
        let certificate = certificate?;
        let port = || {
            let theirs = agreed.theirs.clone();
            let fits = move |shown: &[u8]| theirs.fits(shown);
            let handshake = match agreed.setup {
                Setup::Active => Handshake::active(certificate, fits, now),
                Setup::Passive => Handshake::passive(certificate, fits),
            };
            handshake.inspect_err(|error| tracing::error!(%error, "our certificate cannot be used")).ok()
        };
        let (rtp, rtcp) = (Port::new(port()?), Port::new(port()?));
        Some(Self { agreed, rtp, rtcp })
    }
}

impl Port {
    fn new(handshake: Handshake) -> Self {
        Self { handshake, shield: None }
    }

    /// The shield for a packet of media; none for what belongs to the handshake, and before there are keys.
    fn heard(&mut self, packet: &[u8]) -> Option<&mut Shield> {
        if !Handshake::is_for(packet) {
            return self.shield.as_mut();
        }
        match self.handshake.handle(packet, Instant::now()) {
            Ok(keys) => self.shield = keys.map(Shield::new).or(self.shield.take()),
            Err(error) => tracing::warn!(%error, "no keys for a call's media"),
        }
        None
    }
}

impl Shield {
    fn new(keys: Keys) -> Self {
        Self { keys, sealed: Vec::with_capacity(PACKET_BYTES_RESERVED) }
    }

    /// The protected packet; none for what is no packet.
    fn seal(&mut self, packet: &[u8], seal: fn(&mut Srtp, &mut Vec<u8>) -> bool) -> Option<&[u8]> {
        self.sealed.clear();
        self.sealed.extend_from_slice(packet);
        seal(&mut self.keys.leaving, &mut self.sealed).then_some(&self.sealed)
    }
}

/// Any packet of ours with its tag.
const PACKET_BYTES_RESERVED: usize = 1_600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::sdp::{Secret, Suite};

    fn keys(ours: u8, theirs: u8) -> Option<Protection> {
        let secret = |byte| Secret::new(vec![byte; Suite::AesCm128_80.secret_bytes()]);
        let (ours, theirs) = (secret(ours), secret(theirs));
        Some(Protection::Sdes(Sdes { tag: 1, suite: Suite::AesCm128_80, ours, theirs }))
    }

    #[test]
    fn a_key_that_stays_counts_on_and_a_new_one_begins() {
        let report = [&[0x80, 200, 0, 6, 1, 2, 3, 4], &[0; 20][..]].concat();
        let mut phone = Srtp::new(Profile::Aes128CmSha1_80, &[1; 30]).unwrap();
        let mut cover = Cover::default();
        cover.renew(keys(1, 2));
        let mut opens = |cover: &mut Cover| phone.open_rtcp(&mut cover.seal_rtcp(&report).unwrap().to_vec()).is_ok();
        assert!(opens(&mut cover));
        cover.renew(keys(1, 3));
        assert!(opens(&mut cover), "their key changed, ours did not: no index comes twice");
        cover.renew(keys(4, 3));
        assert!(!opens(&mut cover));
    }
}
