//! RFC 3311 and glare: who changes a session when.

use std::time::Duration;

use offhook::sip::Event;

use crate::far::{Near, answer, header, with_offer};
use crate::line::{CALLEE, CALLER, Desk, addr, invite, offer, request, status, to_tag};

fn update(branch: &str, cseq: u32, tag: &str) -> String {
    request("UPDATE", branch, cseq, tag, &with_offer(""))
}

#[test]
fn an_update_changes_the_session_without_an_ack() {
    let mut desk = Desk::new();
    let (dialog, tag) = desk.up();
    assert!(desk.ask(update("u1", 2, &tag)).is_empty(), "the application answers");
    assert!(matches!(desk.events()[..], [Event::Reoffer { dialog: d, offer: Some(_) }] if d == dialog));
    assert_eq!(status(&desk.ask(update("u2", 3, &tag))[0]), 500, "one at a time");
    desk.endpoint.answer_reoffer(dialog, offer(), desk.now);
    let ok = desk.answers().remove(0);
    assert!(status(&ok) == 200 && ok.contains("v=0") && header(&ok, "CSeq") == "2 UPDATE", "{ok}");
    assert_eq!(desk.ask(update("u1", 2, &tag)), [ok], "a repetition is answered alike");
    assert!(desk.wait(Duration::from_secs(5)).is_empty() && desk.events().is_empty(), "nothing is waited for");
    desk.ask(update("u4", 4, &tag));
    desk.endpoint.reject_reoffer(dialog, 488, desk.now);
    assert_eq!(status(&desk.answers()[0]), 488);
    assert_eq!(desk.endpoint.dialogs(), 1, "the call goes on");
    assert_eq!(status(&desk.ask(request("UPDATE", "u5", 5, &tag, "Content-Type: application/sdp\r\n\r\nv=1"))[0]), 400);
}

#[test]
fn an_update_before_the_answer_waits_its_turn() {
    let mut desk = Desk::new();
    desk.ask(invite("i1", 1, ""));
    let call = desk.incoming().expect("the call");
    desk.endpoint.ring(call.dialog, desk.now);
    let tag = to_tag(&desk.answers()[0]);
    let refused = desk.ask(update("u1", 2, &tag)).remove(0);
    assert!(status(&refused) == 500 && !header(&refused, "Retry-After").is_empty(), "{refused}");
    assert_eq!(status(&desk.ask(request("UPDATE", "u2", 3, &tag, "\r\n"))[0]), 200, "without an offer it may");
    desk.endpoint.answer(call.dialog, offer(), desk.now);
    desk.answers();
    desk.ask(request("ACK", "k1", 1, &tag, "\r\n"));
    assert!(matches!(desk.events()[..], [Event::Confirmed { .. }]));
}

#[test]
fn an_update_moves_the_other_side() {
    let mut desk = Desk::new();
    let (dialog, tag) = desk.up();
    let moved =
        request("UPDATE", "u1", 2, &tag, "\r\n").replace(&format!("<sip:a@{CALLER}>"), "<sip:b@192.0.2.1:5099>");
    assert_eq!(status(&desk.ask(moved)[0]), 200);
    desk.endpoint.hang_up(dialog, desk.now);
    let bye = desk.endpoint.poll_transmit().expect("a BYE");
    assert_eq!(bye.to, addr("192.0.2.1:5099"));
    assert!(String::from_utf8_lossy(&bye.bytes).starts_with("BYE sip:b@192.0.2.1:5099 "));
}

#[test]
fn their_offer_meets_ours() {
    let mut near = Near::up("Session-Expires: 600;refresher=uac\r\n");
    let ours = near.wait(Duration::from_secs(300)).remove(0);
    assert!(ours.starts_with("INVITE "));
    let from = |text: &str| text.replace("From:", "X:").replace("To:", "From:").replace("X:", "To:");
    let theirs = |method: &str, cseq: u32| {
        let names = ["From:", "To:", "Call-ID:"];
        let lines: Vec<&str> = ours.lines().filter(|line| names.iter().any(|name| line.starts_with(name))).collect();
        format!(
            "{method} sip:offhook@{CALLER} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLEE};branch=z9hG4bKt{cseq}\r\n{}\r\n\
             CSeq: {cseq} {method}\r\n{}",
            from(&lines.join("\r\n")),
            with_offer("")
        )
    };
    assert_eq!(status(&near.hear(&theirs("INVITE", 1))[0]), 491);
    assert_eq!(status(&near.hear(&theirs("UPDATE", 2))[0]), 491);
    // They refuse ours for the same reason: who opened the call waits 2.1 to 4 s (RFC 3261 14.1).
    near.hear(&answer(&ours, "491 Request Pending", "\r\n"));
    assert!(near.wait(Duration::from_secs(2)).is_empty());
    assert_eq!(near.hear(&theirs("INVITE", 3)).len(), 1, "theirs goes first now");
    let Some(Event::Reoffer { dialog, .. }) = near.events().pop() else { panic!("an offer") };
    near.endpoint.answer_reoffer(dialog, offer(), near.now);
    assert_eq!(status(&near.said()[0]), 200);
}

#[test]
fn an_answer_that_says_something_else_is_told() {
    let mut near = Near::up("Session-Expires: 600;refresher=uac\r\n");
    let refresh = near.wait(Duration::from_secs(300)).remove(0);
    let moved = with_offer("Session-Expires: 600;refresher=uac\r\n").replace("m=audio 4000", "m=audio 4800");
    near.hear(&answer(&refresh, "200 OK", &moved));
    assert!(matches!(near.events()[..], [Event::Reanswered { .. }]));
}
