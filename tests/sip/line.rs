//! Two endpoints, a bad line between them, and a clock that jumps.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use offhook::sip::sdp::{self, LocalMedia};
use offhook::sip::{DialogId, Endpoint, Event, FromIdentity, Settings, Transport};

/// Which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Calls.
    Caller,
    /// Is called.
    Callee,
}

/// The twin.
pub struct Line {
    pub caller: Endpoint,
    pub callee: Endpoint,
    pub now: Instant,
    /// Datagrams lost, percent.
    pub loss: u64,
    /// True swallows a datagram.
    pub filter: fn(End, &str) -> bool,
    /// The callee rings, answers and takes every new offer by itself.
    pub answers: bool,
    pub heard_by_caller: Vec<Event>,
    pub heard_by_callee: Vec<Event>,
    /// First lines of all that was sent, by whom.
    pub sent: Vec<(End, String)>,
    random: u64,
    flying: Vec<(Instant, End, Vec<u8>)>,
}

impl Line {
    pub fn new(loss: u64, seed: u64) -> Self {
        Self {
            caller: endpoint(CALLER, &[], seed as u8),
            callee: endpoint(CALLEE, &["192.0.2.0/24"], !seed as u8),
            now: Instant::now(),
            loss,
            filter: |_, _| false,
            answers: true,
            heard_by_caller: Vec::new(),
            heard_by_callee: Vec::new(),
            sent: Vec::new(),
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            flying: Vec::new(),
        }
    }

    pub fn call(&mut self) -> DialogId {
        let from = FromIdentity { display: Some("A \"B\"".into()), uri: "sip:+12015550123@a.example".parse().unwrap() };
        let target = format!("sip:desk@{CALLEE}").parse().unwrap();
        let dialog = self.caller.invite(target, addr(CALLEE), from, offer(), Vec::new(), self.now);
        self.drain();
        dialog
    }

    /// The callee's dialog of the first call.
    pub fn callee_dialog(&self) -> DialogId {
        let found = self.heard_by_callee.iter().find_map(|event| match event {
            Event::Incoming(incoming) => Some(incoming.dialog),
            _ => None,
        });
        found.expect("the INVITE arrived")
    }

    /// Lets `span` pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.deliver();
            self.caller.handle_timeout(self.now);
            self.callee.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    pub fn caller_hangs_up(&mut self, dialog: DialogId) {
        self.caller.hang_up(dialog, self.now);
        self.drain();
    }

    pub fn callee_hangs_up(&mut self, dialog: DialogId) {
        self.callee.hang_up(dialog, self.now);
        self.drain();
    }

    /// Messages of one end whose first line starts so.
    pub fn count(&self, end: End, start: &str) -> usize {
        self.sent.iter().filter(|(by, line)| *by == end && line.starts_with(start)).count()
    }

    pub fn drain(&mut self) {
        while let Some(event) = self.caller.poll_event() {
            self.heard_by_caller.push(event);
        }
        while let Some(event) = self.callee.poll_event() {
            self.react(&event);
            self.heard_by_callee.push(event);
        }
        while let Some(transmit) = self.caller.poll_transmit() {
            self.fly(End::Caller, transmit.bytes);
        }
        while let Some(transmit) = self.callee.poll_transmit() {
            self.fly(End::Callee, transmit.bytes);
        }
    }

    fn react(&mut self, event: &Event) {
        match event {
            Event::Incoming(incoming) if self.answers => {
                self.callee.ring(incoming.dialog, self.now);
                self.callee.answer(incoming.dialog, offer(), self.now);
            }
            Event::Reoffer { dialog, .. } if self.answers => self.callee.answer_reoffer(*dialog, offer(), self.now),
            _ => {}
        }
    }

    fn fly(&mut self, by: End, bytes: Vec<u8>) {
        let first = String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_string();
        let lost = (self.filter)(by, &first) || self.dice() % 100 < self.loss;
        self.sent.push((by, first));
        if !lost {
            let delay = Duration::from_millis(5 + self.dice() % 30);
            self.flying.push((self.now + delay, by, bytes));
        }
    }

    fn deliver(&mut self) {
        let now = self.now;
        let (due, later): (Vec<_>, Vec<_>) = self.flying.drain(..).partition(|(at, ..)| *at <= now);
        self.flying = later;
        for (_, by, bytes) in due {
            match by {
                End::Caller => self.callee.handle_datagram(addr(CALLER), addr(CALLEE), &bytes, now),
                End::Callee => self.caller.handle_datagram(addr(CALLEE), addr(CALLER), &bytes, now),
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let flying = self.flying.iter().map(|(at, ..)| *at).min();
        [flying, self.caller.poll_timeout(), self.callee.poll_timeout()].into_iter().flatten().min()
    }

    fn dice(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random >> 11
    }
}

/// A callee that is driven by hand: one datagram in, all answers out.
pub struct Desk {
    pub endpoint: Endpoint,
    pub now: Instant,
}

impl Desk {
    pub fn new() -> Self {
        Self::new_in(&["192.0.2.0/24"])
    }

    /// One that serves these networks.
    pub fn new_in(allow: &[&str]) -> Self {
        Self { endpoint: endpoint(CALLEE, allow, 7), now: Instant::now() }
    }

    /// Sends from the caller's address; the answers as text.
    pub fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Vec<String> {
        self.endpoint.handle_datagram(addr(CALLER), addr(CALLEE), bytes.as_ref(), self.now);
        self.answers()
    }

    pub fn answers(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            assert_eq!(transmit.to.ip(), addr(CALLER).ip(), "answers go to who asked");
            all.push(String::from_utf8_lossy(&transmit.bytes).into_owned());
        }
        all
    }

    pub fn wait(&mut self, span: Duration) -> Vec<String> {
        self.now += span;
        self.endpoint.handle_timeout(self.now);
        self.answers()
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.endpoint.poll_event()).collect()
    }

    /// A call that is up: our dialog (the callee's) and its tag.
    pub fn up(&mut self) -> (DialogId, String) {
        self.ask(invite("i1", 1, ""));
        let call = self.incoming().expect("the call");
        self.endpoint.answer(call.dialog, offer(), self.now);
        let tag = to_tag(&self.answers()[0]);
        self.ask(request("ACK", "k1", 1, &tag, "\r\n"));
        self.events();
        (call.dialog, tag)
    }

    /// The only call waiting.
    pub fn incoming(&mut self) -> Option<Box<offhook::sip::Incoming>> {
        self.events().into_iter().find_map(|event| match event {
            Event::Incoming(incoming) => Some(incoming),
            _ => None,
        })
    }
}

/// A plain request of the caller; `lines` are added, `{}` is the method.
pub fn request(method: &str, branch: &str, cseq: u32, to_tag: &str, lines: &str) -> String {
    let tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    format!(
        "{method} sip:desk@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bK{branch};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+12015550123@a.example>;tag=a1\r\nTo: <sip:desk@b.example>{tag}\r\n\
         Call-ID: one@a\r\nCSeq: {cseq} {method}\r\nContact: <sip:a@{CALLER}>\r\n{lines}"
    )
}

/// An INVITE with an offer.
pub fn invite(branch: &str, cseq: u32, to_tag: &str) -> String {
    request("INVITE", branch, cseq, to_tag, &format!("Content-Type: application/sdp\r\n\r\n{}", offer()))
}

/// Status of an answer.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status line")
}

/// The To tag of an answer.
pub fn to_tag(answer: &str) -> String {
    let to = answer.lines().find(|line| line.starts_with("To:")).expect("a To");
    to.split("tag=").nth(1).expect("a tag").trim().to_string()
}

pub fn offer() -> String {
    let local = LocalMedia { addr: addr("192.0.2.1:4000"), ptime: 20, session_id: 1, version: 1 };
    sdp::offer(local, &sdp::Terms::narrow())
}

pub fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

pub fn endpoint(contact: &str, allow: &[&str], seed: u8) -> Endpoint {
    let allow = allow.iter().map(|network| network.parse().expect("a network")).collect();
    Endpoint::new(
        Settings {
            contact: addr(contact),
            transport: Transport::Udp,
            user_agent: "offhook".into(),
            allow,
            session: Default::default(),
        },
        [seed; 32],
    )
}

pub const CALLER: &str = "192.0.2.1:5070";
pub const CALLEE: &str = "192.0.2.9:5060";
