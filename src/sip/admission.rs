//! Who is answered at all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::settings::Network;

/// The gate: networks that are served, and whom we told "no" lately.
#[derive(Debug)]
pub(super) struct Admission {
    allow: Vec<Network>,
    refused: HashMap<IpAddr, Instant>,
    swept: Option<Instant>,
}

impl Admission {
    pub(super) fn new(allow: Vec<Network>) -> Self {
        Self { allow, refused: HashMap::new(), swept: None }
    }

    pub(super) fn allows(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(ip))
    }

    /// True when one small network that is served holds both: one carrier's hosts.
    pub(super) fn are_neighbours(&self, a: IpAddr, b: IpAddr) -> bool {
        self.allow.iter().any(|network| network.is_small() && network.contains(a) && network.contains(b))
    }

    /// True when this source may be told 403 now; after that it hears nothing for [`REFUSED_AGAIN_AFTER`].
    pub(super) fn may_refuse(&mut self, ip: IpAddr, now: Instant) -> bool {
        let fresh = |since: &Instant| now.saturating_duration_since(*since) < REFUSED_AGAIN_AFTER;
        if self.refused.get(&ip).is_some_and(fresh) {
            return false;
        }
        if self.refused.len() >= REFUSED_SOURCES_MAX {
            self.sweep(now);
        }
        // A table full of fresh sources means a flood, and floods hear nothing.
        if self.refused.len() >= REFUSED_SOURCES_MAX && !self.refused.contains_key(&ip) {
            return false;
        }
        self.refused.insert(ip, now);
        true
    }

    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|at| now.saturating_duration_since(at) < SWEEP_EVERY) {
            return;
        }
        self.swept = Some(now);
        self.refused.retain(|_, since| now.saturating_duration_since(*since) < REFUSED_AGAIN_AFTER);
    }
}

/// A source that was refused hears nothing more for this long.
const REFUSED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Sources remembered as refused: 40 bytes each, 160 KB in all.
const REFUSED_SOURCES_MAX: usize = 4_096;

/// A full table is swept at most this often: 4,096 entries are read each time.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
