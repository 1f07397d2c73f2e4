//! The messages of RFC 5118: SIP over IPv6.

use offhook::sip::sdp::{LocalMedia, Terms, negotiate};

use crate::line::{Desk, addr, status};

fn ask(method: &str, uri: &str, via: &str, rest: &str) -> (Desk, Vec<u16>) {
    let mut desk = Desk::new();
    let answers = desk.ask(format!(
        "{method} {uri} SIP/2.0\r\nTo: sip:user@example.com\r\nFrom: sip:user@example.com;tag=81x2\r\n{via}\r\n\
         Call-ID: SSG9559905523997077@hlau_4100\r\nMax-Forwards: 70\r\nContact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n\
         CSeq: 98176 {method}\r\n{rest}"
    ));
    let finals = answers.iter().map(|a| status(a)).filter(|s| *s >= 200).collect();
    (desk, finals)
}

const VIA: &str = "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111";

#[test]
fn references_need_brackets() {
    for (uri, expected) in [
        ("sip:[2001:db8::10]", 405),
        ("sip:2001:db8::10", 400),
        ("sip:[2001:db8::10:5070]", 405),
        ("sip:[2001:db8::10]:5070", 405),
        ("sip:user@[2001:db8:::192.0.2.1]", 405),
    ] {
        assert_eq!(ask("REGISTER", uri, VIA, "Content-Length: 0\r\n\r\n").1, [expected], "{uri}");
    }
}

#[test]
fn received_with_and_without_brackets() {
    for received in ["[2001:db8::9:255]", "2001:db8::9:255"] {
        let via = format!("Via: SIP/2.0/UDP [2001:db8::9:1];received={received};branch=z9hG4bKas3-111");
        assert_eq!(ask("BYE", "sip:user@example.com", &via, "Content-Length: 0\r\n\r\n").1, [481]);
    }
    let mixed = "Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144";
    assert_eq!(ask("BYE", "sip:user@example.net", mixed, "Content-Length: 0\r\n\r\n").1, [481]);
}

#[test]
fn addresses_in_session_descriptions() {
    for (connection, media, remote) in [
        ("c=IN IP6 2001:db8::20", "", "[2001:db8::20]:3456"),
        ("c=IN IP4 192.0.2.10", "c=IN IP6 2001:db8::1", "[2001:db8::1]:3456"),
        ("c=IN IP6 ::ffff:192.0.2.10", "", "[::ffff:192.0.2.10]:3456"),
    ] {
        let body = format!(
            "Content-Type: application/sdp\r\n\r\nv=0\r\no=assistant 1 1 IN IP6 2001:db8::20\r\ns=-\r\n{connection}\r\nt=0 0\r\n\
             m=audio 3456 RTP/AVP 0\r\n{media}\r\n"
        );
        let (mut desk, finals) = ask("INVITE", "sip:user@[2001:db8::10]", VIA, &body);
        let offer = desk.incoming().and_then(|call| call.offer).expect("the offer is read");
        let local = LocalMedia { addr: addr("[2001:db8::9]:20000"), ptime: 20, session_id: 1, version: 1 };
        assert_eq!(
            negotiate(&offer, local, &Terms::narrow()).expect("PCMU is offered").agreed.remote,
            Some(addr(remote))
        );
        assert!(finals.is_empty());
    }
}
