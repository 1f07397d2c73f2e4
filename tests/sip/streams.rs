//! SIP over streams: messages are cut out whole, nothing is repeated, answers go back by the connection they came by.

use std::time::{Duration, Instant};

use offhook::sip::{Endpoint, Event, Frame, Framer, FromIdentity, Settings, Torn, Transport};
use proptest::prelude::*;

use crate::line::{addr, offer};

#[test]
fn messages_are_cut_out_wherever_the_stream_is_torn() {
    let messages = [invite("one", "v=0\r\n\r\n"), b"\r\n\r\n".to_vec(), invite("two", ""), invite("three", "x")];
    let stream = messages.concat();
    for cut in 0..stream.len() {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for part in [&stream[..cut], &stream[cut..]] {
            framer.push(part);
            while let Some(frame) = framer.next_frame().expect("a sound stream") {
                frames.push(frame);
            }
        }
        let expected = messages.iter().map(|m| if m[0] == b'\r' { Frame::Ping } else { Frame::Message(m.clone()) });
        assert!(frames.iter().cloned().eq(expected), "torn at {cut}: {frames:?}");
        assert!(!framer.is_midway());
    }
}

#[test]
fn stray_line_breaks_hide_no_ping_however_they_come() {
    for pattern in 0..1_u32 << 9 {
        let breaks: Vec<u8> = (0..9).map(|bit| if pattern >> bit & 1 == 0 { b'\r' } else { b'\n' }).collect();
        let stream = [breaks, invite("one", "")].concat();
        let frames = |parts: &[&[u8]]| {
            let mut framer = Framer::default();
            let mut frames = Vec::new();
            for part in parts {
                framer.push(part);
                frames.extend(std::iter::from_fn(|| framer.next_frame().expect("a sound stream")));
            }
            frames
        };
        let whole = frames(&[&stream]);
        assert_eq!(whole.last(), Some(&Frame::Message(invite("one", ""))));
        for cut in 1..10 {
            assert_eq!(frames(&[&stream[..cut], &stream[cut..]]), whole, "{pattern:b} torn at {cut}");
        }
    }
}

#[test]
fn a_stream_that_makes_no_sense_is_given_up() {
    let after = |bytes: &[u8]| {
        let mut framer = Framer::default();
        framer.push(bytes);
        framer.next_frame()
    };
    let head = b"INVITE sip:a SIP/2.0\r\nContent-Length: many\r\n\r\n";
    assert_eq!(after(head), Err(Torn::Length(head.to_vec())));
    let twice = b"INVITE sip:a SIP/2.0\r\nl: 4\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(after(twice), Err(Torn::Length(twice.to_vec())));
    assert_eq!(after(b"INVITE sip:a SIP/2.0\r\nContent-Length: 99999999999999999999\r\n\r\n"), Err(Torn::Body));
    assert_eq!(after(&vec![b'a'; 64 * 1024]), Err(Torn::Endless));
    assert_eq!(after(b"\r\n"), Ok(None));
}

#[test]
fn nothing_is_repeated_and_answers_take_the_same_way_back() {
    let now = Instant::now();
    let mut caller = endpoint(CALLER, Transport::Tcp);
    let mut callee = endpoint(CALLEE, Transport::Tcp);
    let from = FromIdentity { display: None, uri: "sip:a@a.example".parse().unwrap() };
    let to = addr(CALLEE);
    let dialog = caller.invite(format!("sip:desk@{CALLEE}").parse().unwrap(), to, from, offer(), Vec::new(), now);
    let sent = caller.poll_transmit().expect("the INVITE");
    let text = String::from_utf8_lossy(&sent.bytes).into_owned();
    assert!(text.contains("Via: SIP/2.0/TCP 192.0.2.1:5060;"), "{text}");
    assert!(text.contains(&format!("Contact: <sip:offhook@{CALLER};transport=tcp>")), "{text}");
    caller.handle_timeout(now + Duration::from_secs(20));
    assert_eq!(caller.poll_transmit(), None, "repeated over TCP");

    // The connection's own port, not the one Via names.
    let connection = addr("192.0.2.1:49152");
    callee.handle_datagram(connection, to, &sent.bytes, now);
    let Some(Event::Incoming(incoming)) = callee.poll_event() else { panic!("no call came") };
    callee.answer(incoming.dialog, offer(), now);
    let answers: Vec<_> = std::iter::from_fn(|| callee.poll_transmit()).collect();
    assert!(!answers.is_empty() && answers.iter().all(|answer| answer.to == connection), "{answers:?}");
    answers.iter().for_each(|answer| caller.handle_datagram(to, addr(CALLER), &answer.bytes, now));
    assert!(std::iter::from_fn(|| caller.poll_event()).any(|event| matches!(event, Event::Answered { .. })));

    let ack = std::iter::from_fn(|| caller.poll_transmit()).last().expect("the ACK");
    callee.handle_datagram(connection, to, &ack.bytes, now);
    // That connection ends; the BYE goes where the other side says it is.
    callee.connection_lost(connection);
    callee.hang_up(incoming.dialog, now);
    let bye = callee.poll_transmit().expect("the BYE");
    assert!(bye.bytes.starts_with(b"BYE ") && bye.to == addr(CALLER), "{bye:?}");
    caller.handle_datagram(to, addr(CALLER), &bye.bytes, now);
    let ended =
        std::iter::from_fn(|| caller.poll_event()).any(|e| matches!(e, Event::Ended { dialog: d, .. } if d == dialog));
    assert!(ended);
}

proptest! {
    #[test]
    fn no_stream_breaks_the_framer(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..20)) {
        let mut framer = Framer::default();
        for part in parts {
            framer.push(&part);
            while let Ok(Some(_)) = framer.next_frame() {}
        }
    }
}

fn invite(branch: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK{branch}\r\nl : {length}\r\n\r\n{body}")
        .into_bytes()
}

fn endpoint(contact: &str, transport: Transport) -> Endpoint {
    let seed = [contact.len() as u8 + contact.as_bytes()[8]; 32];
    let allow = vec!["192.0.2.0/24".parse().expect("a network")];
    Endpoint::new(
        Settings { contact: addr(contact), transport, user_agent: "test".into(), allow, session: Default::default() },
        seed,
    )
}

const CALLER: &str = "192.0.2.1:5060";
const CALLEE: &str = "192.0.2.9:5060";
