//! Signing in at a trunk: challenged, refreshed in time, kept trying, calls taken from where we are signed in.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use offhook::sip::{Account, Credentials, Endpoint, Event, Message, Request, Settings, Transport, parse};

const TRUNK: &str = "198.51.100.7:5060";
const HERE: &str = "192.0.2.1:5060";

/// A box that signs in, the clock, and what the trunk got.
struct Signer {
    endpoint: Endpoint,
    now: Instant,
    events: Vec<Event>,
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn account() -> Account {
    Account {
        registrar: "sip:trunk.example".parse().unwrap(),
        to: addr(TRUNK),
        aor: "sip:box@trunk.example".parse().unwrap(),
        contact_user: "+12125550100".into(),
        contact: addr(HERE),
        expires: Duration::from_secs(300),
        credentials: Some(Credentials { username: "box".into(), password: "secret".into() }),
    }
}

impl Signer {
    fn new() -> Signer {
        let settings = Settings {
            contact: addr(HERE),
            transport: Transport::Udp,
            user_agent: "test".into(),
            allow: Vec::new(),
            session: Default::default(),
        };
        Signer { endpoint: Endpoint::new(settings, [7; 32]), now: Instant::now(), events: Vec::new() }
    }

    /// What it sent just now.
    fn sent(&mut self) -> Vec<Request> {
        let mut sent = Vec::new();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            assert_eq!(transmit.to, addr(TRUNK));
            if let Ok(parsed) = parse(&transmit.bytes)
                && let Message::Request(request) = parsed.message
            {
                sent.push(request);
            }
        }
        while let Some(event) = self.endpoint.poll_event() {
            self.events.push(event);
        }
        sent
    }

    fn one(&mut self) -> Request {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:#?}");
        sent.remove(0)
    }

    /// The trunk answers.
    fn gets(&mut self, request: &Request, status: &str, extra: &[&str]) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "Call-ID", "CSeq"] {
            text += &format!("{name}: {}\r\n", request.headers.get(name).unwrap());
        }
        text += &format!("To: {};tag=t\r\n", request.headers.get("To").unwrap());
        extra.iter().for_each(|line| text += &format!("{line}\r\n"));
        text += "Content-Length: 0\r\n\r\n";
        self.endpoint.handle_datagram(addr(TRUNK), addr(HERE), text.as_bytes(), self.now);
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(due) = self.endpoint.poll_timeout().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.endpoint.handle_timeout(self.now);
        }
        self.now = end;
    }

    fn failures(&self) -> Vec<(u16, Duration)> {
        let failure = |event: &Event| match event {
            Event::RegistrationFailed { status, retry_in, .. } => Some((*status, *retry_in)),
            _ => None,
        };
        self.events.iter().filter_map(failure).collect()
    }
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"trunk.example\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"";

#[test]
fn a_challenge_is_answered_and_the_sign_in_refreshed_at_eighty_percent() {
    let mut one = Signer::new();
    one.endpoint.register(account(), one.now);
    let bare = one.one();
    assert_eq!((bare.uri.as_str(), bare.headers.get("Authorization")), ("sip:trunk.example", None));
    one.gets(&bare, "401 Unauthorized", &[CHALLENGE]);
    let signed = one.one();
    let answer = signed.headers.get("Authorization").expect("credentials").into_owned();
    for part in ["username=\"box\"", "nonce=\"n1\"", "uri=\"sip:trunk.example\"", "qop=auth", "nc=00000001"] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    assert!(!answer.contains("secret"));
    assert_eq!(signed.headers.get("Call-ID"), bare.headers.get("Call-ID"));
    assert_eq!(signed.headers.get("CSeq").unwrap(), "2 REGISTER");
    one.gets(&signed, "200 OK", &["Contact: <sip:+12125550100@192.0.2.1:5060>;expires=100, <sip:x@y>;expires=9"]);
    assert!(one.sent().is_empty());
    assert!(matches!(one.events.last(), Some(Event::Registered { expires, .. }) if expires.as_secs() == 100));
    one.pass(Duration::from_secs(79));
    assert!(one.sent().is_empty(), "too early");
    one.pass(Duration::from_millis(1200));
    assert_eq!(one.one().headers.get("CSeq").unwrap(), "3 REGISTER");
}

#[test]
fn a_wrong_password_is_not_hammered() {
    let mut one = Signer::new();
    one.endpoint.register(account(), one.now);
    let mut sent = 0;
    for _ in 0..2 {
        let request = one.one();
        sent += 1;
        one.gets(&request, "401 Unauthorized", &[CHALLENGE]);
    }
    assert!(one.sent().is_empty());
    assert_eq!((sent, one.failures().len(), one.failures()[0].0), (2, 1, 401));
    assert!(one.failures()[0].1 >= Duration::from_secs(15));
    // An hour of refusals: a handful of tries.
    let (mut tries, until) = (0, one.now + Duration::from_secs(3600));
    while one.now < until {
        one.pass(Duration::from_secs(1));
        for request in one.sent() {
            tries += 1;
            one.gets(&request, "401 Unauthorized", &[CHALLENGE]);
        }
    }
    assert!((4..=24).contains(&tries), "{tries} in an hour");
}

#[test]
fn a_stale_nonce_is_answered_anew() {
    let mut one = Signer::new();
    one.endpoint.register(account(), one.now);
    let request = one.one();
    one.gets(&request, "407 Proxy Authentication Required", &[&CHALLENGE.replace("WWW", "Proxy")]);
    let request = one.one();
    assert!(request.headers.get("Proxy-Authorization").is_some());
    one.gets(&request, "401 Unauthorized", &[&format!("{CHALLENGE}, stale=true").replace("n1", "n2")]);
    let request = one.one();
    assert!(request.headers.get("Authorization").unwrap().contains("n2"));
    one.gets(&request, "200 OK", &["Expires: 60"]);
    one.sent();
    assert!(matches!(one.events.last(), Some(Event::Registered { .. })));
}

#[test]
fn a_silent_trunk_is_tried_again_and_found() {
    let mut one = Signer::new();
    one.endpoint.register(account(), one.now);
    assert_eq!(one.one().method.name(), "REGISTER");
    one.pass(Duration::from_secs(33));
    let repeats = one.sent().len();
    assert!(repeats >= 9, "Timer E: {repeats}");
    assert_eq!(one.failures().iter().map(|f| f.0).collect::<Vec<_>>(), [408]);
    one.pass(Duration::from_secs(31));
    let request = one.sent().into_iter().next().expect("another try");
    one.gets(&request, "200 OK", &[]);
    one.sent();
    assert!(matches!(one.events.last(), Some(Event::Registered { expires, .. }) if expires.as_secs() == 300));
}

#[test]
fn too_brief_and_unavailable_are_obeyed() {
    let mut one = Signer::new();
    one.endpoint.register(account(), one.now);
    let request = one.one();
    one.gets(&request, "423 Interval Too Brief", &["Min-Expires: 900"]);
    let request = one.one();
    assert_eq!(request.headers.get("Expires").unwrap(), "900");
    one.gets(&request, "503 Service Unavailable", &["Retry-After: 120 (maintenance)"]);
    assert!(one.sent().is_empty());
    assert_eq!(one.failures(), [(503, Duration::from_secs(120))]);
    one.pass(Duration::from_secs(119));
    assert!(one.sent().is_empty());
    one.pass(Duration::from_millis(1200));
    assert_eq!(one.one().method.name(), "REGISTER");
}

#[test]
fn signing_out_asks_for_nothing_and_is_over() {
    let mut one = Signer::new();
    let id = one.endpoint.register(account(), one.now);
    let request = one.one();
    one.gets(&request, "200 OK", &[]);
    one.sent();
    one.endpoint.unregister(id, one.now);
    let request = one.one();
    assert_eq!(request.headers.get("Expires").unwrap(), "0");
    one.gets(&request, "401 Unauthorized", &[CHALLENGE]);
    let request = one.one();
    assert!(request.headers.get("Authorization").is_some());
    one.gets(&request, "200 OK", &[]);
    assert_eq!(one.endpoint.registrations(), 0);
    one.pass(Duration::from_secs(1000));
    assert!(one.sent().is_empty());
}

#[test]
fn calls_come_from_where_we_are_signed_in_and_from_nowhere_else() {
    let invite = |from: &str| {
        format!(
            "INVITE sip:+12125550100@{HERE} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKx;rport\r\n\
             From: <sip:+1@trunk.example>;tag=a\r\nTo: <sip:+12125550100@{HERE}>\r\nCall-ID: c-{from}\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:+1@{from}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let mut one = Signer::new();
    let _ = one.endpoint.register(account(), one.now);
    one.sent();
    let other_port = "198.51.100.7:5999";
    for (from, taken) in [(TRUNK, true), (other_port, true), ("203.0.113.9:5060", false)] {
        one.endpoint.handle_datagram(addr(from), addr(HERE), invite(from).as_bytes(), one.now);
        while one.endpoint.poll_transmit().is_some() {}
        let mut incoming = false;
        while let Some(event) = one.endpoint.poll_event() {
            incoming |= matches!(event, Event::Incoming(_));
        }
        assert_eq!(incoming, taken, "{from}");
    }
}
