//! When a person has to hear of a call, who it is, and what they are told.

use std::sync::Arc;

use jiff::civil::{date, time};
use offhook::conversation::{Business, Duty, Escalation, Policy, Reason, Span};

use crate::shops::dental;
use crate::stage::Call;

fn business(after_hours: bool) -> Arc<Business> {
    let mornings = vec![Span { from: time(9, 0, 0, 0), to: time(12, 0, 0, 0) }];
    let week: [Vec<Span>; 7] = std::array::from_fn(|_| mornings.clone());
    let duty = vec![
        Duty { name: "Maria".into(), number: "+16175550001".into(), hours: Some(week), ..Duty::default() },
        Duty { name: "Joe".into(), number: "+16175550002".into(), ..Duty::default() },
    ];
    let escalation = Escalation { urgent: vec!["bleeding".into()], after_hours, duty, ..Escalation::default() };
    let policy = Arc::new(Policy { escalation, ..Policy::default() });
    Arc::new(Business { policy, ..(*dental()).clone() })
}

fn at(business: Arc<Business>, hour: i8) -> Call {
    Call::at(business, Some("+16175550123"), None, 1, date(2026, 11, 24).at(hour, 0, 0, 0))
}

#[test]
fn by_request_to_those_on_duty_in_order() {
    let said = ["can I speak to a person please", "about my bill", "Bob Jones", "yes", "bye"];
    let handover = |hour| at(business(false), hour).says(&said).conversation.outcome().handover.clone();
    let found = handover(10).expect("in the morning");
    assert_eq!((found.reason, found.to), (Reason::Request, vec!["+16175550001".into(), "+16175550002".into()]));
    assert!(found.summary.starts_with("Bob Jones asked for a person. About: person."), "{}", found.summary);
    assert!(found.summary.contains("about my bill"));
    assert_eq!(handover(14).expect("in the afternoon").to, ["+16175550002"]);
    assert_eq!(handover(20), None, "nobody is called at night");
}

#[test]
fn urgent_words_count_at_night_where_wanted() {
    let said = ["I'd like to leave a message", "my gum keeps bleeding", "Bob Jones", "yes", "bye"];
    let call = at(business(true), 22).says(&said);
    let outcome = call.conversation.outcome();
    assert_eq!(outcome.handover.as_ref().map(|h| h.reason), Some(Reason::Urgent), "{}", call.transcript());
    assert!(outcome.message.as_ref().is_some_and(|m| m.urgent));
}

#[test]
fn repeated_failure_counts() {
    let call =
        at(business(false), 10).says(&["mumble", "mumble mumble", "mumble", "it hurts", "Bob Jones", "yes", "bye"]);
    let reason = call.conversation.outcome().handover.as_ref().map(|h| h.reason);
    assert_eq!(reason, Some(Reason::Failure), "{}", call.transcript());
}

#[test]
fn a_plain_message_is_nobodys_emergency() {
    let call =
        at(business(true), 10).says(&["I'd like to leave a message", "the key is back", "Bob Jones", "yes", "bye"]);
    assert_eq!(call.conversation.outcome().handover, None);
}
