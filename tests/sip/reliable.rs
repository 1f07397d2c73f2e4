//! RFC 3262: provisional answers that are confirmed, on both sides.

use std::time::Duration;

use offhook::sip::{EndCause, Event};

use crate::far::{Near, answer, header, with_offer};
use crate::line::{Desk, offer, request, status, to_tag};

/// A call that comes in with these headers and rings: what we said.
fn ringing(desk: &mut Desk, rest: &str) -> (offhook::sip::DialogId, Vec<String>) {
    desk.ask(request("INVITE", "i1", 1, "", rest));
    let dialog = desk.incoming().expect("the call").dialog;
    desk.endpoint.ring(dialog, desk.now);
    (dialog, desk.answers())
}

#[test]
fn a_180_is_repeated_until_its_prack() {
    for need in ["Require: 100rel\r\n", "Supported: timer, 100REL\r\n"] {
        let mut desk = Desk::new();
        let (dialog, sent) = ringing(&mut desk, &with_offer(need));
        assert_eq!((status(&sent[0]), header(&sent[0], "Require")), (180, "100rel".into()));
        let (number, tag) = (header(&sent[0], "RSeq"), to_tag(&sent[0]));
        assert!(number.parse::<u32>().is_ok_and(|n| n > 0), "{number}");
        assert_eq!(desk.wait(Duration::from_millis(500)), sent, "T1");
        assert_eq!(desk.wait(Duration::from_secs(1)), sent, "2 T1");
        let wrongs =
            [format!("{number} 2 INVITE"), format!("{number}0 1 INVITE"), format!("{number} 1 BYE"), "x".into()];
        for (cseq, wrong) in (2..).zip(wrongs) {
            let branch = format!("w{cseq}");
            let answers = desk.ask(request("PRACK", &branch, cseq, &tag, &format!("RAck: {wrong}\r\n\r\n")));
            assert_eq!(status(&answers[0]), 481, "{wrong}");
        }
        let prack = request("PRACK", "p1", 9, &tag, &format!("RAck: {number} 1 INVITE\r\n\r\n"));
        assert_eq!(status(&desk.ask(&prack)[0]), 200);
        assert_eq!(status(&desk.ask(&prack)[0]), 200, "a repetition is answered alike");
        assert!(desk.wait(Duration::from_secs(40)).is_empty());
        desk.endpoint.answer(dialog, offer(), desk.now);
        assert_eq!(header(&desk.answers()[0], "CSeq"), "1 INVITE");
        desk.ask(request("ACK", "k1", 1, &tag, "\r\n"));
        assert!(matches!(desk.events()[..], [Event::Confirmed { .. }]), "the ACK has the INVITE's number, not PRACK's");
    }
}

#[test]
fn an_answer_before_the_prack_ends_the_repetitions() {
    let mut desk = Desk::new();
    let (dialog, sent) = ringing(&mut desk, &with_offer("Require: 100rel\r\n"));
    let (number, tag) = (header(&sent[0], "RSeq"), to_tag(&sent[0]));
    desk.endpoint.answer(dialog, offer(), desk.now);
    desk.answers();
    desk.ask(request("ACK", "k1", 1, &tag, "\r\n"));
    assert!(desk.wait(Duration::from_secs(2)).is_empty());
    let late = desk.ask(request("PRACK", "p1", 2, &tag, &format!("RAck: {number} 1 INVITE\r\n\r\n")));
    assert_eq!(status(&late[0]), 200);
    assert_eq!(status(&desk.ask(request("BYE", "b1", 3, &tag, "\r\n"))[0]), 200);
}

#[test]
fn a_180_nobody_confirms_is_the_end_of_the_call() {
    let mut desk = Desk::new();
    ringing(&mut desk, &with_offer("Require: 100rel\r\n"));
    let sent: Vec<u16> = (0..33).flat_map(|_| desk.wait(Duration::from_secs(1))).map(|m| status(&m)).collect();
    assert!(sent.iter().filter(|status| **status == 180).count() > 3 && sent.last() == Some(&504), "{sent:?}");
    assert!(matches!(desk.events()[..], [Event::Ended { cause: EndCause::NoAck, .. }]));
}

#[test]
fn who_takes_only_reliable_ones_and_offers_nothing_gets_our_offer_first() {
    let mut desk = Desk::new();
    let (_, sent) = ringing(&mut desk, "Require: 100rel\r\n\r\n");
    assert!(sent.is_empty(), "a reliable 180 would have to carry the offer: {sent:?}");
    let mut desk = Desk::new();
    let (_, sent) = ringing(&mut desk, "Supported: 100rel\r\n\r\n");
    assert_eq!((status(&sent[0]), header(&sent[0], "RSeq")), (180, String::new()));
    let mut desk = Desk::new();
    let (_, sent) = ringing(&mut desk, &with_offer(""));
    assert_eq!(header(&sent[0], "RSeq"), "", "who does not know them is not asked");
}

#[test]
fn our_call_confirms_what_has_to_be_confirmed() {
    let (mut near, invite) = Near::dial();
    assert!(header(&invite, "Supported").contains("100rel"));
    let ringing = |number: u32| answer(&invite, "180 Ringing", &format!("Require: 100rel\r\nRSeq: {number}\r\n\r\n"));
    let prack = near.hear(&ringing(7)).remove(0);
    assert!(prack.starts_with("PRACK sip:z@"), "{prack}");
    assert_eq!((header(&prack, "RAck"), header(&prack, "CSeq")), ("7 1 INVITE".into(), "2 PRACK".into()));
    assert!(header(&prack, "To").ends_with("tag=far"));
    assert!(near.hear(&ringing(7)).is_empty(), "a repetition waits for the PRACK's own");
    assert!(near.hear(&ringing(9)).is_empty(), "out of order");
    near.hear(&answer(&prack, "200 OK", "\r\n"));
    let early = with_offer("Require: 100rel\r\nRSeq: 8\r\n");
    let prack = near.hear(&answer(&invite, "183 Session Progress", &early)).remove(0);
    assert_eq!((header(&prack, "RAck"), header(&prack, "CSeq")), ("8 1 INVITE".into(), "3 PRACK".into()));
    near.hear(&answer(&prack, "200 OK", "\r\n"));
    // The answer was in the 183: the 200 need not repeat it.
    let ack = near.hear(&answer(&invite, "200 OK", "\r\n")).remove(0);
    assert_eq!(header(&ack, "CSeq"), "1 ACK");
    let heard = near.events();
    assert!(matches!(heard[..], [Event::Ringing { .. }, Event::Ringing { .. }, Event::Answered { .. }]), "{heard:?}");
    near.endpoint.hang_up(near.dialog, near.now);
    assert_eq!(header(&near.said()[0], "CSeq"), "4 BYE", "after what the PRACKs used up");
}

#[test]
fn a_provisional_answer_without_the_need_is_not_confirmed() {
    let (mut near, invite) = Near::dial();
    for lines in ["\r\n", "RSeq: 1\r\n\r\n", "Require: 100rel\r\n\r\n", "Require: 100rel\r\nRSeq: x\r\n\r\n"] {
        assert!(near.hear(&answer(&invite, "180 Ringing", lines)).is_empty(), "{lines}");
    }
}
