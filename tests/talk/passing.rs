//! What somebody else has to do, what is urgent, and who called by mistake or to sell.

use std::sync::Arc;

use jiff::civil::date;
use offhook::conversation::{Business, Caller, Conversation, Disposition, Event, fixed_prompts};

use crate::shops::{dental, garage};
use crate::stage::{Call, at};

fn both(turns: &[&str], want: &str) {
    for shop in [dental(), garage()] {
        let call = Call::new(shop).says(turns);
        assert_eq!(call.result(), want, "{}", call.transcript());
    }
}

#[test]
fn a_call_back_is_noted_with_its_time() {
    both(
        &["Could someone ring me back?", "any time after four", "Bob Jones", "yes", "bye"],
        "message from Bob Jones: Wants to be called back. any time after four; Message",
    );
    both(
        &["please call me back tomorrow at three", "Bob Jones", "yes", "no"],
        "message from Bob Jones: Wants to be called back. please call me back tomorrow at three; Message",
    );
}

#[test]
fn somebody_asked_for_by_name_gets_the_message() {
    for (asked, whom) in [
        ("Is Dr. Smith in?", "Dr Smith"),
        ("is doctor Patel available today", "doctor Patel"),
        ("Can I speak to Maria Lopez, please?", "Maria Lopez"),
        ("I'd like to talk to Priya.", "Priya"),
        ("Billing please.", "billing"),
        ("can I speak to someone in accounting", "accounting"),
        ("could you put me through to sales?", "sales"),
    ] {
        let want = format!("message from Bob Jones for {whom}: it's about the invoice; Message");
        both(&[asked, "it's about the invoice", "Bob Jones", "yes", "no"], &want);
    }
}

#[test]
fn a_late_arrival_is_passed_on() {
    both(
        &["I'm running about ten minutes late", "Bob Jones", "yes", "no"],
        "message from Bob Jones: I'm running about ten minutes late; Message",
    );
}

#[test]
fn sellers_and_machines_are_sent_off() {
    for pitch in [
        "Hi, we have been trying to reach you about your car's extended warranty.",
        "Hello, I'm calling about your Google listing, can I speak to the owner?",
        "Congratulations! You have been selected. Press 1 to speak to an agent.",
    ] {
        both(&[pitch], "NoDisposition");
    }
}

#[test]
fn an_emergency_hears_the_fixed_answer_first() {
    let own = "Hang up and dial one one two, then call our emergency line.";
    for shop in [dental(), garage()] {
        let business = Arc::new(Business { emergency: Some(own.into()), ..(*shop).clone() });
        assert!(fixed_prompts(&business).iter().any(|t| t == own), "rendered ahead");
        let call = Call::new(business).says(&["my mother passed out in your waiting room"]);
        let said = call.said.iter().rposition(|s| s.starts_with('>')).expect("a turn");
        assert_eq!(call.said[said + 1], own);
    }
}

#[test]
fn the_greeting_says_when_nobody_is_there() {
    let greeting = |day: i8, hour: i8, closed: bool| {
        let mut business = (*dental()).clone();
        if closed {
            business.closures = vec![date(2026, 11, day)];
        }
        let business = Arc::new(business);
        let caller = Caller { number: None, call_id: "c".into() };
        let mut talk = Conversation::new(Arc::clone(&business), caller, 2);
        talk.handle(Event::Started(None), at(&business, date(2026, 11, day).at(hour, 0, 0, 0)));
        format!("{:?}", talk.poll_action())
    };
    assert!(!greeting(24, 10, false).contains("closed"));
    assert!(greeting(24, 20, false).contains("closed right now"));
    assert!(greeting(22, 10, false).contains("closed right now"));
    assert!(greeting(24, 10, true).contains("closed today"));
}

#[test]
fn a_closed_office_still_books() {
    let mut call = Call::new(dental());
    call.now = at(&call.business, date(2026, 11, 24).at(22, 0, 0, 0));
    let call = call.says(&["a cleaning on Friday at ten", "Bob Jones", "yes", "yes", "no"]);
    assert_eq!(call.hung_up, Some(Disposition::Booked), "{}", call.transcript());
}

#[test]
fn a_hi_that_came_as_bye_ends_nothing() {
    for shop in [dental(), garage()] {
        for said in
            ["Bye, I'd like to book an appointment on Monday at half past two.", "Bye, what are your opening hours?"]
        {
            let call = Call::new(shop.clone()).says(&[said]);
            assert!(call.hung_up.is_none(), "{}", call.transcript());
        }
        let call = Call::new(shop).says(&["Bye, thank you, have a nice day."]);
        assert!(call.hung_up.is_some(), "{}", call.transcript());
    }
}
