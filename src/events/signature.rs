//! Standard Webhooks signatures: HMAC-SHA256 of id, time and body, under each secret that is valid.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

/// What both sides know; while one is being replaced, both the new and the old.
#[derive(Clone)]
pub struct Secrets(Vec<hmac::Key>);

/// A secret that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// None at all.
    #[error("no secret; make one with: openssl rand -base64 32 | sed s/^/whsec_/")]
    Missing,
    /// What follows `whsec_` is not base64.
    #[error("what follows whsec_ is not base64")]
    Base64,
    /// Too easily guessed.
    #[error("a secret of {0} bytes can be guessed; it needs {SECRET_BYTES_MIN}")]
    Short(usize),
}

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// A header is missing or is none.
    #[error("webhook-id, webhook-timestamp or webhook-signature is missing or unreadable")]
    Headers,
    /// Too old or from the future: a replay, or a wrong clock.
    #[error("signed more than {TOLERANCE_SECONDS} s from now")]
    Time,
    /// Somebody else's, or of another body.
    #[error("the signature is not that of a secret we know")]
    Signature,
}

impl Secrets {
    /// Secrets, the newest first. One that begins with `whsec_` is base64, any other is taken as it is.
    pub fn new<S: AsRef<str>>(secrets: &[S]) -> Result<Secrets, BadSecret> {
        let keys: Result<Vec<_>, _> = secrets.iter().map(|secret| key(secret.as_ref())).collect();
        match keys? {
            keys if keys.is_empty() => Err(BadSecret::Missing),
            keys => Ok(Secrets(keys)),
        }
    }

    /// The `webhook-signature` header: a signature per secret, the newest first.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let signed = content(id, &at.as_second().to_string(), body);
        let one = |key| format!("v1,{}", STANDARD.encode(hmac::sign(key, &signed)));
        self.0.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    /// Whether the three headers belong to this body; any secret and any of the signatures will do.
    pub fn verify(&self, id: &str, time: &str, signatures: &str, body: &[u8], now: Timestamp) -> Result<(), Unsigned> {
        let seconds: i64 = time.parse().map_err(|_| Unsigned::Headers)?;
        if id.is_empty() || signatures.is_empty() {
            return Err(Unsigned::Headers);
        }
        if now.as_second().abs_diff(seconds) > TOLERANCE_SECONDS {
            return Err(Unsigned::Time);
        }
        let signed = content(id, time, body);
        let given = signatures.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
        let known = |tag: Vec<u8>| self.0.iter().any(|key| hmac::verify(key, &signed, &tag).is_ok());
        if given.take(SIGNATURES_MAX).any(known) { Ok(()) } else { Err(Unsigned::Signature) }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

fn key(secret: &str) -> Result<hmac::Key, BadSecret> {
    let bytes = match secret.strip_prefix("whsec_") {
        Some(coded) => STANDARD.decode(coded).map_err(|_| BadSecret::Base64)?,
        None => secret.as_bytes().to_vec(),
    };
    match bytes.len() {
        short if short < SECRET_BYTES_MIN => Err(BadSecret::Short(short)),
        _ => Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes)),
    }
}

fn content(id: &str, seconds: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat()
}

/// As Standard Webhooks asks.
const SECRET_BYTES_MIN: usize = 24;
/// As the reference libraries have it.
const TOLERANCE_SECONDS: u64 = 300;
/// Signatures looked at in one header: nobody rotates more secrets at once.
const SIGNATURES_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_example_of_the_specification_is_signed_as_it_says() {
        let secrets = Secrets::new(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).unwrap();
        let signed = secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at(1_614_265_330), br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn any_secret_and_any_signature_will_do_and_nothing_else() {
        let (new, old) = ("n".repeat(24), "o".repeat(24));
        let both = Secrets::new(&[&new, &old]).unwrap();
        let one = Secrets::new(&[&old]).unwrap();
        let signed = both.sign("e1", at(1000), b"body");
        assert_eq!(signed.split(' ').count(), 2);
        assert_eq!(
            signed.split(' ').next(),
            Some(Secrets::new(&[&new]).unwrap().sign("e1", at(1000), b"body").as_str())
        );
        assert_eq!(one.verify("e1", "1000", &signed, b"body", at(1299)), Ok(()));
        assert_eq!(both.verify("e1", "1000", &one.sign("e1", at(1000), b"body"), b"body", at(1000)), Ok(()));
        assert_eq!(one.verify("e1", "1000", &signed, b"Body", at(1000)), Err(Unsigned::Signature));
        assert_eq!(one.verify("e2", "1000", &signed, b"body", at(1000)), Err(Unsigned::Signature));
        assert_eq!(one.verify("e1", "1001", &signed, b"body", at(1000)), Err(Unsigned::Signature));
        assert_eq!(one.verify("e1", "1000", &signed, b"body", at(1301)), Err(Unsigned::Time));
        assert_eq!(one.verify("e1", "-9223372036854775808", &signed, b"body", at(1000)), Err(Unsigned::Time));
        assert_eq!(one.verify("e1", "soon", &signed, b"body", at(1000)), Err(Unsigned::Headers));
        assert_eq!(one.verify("e1", "1000", "v1, v2,AAAA", b"body", at(1000)), Err(Unsigned::Signature));
        assert_eq!(Secrets::new(&["short"]).unwrap_err(), BadSecret::Short(5));
        assert_eq!(Secrets::new::<&str>(&[]).unwrap_err(), BadSecret::Missing);
    }
}
