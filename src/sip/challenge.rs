//! Digest authentication, the side that challenges (RFC 7616, RFC 8760): a peer that has to show a password before its call
//! is taken. A nonce is good for one source and a short while, and every answer to it counts once.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::digest::{Algorithm, Credentials, fields};
use super::endpoint::Endpoint;
use super::headers::quote;
use super::message::Request;
use super::settings::Network;
use super::uri::Uri;

/// Who has to show which password.
#[derive(Debug, Clone)]
struct Guard {
    network: Network,
    realm: String,
    credentials: Credentials,
}

/// All of them, and which answers were given.
#[derive(Debug, Default)]
pub(super) struct Guards {
    guards: Vec<Guard>,
    /// By a nonce's number: the last count seen, and when the nonce was made.
    used: HashMap<u64, (u32, u64)>,
    /// Nonces made.
    made: u64,
    /// Nonces count seconds from here.
    began: Option<Instant>,
}

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// It is the password, under a nonce that still holds.
    Good,
    /// The password, under a nonce that does not, or a second time.
    Stale,
    /// Nothing.
    None,
}

/// A nonce, read.
struct Nonce {
    number: u64,
    made_s: u64,
}

impl Endpoint {
    /// Calls from this network are asked for a password from now on.
    pub fn guard(&mut self, network: Network, realm: &str, credentials: Credentials) {
        let guard = Guard { network, realm: realm.to_owned(), credentials };
        let known = |old: &Guard| old.network == guard.network && old.credentials == guard.credentials;
        if !self.guards.guards.iter().any(known) && self.guards.guards.len() < GUARDS_MAX {
            self.guards.guards.push(guard);
        }
    }

    /// Whether a call may come in; if not, it has been asked for a password.
    pub(super) fn shows_password(&mut self, request: &Request, source: SocketAddr, now: Instant) -> bool {
        let ip = source.ip();
        let Some(realm) = self.guards.realm(ip) else { return true };
        let now_s = now.saturating_duration_since(*self.guards.began.get_or_insert(now)).as_secs();
        let worth = self.worth(request, ip, now_s);
        if worth == Worth::Good {
            return true;
        }
        self.guards.made += 1;
        let nonce = self.nonce(self.guards.made, now_s, ip);
        let stale = if worth == Worth::Stale { ", stale=true" } else { "" };
        let ask = |algorithm: Algorithm| {
            let (realm, name) = (quote(&realm), algorithm.name());
            format!("Digest realm={realm}, nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}")
        };
        let (strong, usual) = (ask(Algorithm::Sha256), ask(Algorithm::Md5));
        let lines = [("WWW-Authenticate", strong.as_str()), ("WWW-Authenticate", usual.as_str())];
        self.reply(request, source, 401, "Unauthorized", &lines);
        false
    }

    fn worth(&mut self, request: &Request, ip: IpAddr, now_s: u64) -> Worth {
        let values: Vec<Vec<u8>> = request.headers.bytes_all("Authorization").map(<[u8]>::to_vec).collect();
        let mut best = Worth::None;
        for value in values.iter().take(ANSWERS_MAX) {
            let Some((nonce, count)) = self.right(request, &String::from_utf8_lossy(value), ip) else { continue };
            let fresh = now_s.saturating_sub(nonce.made_s) <= NONCE_S;
            if fresh && self.guards.counts(nonce.number, count, nonce.made_s, now_s) {
                return Worth::Good;
            }
            best = Worth::Stale;
        }
        best
    }

    /// The nonce and its count, when the password is right and the nonce one of ours for this source.
    fn right(&self, request: &Request, value: &str, ip: IpAddr) -> Option<(Nonce, u32)> {
        let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let fields = fields(rest);
        let get = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let (username, realm, nonce, uri) = (get("username")?, get("realm")?, get("nonce")?, get("uri")?);
        let algorithm = Algorithm::parse(get("algorithm").unwrap_or("MD5"))?;
        let read = self.read_nonce(nonce, ip)?;
        if !same_user(uri, &request.uri) {
            return None;
        }
        let own = |guard: &&Guard| guard.network.contains(ip) && guard.realm == realm;
        let mut guards = self.guards.guards.iter().filter(own);
        let guard = guards.find(|guard| guard.credentials.username == username)?;
        let secret = algorithm.hash(&format!("{username}:{realm}:{}", guard.credentials.password));
        let what = algorithm.hash(&format!("{}:{uri}", request.method.name()));
        let (count, wanted) = match get("qop") {
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                let (nc, cnonce) = (get("nc")?, get("cnonce")?);
                let count = u32::from_str_radix(nc, 16).ok().filter(|count| *count > 0)?;
                (count, algorithm.hash(&format!("{secret}:{nonce}:{nc}:{cnonce}:{qop}:{what}")))
            }
            Some(_) => return None,
            // As RFC 2069 had it: good once.
            None => (u32::MAX, algorithm.hash(&format!("{secret}:{nonce}:{what}"))),
        };
        same_text(get("response")?, &wanted).then_some((read, count))
    }

    fn nonce(&self, number: u64, made_s: u64, ip: IpAddr) -> String {
        let mark = self.random.keyed(&("nonce", number, made_s, ip.to_canonical()));
        format!("{number:x}-{made_s:x}-{mark:016x}")
    }

    fn read_nonce(&self, text: &str, ip: IpAddr) -> Option<Nonce> {
        let mut parts = text.split('-');
        let mut hex = || u64::from_str_radix(parts.next()?, 16).ok();
        let (number, made_s) = (hex()?, hex()?);
        same_text(text, &self.nonce(number, made_s, ip)).then_some(Nonce { number, made_s })
    }
}

impl Guards {
    fn realm(&self, ip: IpAddr) -> Option<String> {
        self.guards.iter().find(|guard| guard.network.contains(ip)).map(|guard| guard.realm.clone())
    }

    /// Whether this answer was not given before: counts go up.
    fn counts(&mut self, number: u64, count: u32, made_s: u64, now_s: u64) -> bool {
        if self.used.len() >= NONCES_MAX {
            self.used.retain(|_, (_, made_s)| now_s.saturating_sub(*made_s) <= NONCE_S);
        }
        let full = self.used.len() >= NONCES_MAX && !self.used.contains_key(&number);
        let last = self.used.get(&number).map_or(0, |(last, _)| *last);
        if full || count <= last {
            return false;
        }
        self.used.insert(number, (count, made_s));
        true
    }
}

/// A proxy may write another host; whom the call is for stays what was signed.
fn same_user(signed: &str, asked: &str) -> bool {
    let user =
        |text: &str| text.parse::<Uri>().ok().map(|uri| (uri.user_decoded(), uri.tel_number().map(str::to_owned)));
    signed == asked || user(signed).is_some_and(|signed| user(asked) == Some(signed))
}

/// Takes as long whatever differs.
fn same_text(one: &str, other: &str) -> bool {
    let differing = one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && differing == 0
}

/// How long a nonce is good: the answer comes at once.
const NONCE_S: u64 = 30;
/// Nonces that were used, 40 bytes each; each stands for a password that was right.
const NONCES_MAX: usize = 65_536;
/// Networks that are asked, and answers read of one request.
const GUARDS_MAX: usize = 1_024;
const ANSWERS_MAX: usize = 4;
