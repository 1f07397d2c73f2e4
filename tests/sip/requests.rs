//! Requests one by one: what each is answered, and that ACK and strangers' responses never are.

use std::time::Duration;

use offhook::sip::{EndCause, Event};

use crate::line::{CALLEE, CALLER, Desk, addr, invite, offer, request, status, to_tag};

fn one(lines: &[String]) -> u16 {
    assert_eq!(lines.len(), 1, "{lines:?}");
    status(&lines[0])
}

#[test]
fn requests_outside_a_dialog() {
    for (method, expected) in [
        ("BYE", 481),
        ("CANCEL", 481),
        ("NOTIFY", 481),
        ("INFO", 481),
        ("UPDATE", 481),
        ("PRACK", 481),
        ("REGISTER", 405),
        ("SUBSCRIBE", 405),
        ("REFER", 403),
        ("MESSAGE", 405),
        ("OPTIONS", 200),
        ("invite", 501),
        ("FOO", 501),
    ] {
        let answers = Desk::new().ask(request(method, "x", 1, "", "\r\n"));
        assert_eq!(one(&answers), expected, "{method}");
        assert!(answers[0].contains("Allow: INVITE") || expected == 481, "{method}");
    }
}

#[test]
fn an_ack_or_a_stray_response_is_never_answered() {
    let mut desk = Desk::new();
    assert!(desk.ask(request("ACK", "x", 1, "", "\r\n")).is_empty());
    assert!(desk.ask(request("ACK", "x", 1, "nobody", "Require: x\r\nContent-Length: 99\r\n\r\n")).is_empty());
    assert!(
        desk.ask("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\n\r\n").is_empty()
    );
    assert!(desk.ask("\r\n\r\n").is_empty() && desk.ask("GET / HTTP/1.0\r\n\r\n").is_empty());
}

#[test]
fn answers_follow_via() {
    let mut desk = Desk::new();
    let answer = &desk.ask(request("OPTIONS", "x", 1, "", "\r\n"))[0];
    assert!(answer.contains(";rport=5070;received=192.0.2.1"), "{answer}");
    let plain = request("OPTIONS", "x", 1, "", "\r\n")
        .replace(";rport", "")
        .replace(&format!("UDP {CALLER}"), "UDP 192.0.2.1:6000");
    desk.endpoint.handle_datagram(addr(CALLER), addr(CALLEE), plain.as_bytes(), desk.now);
    assert_eq!(desk.endpoint.poll_transmit().map(|t| t.to), Some(addr("192.0.2.1:6000")));
    let named = plain.replace("192.0.2.1:6000", "elsewhere.example:6000;maddr=198.51.100.1");
    desk.endpoint.handle_datagram(addr(CALLER), addr(CALLEE), named.as_bytes(), desk.now);
    assert_eq!(desk.endpoint.poll_transmit().map(|t| t.to), Some(addr(CALLER)));
}

#[test]
fn nothing_is_sent_to_port_zero_or_to_many() {
    let mut desk = Desk::new();
    let ask = request("OPTIONS", "x", 1, "", "\r\n");
    desk.endpoint.handle_datagram(addr("192.0.2.1:0"), addr(CALLEE), ask.as_bytes(), desk.now);
    desk.endpoint.handle_datagram(addr(CALLER), addr("224.0.1.75:5060"), ask.as_bytes(), desk.now);
    let zero = ask.replace(";rport", "").replace(CALLER, "192.0.2.1:0");
    desk.endpoint.handle_datagram(addr(CALLER), addr(CALLEE), zero.as_bytes(), desk.now);
    assert_eq!(desk.endpoint.poll_transmit(), None);
}

#[test]
fn unknown_needs_are_named() {
    let answers = Desk::new().ask(request("INVITE", "x", 1, "", "Require: 100rel, foo\r\n\r\n"));
    assert_eq!(one(&answers), 420);
    assert!(answers[0].contains("Unsupported: foo\r\n"));
    let answers = Desk::new().ask(request("INVITE", "x", 1, "", "Content-Type: text/html\r\n\r\nhi"));
    assert_eq!(one(&answers), 415);
    assert!(answers[0].contains("Accept: application/sdp\r\n"));
    let gzip = "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n\r\nv=0";
    assert_eq!(one(&Desk::new().ask(request("INVITE", "x", 1, "", gzip))), 415);
    let broken = "Content-Type: application/sdp\r\n\r\nv=1\r\n";
    assert_eq!(one(&Desk::new().ask(request("INVITE", "x", 1, "", broken))), 400);
}

#[test]
fn sdp_is_found_in_multipart_bodies() {
    let body = format!(
        "--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\nContent-Type: application/sdp\r\n\r\n{}--b--\r\n",
        offer()
    );
    let mut desk = Desk::new();
    desk.ask(request("INVITE", "x", 1, "", &format!("Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n{body}")));
    assert!(desk.incoming().is_some_and(|call| call.offer.is_some_and(|offer| offer.media.len() == 1)));
}

#[test]
fn a_call_without_offer_gets_ours_and_answers_in_the_ack() {
    let mut desk = Desk::new();
    desk.ask(request("INVITE", "i1", 1, "", "X-Lead: spring\r\n\r\n"));
    let call = desk.incoming().expect("the call");
    assert_eq!((&call.offer, &call.headers[..]), (&None, &[("X-Lead".to_string(), "spring".to_string())][..]));
    desk.endpoint.answer(call.dialog, offer(), desk.now);
    let tag = to_tag(&desk.answers()[0]);
    desk.ask(request("ACK", "k1", 1, &tag, &format!("Content-Type: application/sdp\r\n\r\n{}", offer())));
    assert!(matches!(desk.events()[..], [Event::Confirmed { answer: Some(_), .. }]));
}

#[test]
fn cancel_before_the_answer_and_too_late() {
    let mut desk = Desk::new();
    desk.ask(invite("i1", 1, ""));
    desk.events();
    let answers = desk.ask(request("CANCEL", "i1", 1, "", "\r\n"));
    assert_eq!(answers.iter().map(|a| status(a)).collect::<Vec<_>>(), [200, 487]);
    assert!(matches!(desk.events()[..], [Event::Ended { cause: EndCause::Cancelled, .. }]));
    assert_eq!(one(&desk.ask(request("CANCEL", "i1", 1, "", "\r\n"))), 200);
    let mut desk = Desk::new();
    desk.up();
    assert_eq!(one(&desk.ask(request("CANCEL", "i1", 1, "", "\r\n"))), 200);
    assert!(desk.events().is_empty() && desk.endpoint.dialogs() == 1);
}

#[test]
fn a_session_may_be_changed() {
    let mut desk = Desk::new();
    let (_, tag) = desk.up();
    assert_eq!(one(&desk.ask(invite("r1", 2, &tag))), 100);
    let Some(Event::Reoffer { dialog, offer: Some(_) }) = desk.events().pop() else { panic!("an offer") };
    let second = desk.ask(invite("r2", 3, &tag));
    assert_eq!(one(&second), 500);
    assert!(second[0].contains("Retry-After:"));
    desk.endpoint.answer_reoffer(dialog, offer(), desk.now);
    assert_eq!(one(&desk.answers()), 200);
    assert_eq!(one(&desk.ask(invite("r3", 4, &tag))), 491, "the 200 is not acknowledged yet");
    assert_eq!(one(&desk.wait(Duration::from_millis(500))), 200, "and is repeated");
    desk.ask(request("ACK", "k2", 2, &tag, "\r\n"));
    assert!(matches!(desk.events()[..], [Event::Reconfirmed { .. }]));
    desk.ask(invite("r4", 5, &tag));
    desk.endpoint.reject_reoffer(dialog, 488, desk.now);
    assert_eq!(one(&desk.answers()), 488);
    assert_eq!(desk.endpoint.dialogs(), 1, "the call goes on");
}

#[test]
fn a_bye_out_of_order_or_of_a_stranger_ends_nothing() {
    let mut desk = Desk::new();
    let (_, tag) = desk.up();
    assert_eq!(one(&desk.ask(request("BYE", "b1", 1, &tag, "\r\n"))), 500);
    assert_eq!(one(&desk.ask(request("BYE", "b2", 2, "guessed", "\r\n"))), 481);
    assert_eq!(one(&desk.ask(request("BYE", "b3", 2, &tag, "\r\n").replace("tag=a1", "tag=a2"))), 481);
    assert!(desk.events().is_empty() && desk.endpoint.dialogs() == 1);
    assert_eq!(one(&desk.ask(request("BYE", "b4", 2, &tag, "\r\n"))), 200);
    assert_eq!(desk.endpoint.dialogs(), 0);
}

#[test]
fn an_open_change_is_answered_when_the_call_ends() {
    let mut desk = Desk::new();
    let (_, tag) = desk.up();
    desk.ask(invite("r1", 2, &tag));
    let answers = desk.ask(request("BYE", "b1", 3, &tag, "\r\n"));
    assert_eq!(answers.iter().map(|a| status(a)).collect::<Vec<_>>(), [200, 487]);
}

#[test]
fn a_request_that_came_back_is_a_loop() {
    let mut desk = Desk::new();
    let from = offhook::sip::FromIdentity { display: None, uri: "sip:x@y".parse().unwrap() };
    desk.endpoint.invite("sip:a@b".parse().unwrap(), addr(CALLER), from, offer(), Vec::new(), desk.now);
    let ours = desk.answers().remove(0);
    assert_eq!(one(&desk.ask(&ours)), 482);
}

#[test]
fn a_call_nobody_answers_is_refused_after_three_minutes() {
    let mut desk = Desk::new();
    desk.ask(invite("i1", 1, ""));
    desk.events();
    assert!(desk.wait(Duration::from_secs(179)).is_empty());
    assert_eq!(one(&desk.wait(Duration::from_secs(1))), 480);
    assert!(matches!(desk.events()[..], [Event::Ended { cause: EndCause::Unanswered, .. }]));
    desk.wait(Duration::from_secs(33));
    assert_eq!((desk.endpoint.dialogs(), desk.endpoint.transactions()), (0, 0));
}
