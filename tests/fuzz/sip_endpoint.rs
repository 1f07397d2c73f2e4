//! Mutated datagrams into a listening endpoint that answers calls: no panic, bounded state, one clock.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use offhook::sip::{Endpoint, Event, Settings, sdp};

use crate::{mutate, sip_datagrams};

#[test]
fn no_datagram_panics_a_listening_endpoint() {
    let us: SocketAddr = "127.0.0.1:5060".parse().expect("an address");
    let peer: SocketAddr = "127.0.0.1:5070".parse().expect("an address");
    let allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let settings = Settings { contact: us, user_agent: "fuzz".into(), allow };
    let mut endpoint = Endpoint::new(settings, [7; 32]);
    let mut now = Instant::now();
    let mut round = 0_u64;
    mutate::run("sip endpoint", &sip_datagrams::seeds(), |bytes| {
        now += Duration::from_millis(40);
        round += 1;
        endpoint.handle_datagram(peer, us, bytes, now);
        while let Some(event) = endpoint.poll_event() {
            serve(&mut endpoint, event, round, now);
        }
        while endpoint.poll_transmit().is_some() {}
        if endpoint.poll_timeout().is_some_and(|at| at <= now) {
            endpoint.handle_timeout(now);
        }
        assert!(endpoint.dialogs() < 5_000, "dialogs pile up: {}", endpoint.dialogs());
    });
}

fn serve(endpoint: &mut Endpoint, event: Event, round: u64, now: Instant) {
    let local = sdp::LocalMedia {
        addr: "127.0.0.1:20000".parse().expect("an address"),
        ptime: 20,
        session_id: round,
        version: 1,
    };
    match event {
        Event::Incoming(call) => {
            endpoint.ring(call.dialog, now);
            match call.offer.as_ref().map(|offer| sdp::negotiate(offer, local)) {
                Some(Ok(negotiated)) => endpoint.answer(call.dialog, negotiated.answer, now),
                _ => endpoint.reject(call.dialog, 488, "", Vec::new(), now),
            }
            if round.is_multiple_of(3) {
                endpoint.hang_up(call.dialog, now);
            }
        }
        Event::Reoffer { dialog, .. } => endpoint.answer_reoffer(dialog, sdp::offer(local), now),
        Event::Confirmed { dialog, .. } if round.is_multiple_of(2) => endpoint.hang_up(dialog, now),
        _ => {}
    }
}
