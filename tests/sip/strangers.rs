//! What others than a call's own other side may do to it: nothing.

use offhook::sip::Event;

use crate::far::with_offer;
use crate::line::{CALLEE, Desk, addr, invite, offer, request, status, to_tag};

/// The same from another address that may call us, too.
fn ask_from(desk: &mut Desk, from: &str, message: &str) -> u16 {
    desk.endpoint.handle_datagram(addr(from), addr(CALLEE), message.as_bytes(), desk.now);
    let answer = desk.endpoint.poll_transmit().expect("an answer");
    assert_eq!(answer.to.ip(), addr(from).ip());
    status(&String::from_utf8_lossy(&answer.bytes))
}

#[test]
fn nobody_else_ends_changes_or_moves_a_call_even_with_its_names() {
    let mut desk = Desk::new_in(&["192.0.0.0/16"]);
    let (_, tag) = desk.up();
    for (cseq, method, rest) in [
        (2, "BYE", "\r\n".to_string()),
        (3, "INVITE", with_offer("")),
        (4, "UPDATE", with_offer("")),
        (5, "REFER", "Refer-To: <sip:+19005551212@x>\r\n\r\n".to_string()),
        (6, "INFO", "Content-Type: application/dtmf\r\n\r\n5".to_string()),
    ] {
        let message = request(method, &format!("x{cseq}"), cseq, &tag, &rest);
        assert_eq!(ask_from(&mut desk, "192.0.77.66:5070", &message), 481, "{method}");
    }
    let told = desk.events();
    assert!(told.len() == 5 && told.iter().all(|e| matches!(e, Event::Refused { .. })), "{told:?}");
    assert_eq!(desk.endpoint.dialogs(), 1);
    assert_eq!(status(&desk.ask(request("BYE", "b1", 2, &tag, "\r\n"))[0]), 200, "their numbers did not count");
}

#[test]
fn nobody_else_cancels() {
    let mut desk = Desk::new_in(&["192.0.0.0/16"]);
    desk.ask(invite("i1", 1, ""));
    assert_eq!(ask_from(&mut desk, "192.0.77.66:5070", &request("CANCEL", "i1", 1, "", "\r\n")), 481);
    assert!(desk.incoming().is_some() && desk.endpoint.dialogs() == 1);
}

#[test]
fn a_carriers_other_host_and_a_proxy_may() {
    // One small network: one carrier.
    let mut desk = Desk::new_in(&["192.0.2.0/24"]);
    let (_, tag) = desk.up();
    assert_eq!(ask_from(&mut desk, "192.0.2.77:5060", &request("BYE", "b1", 2, &tag, "\r\n")), 200);
    // Two addresses of one trunk, far apart.
    let mut desk = Desk::new_in(&["192.0.0.0/16"]);
    desk.endpoint.carrier("one", ["192.0.2.0/28", "192.0.77.66/32"].map(|host| host.parse().unwrap()).to_vec());
    let (_, tag) = desk.up();
    assert_eq!(ask_from(&mut desk, "192.0.77.67:5060", &request("BYE", "b1", 2, &tag, "\r\n")), 481);
    assert_eq!(ask_from(&mut desk, "192.0.77.66:5060", &request("BYE", "b2", 2, &tag, "\r\n")), 200);
    // Where Contact or Record-Route lead to.
    let mut desk = Desk::new_in(&["192.0.0.0/16"]);
    let routed = invite("i1", 1, "").replace("Max-Forwards", "Record-Route: <sip:192.0.9.9;lr>\r\nMax-Forwards");
    desk.ask(routed);
    let call = desk.incoming().expect("the call");
    desk.endpoint.answer(call.dialog, offer(), desk.now);
    let ok = desk.endpoint.poll_transmit().expect("a 200");
    let tag = to_tag(&String::from_utf8_lossy(&ok.bytes));
    desk.ask(request("ACK", "k1", 1, &tag, "\r\n"));
    assert_eq!(ask_from(&mut desk, "192.0.9.9:5060", &request("BYE", "b1", 2, &tag, "\r\n")), 200);
}

#[test]
fn nobody_signs_in_here() {
    let mut desk = Desk::new();
    let hijack = request("REGISTER", "g1", 1, "", "Contact: <sip:evil@203.0.113.9>\r\nExpires: 3600\r\n\r\n");
    assert_eq!(status(&desk.ask(hijack)[0]), 405);
    let (_, tag) = desk.up();
    assert_eq!(status(&desk.ask(request("REGISTER", "g2", 9, &tag, "\r\n"))[0]), 405);
}
