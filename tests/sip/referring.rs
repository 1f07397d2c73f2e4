//! REFER both ways, NOTIFY, and INVITEs that are to take another call's place.

use std::time::Duration;

use offhook::sip::Event;

use crate::line::{CALLER, Desk, End, Line, addr, offer, request, status};

/// What the other side answers to our request.
fn answer(request: &str, status: &str) -> String {
    let names = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let lines: Vec<&str> = request.lines().filter(|line| names.iter().any(|name| line.starts_with(name))).collect();
    format!("SIP/2.0 {status}\r\n{}\r\nContent-Length: 0\r\n\r\n", lines.join("\r\n"))
}

fn notify(cseq: u32, tag: &str, state: &str, fragment: &str) -> String {
    let lines = format!(
        "Event: refer\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag\r\nContent-Length: {}\r\n\r\n{fragment}",
        fragment.len()
    );
    request("NOTIFY", &format!("n{cseq}"), cseq, tag, &lines)
}

fn referred(desk: &mut Desk) -> Vec<u16> {
    desk.events()
        .iter()
        .filter_map(|e| if let Event::Referred { status, .. } = e { Some(*status) } else { None })
        .collect()
}

#[test]
fn a_refer_is_followed_to_its_end() {
    let mut desk = Desk::new();
    let (dialog, tag) = desk.up();
    desk.endpoint.refer(dialog, "sip:+12125550111@trunk.example", desk.now);
    let refer = desk.answers().remove(0);
    assert!(refer.starts_with("REFER sip:a@") && refer.contains("Refer-To: <sip:+12125550111@trunk.example>\r\n"));
    assert!(refer.contains("Referred-By: <sip:desk@b.example>\r\n"), "{refer}");
    desk.ask(answer(&refer, "202 Accepted"));
    assert_eq!(referred(&mut desk), [100]);
    for (cseq, state, fragment, told) in [
        (2, "active;expires=60", "SIP/2.0 100 Trying\r\n", 100),
        (3, "active", "SIP/2.0 180 Ringing", 180),
        (4, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n", 200),
    ] {
        assert_eq!(status(&desk.ask(notify(cseq, &tag, state, fragment))[0]), 200);
        assert_eq!(referred(&mut desk), [told]);
    }
    let repeat = desk.ask(notify(4, &tag, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n"));
    assert_eq!(status(&repeat[0]), 200, "the same again for the same again");
    assert_eq!(status(&desk.ask(notify(5, &tag, "active", "SIP/2.0 200 OK\r\n"))[0]), 481);
    assert!(referred(&mut desk).is_empty());
}

#[test]
fn a_refer_that_comes_to_nothing_is_told_once() {
    let mut desk = Desk::new();
    let (dialog, tag) = desk.up();
    for refusal in ["603 Decline", "405 Method Not Allowed"] {
        desk.endpoint.refer(dialog, "sip:x@y", desk.now);
        let refer = desk.answers().remove(0);
        desk.ask(answer(&refer, refusal));
        assert_eq!(referred(&mut desk), [refusal[..3].parse::<u16>().unwrap()]);
    }
    desk.endpoint.refer(dialog, "sip:x@y", desk.now);
    desk.answers();
    assert_eq!(status(&desk.ask(notify(2, &tag, "terminated;reason=timeout", "SIP/2.0 100 Trying"))[0]), 200);
    assert_eq!(referred(&mut desk), [480], "a NOTIFY may be ahead of the 202");
    desk.endpoint.refer(dialog, "sip:x@y", desk.now);
    desk.answers();
    for _ in 0..20 {
        desk.wait(Duration::from_secs(2));
    }
    assert_eq!(referred(&mut desk), [408]);
    assert_eq!(desk.endpoint.dialogs(), 1, "the call goes on");
}

#[test]
fn a_refer_to_us_is_the_applications_to_answer() {
    let mut desk = Desk::new();
    let (dialog, tag) = desk.up();
    let none = desk.ask(request("REFER", "r1", 2, &tag, "\r\n"));
    assert_eq!(status(&none[0]), 400);
    let two = "Refer-To: <sip:a@x>\r\nRefer-To: <sip:b@x>\r\n\r\n";
    assert_eq!(status(&desk.ask(request("REFER", "r2", 3, &tag, two))[0]), 400);
    assert!(desk.ask(request("REFER", "r3", 4, &tag, "Refer-To: <sip:+19005551212@x>\r\n\r\n")).is_empty());
    assert!(
        matches!(&desk.events()[..], [Event::ReferAsked { target, .. }] if target.to_string() == "sip:+19005551212@x")
    );
    desk.endpoint.answer_refer(dialog, 603, desk.now);
    let answers = desk.answers();
    assert_eq!((answers.len(), status(&answers[0])), (1, 603));
    assert_eq!(status(&desk.ask(request("REFER", "r9", 1, "", "Refer-To: <sip:+19005551212@x>\r\n\r\n"))[0]), 403);
}

#[test]
fn a_refer_that_is_taken_is_reported_on() {
    let mut desk = Desk::new();
    let (dialog, tag) = desk.up();
    desk.ask(request("REFER", "r1", 2, &tag, "Refer-To: sip:maria@x\r\n\r\n"));
    desk.endpoint.answer_refer(dialog, 202, desk.now);
    let sent = desk.answers();
    assert_eq!(status(&sent[0]), 202);
    assert!(sent[1].starts_with("NOTIFY ") && sent[1].contains("Subscription-State: active"), "{sent:?}");
    desk.ask(answer(&sent[1], "200 OK"));
    desk.endpoint.tell_refer(dialog, 486, desk.now);
    let last = desk.answers().remove(0);
    assert!(last.contains("Subscription-State: terminated") && last.contains("SIP/2.0 486 Busy Here"), "{last}");
    desk.endpoint.tell_refer(dialog, 200, desk.now);
    assert!(desk.answers().is_empty(), "told once");
}

#[test]
fn a_third_party_may_take_our_place_by_the_uri_we_give_it() {
    let mut line = Line::new(0, 11);
    let ours = line.call();
    line.run(Duration::from_secs(1));
    let uri = line.caller.replacing(ours).expect("a dialog that is up");
    let (target, replaces) = uri.split_once("?Replaces=").expect("with Replaces");
    assert!(target.starts_with("sip:offhook@192.0.2.9:5060") && !replaces.contains([';', '=', '@', '?']), "{uri}");
    let replaces = replaces.replace("%3B", ";").replace("%3D", "=");
    // The person's phone finds the dialog by it: its own tag is the to-tag.
    let lines =
        format!("Require: replaces\r\nReplaces: {replaces}\r\nContent-Type: application/sdp\r\n\r\n{}", offer());
    let third = request("INVITE", "t1", 1, "", &lines).replace("one@a", "three@c");
    line.callee.handle_datagram(addr(CALLER), addr("192.0.2.9:5060"), third.as_bytes(), line.now);
    let found = std::iter::from_fn(|| line.callee.poll_event()).find_map(|event| match event {
        Event::Incoming(incoming) => Some(incoming.replaces),
        _ => None,
    });
    assert_eq!(found, Some(Some(line.callee_dialog())));
    assert_eq!(line.count(End::Callee, "SIP/2.0 200"), 2, "to the INVITE and its PRACK");
}

#[test]
fn nobody_takes_over_a_call_by_guessing_or_from_elsewhere() {
    let mut desk = Desk::new();
    let (_, tag) = desk.up();
    let replacing = |value: &str| {
        let lines = format!("Replaces: {value}\r\nContent-Type: application/sdp\r\n\r\n{}", offer());
        request("INVITE", &format!("v{}", value.len()), 1, "", &lines).replace("Call-ID: one@a", "Call-ID: two@a")
    };
    for (value, expected) in [
        (format!("one@a;to-tag={tag};from-tag=guessed"), 481),
        (format!("nine@a;to-tag={tag};from-tag=a1"), 481),
        (format!("one@a;to-tag={tag}"), 400),
        (format!("one@a;to-tag={tag};from-tag=a1;early-only"), 486),
    ] {
        assert_eq!(status(desk.ask(replacing(&value)).last().expect("an answer")), expected, "{value}");
    }
    let right = replacing(&format!("one@a;to-tag={tag};from-tag=a1"));
    let elsewhere = right.replace(CALLER, "192.0.2.66:5070");
    desk.endpoint.handle_datagram(addr("192.0.2.66:5070"), addr("192.0.2.9:5060"), elsewhere.as_bytes(), desk.now);
    let answer = desk.endpoint.poll_transmit().expect("an answer");
    assert_eq!(status(&String::from_utf8_lossy(&answer.bytes)), 403);
    assert!(desk.incoming().is_none());
}

#[test]
fn other_news_are_no_news_of_ours() {
    let mut desk = Desk::new();
    let (_, tag) = desk.up();
    let other = request("NOTIFY", "n2", 2, &tag, "Event: message-summary\r\n\r\n");
    assert_eq!(status(&desk.ask(other)[0]), 489);
    assert_eq!(status(&desk.ask(notify(3, &tag, "active", "SIP/2.0 200 OK"))[0]), 481);
}
