//! Who is not allowed hears one word a minute and costs no memory.

use std::time::Duration;

use offhook::sip::{EndCause, Event, Limits, RefusalReason};

use crate::line::{CALLEE, CALLER, Desk, addr, invite, offer, request, status, to_tag};

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
    assert_eq!(told, vec![Event::Refused { source: stranger, reason: RefusalReason::NotAllowed, untold: 0 }; 2]);
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

#[test]
fn a_flood_of_strangers_meets_a_bounded_table() {
    let mut desk = Desk::new();
    let flood = |desk: &mut Desk, sources: std::ops::Range<u32>| {
        let message = invite("f", 1, "");
        for source in sources {
            let from = std::net::SocketAddr::new((0x0b00_0000 + source).to_be_bytes().into(), 5060);
            desk.endpoint.handle_datagram(from, addr(CALLEE), message.as_bytes(), desk.now);
        }
        desk.events();
        std::iter::from_fn(|| desk.endpoint.poll_transmit()).count()
    };
    assert_eq!(flood(&mut desk, 0..10_000), 4_096);
    desk.now += Duration::from_secs(61);
    assert_eq!(flood(&mut desk, 10_000..10_100), 100);
}

#[test]
fn whoever_calls_too_fast_is_told_to_wait_and_the_others_are_served() {
    let mut desk = Desk::new();
    desk.endpoint.limit(Limits { calls_per_second: 10, source_calls_per_second: 5, ..Limits::default() });
    let statuses: Vec<u16> = (0..1_000).map(|n| call_from(&mut desk, CALLER, n)).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 100).count(), 50);
    assert!(statuses[50..].iter().all(|status| *status == 503), "{statuses:?}");
    assert_eq!((desk.endpoint.dialogs(), desk.endpoint.transactions()), (50, 50), "a refusal leaves nothing behind");
    assert_eq!(call_from(&mut desk, "192.0.2.77:5060", 1_000), 100, "somebody else");
    desk.now += Duration::from_secs(1);
    let later: Vec<u16> = (2_000..2_010).map(|n| call_from(&mut desk, CALLER, n)).collect();
    assert_eq!(later.iter().filter(|status| **status == 100).count(), 5);
    let told = desk.events().into_iter().filter(|event| matches!(event, Event::Refused { .. })).count();
    assert!((1..=10).contains(&told), "{told} lines in the log");
}

#[test]
fn a_network_of_ipv6_addresses_is_one_source() {
    let mut desk = Desk { endpoint: crate::line::endpoint(CALLEE, &["::/0"], 7), ..Desk::new() };
    desk.endpoint.limit(Limits { source_calls_per_second: 5, ..Limits::default() });
    let served = |desk: &mut Desk, network: u16| {
        let from = |n: u32| format!("[2001:db8:0:{network:x}::{n:x}]:5060");
        (1..=500).filter(|n| call_from(desk, &from(*n), u32::from(network) * 1_000 + n) == 100).count()
    };
    assert_eq!((served(&mut desk, 1), served(&mut desk, 2)), (50, 50));
}

#[test]
fn a_flood_of_sources_is_served_from_one_bucket_when_the_table_is_full() {
    let mut desk = Desk { endpoint: crate::line::endpoint(CALLEE, &["0.0.0.0/0"], 7), ..Desk::new() };
    desk.endpoint.limit(Limits { source_calls_per_second: 5, ..Limits::default() });
    let from = |n: u32| format!("{}:5060", std::net::Ipv4Addr::from(0x0b00_0000 + n));
    let served = (0..6_000).filter(|n| call_from(&mut desk, &from(*n), *n) == 100).count();
    assert_eq!(served, 4_096 + 50);
}

#[test]
fn scanners_hear_nothing_and_take_nothing_from_anybody() {
    let mut desk = Desk::new();
    desk.endpoint.limit(Limits { calls_per_second: 50, source_calls_per_second: 25, ..Limits::default() });
    let mut served = 0;
    for n in 0..200_u32 {
        // 100 scans a second from the very address of somebody who calls ten times a second.
        for scan in 0..10 {
            let (method, agent) = [("OPTIONS", "friendly-scanner"), ("INVITE", "SIPVicious 0.3")][scan % 2];
            let lines = format!("User-Agent: {agent}\r\nContent-Length: 0\r\n\r\n");
            assert!(desk.ask(request(method, &format!("scan{n}x{scan}"), 1, "", &lines)).is_empty());
        }
        served += u32::from(call_from(&mut desk, CALLER, n) == 100);
        desk.now += Duration::from_millis(100);
    }
    assert_eq!((served, desk.endpoint.dialogs()), (200, 200));
}

#[test]
fn whoever_acknowledges_nothing_makes_room_for_the_next_call() {
    let mut desk = Desk::new();
    desk.endpoint.limit(Limits { source_unacknowledged: 10, ..Limits::default() });
    let answer_all = |desk: &mut Desk| {
        for event in desk.events() {
            if let Event::Incoming(call) = event {
                desk.endpoint.answer(call.dialog, offer(), desk.now);
            }
        }
        desk.answers()
    };
    for n in 0..100 {
        let status = call_from(&mut desk, CALLER, n);
        assert_eq!(status, if n < 10 { 100 } else { 503 });
        answer_all(&mut desk);
    }
    desk.wait(Duration::from_secs(1));
    assert_eq!(call_from(&mut desk, CALLER, 600), 100);
    let given_up = |event: &Event| matches!(event, Event::Ended { cause: EndCause::NoAck, .. });
    assert_eq!(desk.events().into_iter().filter(given_up).count(), 1, "the oldest is given up");
    assert_eq!(desk.endpoint.dialogs(), 10);
    assert_eq!(call_from(&mut desk, "192.0.2.77:5060", 500), 100, "somebody else");
}

#[test]
fn whoever_acknowledges_is_not_limited_by_it() {
    let mut desk = Desk::new();
    desk.endpoint.limit(Limits { source_unacknowledged: 1, ..Limits::default() });
    for n in 0..50 {
        assert_eq!(call_from(&mut desk, CALLER, n), 100);
        let call = desk.incoming().expect("a call");
        desk.endpoint.answer(call.dialog, offer(), desk.now);
        let answer = desk.answers().pop().expect("a 200");
        let ack = request("ACK", &format!("ack{n}"), 1, &to_tag(&answer), "Content-Length: 0\r\n\r\n");
        desk.ask(ack.replace("Call-ID: one@a", &format!("Call-ID: {n}@a")));
    }
    assert_eq!(desk.endpoint.dialogs(), 50);
}

#[test]
fn a_source_has_as_many_calls_as_it_may() {
    let mut desk = Desk::new();
    desk.endpoint.limit(Limits { source_calls: 2, ..Limits::default() });
    assert_eq!([0, 1, 2].map(|n| call_from(&mut desk, CALLER, n)), [100, 100, 486]);
    assert_eq!(call_from(&mut desk, "192.0.2.77:5060", 3), 100);
}

#[test]
fn questions_by_the_thousand_are_not_all_answered() {
    let mut desk = Desk::new();
    let ask = |n: u32| request("OPTIONS", &format!("o{n}"), 1, "", "Content-Length: 0\r\n\r\n");
    let answered = (0..5_000).filter(|n| !desk.ask(ask(*n)).is_empty()).count();
    assert_eq!(answered, 400);
    let told = desk.events().len();
    assert!((1..=10).contains(&told), "{told} lines in the log");
}

/// The first answer to an INVITE from there.
fn call_from(desk: &mut Desk, from: &str, n: u32) -> u16 {
    let message = invite(&format!("call{n}"), 1, "").replace("Call-ID: one@a", &format!("Call-ID: {n}@a"));
    desk.endpoint.handle_datagram(addr(from), addr(CALLEE), message.as_bytes(), desk.now);
    let answers: Vec<_> = std::iter::from_fn(|| desk.endpoint.poll_transmit()).collect();
    let text = |transmit: &offhook::sip::Transmit| String::from_utf8_lossy(&transmit.bytes).into_owned();
    let answer = answers.iter().map(text).find(|text| text.starts_with("SIP/2.0"));
    answer.map_or(0, |answer| status(&answer))
}
