//! Broken on purpose: nothing panics, and what can be read is answered exactly once.

use std::time::Duration;

use offhook::sip::{Event, Message, Method, parse};
use proptest::prelude::*;

use crate::line::{Desk, invite, request, status};

/// One way to break a message.
#[derive(Debug, Clone)]
enum Break {
    Set(usize, u8),
    Remove(usize, usize),
    Double(usize, usize),
    Cut(usize),
    Insert(usize, &'static [u8]),
}

fn breaks() -> impl Strategy<Value = Break> {
    let seeds: [&[u8]; 12] =
        [b"\r\n", b"\r\n ", b"\"", b"<", b">", b";", b",", b":", b"\0", b"%00", b"18446744073709551616", b"\xff\xfe"];
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, with)| Break::Set(at, with)),
        (any::<usize>(), 0usize..40).prop_map(|(at, n)| Break::Remove(at, n)),
        (any::<usize>(), 0usize..200).prop_map(|(at, n)| Break::Double(at, n)),
        any::<usize>().prop_map(Break::Cut),
        (any::<usize>(), proptest::sample::select(seeds.to_vec())).prop_map(|(at, with)| Break::Insert(at, with)),
    ]
}

fn apply(bytes: &mut Vec<u8>, how: &Break) {
    let len = bytes.len().max(1);
    match *how {
        Break::Set(at, with) => bytes.iter_mut().skip(at % len).take(1).for_each(|b| *b = with),
        Break::Remove(at, n) => drop(bytes.drain(span(at, n, bytes.len()))),
        Break::Double(at, n) => {
            let part = bytes[span(at, n, bytes.len())].to_vec();
            bytes.splice(at % len..at % len, part).for_each(drop);
        }
        Break::Cut(at) => bytes.truncate(at % len),
        Break::Insert(at, with) => bytes.splice(at % len..at % len, with.iter().copied()).for_each(drop),
    }
}

fn span(at: usize, n: usize, len: usize) -> std::ops::Range<usize> {
    let start = at % len.max(1);
    start.min(len)..(start + n).min(len)
}

/// A request that can be answered: it has a Via and is no ACK.
fn wants_answer(bytes: &[u8]) -> bool {
    match parse(bytes).map(|parsed| parsed.message) {
        Ok(Message::Request(request)) => request.method != Method::Ack && request.headers.count("Via") > 0,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn every_readable_request_gets_one_final_answer(how in proptest::collection::vec(breaks(), 0..5), kind in 0usize..4) {
        let mut bytes = match kind {
            0 => invite("m", 1, ""),
            1 => request("OPTIONS", "m", 1, "", "Supported: x\r\n\r\n"),
            2 => request("BYE", "m", 2, "t", "\r\n"),
            _ => request("REGISTER", "m", 1, "", "m: *\r\nExpires: 0\r\n\r\n"),
        }.into_bytes();
        how.iter().for_each(|how| apply(&mut bytes, how));
        let mut desk = Desk::new();
        desk.endpoint.handle_datagram(crate::line::addr(crate::line::CALLER), crate::line::addr(crate::line::CALLEE), &bytes, desk.now);
        for event in desk.events() {
            if let Event::Incoming(call) = event {
                desk.endpoint.reject(call.dialog, 486, "", Vec::new(), desk.now);
            }
        }
        let sent: Vec<_> = std::iter::from_fn(|| desk.endpoint.poll_transmit()).collect();
        let finals = sent.iter().filter(|t| status(&String::from_utf8_lossy(&t.bytes)) >= 200).count();
        // A mutated Via may name port 0, to which nothing is sent.
        let port_zero = String::from_utf8_lossy(&bytes).contains(":0");
        prop_assert!(finals == usize::from(wants_answer(&bytes)) || (port_zero && finals == 0), "{finals} answers");
        for transmit in &sent {
            prop_assert!(parse(&transmit.bytes).is_ok_and(|parsed| parsed.fault.is_none()), "our own answers are whole");
        }
        desk.now += Duration::from_secs(100);
        desk.endpoint.handle_timeout(desk.now);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
        Desk::new().endpoint.handle_datagram(crate::line::addr(crate::line::CALLER), crate::line::addr(crate::line::CALLEE), &bytes, std::time::Instant::now());
    }
}
