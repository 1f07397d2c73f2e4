//! Any bytes through the SDP parser, the negotiation and the answer.

use offhook::sip::sdp::{LocalMedia, Secret, Security, Session, Terms, accept_answer, negotiate};

use crate::{lines, mutate, seeds};

#[test]
fn no_description_panics_the_negotiation() {
    let seeds = seeds::descriptions();
    let addr = "127.0.0.1:20000".parse().expect("an address");
    let secret = Some(Secret::new(vec![7; 64]));
    let terms = Terms { security: Security::Optional, secret, ..Terms::plain() };
    let make = |dice: &mut mutate::Dice| if dice.roll(3) == 0 { dice.bytes(&seeds) } else { lines::make(dice, &seeds) };
    mutate::run("sdp", make, |bytes| {
        if let Ok(session) = Session::parse(bytes) {
            let local = LocalMedia { addr, ptime: 20, session_id: 1, version: 1 };
            if let Ok(negotiated) = negotiate(&session, local, &terms) {
                let answer = Session::parse(negotiated.answer.as_bytes()).expect("our own answer is one");
                assert_eq!(answer.media.len(), session.media.len(), "an answer has the offer's streams (RFC 3264 6)");
            }
            let _ = accept_answer(&session, &terms);
        }
    });
}
