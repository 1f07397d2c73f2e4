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
    let length = maria.recv(&mut invite).expect("Maria's phone rings");
    assert!(invite[..length].starts_with(format!("INVITE sip:maria@{at} ").as_bytes()));
    let notify = caller.hear("how it goes");
    assert!(notify.text.starts_with("NOTIFY ") && notify.text.ends_with("SIP/2.0 100 Trying\r\n"), "{}", notify.text);
    caller.agree(&notify);
    caller.hang_up(up);
    server.wait("/api/v1/calls", "the call ends", Duration::from_secs(30), |calls| {
        crate::server::rows(calls).iter().all(|call| call["state"] == "ended")
    });
}
