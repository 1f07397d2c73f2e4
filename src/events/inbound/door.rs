//! Who may speak, and how their requests are told apart and read.

use std::fmt;

use aws_lc_rs::{hmac, signature};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::told::Told;
use super::{generic, gong, zoom};
use crate::events::{Secrets, Unsigned};

/// How a source signs.
#[derive(Clone)]
pub enum Door {
    /// Standard Webhooks, our own catalogue.
    Generic(Secrets),
    /// Zoom: `x-zm-signature` under the app's secret token.
    Zoom(Vec<hmac::Key>),
    /// Gong: a JWT under its private key, of which this is the public one (DER).
    GongJwt(Vec<u8>),
    /// Gong: a secret in the address (`?key=`), by its hash.
    GongKey(Vec<[u8; 32]>),
}

/// What one request says.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The source's own id of the call.
    pub call: String,
    /// Of that call.
    pub told: Told,
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// Not signed as this source signs.
    #[error("{0}")]
    Unsigned(#[from] Unsigned),
    /// A key that cannot be one.
    #[error("the key of the source cannot be read")]
    Key,
}

impl Door {
    /// Zoom's secret tokens, the newest first.
    pub fn zoom<S: AsRef<str>>(secrets: &[S]) -> Door {
        Door::Zoom(secrets.iter().map(|one| hmac::Key::new(hmac::HMAC_SHA256, one.as_ref().as_bytes())).collect())
    }

    /// Gong's public key as it shows it: base64, with or without PEM lines.
    pub fn gong_jwt(public_key: &str) -> Result<Door, NotAdmitted> {
        let base64: String = public_key.lines().filter(|line| !line.starts_with("-----")).collect();
        let base64: String = base64.split_whitespace().collect();
        STANDARD.decode(base64).map(Door::GongJwt).map_err(|_| NotAdmitted::Key)
    }

    /// Secrets in Gong's address.
    pub fn gong_key<S: AsRef<str>>(secrets: &[S]) -> Door {
        Door::GongKey(secrets.iter().map(|one| Sha256::digest(one.as_ref()).into()).collect())
    }

    /// Whether the request comes from the source: its headers, the query of its address, its bytes.
    pub fn admit<'a>(
        &self,
        header: impl Fn(&str) -> Option<&'a str>,
        query: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unsigned> {
        match self {
            Door::Generic(secrets) => {
                let (Some(id), Some(time)) = (header("webhook-id"), header("webhook-timestamp")) else {
                    return Err(Unsigned::Headers);
                };
                secrets.verify(id, time, header("webhook-signature").unwrap_or_default(), body, now)
            }
            Door::Zoom(keys) => {
                let time = header("x-zm-request-timestamp").ok_or(Unsigned::Headers)?;
                fresh(time.parse().map_err(|_| Unsigned::Headers)?, now)?;
                let given = header("x-zm-signature").and_then(|text| unhex(text.strip_prefix("v0=")?));
                let (given, signed) = (given.ok_or(Unsigned::Headers)?, [b"v0:", time.as_bytes(), b":", body].concat());
                let fits = keys.iter().any(|key| hmac::verify(key, &signed, &given).is_ok());
                if fits { Ok(()) } else { Err(Unsigned::Signature) }
            }
            Door::GongJwt(key) => jwt(key, header("authorization").ok_or(Unsigned::Headers)?, body, now),
            Door::GongKey(hashes) => {
                let given = query.split('&').find_map(|pair| pair.strip_prefix("key=")).ok_or(Unsigned::Headers)?;
                let given: [u8; 32] = Sha256::digest(given).into();
                let differ = |hash: &[u8; 32]| hash.iter().zip(given).fold(0, |all, (a, b)| all | (a ^ b));
                if hashes.iter().any(|hash| differ(hash) == 0) { Ok(()) } else { Err(Unsigned::Signature) }
            }
        }
    }

    /// What Zoom wants to hear when it asks whether this is its endpoint; none when it does not ask.
    pub fn challenge(&self, body: &[u8]) -> Option<String> {
        let Door::Zoom(keys) = self else { return None };
        let asked: Value = serde_json::from_slice(body).ok()?;
        let plain = asked["payload"]["plainToken"].as_str().filter(|_| asked["event"] == "endpoint.url_validation")?;
        let tag = hmac::sign(keys.first()?, plain.as_bytes());
        Some(json!({"plainToken": plain, "encryptedToken": hex(tag.as_ref())}).to_string())
    }

    /// The event's key: the same for a request that is repeated.
    pub fn key<'a>(&self, header: impl Fn(&str) -> Option<&'a str>, body: &[u8]) -> String {
        let known = match self {
            Door::Generic(_) => header("webhook-id").map(str::to_owned),
            Door::Zoom(_) => zoom::key(body),
            Door::GongJwt(_) | Door::GongKey(_) => None,
        };
        known.unwrap_or_else(|| format!("sha256:{}", hex(&Sha256::digest(body))))
    }

    /// What it says; none when it is about no call, why not when it cannot be read. `key` is the event's.
    pub fn read(&self, key: &str, body: &[u8]) -> Result<Option<Report>, String> {
        match self {
            Door::Generic(_) => generic::read(key, body),
            Door::Zoom(_) => zoom::read(body),
            Door::GongJwt(_) | Door::GongKey(_) => gong::read(body),
        }
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Door::Generic(_) => "Generic(..)",
            Door::Zoom(_) => "Zoom(..)",
            Door::GongJwt(_) | Door::GongKey(_) => "Gong(..)",
        })
    }
}

/// RFC 7519 with RS256, and the body's hash among its claims.
fn jwt(key: &[u8], authorization: &str, body: &[u8], now: Timestamp) -> Result<(), Unsigned> {
    let token = authorization.strip_prefix("Bearer ").unwrap_or(authorization).trim();
    let (signed, tag) = token.rsplit_once('.').ok_or(Unsigned::Headers)?;
    let (head, claims) = signed.split_once('.').ok_or(Unsigned::Headers)?;
    let read = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (head, claims) = read(head).zip(read(claims)).ok_or(Unsigned::Headers)?;
    let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| Unsigned::Headers)?;
    // Whoever may choose the algorithm chooses "none".
    if head["alg"] != "RS256" {
        return Err(Unsigned::Signature);
    }
    let public = signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key);
    public.verify(signed.as_bytes(), &tag).map_err(|_| Unsigned::Signature)?;
    if claims["body_sha256"].as_str().is_none_or(|hash| !hash.eq_ignore_ascii_case(&hex(&Sha256::digest(body)))) {
        return Err(Unsigned::Signature);
    }
    match claims["exp"].as_i64() {
        Some(until) if until < now.as_second() => Err(Unsigned::Time),
        _ => Ok(()),
    }
}

fn fresh(seconds: i64, now: Timestamp) -> Result<(), Unsigned> {
    if now.as_second().abs_diff(seconds) > TOLERANCE_SECONDS { Err(Unsigned::Time) } else { Ok(()) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// As Zoom and Standard Webhooks have it.
const TOLERANCE_SECONDS: u64 = 300;
