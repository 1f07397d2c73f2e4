//! One INVITE, several answers: one call, the others are hung up.

use offhook::sip::{Endpoint, Event, FromIdentity};

use crate::line::{CALLEE, CALLER, addr, endpoint, offer};

fn told(endpoint: &mut Endpoint) -> Vec<String> {
    std::iter::from_fn(|| endpoint.poll_transmit())
        .map(|t| {
            assert_eq!(t.to, addr(CALLEE), "a Contact elsewhere is not followed to strangers");
            String::from_utf8_lossy(&t.bytes).into_owned()
        })
        .collect()
}

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    message.lines().find(|l| l.starts_with(name)).expect("the header")
}

#[test]
fn a_second_answer_is_acknowledged_and_hung_up() {
    let mut caller = endpoint(CALLER, &[], 1);
    let now = std::time::Instant::now();
    let from = FromIdentity { display: None, uri: "sip:x@y".parse().unwrap() };
    let dialog = caller.invite("sip:a@b".parse().unwrap(), addr(CALLEE), from, offer(), Vec::new(), now);
    let invite = told(&mut caller).remove(0);
    let ok = |tag: &str| {
        format!(
            "SIP/2.0 200 OK\r\n{}\r\n{}\r\nTo: <sip:a@b>;tag={tag}\r\n{}\r\n{}\r\nContact: <sip:z@203.0.113.5>\r\n\
             Content-Type: application/sdp\r\n\r\n{}",
            field(&invite, "Via:"),
            field(&invite, "From:"),
            field(&invite, "Call-ID:"),
            field(&invite, "CSeq:"),
            offer()
        )
    };
    let mut hear = |message: &str| {
        caller.handle_datagram(addr(CALLEE), addr(CALLER), message.as_bytes(), now);
        let starts: Vec<String> = told(&mut caller).iter().map(|m| m[..3].to_string()).collect();
        (starts, std::iter::from_fn(|| caller.poll_event()).collect::<Vec<_>>())
    };
    let (sent, events) = hear(&ok("one"));
    assert_eq!(sent, ["ACK"]);
    assert!(matches!(events[..], [Event::Answered { dialog: d, .. }] if d == dialog));
    assert_eq!(hear(&ok("one")), (vec!["ACK".to_string()], Vec::new()), "repeated: acknowledged again");
    assert_eq!(hear(&ok("two")), (vec!["ACK".to_string(), "BYE".to_string()], Vec::new()));
    assert_eq!(hear(&ok("two")), (vec!["ACK".to_string()], Vec::new()));
    assert_eq!(hear(&ok("one").replace("branch=z9hG4bK", "branch=z9hG4bKx")), (Vec::new(), Vec::new()), "not ours");
    assert_eq!(caller.dialogs(), 1);
}
