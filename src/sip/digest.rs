//! Digest access authentication, the side that is challenged: RFC 7616 and RFC 8760 (MD5, SHA-256), RFC 3261 22.

use std::fmt;

use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::headers::{quote, split_outside};
use super::message::Headers;

/// Challenges answered for one request: a proxy's or the far end's, and a stale nonce or two.
pub(super) const CHALLENGES_MAX: u32 = 3;

/// Name and password towards a trunk.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// As the trunk calls us.
    pub username: String,
    /// Never shown.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A challenge of WWW-Authenticate or Proxy-Authenticate that we can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// Whether the name of the algorithm was written, and so is repeated.
    named: bool,
    /// `qop=auth` is offered; without any qop the answer is that of RFC 2069.
    qop: bool,
    /// The password was right, only the nonce was old.
    pub(super) stale: bool,
    /// Header the answer goes into.
    pub(super) answer_in: &'static str,
}

/// Ordered by strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    pub(super) fn parse(name: &str) -> Option<Algorithm> {
        match name.to_ascii_lowercase().as_str() {
            "md5" => Some(Algorithm::Md5),
            "sha-256" => Some(Algorithm::Sha256),
            // Session variants and unknown ones: another challenge may be usable.
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// Lower case hex.
    pub(super) fn hash(self, text: &str) -> String {
        let bytes: Vec<u8> = match self {
            Algorithm::Md5 => Md5::digest(text.as_bytes()).to_vec(),
            Algorithm::Sha256 => Sha256::digest(text.as_bytes()).to_vec(),
        };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The strongest challenge of a 401 or 407 that can be answered (RFC 8760 2.3).
pub(super) fn strongest(headers: &Headers) -> Option<Challenge> {
    let lists = [("WWW-Authenticate", "Authorization"), ("Proxy-Authenticate", "Proxy-Authorization")];
    let all = lists.iter().flat_map(|(name, answer_in)| {
        headers.bytes_all(name).filter_map(|value| parse(&String::from_utf8_lossy(value), answer_in))
    });
    all.max_by_key(|challenge| challenge.algorithm)
}

/// The header value that answers a challenge. `count` is how often its nonce was used, this time included.
pub(super) fn authorize(
    challenge: &Challenge,
    who: &Credentials,
    method: &str,
    uri: &str,
    cnonce: &str,
    count: u32,
) -> String {
    let Challenge { realm, nonce, algorithm, .. } = challenge;
    let secret = algorithm.hash(&format!("{}:{realm}:{}", who.username, who.password));
    let what = algorithm.hash(&format!("{method}:{uri}"));
    let response = match challenge.qop {
        true => algorithm.hash(&format!("{secret}:{nonce}:{count:08x}:{cnonce}:auth:{what}")),
        false => algorithm.hash(&format!("{secret}:{nonce}:{what}")),
    };
    let mut value = format!(
        "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
        quote(&who.username),
        quote(realm),
        quote(nonce),
        quote(uri)
    );
    if challenge.named {
        value += &format!(", algorithm={}", algorithm.name());
    }
    if let Some(opaque) = &challenge.opaque {
        value += &format!(", opaque={}", quote(opaque));
    }
    if challenge.qop {
        value += &format!(", qop=auth, cnonce=\"{cnonce}\", nc={count:08x}");
    }
    value
}

fn parse(value: &str, answer_in: &'static str) -> Option<Challenge> {
    let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let fields = fields(rest);
    let get = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let named = get("algorithm");
    let qops = get("qop");
    let qop = qops.as_ref().map(|qops| qops.split(',').any(|q| q.trim().eq_ignore_ascii_case("auth")));
    // Integrity only (auth-int) is not answered.
    if qop == Some(false) {
        return None;
    }
    Some(Challenge {
        realm: get("realm")?,
        nonce: get("nonce")?,
        opaque: get("opaque"),
        algorithm: Algorithm::parse(named.as_deref().unwrap_or("MD5"))?,
        named: named.is_some(),
        qop: qop.unwrap_or(false),
        stale: get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        answer_in,
    })
}

/// Names in lower case, and values without their quotes.
pub(super) fn fields(text: &str) -> Vec<(String, String)> {
    split_outside(text, ',').iter().filter_map(|part| field(part)).collect()
}

fn field(part: &str) -> Option<(String, String)> {
    let (name, value) = part.split_once('=')?;
    let value = value.trim();
    let value = match value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        Some(inner) => unquote(inner),
        None => value.to_owned(),
    };
    Some((name.trim().to_ascii_lowercase(), value))
}

/// Drops the backslash of each quoted pair.
fn unquote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(lines: &[&str]) -> Option<Challenge> {
        let mut headers = Headers::default();
        lines.iter().for_each(|line| headers.push("WWW-Authenticate", line));
        strongest(&headers)
    }

    fn mufasa() -> Credentials {
        Credentials { username: "Mufasa".into(), password: "Circle of Life".into() }
    }

    /// The values of RFC 7616, 3.9.1.
    #[test]
    fn answers_as_the_rfc_does() {
        let rest = r#"realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, response) in [
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ] {
            let challenge = challenge(&[&format!("Digest {rest}, algorithm={algorithm}")]).expect("a challenge");
            let value = authorize(&challenge, &mufasa(), "GET", "/dir/index.html", cnonce, 1);
            assert!(value.contains(&format!("response=\"{response}\"")), "{value}");
            assert!(value.contains("nc=00000001") && value.contains(&format!("algorithm={algorithm}")), "{value}");
        }
    }

    #[test]
    fn the_strongest_usable_challenge_is_answered() {
        let weak = r#"Digest realm="a", nonce="1", algorithm=MD5, qop="auth""#;
        let strong = r#"Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth""#;
        let strange = r#"Digest realm="a", nonce="3", algorithm=SHA-512-256, qop="auth""#;
        assert_eq!(challenge(&[weak, strong, strange]).map(|c| c.nonce), Some("2".into()));
        assert_eq!(challenge(&[weak, strange]).map(|c| c.nonce), Some("1".into()));
        assert_eq!(challenge(&[strange, r#"Basic realm="a""#, r#"Digest realm="a", nonce="4", qop="auth-int""#]), None);
    }

    #[test]
    fn a_challenge_without_qop_is_answered_the_old_way() {
        let old = challenge(&[r#"Digest realm="x \"y\"", nonce="n,1", stale=TRUE"#]).expect("a challenge");
        assert!(old.stale && old.realm == "x \"y\"" && old.nonce == "n,1");
        let value = authorize(&old, &mufasa(), "REGISTER", "sip:x", "c", 1);
        assert!(
            !value.contains("qop") && !value.contains("algorithm") && value.contains(r#"realm="x \"y\"""#),
            "{value}"
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        assert!(!format!("{:?}", mufasa()).contains("Circle"));
    }
}
