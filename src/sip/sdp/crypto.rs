//! `a=crypto`: keys of SRTP in the description itself (RFC 4568, 6188, 7714).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Whether media is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// Never: an offer of protected media is refused.
    Off,
    /// As the other side offers it.
    #[default]
    Optional,
    /// Always: an offer of plain media is refused.
    Required,
}

impl Security {
    /// The policy of a word of the configuration.
    pub fn from_name(name: &str) -> Option<Security> {
        match name {
            "off" => Some(Self::Off),
            "optional" => Some(Self::Optional),
            "required" => Some(Self::Required),
            _ => None,
        }
    }
}

/// Cipher and tag of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// RFC 7714.
    AeadAes256Gcm,
    /// RFC 7714.
    AeadAes128Gcm,
    /// RFC 6188.
    Aes256Cm80,
    /// RFC 6188.
    Aes256Cm32,
    /// RFC 4568: what everybody has.
    AesCm128_80,
    /// RFC 4568.
    AesCm128_32,
}

impl Suite {
    /// Every suite.
    pub const ALL: [Suite; 6] = [
        Suite::AeadAes256Gcm,
        Suite::AeadAes128Gcm,
        Suite::Aes256Cm80,
        Suite::Aes256Cm32,
        Suite::AesCm128_80,
        Suite::AesCm128_32,
    ];

    /// Registered name.
    pub fn name(self) -> &'static str {
        match self {
            Suite::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Suite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Suite::Aes256Cm80 => "AES_256_CM_HMAC_SHA1_80",
            Suite::Aes256Cm32 => "AES_256_CM_HMAC_SHA1_32",
            Suite::AesCm128_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// Bytes of master key and salt together.
    pub fn secret_bytes(self) -> usize {
        match self {
            Suite::AeadAes256Gcm => 44,
            Suite::AeadAes128Gcm => 28,
            Suite::Aes256Cm80 | Suite::Aes256Cm32 => 46,
            Suite::AesCm128_80 | Suite::AesCm128_32 => 30,
        }
    }
}

/// A master key and its salt, one after the other. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Of these bytes, which must be random.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// As much of it as a suite takes; none when it is too short.
    pub fn of(&self, suite: Suite) -> Option<Secret> {
        self.0.get(..suite.secret_bytes()).map(|bytes| Secret(bytes.to_vec()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// One `a=crypto` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Number of the line: the answer names the one it takes.
    pub tag: u32,
    /// Cipher.
    pub suite: Suite,
    /// The key of whoever wrote the line.
    pub secret: Secret,
}

impl Crypto {
    /// Reads an attribute without its `a=`. None for what we do not speak: other suites, several keys, key identifiers, and
    /// parameters that change what is on the wire. Such a line is passed over (RFC 4568 section 5.1.2).
    pub fn parse(attribute: &str) -> Option<Self> {
        let mut words = attribute.strip_prefix("crypto:")?.split_ascii_whitespace();
        let tag = words.next().filter(|tag| tag.len() <= TAG_DIGITS_MAX)?.parse().ok()?;
        let name = words.next()?;
        let suite = Suite::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))?;
        let key = words.next()?.strip_prefix("inline:")?;
        // The window is ours to choose, whatever they suggest.
        if words.any(|parameter| !parameter.to_ascii_uppercase().starts_with("WSH=")) {
            return None;
        }
        let mut parts = key.split('|');
        let text = parts.next()?;
        if key.contains(';') || parts.any(|part| part.contains(':')) {
            return None;
        }
        let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?;
        (bytes.len() == suite.secret_bytes()).then_some(Self { tag, suite, secret: Secret(bytes) })
    }
}

impl fmt::Display for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "crypto:{} {} inline:{}", self.tag, self.suite.name(), STANDARD.encode(&self.secret.0))
    }
}

/// RFC 4568 section 9.2: one to nine digits.
const TAG_DIGITS_MAX: usize = 9;
