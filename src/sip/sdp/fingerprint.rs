//! `a=fingerprint`: the digest of the certificate a side shows on its media path (RFC 8122).

use std::fmt;

use sha2::{Digest, Sha256, Sha384, Sha512};

/// A certificate's digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    hash: Hash,
    digest: Vec<u8>,
}

/// Hash functions, the stronger the greater; weaker ones than these prove nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Fingerprint {
    /// Of a certificate (DER), under SHA-256.
    pub fn of(certificate: &[u8]) -> Self {
        Self { hash: Hash::Sha256, digest: Hash::Sha256.digest(certificate) }
    }

    /// Whether this is the certificate (DER) that was named.
    pub fn fits(&self, certificate: &[u8]) -> bool {
        self.hash.digest(certificate) == self.digest
    }

    /// The strongest of some attributes, each without its `a=`.
    pub(super) fn strongest<'a>(attributes: impl Iterator<Item = &'a String>) -> Option<Self> {
        attributes.filter_map(|line| Self::parse(line)).max_by_key(|fingerprint| fingerprint.hash)
    }

    /// Reads an attribute without its `a=`.
    fn parse(attribute: &str) -> Option<Self> {
        let mut words = attribute.strip_prefix("fingerprint:")?.split_ascii_whitespace();
        let name = words.next()?;
        let hash = Hash::ALL.into_iter().find(|hash| hash.name().eq_ignore_ascii_case(name))?;
        let byte = |text: &str| u8::from_str_radix(text, 16).ok().filter(|_| text.len() == 2);
        let digest: Vec<u8> = words.next()?.split(':').map(byte).collect::<Option<_>>()?;
        (digest.len() == hash.bytes()).then_some(Self { hash, digest })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fingerprint:{} ", self.hash.name())?;
        self.digest.iter().enumerate().try_for_each(|(at, byte)| {
            let between = if at == 0 { "" } else { ":" };
            write!(f, "{between}{byte:02X}")
        })
    }
}

impl Hash {
    const ALL: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];

    fn name(self) -> &'static str {
        match self {
            Hash::Sha256 => "sha-256",
            Hash::Sha384 => "sha-384",
            Hash::Sha512 => "sha-512",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(bytes).to_vec(),
            Hash::Sha384 => Sha384::digest(bytes).to_vec(),
            Hash::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written() {
        let one = Fingerprint::of(b"certificate");
        assert_eq!(Fingerprint::parse(&one.to_string()), Some(one.clone()));
        assert_eq!(Fingerprint::parse(&one.to_string().to_lowercase()), Some(one.clone()));
        assert!(one.fits(b"certificate") && !one.fits(b"another"));
    }

    #[test]
    fn what_is_weak_or_cut_short_is_passed_over() {
        let short = Fingerprint::of(b"x").to_string();
        for line in
            ["fingerprint:sha-1 AA:BB", &short[..short.len() - 3], "fingerprint:sha-256", "fingerprint:sha-256 A"]
        {
            assert_eq!(Fingerprint::parse(line), None, "{line}");
        }
    }
}
