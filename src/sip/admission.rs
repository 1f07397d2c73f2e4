//! Who is answered at all, and how often. Every table here is bounded: a flood costs processor time, never memory.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::dialog::DialogId;
use super::settings::Network;

/// How much is taken from whom. The default takes everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// New calls a second, from all together.
    pub calls_per_second: u32,
    /// New calls a second from one source: an IPv4 address, or an IPv6 network of 64 bits.
    pub source_calls_per_second: u32,
    /// Calls of one source at once.
    pub source_calls: usize,
    /// Calls of one source that were answered and not acknowledged yet.
    pub source_unacknowledged: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let (rate, calls) = (u32::MAX, usize::MAX);
        Self {
            calls_per_second: rate,
            source_calls_per_second: rate,
            source_calls: calls,
            source_unacknowledged: calls,
        }
    }
}

/// The gate: networks that are served, whom we told "no" lately, and how fast everybody is.
#[derive(Debug, Default)]
pub(super) struct Admission {
    allow: Vec<Network>,
    pub(super) limits: Limits,
    /// Addresses of names, found later.
    trusted: HashSet<IpAddr>,
    /// The hosts of each carrier, by its name.
    carriers: HashMap<String, Vec<Network>>,
    refused: HashMap<IpAddr, Instant>,
    swept: Option<Instant>,
    calls: Option<Bucket>,
    calls_by_source: Buckets,
    requests_by_source: Buckets,
    news: Option<Bucket>,
    news_by_source: Buckets,
    /// Answers that wait for their ACK, oldest first; some of them have it by now.
    pub(super) answered: VecDeque<DialogId>,
    /// Refusals nobody was told of since the last one that was.
    untold: u64,
}

impl Admission {
    pub(super) fn new(allow: Vec<Network>) -> Self {
        Self { allow, ..Self::default() }
    }

    pub(super) fn allows(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(ip)) || self.trusted.contains(&ip.to_canonical())
    }

    /// A full set takes no more: no name has so many addresses.
    pub(super) fn trust(&mut self, ip: IpAddr) {
        if self.trusted.len() < TRUSTED_MAX {
            self.trusted.insert(ip.to_canonical());
        }
    }

    /// These are one carrier's hosts from now on.
    pub(super) fn carrier(&mut self, name: &str, hosts: Vec<Network>) {
        self.carriers.insert(name.to_owned(), hosts);
    }

    /// True for two hosts of one carrier, and where one small network that is served holds both.
    pub(super) fn are_neighbours(&self, a: IpAddr, b: IpAddr) -> bool {
        let among = |hosts: &Vec<Network>| [a, b].iter().all(|ip| hosts.iter().any(|host| host.contains(*ip)));
        self.carriers.values().any(among)
            || self.allow.iter().any(|network| network.is_small() && network.contains(a) && network.contains(b))
    }

    /// True when this source may be told 403 now; after that it hears nothing for [`REFUSED_AGAIN_AFTER`].
    pub(super) fn may_refuse(&mut self, ip: IpAddr, now: Instant) -> bool {
        if self.was_refused(ip, now) {
            return false;
        }
        if self.refused.len() >= SOURCES_MAX {
            self.sweep(now);
        }
        // A table full of fresh sources means a flood, and floods hear nothing.
        if self.refused.len() >= SOURCES_MAX && !self.refused.contains_key(&source_of(ip)) {
            return false;
        }
        self.refused.insert(source_of(ip), now);
        true
    }

    /// Whether it was told so lately: nothing it says has to be read.
    pub(super) fn was_refused(&self, ip: IpAddr, now: Instant) -> bool {
        let fresh = |since: &Instant| now.saturating_duration_since(*since) < REFUSED_AGAIN_AFTER;
        self.refused.get(&source_of(ip)).is_some_and(fresh)
    }

    /// Whether this source may begin one more call now.
    pub(super) fn may_call(&mut self, ip: IpAddr, now: Instant) -> bool {
        let (one, all) = (self.limits.source_calls_per_second, self.limits.calls_per_second);
        let (one, all) = (Pace::of(one, CALLS_AT_ONCE / 2.0), Pace::of(all, CALLS_AT_ONCE));
        self.calls_by_source.take(ip, one, now) && take(&mut self.calls, all, now)
    }

    /// Whether a request outside of any call is answered now.
    pub(super) fn may_ask(&mut self, ip: IpAddr, now: Instant) -> bool {
        self.requests_by_source.take(ip, REQUESTS, now)
    }

    /// Whether a refusal is worth a line in the log. How many were not since the last one, if so.
    pub(super) fn may_tell(&mut self, ip: IpAddr, now: Instant) -> Option<u64> {
        if self.news_by_source.take(ip, NEWS_OF_ONE, now) && take(&mut self.news, NEWS, now) {
            return Some(std::mem::take(&mut self.untold));
        }
        self.untold += 1;
        None
    }

    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|at| now.saturating_duration_since(at) < SWEEP_EVERY) {
            return;
        }
        self.swept = Some(now);
        self.refused.retain(|_, since| now.saturating_duration_since(*since) < REFUSED_AGAIN_AFTER);
    }
}

/// What counts as one source: whoever has an IPv6 address has 2^64 of them.
pub(super) fn source_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

/// Tokens a second, and how many there can be.
#[derive(Debug, Clone, Copy)]
struct Pace {
    rate: f64,
    most: f64,
}

impl Pace {
    /// Two seconds' worth at once, and never fewer than `least`.
    fn of(per_second: u32, least: f64) -> Self {
        let rate = f64::from(per_second);
        Self { rate, most: (2.0 * rate).max(least) }
    }
}

#[derive(Debug)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self, pace: Pace, now: Instant) -> bool {
        self.fill(pace, now);
        let enough = self.level >= 1.0;
        self.level -= f64::from(u8::from(enough));
        enough
    }

    fn fill(&mut self, pace: Pace, now: Instant) {
        let waited = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + waited * pace.rate).min(pace.most);
        self.at = now;
    }
}

/// Takes of a bucket that is full at first.
fn take(bucket: &mut Option<Bucket>, pace: Pace, now: Instant) -> bool {
    bucket.get_or_insert(Bucket { level: pace.most, at: now }).take(pace, now)
}

/// A bucket for each source, and one for all whom the table has no room for.
#[derive(Debug, Default)]
struct Buckets {
    each: HashMap<IpAddr, Bucket>,
    others: Option<Bucket>,
    swept: Option<Instant>,
}

impl Buckets {
    fn take(&mut self, ip: IpAddr, pace: Pace, now: Instant) -> bool {
        let source = source_of(ip);
        if let Some(bucket) = self.each.get_mut(&source) {
            return bucket.take(pace, now);
        }
        if self.each.len() >= SOURCES_MAX {
            self.sweep(pace, now);
        }
        if self.each.len() >= SOURCES_MAX {
            return take(&mut self.others, pace, now);
        }
        let bucket = Bucket { level: pace.most, at: now };
        self.each.entry(source).or_insert(bucket).take(pace, now)
    }

    /// A full bucket is as good as none.
    fn sweep(&mut self, pace: Pace, now: Instant) {
        if self.swept.is_some_and(|at| now.saturating_duration_since(at) < SWEEP_EVERY) {
            return;
        }
        self.swept = Some(now);
        self.each.retain(|_, bucket| {
            bucket.fill(pace, now);
            bucket.level < pace.most
        });
    }
}

/// Addresses of trunks that have names.
const TRUSTED_MAX: usize = 1_024;

/// A source that was refused hears nothing more for this long.
const REFUSED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// An answer not acknowledged for so long makes room for a new call where room is needed.
pub(super) const ACK_OVERDUE: Duration = Duration::from_secs(1);

/// Sources remembered in each table: 64 bytes each, 1 MB in all four.
const SOURCES_MAX: usize = 4_096;

/// A full table is swept at most this often: 4,096 entries are read each time.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// New calls in one moment, however few a second are taken: what a busy morning brings. Half of them from one source.
const CALLS_AT_ONCE: f64 = 100.0;

/// Requests of one source outside of its calls: OPTIONS, what is refused, what makes no sense.
const REQUESTS: Pace = Pace { rate: 200.0, most: 400.0 };

/// Refusals told of: of one source, and of all.
const NEWS_OF_ONE: Pace = Pace { rate: 1.0 / 20.0, most: 10.0 };
const NEWS: Pace = Pace { rate: 5.0, most: 50.0 };
