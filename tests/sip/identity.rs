//! What a dialog is known by: its own address for each peer, one tag in all its answers.

use crate::line::{Desk, addr, invite, offer, request, to_tag};

#[test]
fn a_dialog_has_its_own_contact() {
    let mut desk = Desk::new();
    desk.ask(invite("i1", 1, ""));
    let incoming = desk.incoming().expect("a call");
    desk.endpoint.reach_at(incoming.dialog, addr("198.51.100.4:5060"));
    desk.endpoint.ring(incoming.dialog, desk.now);
    desk.endpoint.answer(incoming.dialog, offer(), desk.now);
    let answers = desk.answers();
    let contact = "Contact: <sip:offhook@198.51.100.4:5060>";
    assert!(answers.len() == 2 && answers.iter().all(|answer| answer.contains(contact)), "{answers:?}");
    desk.ask(request("ACK", "a1", 1, &to_tag(&answers[1]), "\r\n"));
    desk.endpoint.hang_up(incoming.dialog, desk.now);
    let bye = desk.answers().pop().expect("a BYE");
    assert!(bye.starts_with("BYE ") && bye.contains("Via: SIP/2.0/UDP 198.51.100.4:5060;"), "{bye}");
}

#[test]
fn the_answer_to_a_cancel_has_the_tag_of_the_call() {
    let mut desk = Desk::new();
    desk.ask(invite("i1", 1, ""));
    let incoming = desk.incoming().expect("a call");
    desk.endpoint.ring(incoming.dialog, desk.now);
    let ringing = desk.answers().pop().expect("180");
    let answers = desk.ask(request("CANCEL", "i1", 1, "", "\r\n"));
    assert_eq!(answers.iter().map(|answer| to_tag(answer)).collect::<Vec<_>>(), [to_tag(&ringing), to_tag(&ringing)]);
}
