//! The ciphers of SRTP: session keys from a master key, and one packet sealed or opened with them.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use super::srtp::{ENCRYPTED, Profile};

/// Session keys of RTP or of RTCP.
#[derive(Debug)]
pub(super) struct Seal {
    cipher: Cipher,
    /// Twelve bytes count with GCM.
    salt: [u8; SALT_BYTES],
}

#[derive(Debug)]
enum Cipher {
    Counter { key: Box<EncryptingKey>, auth: Box<hmac::Key>, tag_bytes: usize },
    Gcm(LessSafeKey),
}

/// Why a packet was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealError {
    Short(usize),
    Forged,
}

impl Seal {
    /// RFC 3711 section 4.3: the keys of three labels, from `label` on.
    pub(super) fn derive(profile: Profile, master: &[u8], salt: &[u8], label: u8, tag_bytes: usize) -> Option<Self> {
        let generator = counter_key(master)?;
        let mut key = [0; 32];
        let key = &mut key[..profile.key_bytes()];
        let (mut auth, mut session_salt) = ([0; AUTH_KEY_BYTES], [0; SALT_BYTES]);
        generate(&generator, salt, label, key)?;
        generate(&generator, salt, label + 1, &mut auth)?;
        generate(&generator, salt, label + 2, &mut session_salt[..profile.salt_bytes()])?;
        let cipher = if profile.is_gcm() {
            let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
            Cipher::Gcm(LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?))
        } else {
            let auth = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &auth);
            Cipher::Counter { key: Box::new(counter_key(key)?), auth: Box::new(auth), tag_bytes }
        };
        Some(Self { cipher, salt: session_salt })
    }

    /// Encrypts what follows the header and appends the tag; `also` is authenticated but not sent.
    pub(super) fn seal(
        &self,
        packet: &mut Vec<u8>,
        header: usize,
        ssrc: u32,
        index: u64,
        also: &[u8],
    ) -> Result<(), SealError> {
        match &self.cipher {
            Cipher::Counter { key, auth, tag_bytes } => {
                encrypt(key, self.counter(ssrc, index), &mut packet[header..])?;
                let tag = tag(auth, packet, also);
                packet.extend_from_slice(&tag.as_ref()[..*tag_bytes]);
            }
            Cipher::Gcm(key) => {
                let (aad, body) = packet.split_at_mut(header);
                let sealed = key.seal_in_place_separate_tag(self.nonce(ssrc, index), Aad::from(&*aad), body);
                packet.extend_from_slice(sealed.map_err(|_| SealError::Forged)?.as_ref());
            }
        }
        Ok(())
    }

    /// Checks and takes off the tag, then decrypts; the plain packet's length.
    pub(super) fn open(
        &self,
        packet: &mut [u8],
        header: usize,
        ssrc: u32,
        index: u64,
        also: &[u8],
    ) -> Result<usize, SealError> {
        let end = packet.len().checked_sub(self.tag_bytes()).filter(|&end| end >= header);
        let end = end.ok_or(SealError::Short(packet.len()))?;
        match &self.cipher {
            Cipher::Counter { key, auth, tag_bytes } => {
                let (body, sent) = packet.split_at_mut(end);
                let right = tag(auth, body, also);
                verify_slices_are_equal(&right.as_ref()[..*tag_bytes], sent).map_err(|_| SealError::Forged)?;
                encrypt(key, self.counter(ssrc, index), &mut body[header..])?;
            }
            Cipher::Gcm(key) => {
                let (aad, body) = packet.split_at_mut(header);
                let opened = key.open_in_place(self.nonce(ssrc, index), Aad::from(&*aad), body);
                opened.map_err(|_| SealError::Forged)?;
            }
        }
        Ok(end)
    }

    /// RTCP carries its index: before the tag in counter mode, after it with GCM, where it is authenticated apart.
    pub(super) fn seal_rtcp(&self, packet: &mut Vec<u8>, ssrc: u32, index: u32) -> Result<(), SealError> {
        let word = (index | ENCRYPTED).to_be_bytes();
        match &self.cipher {
            Cipher::Counter { key, auth, tag_bytes } => {
                encrypt(key, self.counter(ssrc, u64::from(index)), &mut packet[RTCP_HEADER_BYTES..])?;
                packet.extend_from_slice(&word);
                let tag = tag(auth, packet, &[]);
                packet.extend_from_slice(&tag.as_ref()[..*tag_bytes]);
            }
            Cipher::Gcm(key) => {
                let (head, body) = packet.split_at_mut(RTCP_HEADER_BYTES);
                let aad = Aad::from(rtcp_aad(head, word));
                let sealed = key.seal_in_place_separate_tag(self.nonce(ssrc, u64::from(index)), aad, body);
                packet.extend_from_slice(sealed.map_err(|_| SealError::Forged)?.as_ref());
                packet.extend_from_slice(&word);
            }
        }
        Ok(())
    }

    /// The index a protected RTCP packet claims.
    pub(super) fn rtcp_index(&self, packet: &[u8]) -> Result<u32, SealError> {
        let after = if let Cipher::Counter { tag_bytes, .. } = self.cipher { tag_bytes } else { 0 };
        let word = packet.len().checked_sub(after).and_then(|end| packet[..end].last_chunk::<4>());
        Ok(u32::from_be_bytes(*word.ok_or(SealError::Short(packet.len()))?) & !ENCRYPTED)
    }

    pub(super) fn open_rtcp(&self, packet: &mut [u8], ssrc: u32, index: u32) -> Result<usize, SealError> {
        let short = SealError::Short(packet.len());
        let end = packet.len().checked_sub(self.tag_bytes() + INDEX_BYTES).filter(|&end| end >= RTCP_HEADER_BYTES);
        let end = end.ok_or(short)?;
        match &self.cipher {
            Cipher::Counter { key, auth, tag_bytes } => {
                let (body, sent) = packet.split_at_mut(end + INDEX_BYTES);
                let right = tag(auth, body, &[]);
                verify_slices_are_equal(&right.as_ref()[..*tag_bytes], sent).map_err(|_| SealError::Forged)?;
                if body[end] & 0x80 != 0 {
                    encrypt(key, self.counter(ssrc, u64::from(index)), &mut body[RTCP_HEADER_BYTES..end])?;
                }
            }
            Cipher::Gcm(key) => {
                let (packet, word) = packet.split_at_mut(end + GCM_TAG_BYTES);
                let word = *word.first_chunk::<INDEX_BYTES>().ok_or(short)?;
                let (head, body) = packet.split_at_mut(RTCP_HEADER_BYTES);
                let aad = Aad::from(rtcp_aad(head, word));
                let opened = key.open_in_place(self.nonce(ssrc, u64::from(index)), aad, body);
                opened.map_err(|_| SealError::Forged)?;
            }
        }
        Ok(end)
    }

    fn tag_bytes(&self) -> usize {
        if let Cipher::Counter { tag_bytes, .. } = self.cipher { tag_bytes } else { GCM_TAG_BYTES }
    }

    /// RFC 3711 section 4.1.1.
    fn counter(&self, ssrc: u32, index: u64) -> [u8; 16] {
        let mut iv = [0; 16];
        iv[..SALT_BYTES].copy_from_slice(&self.salt);
        mix(&mut iv[4..8], &ssrc.to_be_bytes());
        mix(&mut iv[8..14], &index.to_be_bytes()[2..]);
        iv
    }

    /// RFC 7714 sections 8.1 and 9.1: the same shape for both, as RTCP's index has no more than 31 bits.
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut iv = [0; 12];
        iv.copy_from_slice(&self.salt[..12]);
        mix(&mut iv[2..6], &ssrc.to_be_bytes());
        mix(&mut iv[6..12], &index.to_be_bytes()[2..]);
        Nonce::assume_unique_for_key(iv)
    }
}

/// The key stream of a label.
fn generate(generator: &EncryptingKey, salt: &[u8], label: u8, out: &mut [u8]) -> Option<()> {
    let mut iv = [0; 16];
    iv[..salt.len()].copy_from_slice(salt);
    iv[7] ^= label;
    out.fill(0);
    encrypt(generator, iv, out).ok()
}

fn counter_key(key: &[u8]) -> Option<EncryptingKey> {
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()
}

/// Counter mode is its own inverse.
fn encrypt(key: &EncryptingKey, iv: [u8; 16], bytes: &mut [u8]) -> Result<(), SealError> {
    let context = EncryptionContext::Iv128(iv.into());
    key.less_safe_encrypt(bytes, context).map(drop).map_err(|_| SealError::Forged)
}

fn tag(key: &hmac::Key, packet: &[u8], also: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(packet);
    context.update(also);
    context.sign()
}

fn rtcp_aad(head: &[u8], word: [u8; INDEX_BYTES]) -> [u8; RTCP_HEADER_BYTES + INDEX_BYTES] {
    let mut aad = [0; RTCP_HEADER_BYTES + INDEX_BYTES];
    aad[..RTCP_HEADER_BYTES].copy_from_slice(head);
    aad[RTCP_HEADER_BYTES..].copy_from_slice(&word);
    aad
}

fn mix(into: &mut [u8], with: &[u8]) {
    into.iter_mut().zip(with).for_each(|(a, b)| *a ^= b);
}

const SALT_BYTES: usize = 14;
const AUTH_KEY_BYTES: usize = 20;
const GCM_TAG_BYTES: usize = 16;
const RTCP_HEADER_BYTES: usize = 8;
const INDEX_BYTES: usize = 4;
