//! A peer that has to show a password: it is asked, its answer is taken once, and nothing that was overheard is of any use.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use offhook::sip::{Credentials, Dial, Endpoint, Event, FromIdentity};

use crate::line::{CALLEE, CALLER, addr, endpoint, offer};

/// Two endpoints without a line between them.
struct Pair {
    caller: Endpoint,
    callee: Endpoint,
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        let mut callee = endpoint(CALLEE, &["192.0.2.0/24"], 5);
        callee.guard("192.0.2.1".parse().expect("a network"), "desk", credentials("open sesame"));
        Self { caller: endpoint(CALLER, &[], 3), callee, now: Instant::now() }
    }

    fn dials(&mut self, password: &str) -> Vec<u8> {
        let call = Dial {
            target: format!("sip:+12125550100@{CALLEE}").parse().expect("a URI"),
            to: addr(CALLEE),
            from: FromIdentity { display: None, uri: "sip:box@a.example".parse().expect("a URI") },
            contact: addr(CALLER),
            credentials: Some(credentials(password)),
            sdp: offer(),
            extra_headers: Vec::new(),
        };
        self.caller.dial(call, self.now);
        self.said().pop().expect("an INVITE")
    }

    fn said(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.caller.poll_transmit()).map(|transmit| transmit.bytes).collect()
    }

    /// What the called side answers.
    fn hears(&mut self, from: SocketAddr, bytes: &[u8]) -> Vec<String> {
        self.callee.handle_datagram(from, addr(CALLEE), bytes, self.now);
        let all = std::iter::from_fn(|| self.callee.poll_transmit());
        all.map(|transmit| String::from_utf8(transmit.bytes).expect("text")).collect()
    }

    /// The caller reads an answer; what it says then.
    fn reads(&mut self, answer: &str) -> Vec<Vec<u8>> {
        self.caller.handle_datagram(addr(CALLEE), addr(CALLER), answer.as_bytes(), self.now);
        self.said()
    }

    fn incoming(&mut self) -> usize {
        let events = std::iter::from_fn(|| self.callee.poll_event());
        events.filter(|event| matches!(event, Event::Incoming(_))).count()
    }

    /// An INVITE that was taken, as it was overheard.
    fn taken(&mut self) -> String {
        let invite = self.dials("open sesame");
        let asked = self.hears(addr(CALLER), &invite).remove(0);
        assert!(asked.starts_with("SIP/2.0 401 ") && asked.matches("WWW-Authenticate").count() == 2, "{asked}");
        assert_eq!(self.incoming(), 0, "nothing is taken before the password");
        let again = self.reads(&asked).pop().expect("the INVITE again");
        let text = String::from_utf8(again.clone()).expect("text");
        assert!(text.contains("algorithm=SHA-256") && text.contains("qop=auth"), "{text}");
        assert!(self.hears(addr(CALLER), &again)[0].starts_with("SIP/2.0 100 "));
        assert_eq!(self.incoming(), 1);
        text
    }
}

fn credentials(password: &str) -> Credentials {
    Credentials { username: "box".into(), password: password.into() }
}

/// The same as another call.
fn replayed(invite: &str, n: usize) -> String {
    let line = |name: &str| invite.lines().find(|line| line.starts_with(name)).expect("it is there");
    let value = |text: &str, from: &str, to: char| {
        let at = text.find(from).expect("it is there") + from.len();
        text[at..].split(to).next().unwrap_or_default().to_owned()
    };
    let branch = value(line("Via:"), "branch=", ';');
    invite.replace(&branch, &format!("z9hG4bKreplay{n}")).replace(line("Call-ID:"), &format!("Call-ID: replay{n}"))
}

#[test]
fn of_a_thousand_replays_none_is_taken() {
    let mut pair = Pair::new();
    let invite = pair.taken();
    let mut asked = 0;
    for n in 0..1_000 {
        let mut text = replayed(&invite, n);
        let mut from = addr(CALLER);
        match n % 7 {
            1 => from.set_port(5099),
            2 => text = text.replace("nc=00000001", "nc=00000002"),
            3 => text = text.replace("nc=00000001", "nc=ffffffff"),
            4 => text = text.replace("qop=auth, ", "").replace(", qop=auth", ""),
            5 => text = text.replace("+12125550100", "+19005550100"),
            6 => pair.now += Duration::from_secs(1),
            _ => {}
        }
        asked += usize::from(pair.hears(from, text.as_bytes()).iter().any(|answer| answer.starts_with("SIP/2.0 401 ")));
    }
    assert_eq!((pair.incoming(), asked), (0, 1_000), "replays taken, replays asked");
}

#[test]
fn a_nonce_grows_old_and_says_so() {
    let mut pair = Pair::new();
    let invite = pair.dials("open sesame");
    let asked = pair.hears(addr(CALLER), &invite).remove(0);
    pair.now += Duration::from_secs(31);
    let late = pair.reads(&asked).pop().expect("the INVITE again");
    let again = pair.hears(addr(CALLER), &late).remove(0);
    assert!(again.starts_with("SIP/2.0 401 ") && again.contains("stale=true"), "{again}");
    let fresh = pair.reads(&again).pop().expect("and once more");
    assert!(pair.hears(addr(CALLER), &fresh)[0].starts_with("SIP/2.0 100 "));
    assert_eq!(pair.incoming(), 1);
}

#[test]
fn a_wrong_password_is_nobodys() {
    let mut pair = Pair::new();
    let invite = pair.dials("open says me");
    let asked = pair.hears(addr(CALLER), &invite).remove(0);
    let again = pair.reads(&asked).pop().expect("the INVITE again");
    let refused = pair.hears(addr(CALLER), &again).remove(0);
    assert!(refused.starts_with("SIP/2.0 401 ") && !refused.contains("stale"), "{refused}");
    // Whoever is not guarded is asked for nothing.
    let text = String::from_utf8(invite).expect("text");
    assert!(pair.hears(addr("192.0.2.77:5060"), text.as_bytes())[0].starts_with("SIP/2.0 100 "));
    assert_eq!(pair.incoming(), 1);
    for odd in ["Digest", "Digest ", "Digest a=\"", "Basic eA==", "Digest nonce=\"-\"", "Digest nonce=\"1-1-1\", nc=zz"]
    {
        let text =
            replayed(&text, odd.len()).replace("Max-Forwards:", &format!("Authorization: {odd}\r\nMax-Forwards:"));
        assert!(pair.hears(addr(CALLER), text.as_bytes())[0].starts_with("SIP/2.0 401 "), "{odd}");
    }
    assert_eq!(pair.incoming(), 0);
}
