//! From whom media is taken: the address the SDP names, and nobody else.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// A strict source filter with one concession: behind NAT the SDP names an address nobody can reach, so the first packet
/// from the signalling source's address is taken as the far end and stays it until new SDP arrives.
#[derive(Debug, Clone, Default)]
pub struct SourceFilter {
    expected: Option<SocketAddr>,
    signalling: Option<IpAddr>,
    latched: Option<SocketAddr>,
}

impl SourceFilter {
    /// A filter that accepts nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// New SDP: the address it names, and the address its signalling message came from. Ends an earlier latch unless the
    /// SDP says what it said before.
    pub fn set_expected(&mut self, sdp: SocketAddr, signalling: IpAddr) {
        let (sdp, signalling) = (plain(sdp), signalling.to_canonical());
        if self.expected != Some(sdp) || self.signalling != Some(signalling) {
            *self = Self { expected: Some(sdp), signalling: Some(signalling), latched: None };
        }
    }

    /// Whether a packet from here belongs to the call. The first one accepted is latched.
    pub fn accepts(&mut self, from: SocketAddr) -> bool {
        let from = plain(from);
        if let Some(latched) = self.latched {
            return from == latched;
        }
        let named = self.expected == Some(from);
        let accepted = named || (self.may_latch() && self.signalling == Some(from.ip()));
        if accepted {
            self.latched = Some(from);
        }
        accepted
    }

    /// Where our packets go (symmetric RTP): to the latched source, before it to the SDP address.
    pub fn target(&self) -> Option<SocketAddr> {
        self.latched.or(self.expected)
    }

    /// The SDP address cannot be what we see: it is not routable and is not the signalling source itself.
    fn may_latch(&self) -> bool {
        match (self.expected, self.signalling) {
            (Some(expected), Some(signalling)) => is_private(expected.ip()) && expected.ip() != signalling,
            _ => false,
        }
    }
}

/// IPv4 in IPv6 clothes is IPv4; flow and scope play no part.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // 100.64.0.0/10 is carrier-grade NAT, RFC 6598.
            let carrier_nat = a == 100 && (64..128).contains(&b);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || carrier_nat
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || is_local_v6(v6),
    }
}

fn is_local_v6(ip: Ipv6Addr) -> bool {
    ip.is_unique_local() || ip.is_unicast_link_local()
}
