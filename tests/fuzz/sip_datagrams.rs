//! Any bytes through the SIP parser, and what was read through the typed headers.

use offhook::sip::{CSeq, Message, NameAddr, Uri, Via, parse};

use crate::{lines, mutate, seeds};

#[test]
fn no_datagram_panics_the_parser() {
    let seeds = seeds::messages();
    let make = |dice: &mut mutate::Dice| if dice.roll(3) == 0 { dice.bytes(&seeds) } else { lines::make(dice, &seeds) };
    mutate::run("sip parser", make, |bytes| {
        if let Ok(parsed) = parse(bytes) {
            let headers = match &parsed.message {
                Message::Request(request) => &request.headers,
                Message::Response(response) => &response.headers,
            };
            for header in headers.iter() {
                read(&String::from_utf8_lossy(&header.value));
            }
            let _ = headers.list("Contact");
        }
    });
}

/// One value as everything it could be meant to be.
fn read(value: &str) {
    let _ = value.parse::<Uri>().map(|uri| uri.to_string());
    let _ = Via::parse(value);
    let _ = NameAddr::parse(value);
    let _ = CSeq::parse(value);
}
