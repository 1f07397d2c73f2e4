//! Who is not allowed hears one word a minute and costs no memory.

use std::time::Duration;

use offhook::sip::{Event, RefusalReason};

use crate::line::{CALLEE, Desk, addr, invite, status};

#[test]
fn strangers_get_one_403_a_minute() {
    let mut desk = Desk::new();
    let stranger = addr("198.51.100.7:5060");
    let (mut heard, mut sent) = (Vec::new(), 0);
    for second in 0..119 {
        let message = invite(&format!("s{second}"), 1, "");
        desk.endpoint.handle_datagram(
            stranger,
            addr(CALLEE),
            message.as_bytes(),
            desk.now + Duration::from_secs(second),
        );
        sent += message.len();
        heard.extend(std::iter::from_fn(|| desk.endpoint.poll_transmit()));
    }
    let statuses: Vec<u16> = heard.iter().map(|t| status(&String::from_utf8_lossy(&t.bytes))).collect();
    assert_eq!(statuses, [403, 403]);
    assert!(heard.iter().all(|t| t.to == stranger) && heard.iter().map(|t| t.bytes.len()).sum::<usize>() < sent);
    assert_eq!((desk.endpoint.dialogs(), desk.endpoint.transactions()), (0, 0));
    let told = desk.events();
    assert_eq!(told, vec![Event::Refused { source: stranger, reason: RefusalReason::NotAllowed }; 2]);
}

#[test]
fn a_short_question_of_a_stranger_gets_no_longer_answer() {
    let mut desk = Desk::new();
    let short = "OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP a\r\n\r\n";
    desk.endpoint.handle_datagram(addr("198.51.100.7:5060"), addr(CALLEE), short.as_bytes(), desk.now);
    assert_eq!(desk.endpoint.poll_transmit(), None);
}

#[test]
fn whom_we_call_may_answer_but_not_call_us() {
    let mut desk = Desk::new();
    let peer = addr("198.51.100.7:5060");
    let from = offhook::sip::FromIdentity { display: None, uri: "sip:x@y".parse().unwrap() };
    desk.endpoint.invite("sip:a@b".parse().unwrap(), peer, from, crate::line::offer(), Vec::new(), desk.now);
    desk.endpoint.poll_transmit();
    desk.endpoint.handle_datagram(peer, addr(CALLEE), invite("p", 1, "").as_bytes(), desk.now);
    let answer = desk.endpoint.poll_transmit().expect("one refusal");
    assert_eq!(status(&String::from_utf8_lossy(&answer.bytes)), 403);
    assert!(desk.incoming().is_none());
}
