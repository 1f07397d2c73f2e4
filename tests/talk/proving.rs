//! Verified before told: the checks a business may ask for.

use std::sync::Arc;

use jiff::civil::{DateTime, date};
use offhook::conversation::{Business, Disposition, Event, KnownCaller, Proof, Verify};

use crate::shops::dental;
use crate::stage::Call;

fn tuesday() -> DateTime {
    date(2026, 11, 24).at(10, 0, 0, 0)
}

/// A call to a dentist with this check; `there`: the caller is known and has an appointment.
fn call(verify: Verify, there: bool) -> Call {
    let business = Arc::new(Business { verify, ..(*dental()).clone() });
    let call = Call::silent(business, Some("+16175550123"), 1);
    let mut call = if there { call.with("cleaning", tuesday()) } else { call };
    let proof = Proof { birth_date: Some(date(1985, 3, 3)), zip: Some("02139".into()), tier: None, email: None };
    let known = KnownCaller { contact_id: "c1".into(), name: "Anna Smith".into(), proof };
    call.event(Event::Started(there.then_some(known)));
    call
}

#[test]
fn the_right_answer_is_told() {
    for (verify, answers) in [
        (Verify::BirthDate, &["March 3rd 1985", "the third of March nineteen eighty five", "3/3/85", "#03031985"][..]),
        (Verify::Zip, &["oh two one three nine", "it's 02139", "#02139"]),
        (Verify::Reference, &["o l d one", "OLD1"]),
    ] {
        for answer in answers {
            let call = call(verify, true).says(&["when is my appointment?"]);
            assert!(
                !call.transcript().contains("Anna") && !call.transcript().contains("24th"),
                "{}",
                call.transcript()
            );
            let call = call.says(&[answer]);
            assert!(call.last().contains("Tuesday, November 24th at 10 AM"), "{answer}: {}", call.transcript());
        }
    }
}

#[test]
fn it_is_asked_once_a_call() {
    let call = call(Verify::Zip, true).says(&["when is my appointment?", "02139", "cancel it", "yes", "no", "bye"]);
    assert_eq!((call.hung_up, call.changes.len()), (Some(Disposition::Cancelled), 1), "{}", call.transcript());
}

#[test]
fn three_wrong_answers_are_a_message_and_the_same_for_everybody() {
    for (verify, wrong) in [
        (Verify::BirthDate, ["May 1st 1970", "May 2nd 1970", "May 3rd 1970"]),
        (Verify::Zip, ["10001", "10002", "10003"]),
        (Verify::Reference, ["1111", "2222", "3333"]),
    ] {
        let said = |there: bool| {
            let call = call(verify, there).says(&["cancel my appointment"]).says(&wrong);
            assert!(call.changes.is_empty());
            let call =
                call.says(&["please ring me", "Bob Jones", "yes", "when is my appointment?", "never mind", "bye"]);
            assert!(call.result().contains("message from Bob Jones"), "{}", call.transcript());
            call.transcript()
        };
        assert_eq!(said(true), said(false));
        assert!(!said(true).contains("24th") && !said(true).contains("Anna"));
    }
}

#[test]
fn a_booking_needs_no_proof() {
    let call = call(Verify::BirthDate, true).says(&["a cleaning on Wednesday at ten", "Bob Jones", "yes", "yes", "no"]);
    assert!(call.result().starts_with("cleaning 11-25 10:00 Bob Jones"), "{}", call.transcript());
    assert!(!call.transcript().contains("Anna"));
}
