//! DTLS-SRTP (RFC 5764): the keys of a stream, agreed on its own path between certificates that signalling has named.
//!
//! Pure: datagrams and times go in, datagrams and in the end [`Keys`] come out. Each port has a handshake of its own.

use std::collections::VecDeque;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;

use super::srtp::{Profile, Srtp};

/// What we show on media paths: a key pair that lives as long as the process, signed by itself.
#[derive(Clone)]
pub struct Certificate {
    certificate: rtc_dtls::crypto::Certificate,
    provider: Arc<dyn rtc_crypto::RTCCryptoProvider>,
}

/// Both directions of a stream.
#[derive(Debug)]
pub struct Keys {
    /// What we send.
    pub leaving: Srtp,
    /// What they send.
    pub arriving: Srtp,
}

/// One port's handshake.
pub struct Handshake {
    endpoint: Endpoint,
    state: State,
    /// They showed another certificate than the one that was named.
    refused: Arc<AtomicBool>,
    /// What waits to be sent.
    leaving: VecDeque<BytesMut>,
    /// What was said last, and when it is said again: the library does not when it heard half of an answer.
    said: Vec<BytesMut>,
    again_at: Option<Instant>,
    repeats: u32,
}

/// Why there will be no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DtlsError {
    /// The library has no way to make a certificate here.
    #[error("no certificate for protected media can be made: {0}")]
    Certificate(String),
    /// They showed another certificate than signalling named, speak nothing we speak, or were silent for too long.
    #[error("the handshake of protected media failed: {0}")]
    Failed(String),
}

enum State {
    Shaking,
    Shaken,
    Failed,
}

impl Certificate {
    /// A new one.
    ///
    /// # Errors
    /// [`DtlsError::Certificate`] when the system has no randomness.
    pub fn generate() -> Result<Self, DtlsError> {
        let failed = |error: String| DtlsError::Certificate(error);
        let provider = rtc_crypto::default_provider().map_err(|e| failed(e.to_string()))?;
        let names = vec![COMMON_NAME.to_owned()];
        let certificate = rtc_dtls::crypto::Certificate::generate_self_signed(names, provider.crypto());
        Ok(Self { certificate: certificate.map_err(|e| failed(e.to_string()))?, provider })
    }

    /// DER.
    pub fn der(&self) -> &[u8] {
        self.certificate.certificate.first().map_or(&[], |der| der.as_ref())
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate")
    }
}

impl Handshake {
    /// Waits for theirs. `fits` says of a certificate (DER) whether it is the one that signalling named.
    ///
    /// # Errors
    /// [`DtlsError::Failed`] when our certificate cannot be used.
    pub fn passive(
        ours: &Certificate,
        fits: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
    ) -> Result<Self, DtlsError> {
        let (config, refused) = config(ours, fits);
        let config = Arc::new(config.build(false, Some(PEER)).map_err(failed)?);
        let endpoint = Endpoint::new(US, TransportProtocol::UDP, Some(config));
        Ok(Self::on(endpoint, refused))
    }

    /// Begins.
    ///
    /// # Errors
    /// [`DtlsError::Failed`] when our certificate cannot be used.
    pub fn active(
        ours: &Certificate,
        fits: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
        now: Instant,
    ) -> Result<Self, DtlsError> {
        let (config, refused) = config(ours, fits);
        let config = Arc::new(config.build(true, Some(PEER)).map_err(failed)?);
        let mut endpoint = Endpoint::new(US, TransportProtocol::UDP, None);
        endpoint.connect(now, PEER, config, None).map_err(failed)?;
        let mut begun = Self::on(endpoint, refused);
        begun.collect(now);
        Ok(begun)
    }

    fn on(endpoint: Endpoint, refused: Arc<AtomicBool>) -> Self {
        let (leaving, said) = (VecDeque::new(), Vec::new());
        Self { endpoint, state: State::Shaking, refused, leaving, said, again_at: None, repeats: 0 }
    }

    /// Whether a datagram of a media port belongs here (RFC 7983).
    pub fn is_for(datagram: &[u8]) -> bool {
        matches!(datagram.first(), Some(20..=63))
    }

    /// Takes one of their datagrams; the keys once it was the last that was needed.
    ///
    /// # Errors
    /// [`DtlsError::Failed`], once: it cannot go on.
    pub fn handle(&mut self, datagram: &[u8], now: Instant) -> Result<Option<Keys>, DtlsError> {
        if matches!(self.state, State::Failed) {
            return Ok(None);
        }
        let read = self.endpoint.read(now, PEER, None, BytesMut::from(datagram));
        self.collect(now);
        let events = match read {
            Ok(events) => events,
            Err(error) if self.refused.load(Ordering::Relaxed) => return Err(self.give_up(failed(error))),
            // Anybody can send what does not belong: it ends nothing.
            Err(_) => return Ok(None),
        };
        if matches!(self.state, State::Shaking) && events.iter().any(|e| matches!(e, EndpointEvent::HandshakeComplete))
        {
            self.state = State::Shaken;
            self.again_at = None;
            return match self.keys() {
                Some(keys) => Ok(Some(keys)),
                None => Err(self.give_up(DtlsError::Failed("no cipher for media was agreed on".to_owned()))),
            };
        }
        Ok(None)
    }

    /// Says again what was not answered in time.
    ///
    /// # Errors
    /// [`DtlsError::Failed`], once: they were silent for too long.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsError> {
        if self.due().is_none_or(|due| due > now) {
            return Ok(());
        }
        if self.again_at.take_if(|at| *at <= now).is_some() {
            self.repeats += 1;
            self.leaving.extend(self.said.iter().cloned());
        }
        let told = match self.endpoint.poll_timeout(&PEER) {
            Some(_) => self.endpoint.handle_timeout(PEER, now),
            None => Ok(()),
        };
        self.collect(now);
        told.map_err(|error| self.give_up(failed(error)))
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn due(&self) -> Option<Instant> {
        match self.state {
            State::Failed => None,
            _ => [self.endpoint.poll_timeout(&PEER), self.again_at].into_iter().flatten().min(),
        }
    }

    /// The next datagram to send.
    pub fn poll_datagram(&mut self) -> Option<BytesMut> {
        self.leaving.pop_front()
    }

    /// Takes what the library wants sent, and sees to it that somebody says it again until it is answered.
    fn collect(&mut self, now: Instant) {
        let new: Vec<BytesMut> =
            std::iter::from_fn(|| self.endpoint.poll_transmit()).map(|sent| sent.message).collect();
        if !new.is_empty() {
            self.leaving.extend(new.iter().cloned());
            self.said = new;
        }
        let silent = matches!(self.state, State::Shaking) && self.endpoint.poll_timeout(&PEER).is_none();
        if !silent || self.said.is_empty() || self.repeats >= REPEATS_MAX {
            self.again_at = None;
        } else if self.again_at.is_none() {
            self.again_at = Some(now + AGAIN);
        }
    }

    fn give_up(&mut self, error: DtlsError) -> DtlsError {
        self.state = State::Failed;
        error
    }

    /// RFC 5764 section 4.2: the client's key, the server's, the client's salt, the server's.
    fn keys(&self) -> Option<Keys> {
        let state = self.endpoint.get_connection_state(PEER)?;
        let taken = state.srtp_protection_profile();
        let profile = PROFILES.into_iter().find_map(|(theirs, ours)| (theirs == taken).then_some(ours))?;
        let (key, salt) = (profile.key_bytes(), profile.salt_bytes());
        let material = state.export_keying_material(LABEL, &[], 2 * (key + salt)).ok()?.into_bytes();
        let (keys, salts) = material.split_at(2 * key);
        let side = |at: usize| [&keys[at * key..(at + 1) * key], &salts[at * salt..(at + 1) * salt]].concat();
        let (ours, theirs) = if state.is_client() { (side(0), side(1)) } else { (side(1), side(0)) };
        Some(Keys { leaving: Srtp::new(profile, &ours)?, arriving: Srtp::new(profile, &theirs)? })
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handshake")
    }
}

/// Both sides show a certificate; who signed it does not matter, signalling has named it.
fn config(
    ours: &Certificate,
    fits: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> (ConfigBuilder, Arc<AtomicBool>) {
    let refused = Arc::new(AtomicBool::new(false));
    let refuse = refused.clone();
    let fits = move |shown: &[Vec<u8>], _: &[_]| {
        if shown.first().is_some_and(|leaf| fits(leaf)) {
            return Ok(());
        }
        refuse.store(true, Ordering::Relaxed);
        Err(Error::Other("their certificate is not the one that signalling named".to_owned()))
    };
    let config = ConfigBuilder::default()
        .with_crypto_provider(ours.provider.clone())
        .with_certificates(vec![ours.certificate.clone()])
        .with_srtp_protection_profiles(PROFILES.map(|(theirs, _)| theirs).to_vec())
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        .with_insecure_skip_verify(true)
        .with_verify_peer_certificate(Some(Arc::new(fits)));
    (config, refused)
}

fn failed(error: Error) -> DtlsError {
    DtlsError::Failed(error.to_string())
}

/// RFC 6347 section 4.2.4.1.
const AGAIN: Duration = Duration::from_secs(1);
/// Whoever has not answered by then is gone.
const REPEATS_MAX: u32 = 10;
/// RFC 5764 and 7714, the strongest first.
const PROFILES: [(SrtpProtectionProfile, Profile); 4] = [
    (SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm, Profile::AeadAes256Gcm),
    (SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm, Profile::AeadAes128Gcm),
    (SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80, Profile::Aes128CmSha1_80),
    (SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_32, Profile::Aes128CmSha1_32),
];
/// RFC 5764 section 4.2.
const LABEL: &str = "EXTRACTOR-dtls_srtp";
/// Nothing in it tells one machine from another.
const COMMON_NAME: &str = "offhook";
/// A handshake has one peer; where it is, the socket knows.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 2);
const US: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides for 40 s; `lost` says of every datagram whether the line loses it. The keys of both.
    fn shake(named: bool, mut lost: impl FnMut() -> bool) -> Option<(Keys, Keys)> {
        let (ours, theirs) = (Certificate::generate().unwrap(), Certificate::generate().unwrap());
        let (our_der, their_der) = (ours.der().to_vec(), theirs.der().to_vec());
        let mut now = Instant::now();
        let mut server = Handshake::passive(&ours, move |der| named && der == their_der).unwrap();
        let mut client = Handshake::active(&theirs, move |der| der == our_der, now).unwrap();
        let (mut at_server, mut at_client) = (None, None);
        for _ in 0..400 {
            while let Some(datagram) = client.poll_datagram() {
                if !lost() {
                    at_server = server.handle(&datagram, now).ok()?.or(at_server);
                }
            }
            while let Some(datagram) = server.poll_datagram() {
                if !lost() {
                    at_client = client.handle(&datagram, now).ok()?.or(at_client);
                }
            }
            now += Duration::from_millis(100);
            server.handle_timeout(now).ok()?;
            client.handle_timeout(now).ok()?;
        }
        Some((at_server?, at_client?))
    }

    #[test]
    fn both_sides_have_the_same_keys() {
        let (mut server, mut client) = shake(true, || false).unwrap();
        let packet = [&[0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9][..], &[7; 160]].concat();
        let mut sealed = packet.clone();
        assert!(server.leaving.seal_rtp(&mut sealed) && sealed != packet);
        assert_eq!(client.arriving.open_rtp(&mut sealed), Ok(packet.len()));
        assert_eq!(sealed[..packet.len()], packet);
        let mut back = packet.clone();
        assert!(client.leaving.seal_rtp(&mut back));
        assert_eq!(server.arriving.open_rtp(&mut back), Ok(packet.len()));
    }

    #[test]
    fn a_bad_line_only_takes_longer() {
        for seed in 1..=20_u32 {
            let mut dice = seed;
            let one_in_ten = || {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (dice >> 16) % 10 == 0
            };
            assert!(shake(true, one_in_ten).is_some(), "no keys on line {seed}");
        }
    }

    #[test]
    fn another_certificate_than_the_one_named_gets_no_keys() {
        assert!(shake(false, || false).is_none());
    }

    #[test]
    fn garbage_ends_nothing_and_begins_nothing() {
        let ours = Certificate::generate().unwrap();
        let mut server = Handshake::passive(&ours, |_| true).unwrap();
        for length in 0..200 {
            let garbage: Vec<u8> = (0..length).map(|at| 20 + (at * 7 % 44) as u8).collect();
            let _ = server.handle(&garbage, Instant::now());
            let sent: usize = std::iter::from_fn(|| server.poll_datagram()).map(|datagram| datagram.len()).sum();
            assert!(sent <= garbage.len(), "{sent} bytes for {length}");
        }
    }
}
