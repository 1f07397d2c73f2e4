//! What an endpoint is told at its start.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

/// Settings of an [`super::Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Address others reach us at, written into Contact and Via unless a dialog has its own
    /// ([`super::Endpoint::reach_at`]).
    pub contact: SocketAddr,
    /// What carries its messages.
    pub transport: Transport,
    /// User-Agent and Server.
    pub user_agent: String,
    /// Networks whose requests are served; nobody when empty (dialogs we opened are still served).
    pub allow: Vec<Network>,
    /// By when a call has to show a sign of life.
    pub session: SessionTimers,
}

/// Session timers (RFC 4028).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimers {
    /// What we ask for, and grant at most.
    pub expires: Duration,
    /// What we grant at least: who asks for less is told so (422).
    pub min_se: Duration,
}

impl Default for SessionTimers {
    /// As RFC 4028 recommends.
    fn default() -> Self {
        Self { expires: Duration::from_secs(1_800), min_se: Duration::from_secs(90) }
    }
}

/// What carries the messages of an endpoint (RFC 3261 18); each endpoint has one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    #[default]
    Udp,
    /// A stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        })
    }
}

impl Transport {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// True when what is sent arrives or the connection breaks: nothing is repeated.
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// As Via writes it.
    pub(super) fn via(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// As a URI that leads to us says it; UDP is what none says.
    pub(super) fn parameter(self) -> &'static str {
        match self {
            Self::Udp => "",
            Self::Tcp => ";transport=tcp",
            Self::Tls => ";transport=tls",
        }
    }
}

/// A network: "10.0.0.0/8", "::1/128", or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// Text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network; write it like 10.0.0.0/8, ::1/128 or 192.0.2.7")]
pub struct NetworkError(String);

impl Network {
    /// True for at most 256 IPv4 addresses, or one IPv6 subnet.
    pub(super) fn is_small(&self) -> bool {
        self.prefix >= if self.base.is_ipv4() { 24 } else { 64 }
    }

    /// True when the address lies inside; IPv4-mapped IPv6 addresses count as IPv4.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.base, ip.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                same_prefix(base.to_bits().into(), ip.to_bits().into(), 32, self.prefix)
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => same_prefix(base.to_bits(), ip.to_bits(), 128, self.prefix),
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.into());
        let (base, prefix) = text.split_once('/').map_or((text, None), |(base, prefix)| (base, Some(prefix)));
        let base: IpAddr = base.parse().map_err(|_| wrong())?;
        let longest = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), |p| p.parse().map_err(|_| wrong()))?;
        if prefix > longest { Err(wrong()) } else { Ok(Self { base, prefix }) }
    }
}

fn same_prefix(a: u128, b: u128, width: u8, prefix: u8) -> bool {
    // A prefix of 0 would shift by the whole width, which u128 cannot.
    prefix == 0 || (a ^ b) >> (width - prefix) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_decide() {
        let inside = |network: &str, ip: &str| {
            let network: Network = network.parse().expect("a network");
            network.contains(ip.parse().expect("an address"))
        };
        assert!(inside("10.0.0.0/8", "10.255.0.1") && !inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("0.0.0.0/0", "8.8.8.8") && inside("::/0", "2001::1") && !inside("0.0.0.0/0", "::1"));
        assert!(inside("::1", "::1") && !inside("::1", "::2") && inside("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!("10.0.0.0/33".parse::<Network>().is_err() && "x/8".parse::<Network>().is_err());
    }
}
