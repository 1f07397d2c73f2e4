//! Media is taken from the address the SDP names, with one concession to NAT.

use std::net::{IpAddr, SocketAddr};

use offhook::rtp::SourceFilter;

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

fn filter(sdp: &str, signalling: &str) -> SourceFilter {
    let mut filter = SourceFilter::new();
    filter.set_expected(at(sdp), ip(signalling));
    filter
}

#[test]
fn nothing_is_accepted_before_the_sdp() {
    assert!(!SourceFilter::new().accepts(at("192.0.2.1:4000")));
    assert_eq!(SourceFilter::new().target(), None);
}

#[test]
fn a_public_address_is_taken_to_the_letter() {
    let mut filter = filter("203.0.113.5:4000", "198.51.100.1");
    for stranger in ["203.0.113.5:4001", "203.0.113.6:4000", "198.51.100.1:4000"] {
        assert!(!filter.accepts(at(stranger)), "{stranger}");
    }
    assert!(filter.accepts(at("203.0.113.5:4000")));
    assert!(filter.accepts(at("[::ffff:203.0.113.5]:4000")), "the same host on a dual-stack socket");
}

#[test]
fn behind_nat_the_first_packet_from_the_signalling_source_is_latched() {
    for sdp in ["192.168.1.9:4000", "10.0.0.2:4000", "127.0.0.1:4000", "100.64.3.4:4000", "[fd00::1]:4000"] {
        let mut filter = filter(sdp, "203.0.113.5");
        assert!(!filter.accepts(at("203.0.113.6:7000")), "a third party does not win the race");
        assert_eq!(filter.target(), Some(at(sdp)));
        assert!(filter.accepts(at("203.0.113.5:7000")));
        assert_eq!(filter.target(), Some(at("203.0.113.5:7000")));
        assert!(!filter.accepts(at("203.0.113.5:7001")), "latched: another port of the same host is another source");
        assert!(!filter.accepts(at(sdp)));
        assert!(filter.accepts(at("203.0.113.5:7000")));
    }
}

#[test]
fn on_one_machine_or_one_lan_the_port_must_match() {
    let mut filter = filter("127.0.0.1:4000", "127.0.0.1");
    assert!(!filter.accepts(at("127.0.0.1:4002")));
    assert!(filter.accepts(at("127.0.0.1:4000")));
}

#[test]
fn only_new_sdp_moves_the_source() {
    let mut filter = filter("10.0.0.2:4000", "203.0.113.5");
    assert!(filter.accepts(at("203.0.113.5:7000")));
    filter.set_expected(at("10.0.0.2:4000"), ip("203.0.113.5"));
    assert!(!filter.accepts(at("203.0.113.5:7001")), "the same SDP again keeps the latch");
    filter.set_expected(at("10.0.0.3:4000"), ip("203.0.113.5"));
    assert!(filter.accepts(at("203.0.113.5:7001")));
    assert!(!filter.accepts(at("203.0.113.5:7000")));
}
