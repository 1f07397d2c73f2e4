//! The caller's e-mail address: asked for or said unasked, read back, set right, or gone without.

use std::sync::Arc;

use offhook::conversation::{Business, Completeness, Event, Expectation, Flows, KnownCaller, Policy, Proof};

use crate::shops::dental;
use crate::stage::Call;

const BUILT_IN: &str = include_str!("../../src/conversation/flows.toml");
/// A booking but for the address.
const BOOKING: [&str; 3] = ["a cleaning on Tuesday at 2:30", "Anna Bell", "yes"];

/// A dentist whose bookings and messages ask for an address.
pub fn asking(needed: bool, language: &str) -> Arc<Business> {
    let end = if needed { "\"email\"]\nneeds_email = true" } else { "\"email\"]" };
    let text = BUILT_IN.replace("\"phone\"]", &format!("\"phone\", {end}"));
    let policy = Policy { flows: Arc::new(Flows::parse("flows.toml", &text).expect("sound")), ..Policy::default() };
    let mut business = Business { policy: Arc::new(policy), language: language.into(), ..(*dental()).clone() };
    business.services[0].aliases.push("limpieza".into());
    Arc::new(business)
}

fn email(call: &Call) -> Option<&str> {
    call.conversation.outcome().email.as_deref()
}

#[test]
fn it_is_asked_for_read_back_and_kept() {
    for said in [
        "anna dot bell at gmail dot com",
        "It's Anna.Bell@gmail.com.",
        "a n n a dot b e l l at g mail dot com",
        "A-N-N-A dot B-E-L-L at gmail.com",
        "alpha november november alpha dot b as in boy, e, double l at gmail dot com",
    ] {
        let call = Call::new(asking(false, "en")).says(&BOOKING);
        assert_eq!(call.conversation.expectation(), Expectation::Email, "{}", call.transcript());
        let call = call.says(&[said]);
        assert!(call.last().contains("A N N A, dot, B E L L at G mail dot com"), "{}", call.transcript());
        assert_eq!((email(&call), call.conversation.expectation()), (None, Expectation::YesNo));
        let call = call.says(&["yes", "yes", "no thanks"]);
        assert_eq!(email(&call), Some("anna.bell@gmail.com"), "{}", call.transcript());
        assert_eq!(call.result(), "cleaning 11-24 14:30 Anna Bell +16175550123; Booked", "{}", call.transcript());
    }
}

#[test]
fn it_is_off_unless_a_flow_asks_for_it() {
    let call = Call::new(dental()).says(&BOOKING).says(&["yes", "no"]);
    assert_eq!(call.result(), "cleaning 11-24 14:30 Anna Bell +16175550123; Booked");
    assert!(!call.transcript().contains("e-mail") && !call.conversation.outcome().email_wanted);
}

#[test]
fn what_is_wrong_with_it_is_set_right() {
    for (said, then, want) in [
        ("anna dot bel at gmail dot com", "no, with two l's", "anna.bell@gmail.com"),
        ("anma dot bell at gmail dot com", "no, n as in november, not m", "anna.bell@gmail.com"),
        ("anna dot bell at gmail dot com", "no, it's hotmail", "anna.bell@hotmail.com"),
        ("anna dash bell at gmail dot com", "no, it's an underscore", "anna_bell@gmail.com"),
        ("anna bell at gmail dot com", "no, it's anna dot bell at gmail dot com", "anna.bell@gmail.com"),
    ] {
        let call = Call::new(asking(false, "en")).says(&BOOKING).says(&[said, then, "yes"]);
        assert_eq!(email(&call), Some(want), "{}", call.transcript());
        let call = Call::new(asking(false, "en")).says(&BOOKING).says(&[said, "no", then, "yes"]);
        assert_eq!(email(&call), Some(want), "the no and the correction in two turns: {}", call.transcript());
    }
}

#[test]
fn who_has_none_is_not_asked_twice() {
    for said in ["I don't have one", "I'd rather not", "no", "no thanks", "I don't use email", "skip it"] {
        let call = Call::new(asking(false, "en")).says(&BOOKING).says(&[said, "yes", "no"]);
        assert_eq!(call.result(), "cleaning 11-24 14:30 Anna Bell +16175550123; Booked", "{}", call.transcript());
        assert!(email(&call).is_none() && !call.conversation.outcome().email_wanted);
    }
}

#[test]
fn two_failures_and_it_is_gone_without() {
    for failures in [
        ["<noise>", "<noise>"],
        ["#5551234", "#5551234"],
        ["anna at gmail dot com", "no"],
        ["banana potato", "banana potato"],
    ] {
        let mut call = Call::new(asking(true, "en")).says(&BOOKING).says(&failures);
        if email(&call).is_none() && !call.conversation.outcome().email_wanted {
            call = call.says(&["bob at gmail dot com", "no"]);
        }
        assert!(call.conversation.outcome().email_wanted, "a person asks: {}", call.transcript());
        let call = call.says(&["yes", "no"]);
        assert_eq!(call.result(), "cleaning 11-24 14:30 Anna Bell +16175550123; Booked", "{}", call.transcript());
    }
}

#[test]
fn it_may_be_said_at_any_point() {
    let mine = "my email is anna.bell@gmail.com";
    let turns = ["a cleaning please", "on Tuesday at 2:30", "Anna Bell", "yes", "yes", "no"];
    for at in 0..turns.len() - 1 {
        let mut call = Call::new(dental());
        for (n, turn) in turns.iter().enumerate() {
            if n == at {
                call = call.says(&[mine]);
                assert!(call.last().contains("A N N A, dot, B E L L"), "{at}: {}", call.transcript());
                call = call.says(&["yes"]);
            }
            call = call.says(&[turn]);
        }
        assert_eq!(email(&call), Some("anna.bell@gmail.com"), "{at}: {}", call.transcript());
        assert_eq!(call.result(), "cleaning 11-24 14:30 Anna Bell +16175550123; Booked", "{at}: {}", call.transcript());
    }
}

#[test]
fn it_comes_with_other_things_in_one_breath() {
    let breath =
        "I'd like a cleaning on Tuesday at 2:30, my name is Anna Bell and my email is anna dot bell at gmail dot com";
    for shop in [dental(), asking(true, "en")] {
        let call = Call::new(shop).says(&[breath, "yes", "yes", "yes", "no"]);
        assert_eq!(email(&call), Some("anna.bell@gmail.com"), "{}", call.transcript());
        assert_eq!(call.result(), "cleaning 11-24 14:30 Anna Bell +16175550123; Booked", "{}", call.transcript());
    }
    let call = Call::new(dental()).says(&["when do you close on Friday? my email is anna@aol.com", "yes", "no"]);
    assert!(call.transcript().contains("5 PM") && email(&call) == Some("anna@aol.com"), "{}", call.transcript());
}

#[test]
fn a_message_asks_for_it_too() {
    let turns =
        ["I'd like to leave a message", "please send me the invoice", "Anna Bell", "yes", "anna at aol dot com"];
    let call = Call::new(asking(false, "en")).says(&turns).says(&["yes", "no"]);
    assert_eq!(email(&call), Some("anna@aol.com"), "{}", call.transcript());
    assert_eq!(call.result(), "message from Anna Bell: please send me the invoice; Message");
    let inside = "send the invoice to my email anna@aol.com please";
    let call = Call::new(dental()).says(&["I'd like to leave a message", inside, "Anna Bell", "yes", "yes", "no"]);
    assert_eq!(email(&call), Some("anna@aol.com"), "{}", call.transcript());
}

#[test]
fn it_is_understood_in_spanish() {
    for said in [
        "ana punto ruiz arroba gmail punto com",
        "mi correo es Ana.Ruiz@gmail.com",
        "A, N, A, punto, R de Roma, U, I, Z, arroba, gmail.com",
    ] {
        let call =
            Call::new(asking(false, "es")).says(&["una limpieza el martes a las dos y media", "Ana Ruiz", "sí", said]);
        assert!(call.last().contains("A N A, punto, R U I Z arroba G mail punto com"), "{}", call.transcript());
        let call = call.says(&["sí", "sí", "no, gracias"]);
        assert_eq!(email(&call), Some("ana.ruiz@gmail.com"), "{}", call.transcript());
        assert!(call.result().ends_with("; Booked"), "{}", call.transcript());
    }
    let call = Call::new(asking(false, "es")).says(&["una limpieza el martes a las dos y media", "Ana Ruiz", "sí"]);
    let call = call.says(&["no tengo correo", "sí", "no, gracias"]);
    assert!(call.result().ends_with("; Booked"), "{}", call.transcript());
}

#[test]
fn a_known_address_is_not_asked_for_nor_told() {
    let mut call = Call::silent(asking(true, "en"), Some("+16175550123"), 1);
    let proof = Proof { email: Some("anna.bell@gmail.com".into()), ..Proof::default() };
    call.event(Event::Started(Some(KnownCaller { contact_id: "c1".into(), name: "Anna Bell".into(), proof })));
    let call = call.says(&["a cleaning on Tuesday at 2:30", "yes", "yes", "no"]);
    assert!(call.result().ends_with("; Booked") && !call.transcript().contains("mail"), "{}", call.transcript());
    assert!(!call.conversation.outcome().email_wanted && email(&call).is_none(), "the contact has it");
}

#[test]
fn a_dictation_is_waited_for() {
    let call = Call::new(asking(false, "en")).says(&BOOKING);
    let judged = |text: &str| call.conversation.completeness(text);
    for text in ["anna", "anna dot", "a n n a", "anna dot bell at", "anna dot bell at gmail dot"] {
        assert_eq!(judged(text), Completeness::Incomplete, "{text}");
    }
    for text in ["anna dot bell at gmail dot com", "I don't have one"] {
        assert_eq!(judged(text), Completeness::Complete, "{text}");
    }
    let unasked = Call::new(dental());
    assert_eq!(unasked.conversation.completeness("my email is anna dot"), Completeness::Incomplete);
    let back = call.says(&["anna at gmail dot com"]);
    assert_eq!(back.conversation.completeness("no"), Completeness::Unclear, "a correction may follow");
    assert_eq!(back.conversation.completeness("yes"), Completeness::Complete);
}

#[test]
fn it_is_taken_in_pieces() {
    let call = Call::new(asking(false, "en")).says(&BOOKING).says(&["anna dot bell", "at gmail dot com"]);
    assert!(call.last().contains("A N N A, dot, B E L L at G mail dot com"), "{}", call.transcript());
}
