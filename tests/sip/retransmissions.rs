//! What is said twice counts once.

use std::time::Duration;

use offhook::sip::Event;

use crate::line::{Desk, invite, offer, request, status, to_tag};

fn answered(desk: &mut Desk) -> String {
    desk.ask(invite("i1", 1, ""));
    let call = desk.incoming().expect("the call");
    desk.endpoint.answer(call.dialog, offer(), desk.now);
    let answers = desk.answers();
    assert_eq!(answers.iter().map(|a| status(a)).collect::<Vec<_>>(), [200]);
    to_tag(&answers[0])
}

#[test]
fn a_repeated_invite_is_one_call() {
    let mut desk = Desk::new();
    assert_eq!(status(&desk.ask(invite("i1", 1, ""))[0]), 100);
    let call = desk.incoming().expect("the call");
    desk.endpoint.ring(call.dialog, desk.now);
    assert_eq!(status(&desk.answers()[0]), 180);
    assert_eq!(status(&desk.ask(invite("i1", 1, ""))[0]), 180);
    assert!(desk.incoming().is_none());
}

#[test]
fn the_answer_is_repeated_until_the_ack() {
    let mut desk = Desk::new();
    let tag = answered(&mut desk);
    assert_eq!(status(&desk.wait(Duration::from_millis(500))[0]), 200);
    assert_eq!(status(&desk.wait(Duration::from_millis(1000))[0]), 200);
    assert!(desk.ask(request("ACK", "k1", 1, &tag, "\r\n")).is_empty());
    assert!(matches!(desk.events()[..], [Event::Confirmed { .. }]));
    assert!(desk.wait(Duration::from_secs(10)).is_empty());
    assert!(desk.ask(request("ACK", "k1", 1, &tag, "\r\n")).is_empty() && desk.events().is_empty());
}

#[test]
fn a_repeated_bye_gets_its_200_again() {
    let mut desk = Desk::new();
    let tag = answered(&mut desk);
    desk.ask(request("ACK", "k1", 1, &tag, "\r\n"));
    let bye = request("BYE", "b1", 2, &tag, "\r\n");
    assert_eq!(status(&desk.ask(&bye)[0]), 200);
    assert_eq!(status(&desk.ask(&bye)[0]), 200);
    assert_eq!(desk.events().iter().filter(|e| matches!(e, Event::Ended { .. })).count(), 1);
    assert_eq!(status(&desk.ask(request("BYE", "b2", 3, &tag, "\r\n"))[0]), 481);
}

#[test]
fn a_refusal_is_repeated_until_its_ack() {
    let mut desk = Desk::new();
    desk.ask(invite("i1", 1, ""));
    let call = desk.incoming().expect("the call");
    desk.endpoint.reject(call.dialog, 486, "", Vec::new(), desk.now);
    let tag = to_tag(&desk.answers()[0]);
    assert_eq!(status(&desk.wait(Duration::from_millis(500))[0]), 486);
    assert_eq!(status(&desk.ask(invite("i1", 1, ""))[0]), 486);
    assert!(desk.ask(request("ACK", "i1", 1, &tag, "\r\n")).is_empty());
    assert!(desk.wait(Duration::from_secs(4)).is_empty());
}

#[test]
fn a_merged_invite_is_refused() {
    let mut desk = Desk::new();
    desk.ask(invite("i1", 1, ""));
    assert_eq!(status(&desk.ask(invite("other-path", 1, ""))[0]), 482);
}

#[test]
fn a_stateless_refusal_is_the_same_each_time() {
    let mut desk = Desk::new();
    let ask = request("REGISTER", "r1", 1, "", "\r\n");
    let first = desk.ask(&ask);
    assert_eq!((status(&first[0]), &desk.ask(&ask)), (405, &first));
    assert_eq!(desk.endpoint.transactions(), 0);
}
