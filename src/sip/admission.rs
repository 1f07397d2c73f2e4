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
}

impl Admission {
    pub(super) fn new(allow: Vec<Network>) -> Self {
        Self { allow, refused: HashMap::new() }
    }

    pub(super) fn allows(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|network| network.contains(ip))
    }

    /// True when this source may be told 403 now; after that it hears nothing for [`REFUSED_AGAIN_AFTER`].
    pub(super) fn may_refuse(&mut self, ip: IpAddr, now: Instant) -> bool {
        let fresh = |since: &Instant| now.saturating_duration_since(*since) < REFUSED_AGAIN_AFTER;
        if self.refused.get(&ip).is_some_and(fresh) {
            return false;
        }
        if self.refused.len() >= REFUSED_SOURCES_MAX {
            // Swept at most once per answer: a full table of fresh sources means a flood, and floods hear nothing.
            if self.refused.values().next().is_some_and(fresh) && !self.refused.contains_key(&ip) {
                return false;
            }
            self.refused.retain(|_, since| fresh(since));
        }
        self.refused.insert(ip, now);
        true
    }
}

/// A source that was refused hears nothing more for this long.
const REFUSED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Sources remembered as refused: 40 bytes each, 160 KB in all.
const REFUSED_SOURCES_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refusal_a_minute_and_a_bounded_table() {
        let mut gate = Admission::new(vec!["10.0.0.0/8".parse().expect("a network")]);
        let start = Instant::now();
        let source = |n: usize| IpAddr::from(u32::try_from(n).expect("small").to_be_bytes());
        assert!(gate.allows("10.1.2.3".parse().expect("an address")) && !gate.allows(source(1)));
        assert!(gate.may_refuse(source(1), start));
        assert!(!gate.may_refuse(source(1), start + Duration::from_secs(59)));
        assert!(gate.may_refuse(source(1), start + Duration::from_secs(61)));
        for n in 0..REFUSED_SOURCES_MAX * 2 {
            gate.may_refuse(source(n), start + Duration::from_secs(62));
        }
        assert!(gate.refused.len() <= REFUSED_SOURCES_MAX);
        assert!(gate.may_refuse(source(1 << 20), start + Duration::from_secs(200)));
    }
}
