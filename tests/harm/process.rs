//! What a process holds: descriptors, threads, media ports.

use std::fs;
use std::time::{Duration, Instant};

use crate::server::Server;

/// Counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    pub descriptors: usize,
    pub threads: usize,
    /// UDP ports bound in the range for media.
    pub ports: usize,
    /// `offhook_calls_live` of `/metrics`.
    pub live_calls: u64,
}

impl Holding {
    /// Of a running server.
    pub fn of(server: &Server) -> Self {
        let entries = |what: &str| fs::read_dir(format!("/proc/{}/{what}", server.pid())).map_or(0, Iterator::count);
        let metrics = server.text("/metrics");
        let live = metrics.lines().find_map(|line| line.strip_prefix("offhook_calls_live ")?.parse().ok());
        Self {
            descriptors: entries("fd"),
            threads: entries("task"),
            ports: media_ports(server),
            live_calls: live.expect("the metric exists"),
        }
    }

    /// Looks until nothing is held beyond `before`, or panics with what is.
    pub fn wait_until_back(server: &Server, before: Self) -> Self {
        let until = Instant::now() + RELEASE_DEADLINE;
        loop {
            let now = Self::of(server);
            let freed = now.descriptors <= before.descriptors && now.threads <= before.threads;
            if freed && now.ports <= before.ports && now.live_calls == 0 {
                return now;
            }
            assert!(Instant::now() < until, "held before {before:?}, now {now:?}\n{}", server.log());
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }
}

/// Ports of the server's range that somebody has bound, from the kernel's table.
fn media_ports(server: &Server) -> usize {
    let range = server.rtp_ports();
    let table = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let local = |row: &str| u16::from_str_radix(row.split_whitespace().nth(1)?.rsplit_once(':')?.1, 16).ok();
    table.lines().filter_map(local).filter(|port| range.contains(port)).count()
}

/// Idle threads and connections are kept for some seconds after their last use.
const RELEASE_DEADLINE: Duration = Duration::from_secs(60);
