//! Signalling from the network: messages, streams of them, whole exchanges, challenges, descriptions.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::sip::{
    Account, CSeq, Credentials, Endpoint, Event, Frame, Framer, FromIdentity, Message, NameAddr, SessionTimers,
    Settings, Transport, Uri, Via, parse, sdp,
};

/// One datagram, and every header of it as everything it could be meant to be.
pub fn sip(data: &[u8]) {
    let Ok(parsed) = parse(data) else { return };
    let headers = match &parsed.message {
        Message::Request(request) => &request.headers,
        Message::Response(response) => &response.headers,
    };
    for header in headers.iter() {
        let value = String::from_utf8_lossy(&header.value);
        let _ = value.parse::<Uri>().map(|uri| uri.to_string().parse::<Uri>());
        let _ = (Via::parse(&value), NameAddr::parse(&value), CSeq::parse(&value));
    }
    let _ = (headers.list("Contact"), headers.list("Via"));
}

/// A stream in pieces: the first byte says how long they are. However it is cut, the same messages come out.
pub fn stream(data: &[u8]) {
    let Some((&piece, rest)) = data.split_first() else { return };
    let cut = |length: usize| {
        let (mut framer, mut frames) = (Framer::default(), Vec::new());
        for piece in rest.chunks(length.max(1)) {
            framer.push(piece);
            loop {
                match framer.next_frame() {
                    Ok(Some(Frame::Message(message))) => frames.push(message),
                    Ok(Some(Frame::Ping)) => {}
                    Ok(None) => break,
                    Err(_) => return frames,
                }
            }
        }
        frames
    };
    assert_eq!(cut(usize::from(piece)), cut(usize::MAX), "pieces of {piece}");
}

/// Datagrams (NUL between them, one millisecond to a minute apart) to an endpoint that takes and places calls.
/// `TAG` in them is what our side last called itself.
pub fn endpoint(data: &[u8]) {
    let (mut endpoint, us, peer) = (endpoint_at("127.0.0.1:5060"), at("127.0.0.1:5060"), at("127.0.0.1:5070"));
    let (mut now, mut tag, mut last) = (Instant::now(), Vec::new(), None);
    for (round, datagram) in data.split(|byte| *byte == 0).take(DATAGRAMS_MAX).enumerate() {
        let Some((&wait, datagram)) = datagram.split_first() else { continue };
        let datagram = replaced(datagram, b"TAG", &tag);
        endpoint.handle_datagram(peer, us, &datagram, now);
        while let Some(event) = endpoint.poll_event() {
            serve(&mut endpoint, event, round, &mut last, now);
        }
        if wait == b'C' {
            let from = FromIdentity { display: None, uri: "sip:us@127.0.0.1".parse().expect("a URI") };
            let target = "sip:far@127.0.0.1:5070".parse().expect("a URI");
            last = Some(endpoint.invite(target, peer, from, offer(), Vec::new(), now));
        }
        if let (b'H', Some(dialog)) = (wait, last) {
            endpoint.hang_up(dialog, now);
        }
        now += Duration::from_millis(u64::from(wait % 64).pow(3));
        endpoint.handle_timeout(now);
        while let Some(sent) = endpoint.poll_transmit() {
            assert_eq!(sent.to.ip(), peer.ip(), "what is sent goes to who asked");
            if let Some(found) = tag_of(&sent.bytes) {
                tag = found;
            }
        }
    }
    assert!(endpoint.dialogs() <= DATAGRAMS_MAX * 2);
}

fn serve(endpoint: &mut Endpoint, event: Event, round: usize, last: &mut Option<crate::sip::DialogId>, now: Instant) {
    match event {
        Event::Incoming(call) => {
            *last = Some(call.dialog);
            endpoint.ring(call.dialog, now);
            match call.offer.as_ref().map(|offer| sdp::negotiate(offer, local(), &sdp::Terms::plain())) {
                _ if round % 5 == 4 => {}
                Some(Ok(negotiated)) => endpoint.answer(call.dialog, negotiated.answer, now),
                None => endpoint.answer(call.dialog, offer(), now),
                Some(Err(_)) => endpoint.reject(call.dialog, 488, "", Vec::new(), now),
            }
        }
        Event::Reoffer { dialog, .. } if round % 3 == 2 => endpoint.reject_reoffer(dialog, 488, now),
        Event::Reoffer { dialog, .. } => endpoint.answer_reoffer(dialog, offer(), now),
        _ => {}
    }
}

/// What a registrar may answer: the challenge's value, then whatever else it says.
pub fn digest(data: &[u8]) {
    let (registrar, mut now) = (at("127.0.0.1:5070"), Instant::now());
    let mut endpoint = endpoint_at("127.0.0.1:5060");
    let credentials = Credentials { username: "us\"er".into(), password: "secret".into() };
    let uri = |text: &str| text.parse::<Uri>().expect("a URI");
    endpoint.register(
        Account {
            registrar: uri("sip:trunk.example"),
            to: registrar,
            aor: uri("sip:us@trunk.example"),
            contact_user: "us".into(),
            contact: at("127.0.0.1:5060"),
            expires: Duration::from_secs(600),
            credentials: Some(credentials),
        },
        now,
    );
    for challenge in data.split(|byte| *byte == 0).take(8) {
        let Some(request) = std::iter::from_fn(|| endpoint.poll_transmit()).last() else { return };
        let text = String::from_utf8_lossy(&request.bytes);
        let copied: String = text
            .lines()
            .filter(|line| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)))
            .map(|line| format!("{line}\r\n"))
            .collect();
        let head = format!("SIP/2.0 401 Unauthorized\r\n{copied}WWW-Authenticate: ");
        let answer = [head.as_bytes(), challenge, b"\r\nContent-Length: 0\r\n\r\n"].concat();
        endpoint.handle_datagram(registrar, at("127.0.0.1:5060"), &answer, now);
        while endpoint.poll_event().is_some() {}
        now += Duration::from_millis(50);
        endpoint.handle_timeout(now);
    }
}

/// A description as an offer and as an answer.
pub fn sdp(data: &[u8]) {
    let Ok(session) = sdp::Session::parse(data) else { return };
    let secret = Some(sdp::Secret::new(vec![7; 64]));
    for security in [sdp::Security::Off, sdp::Security::Optional, sdp::Security::Required] {
        let terms = sdp::Terms {
            security,
            secret: secret.clone(),
            fingerprint: Some(sdp::Fingerprint::of(b"ours")),
            ..sdp::Terms::plain()
        };
        if let Ok(negotiated) = sdp::negotiate(&session, local(), &terms) {
            let answer = sdp::Session::parse(negotiated.answer.as_bytes()).expect("our own answer is one");
            assert_eq!(answer.media.len(), session.media.len(), "an answer has the offer's streams (RFC 3264 6)");
            let protected = negotiated.agreed.protection.is_some();
            assert!(protected || security != sdp::Security::Required, "required protection never falls back");
        }
        let agreed = sdp::accept_answer(&session, &terms);
        assert!(agreed.is_err() || security != sdp::Security::Required || agreed.is_ok_and(|a| a.protection.is_some()));
    }
}

fn endpoint_at(us: &str) -> Endpoint {
    let allow = vec!["127.0.0.1".parse().expect("a network")];
    let (user_agent, session) = ("fuzz".into(), SessionTimers::default());
    Endpoint::new(Settings { contact: at(us), transport: Transport::Udp, user_agent, allow, session }, [7; 32])
}

fn offer() -> String {
    sdp::offer(local(), &sdp::Terms::plain())
}

fn local() -> sdp::LocalMedia {
    sdp::LocalMedia { addr: at("127.0.0.1:20000"), ptime: 20, session_id: 1, version: 1 }
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// The tag of our side: of To in an answer, of From in a request.
fn tag_of(sent: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(sent);
    let ours = if text.starts_with("SIP/2.0") { "To:" } else { "From:" };
    let line = text.lines().find(|line| line.starts_with(ours))?;
    Some(line.split_once(";tag=")?.1.as_bytes().to_vec())
}

fn replaced(bytes: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Of one input.
const DATAGRAMS_MAX: usize = 32;
