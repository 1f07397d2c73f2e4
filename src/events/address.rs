//! Which addresses a request of ours may go to. Whoever names a web address must not make this machine talk to itself,
//! to its neighbours or to the cloud it runs in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far requests may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public internet only.
    Public,
    /// This machine and its private networks too, because the configuration says so; never link-local addresses nor
    /// the places where clouds keep their machines' passwords.
    Private,
}

impl Reach {
    /// Whether a connection to `ip` may be made.
    pub fn allows(self, ip: IpAddr) -> bool {
        match plain(ip) {
            IpAddr::V4(ip) => public_v4(ip) || self == Reach::Private && private_v4(ip),
            IpAddr::V6(ip) => public_v6(ip) || self == Reach::Private && private_v6(ip),
        }
    }
}

/// The address that is really meant: IPv4 in IPv6's clothes (mapped, or behind NAT64) is IPv4.
fn plain(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(six) if six.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = six.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other,
    }
}

/// Not in the registry of special purposes (RFC 6890 and its successors).
fn public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(matches!(a, 0 | 10 | 127 | 224..)
        || (a, b) == (169, 254)
        || (a, b & 0xf0) == (172, 16)
        || (a, b) == (192, 168)
        || (a, b & 0xc0) == (100, 64)
        || (a, b & 0xfe) == (198, 18)
        || matches!((a, b, c), (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113)))
}

fn private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    let inside = ip.is_loopback() || ip.is_private() || (a, b & 0xc0) == (100, 64);
    inside && ip != METADATA_V4
}

/// Global unicast, without what stands for other networks (6to4, Teredo and their like) and for documents.
fn public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    a & 0xe000 == 0x2000 && !(a == 0x2001 && (b < 0x200 || b == 0xdb8) || a == 0x2002 || (a == 0x3fff && b < 0x1000))
}

fn private_v6(ip: Ipv6Addr) -> bool {
    (ip.is_loopback() || ip.segments()[0] & 0xfe00 == 0xfc00) && ip != METADATA_V6
}

/// Alibaba Cloud's; the others' is link-local.
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
/// Amazon's.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        let allows = |reach: Reach, text: &str| reach.allows(text.parse().unwrap());
        for public in
            ["1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
        {
            assert!(allows(Reach::Public, public), "{public}");
        }
        for private in
            ["127.0.0.1", "10.1.2.3", "172.31.9.9", "192.168.1.1", "100.64.0.1", "::1", "fd12::1", "::ffff:127.0.0.1"]
        {
            assert!(!allows(Reach::Public, private), "{private}");
            assert!(allows(Reach::Private, private), "{private}");
        }
        for never in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "100.100.100.200",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::7f00:1",
            "::ffff:169.254.169.254",
            "100::1",
        ] {
            assert!(!allows(Reach::Public, never) && !allows(Reach::Private, never), "{never}");
        }
    }
}
