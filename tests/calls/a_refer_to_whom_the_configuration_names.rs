//! A caller's phone asks for somebody by REFER: people on duty are called, nobody else ever is.

use std::net::UdpSocket;
use std::time::Duration;

use crate::server::{Business, SOON, Server};
use crate::ua::Ua;

#[test]
fn only_people_on_duty_are_called() {
    let maria = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    maria.set_read_timeout(Some(SOON)).expect("a span that is not zero");
    let at = maria.local_addr().expect("bound");
    let duty =
        format!("[escalation]\nafter_hours = true\n[[escalation.duty]]\nname = \"Maria\"\nuri = \"sip:maria@{at}\"\n");
    let server = Server::start_with(Business::Dental, &duty);
    let mut caller = Ua::new(server.sip);
    let (mut up, _) = caller.call("");
    let premium = [
        "<sip:+19005551212@127.0.0.1>".to_owned(),
        "tel:+19005551212".to_owned(),
        "<sip:maria@192.0.2.66>".to_owned(),
        format!("<sip:eve@{at}>"),
        format!("<sip:maria@{at}?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>"),
    ];
    for target in premium {
        let refused = caller.ask(&mut up, "REFER", &format!("Refer-To: {target}\r\n"));
        assert_eq!(refused.status(), 603, "{target}: {}", refused.text);
    }
    maria.set_nonblocking(true).expect("a socket");
    assert!(maria.recv(&mut [0; 9]).is_err(), "nobody was called");
    maria.set_nonblocking(false).expect("a socket");
    let taken = caller.ask(&mut up, "REFER", &format!("Refer-To: <sip:maria@{at}>\r\n"));
    assert_eq!(taken.status(), 202, "{}", taken.text);
    let mut invite = [0; 4_096];
    let (length, from) = maria.recv_from(&mut invite).expect("Maria's phone rings");
    let invite = String::from_utf8_lossy(&invite[..length]).into_owned();
    assert!(invite.starts_with(&format!("INVITE sip:maria@{at} ")), "{invite}");
    let notify = caller.hear("how it goes");
    assert!(notify.text.starts_with("NOTIFY ") && notify.text.ends_with("SIP/2.0 100 Trying\r\n"), "{}", notify.text);
    caller.agree(&notify);
    maria.send_to(busy(&invite).as_bytes(), from).expect("loopback takes it");
    let notify = caller.hear("how it ended");
    assert!(notify.text.starts_with("NOTIFY ") && notify.text.contains("\r\n\r\nSIP/2.0 480 "), "{}", notify.text);
    assert!(notify.text.contains("Subscription-State: terminated"), "the last word: {}", notify.text);
    caller.agree(&notify);
    caller.hang_up(up);
    server.wait("/api/v1/calls", "the call ends", Duration::from_secs(30), |calls| {
        crate::server::rows(calls).iter().all(|call| call["state"] == "ended")
    });
}

/// What a phone says to an INVITE when its owner talks already.
fn busy(invite: &str) -> String {
    let names = ["Via:", "From:", "Call-ID:", "CSeq:"];
    let same = invite.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
    let to = invite.lines().filter(|line| line.starts_with("To:")).map(|line| format!("{line};tag=maria"));
    let lines: String = same.map(str::to_owned).chain(to).map(|line| line + "\r\n").collect();
    format!("SIP/2.0 486 Busy Here\r\n{lines}Content-Length: 0\r\n\r\n")
}
