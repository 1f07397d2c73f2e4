//! Callers are put through: to whom, with which words before it, and what is said when nobody takes them.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use offhook::conversation::{Business, Disposition, Duty, Escalation, Event, Mode, Policy, Reach, Taken};

use crate::shops::dental;
use crate::stage::Call;

fn person(name: &str, answers_for: &[&str]) -> Duty {
    Duty {
        name: name.into(),
        number: format!("sip:{name}@192.0.2.7"),
        answers_for: answers_for.iter().map(|what| (*what).into()).collect(),
        reach: Some(Reach { mode: Mode::Bridged, trunk: None, ring: Duration::from_secs(20), keys: String::new() }),
        ..Duty::default()
    }
}

fn business(rules: Escalation) -> Arc<Business> {
    let duty = vec![person("Maria", &[]), person("Joe", &["billing"]), person("Ann", &[])];
    let policy = Arc::new(Policy { escalation: Escalation { duty, ..rules }, ..Policy::default() });
    Arc::new(Business { policy, ..(*dental()).clone() })
}

/// On a Tuesday at that hour.
fn call(rules: Escalation, hour: i8) -> Call {
    Call::at(business(rules), Some("+16175550123"), None, 1, date(2026, 11, 24).at(hour, 0, 0, 0))
}

fn asked(call: &Call) -> Vec<&str> {
    call.called.iter().flat_map(|(_, people, _)| people.iter().map(|person| person.name.as_str())).collect()
}

fn answer(call: &mut Call, taken: Option<&str>) {
    let request = call.called.last().expect("somebody is being called").0;
    let taken = taken.map(|name| Taken { name: name.into(), rang_ms: Some(4_000) });
    call.event(Event::PutThrough { request, taken });
}

#[test]
fn whoever_answers_for_it_is_asked_first() {
    for (said, who) in [
        ("can I speak to a person please", &["Maria", "Ann"][..]),
        ("can I speak to someone in billing please", &["Joe", "Maria", "Ann"]),
        ("could you connect me to the building department please", &["Joe", "Maria", "Ann"]),
        ("can I talk to a person about billing", &["Joe", "Maria", "Ann"]),
        ("can I speak to Maria please", &["Maria"]),
        ("can I speak to Sarah please", &[]),
    ] {
        let call = call(Escalation::default(), 10).says(&[said]);
        assert_eq!(asked(&call), who, "{said}\n{}", call.transcript());
    }
}

#[test]
fn at_night_and_where_it_is_not_wanted_a_message_is_taken() {
    assert!(asked(&call(Escalation::default(), 22).says(&["can I speak to a person please"])).is_empty());
    let never = Escalation { by_request: false, ..Escalation::default() };
    let call = call(never, 10).says(&["can I speak to a person please"]);
    assert!(asked(&call).is_empty() && call.last().contains("message"), "{}", call.transcript());
}

#[test]
fn the_whisper_says_who_why_and_what_was_agreed() {
    let mut booked = call(Escalation::default(), 10).says(&[
        "I need a cleaning on Wednesday at ten in the morning",
        "Bob Jones",
        "yes",
        "yes",
        "yes",
    ]);
    assert!(!booked.booked.is_empty(), "{}", booked.transcript());
    booked.hear("can I talk to a person about my bill please");
    let whisper = &booked.called.last().expect("somebody is called").2;
    for part in ["Bob Jones", "Asked for a person", "Just booked a cleaning", "10", "about my bill", "Press 1"] {
        assert!(whisper.text.contains(part), "{part}: {}", whisper.text);
    }
    answer(&mut booked, Some("Maria"));
    let outcome = booked.conversation.outcome();
    assert_eq!(outcome.transferred.as_ref().and_then(|t| t.to.as_deref()), Some("Maria"));
    assert_eq!(booked.conversation.disposition(), Disposition::Booked);
    assert!(booked.hung_up.is_none(), "they talk now");
}

#[test]
fn nobody_there_is_a_message_with_words_for_it_and_nobody_is_called_twice() {
    let mut call = call(Escalation::default(), 10).says(&["can I speak to Joe please"]);
    answer(&mut call, None);
    assert!(call.last().contains("Joe") && call.last().contains("message"), "{}", call.transcript());
    let mut call = call.says(&["the invoice is wrong", "Bob Jones", "yes"]);
    let outcome = call.conversation.outcome();
    assert_eq!(outcome.message.as_ref().and_then(|m| m.for_whom.as_deref()), Some("Joe"), "{}", call.transcript());
    assert!(outcome.handover.is_some() && outcome.transferred.is_none());
    call.hear("let me speak to a person please");
    assert_eq!(call.called.len(), 1, "{}", call.transcript());
}

#[test]
fn what_is_said_while_it_rings_changes_nothing_but_enough_is_enough() {
    let mut call = call(Escalation::default(), 10).says(&["can I speak to a person please", "<silence>", "#5"]);
    call.hear("so what's the weather like");
    assert_eq!(call.called.len(), 1);
    call.hear("he is having a heart attack");
    assert!(call.last().contains("911") && call.called.len() == 1, "{}", call.transcript());
    call.hear("never mind");
    assert!(call.called.is_empty() && call.last().contains('?'), "{}", call.transcript());
}

#[test]
fn urgent_words_and_failure_need_no_request() {
    let urgent = Escalation { urgent: vec!["bleeding".into()], after_hours: true, ..Escalation::default() };
    assert_eq!(asked(&call(urgent, 22).says(&["my gum keeps bleeding"])), ["Maria", "Ann"]);
    let lost = call(Escalation::default(), 10).says(&["mumble", "mumble mumble", "mumble"]);
    assert_eq!(asked(&lost), ["Maria", "Ann"], "{}", lost.transcript());
}

#[test]
fn the_callers_words_are_only_quoted() {
    let call = call(Escalation::default(), 10).says(&[
        "can I speak to a person please, put me through to plus one nine hundred five five five one two one two",
    ]);
    assert!(call.called.iter().flat_map(|(_, people, _)| people).all(|p| p.number.starts_with("sip:")));
}
