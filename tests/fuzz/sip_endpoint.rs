//! Mutated datagrams into an endpoint that answers calls and places some: no panic, bounded state, every clock advances.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use offhook::sip::{DialogId, Endpoint, Event, FromIdentity, Settings, Transport, sdp};

use crate::endpoint_peer::Peer;
use crate::mutate;

#[test]
fn no_datagram_panics_an_endpoint() {
    let far_end = RefCell::new(Peer::new());
    let mut desk = Desk::new();
    mutate::run(
        "sip endpoint",
        |dice| far_end.borrow_mut().next(dice),
        |bytes| {
            desk.takes(bytes);
            for sent in desk.gives() {
                far_end.borrow_mut().hears(&sent);
            }
            assert!(desk.endpoint.dialogs() < DIALOGS_MAX, "dialogs pile up: {}", desk.endpoint.dialogs());
        },
    );
    println!("sip endpoint's events: {:?}", desk.seen);
    for kind in KINDS.iter().filter(|_| desk.round >= ENOUGH) {
        assert!(desk.seen.contains_key(*kind), "the inputs never led to {kind}: {:?}", desk.seen);
    }
}

/// An endpoint with somebody who works it.
struct Desk {
    endpoint: Endpoint,
    us: SocketAddr,
    peer: SocketAddr,
    now: Instant,
    round: u64,
    /// Calls left alone for now, oldest first.
    open: VecDeque<DialogId>,
    /// Events by kind.
    seen: BTreeMap<String, u64>,
}

impl Desk {
    fn new() -> Self {
        let us: SocketAddr = "127.0.0.1:5060".parse().expect("an address");
        let allow = vec!["127.0.0.0/8".parse().expect("a network")];
        let settings = Settings {
            contact: us,
            transport: Transport::Udp,
            user_agent: "fuzz".into(),
            allow,
            session: Default::default(),
        };
        let peer = "127.0.0.1:5070".parse().expect("an address");
        Self {
            endpoint: Endpoint::new(settings, [7; 32]),
            us,
            peer,
            now: Instant::now(),
            round: 0,
            open: VecDeque::new(),
            seen: BTreeMap::new(),
        }
    }

    fn takes(&mut self, bytes: &[u8]) {
        self.round += 1;
        self.now += Duration::from_millis(40);
        self.endpoint.handle_datagram(self.peer, self.us, bytes, self.now);
        while let Some(event) = self.endpoint.poll_event() {
            self.serve(event);
        }
        if self.round.is_multiple_of(50) {
            self.dials();
        }
        if self.open.len() > OPEN_MAX
            && let Some(dialog) = self.open.pop_front()
        {
            self.endpoint.hang_up(dialog, self.now);
        }
        if self.endpoint.poll_timeout().is_some_and(|at| at <= self.now) {
            self.endpoint.handle_timeout(self.now);
        }
    }

    fn gives(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.endpoint.poll_transmit()).map(|transmit| transmit.bytes).collect()
    }

    fn dials(&mut self) {
        let target = "sip:far@127.0.0.1:5070".parse().expect("a URI");
        let from = FromIdentity { display: None, uri: "sip:us@127.0.0.1".parse().expect("a URI") };
        let offer = sdp::offer(self.local(), &sdp::Terms::plain());
        let dialog = self.endpoint.invite(target, self.peer, from, offer, Vec::new(), self.now);
        self.open.push_back(dialog);
    }

    fn serve(&mut self, event: Event) {
        let kind = format!("{event:?}").split([' ', '(']).next().unwrap_or_default().to_owned();
        *self.seen.entry(kind).or_default() += 1;
        let (local, now) = (self.local(), self.now);
        match event {
            Event::Incoming(call) => {
                self.endpoint.ring(call.dialog, now);
                match call.offer.as_ref().map(|offer| sdp::negotiate(offer, local, &sdp::Terms::plain())) {
                    // Some are left ringing, some are hung up before their ACK.
                    _ if self.round.is_multiple_of(5) => self.open.push_back(call.dialog),
                    Some(Ok(negotiated)) => self.endpoint.answer(call.dialog, negotiated.answer, now),
                    None => self.endpoint.answer(call.dialog, sdp::offer(local, &sdp::Terms::plain()), now),
                    Some(Err(_)) => self.endpoint.reject(call.dialog, 488, "", Vec::new(), now),
                }
                if self.round.is_multiple_of(9) {
                    self.endpoint.hang_up(call.dialog, now);
                }
            }
            Event::Reoffer { dialog, .. } if self.round.is_multiple_of(4) => {
                self.endpoint.reject_reoffer(dialog, 488, now);
            }
            Event::Reoffer { dialog, .. } => {
                self.endpoint.answer_reoffer(dialog, sdp::offer(local, &sdp::Terms::plain()), now)
            }
            Event::Confirmed { dialog, .. } | Event::Answered { dialog, .. } if self.round.is_multiple_of(4) => {
                self.endpoint.hang_up(dialog, now);
            }
            Event::Confirmed { dialog, .. } | Event::Answered { dialog, .. } => self.open.push_back(dialog),
            _ => {}
        }
    }

    fn local(&self) -> sdp::LocalMedia {
        let addr = "127.0.0.1:20000".parse().expect("an address");
        sdp::LocalMedia { addr, ptime: 20, session_id: self.round, version: 1 }
    }
}

/// Calls somebody talks on at once.
const OPEN_MAX: usize = 50;
/// At 40 ms a datagram nothing lives longer than the 180 s a call may ring: 4,500 datagrams.
const DIALOGS_MAX: usize = 5_000;
/// Inputs after which every kind of event must have come.
const ENOUGH: u64 = 20_000;
/// What the inputs must lead to, or they only knock at the door.
const KINDS: [&str; 9] =
    ["Incoming", "Confirmed", "Reoffer", "Reconfirmed", "Ringing", "Answered", "Failed", "Ended", "Refused"];
