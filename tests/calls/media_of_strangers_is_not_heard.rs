//! Packets a third party sprays at a call's port, before, during and after the caller's own: none is heard, none leaks.

use std::net::{SocketAddr, UdpSocket};
use std::thread::park_timeout;
use std::time::Duration;

use crate::raw_phone::{RawPhone, arrived, bound, description, key, sound};
use crate::server::{Business, Server};

#[test]
fn media_of_strangers_is_not_heard() {
    let server = Server::start(Business::Dental);
    std::thread::scope(|scope| {
        scope.spawn(|| unacknowledged(&server));
        scope.spawn(|| unacknowledged(&server));
    });
    // A caller whose description is true, and one behind NAT: where he is, is learnt from his first packet.
    let before = ended(&server);
    sprayed(&server, None, &["127.0.0.1", "127.0.0.1", "127.0.0.2"]);
    sprayed(&server, Some("10.255.1.2:4000"), &["127.0.0.2", "127.0.0.3"]);
    let path = "/api/v1/calls";
    let calls = server.wait(path, "both calls end", Duration::from_secs(30), |calls| rows_of(calls) == before + 2);
    let sprayed = crate::server::rows(&calls).into_iter().filter(|call| call["media"]["packets_received"] != 0);
    let mut seen = 0;
    for call in sprayed.filter(|call| call["state"] == "ended") {
        seen += 1;
        let received = call["media"]["packets_received"].as_u64().unwrap_or_default();
        assert!((1..=OWN_PACKETS).contains(&received), "{received} packets were taken: {call:#}");
        assert_eq!(call["digits"].as_str().unwrap_or_default(), "", "{call:#}");
    }
    assert_eq!(seen, 2, "{calls:#}");
}

/// Nothing is sent to where an unacknowledged INVITE points.
fn unacknowledged(server: &Server) {
    let mut phone = RawPhone::at("127.0.0.1", server.sip);
    let victim = bound("127.0.0.5");
    phone.invite(&description(victim.local_addr().expect("it is bound"), "RTP/AVP", ""));
    // The answer is repeated: well over a second has passed.
    phone.answer();
    phone.answer();
    assert_eq!(arrived(&victim), Vec::<Vec<u8>>::new(), "media before the ACK");
    phone.acknowledge();
    phone.hang_up();
}

fn sprayed(server: &Server, named: Option<&str>, strangers: &[&str]) {
    let mut phone = RawPhone::at("127.0.0.1", server.sip);
    let at = named.map_or_else(|| phone.media.local_addr().expect("bound"), |at| at.parse().expect("an address"));
    let answer = phone.invite(&description(at, "RTP/AVP", ""));
    let port = phone.media_of(&answer);
    let strangers: Vec<UdpSocket> = strangers.iter().map(|ip| bound(ip)).collect();
    (0..50).for_each(|n| spray(&strangers, port, n));
    phone.acknowledge();
    for n in 0..OWN_PACKETS as u16 {
        spray(&strangers, port, 50 + n);
        phone.media.send_to(&sound(n, 7, false), port).expect("loopback takes it");
        park_timeout(Duration::from_millis(20));
    }
    (150..250).for_each(|n| {
        spray(&strangers, port, n);
        park_timeout(Duration::from_millis(5));
    });
    assert!(!arrived(&phone.media).is_empty(), "the caller hears the agent");
    for stranger in &strangers {
        assert_eq!(arrived(stranger).len(), 0, "leaked to {stranger:?}");
    }
    assert!(phone.hang_up().starts_with("SIP/2.0 200"), "the call was still there");
}

/// A loud packet, a key, the stream's goodbye and a packet as if of the caller's own stream.
fn spray(strangers: &[UdpSocket], port: SocketAddr, n: u16) {
    let reports = SocketAddr::new(port.ip(), port.port() + 1);
    for stranger in strangers {
        let packets = [sound(n, 99, true), key(n, 99), sound(n + 1, 7, true)];
        packets.iter().for_each(|packet| {
            stranger.send_to(packet, port).expect("loopback takes it");
        });
        stranger.send_to(&[0x81, 203, 0, 1, 0, 0, 0, 7], reports).expect("loopback takes it");
    }
}

fn ended(server: &Server) -> usize {
    let path = "/api/v1/calls";
    let calls = server.wait(path, "the first calls end", Duration::from_secs(30), |calls| rows_of(calls) == 2);
    rows_of(&calls)
}

fn rows_of(calls: &serde_json::Value) -> usize {
    crate::server::rows(calls).iter().filter(|call| call["state"] == "ended").count()
}

/// Of the caller, in each call.
const OWN_PACKETS: u64 = 60;
