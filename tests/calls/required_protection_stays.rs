//! Where SRTP is required no call is plain, none becomes it, and what is plain is not heard. Strangers are told little.

use std::time::Duration;

use crate::raw_phone::{RawPhone, arrived, description, sound};
use crate::server::{Business, Server, certificate, rows};

#[test]
fn required_protection_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // With TLS the harness serves 127.0.0.1 only.
    let extra = format!("srtp = \"required\"\n{}", certificate(folder.path(), "127.0.0.1"));
    let server = Server::start_in(folder, Business::Dental, &extra);
    plain_is_refused(&server);
    protected_stays_protected(&server);
    strangers_hear_less_than_they_say(&server);
    let log = server.log();
    assert!(log.contains("127.0.0.9") && log.contains("NotAllowed"), "who was refused is told: {log}");
    assert!(!log.contains("Via: SIP") && !log.contains("CSeq:"), "no raw message: {log}");
}

fn plain_is_refused(server: &Server) {
    let mut phone = RawPhone::at("127.0.0.1", server.sip);
    let answer = phone.invite(&phone.plain());
    assert!(answer.starts_with("SIP/2.0 488"), "{answer}");
    phone.acknowledge();
}

fn protected_stays_protected(server: &Server) {
    let mut phone = RawPhone::at("127.0.0.1", server.sip);
    let crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n";
    let at = phone.media.local_addr().expect("it is bound");
    let answer = phone.invite(&description(at, "RTP/SAVP", crypto));
    assert!(answer.starts_with("SIP/2.0 200") && answer.contains("a=crypto:"), "{answer}");
    let port = phone.media_of(&answer);
    phone.acknowledge();
    for n in 0..50 {
        phone.media.send_to(&sound(n, 7, true), port).expect("loopback takes it");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let changed = phone.invite(&phone.plain());
    assert!(changed.starts_with("SIP/2.0 488"), "{changed}");
    phone.acknowledge();
    let heard = arrived(&phone.media);
    let plain = heard.iter().filter(|packet| packet.get(1).is_some_and(|kind| kind & 0x7f == 0) && packet.len() == 172);
    assert_eq!(plain.count(), 0, "a packet left without its tag");
    assert!(!heard.is_empty(), "the agent speaks");
    phone.hang_up();
    let call = rows(&server.wait("/api/v1/calls", "the call ends", Duration::from_secs(30), |calls| {
        rows(calls).iter().any(|call| call["state"] == "ended")
    }));
    assert_eq!(call[0]["media"]["packets_received"], 0, "plain packets were taken: {:#}", call[0]);
}

fn strangers_hear_less_than_they_say(server: &Server) {
    let stranger = RawPhone::at("127.0.0.9", server.sip);
    let methods = ["INVITE", "REGISTER", "OPTIONS", "BYE", "CANCEL", "SUBSCRIBE", "FOO", "ACK"];
    let said: usize = (0..40).map(|n| stranger.send(methods[n % methods.len()], "")).sum();
    // Whoever is known is answered after all of them were read.
    let friend = RawPhone::at("127.0.0.1", server.sip);
    friend.send("OPTIONS", "");
    assert!(friend.answer().starts_with("SIP/2.0 200"));
    let heard = stranger.signalled();
    assert!(heard * 10 <= said * 12, "{heard} bytes for {said}");
}
