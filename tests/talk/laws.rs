//! What holds whatever is said: no panic, no double booking, and an end.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use offhook::conversation::{
    Action, Appointment, BookError, Business, Caller, Completeness, Conversation, Event, Expectation, KnownCaller,
    Slot, fixed_prompts, understand_when,
};
use proptest::prelude::*;

use crate::shops::{dental, garage};
use crate::stage::Call;

#[derive(Debug, Clone)]
enum Move {
    Say(String, f32),
    Keys(String),
    Silence,
    Noise,
    Cut,
    Waiting,
    Known,
    Slots(Option<u8>),
    Booked(u8),
    Found(Option<u8>),
    Changed(u8),
}

fn moves() -> impl Strategy<Value = Move> {
    let phrases = prop::sample::select(vec![
        "a cleaning",
        "an oil change",
        "Tuesday at 2:30",
        "yes",
        "no",
        "no, Wednesday",
        "the first one",
        "something later",
        "Anna Smith",
        "my number is 617 555 2671",
        "699 123 456",
        "yes yes",
        "cancel that",
        "what are your hours",
        "a person please",
        "bye",
        "repeat",
        "as soon as possible",
        "next Friday",
        "neither",
        "I'd like to book",
        "that's wrong",
        "the time",
        "do you have parking",
        "hmm",
        "I need to reschedule",
        "move it to Friday at ten",
        "cancel my appointment",
        "when is my appointment",
        "keep it",
    ]);
    prop_oneof![
        6 => (phrases, 0.0f32..1.0).prop_map(|(t, c)| Move::Say(t.into(), c)),
        1 => ("\\PC{0,40}", 0.0f32..1.0).prop_map(|(t, c)| Move::Say(t, c)),
        1 => "[0-9*]{1,11}".prop_map(Move::Keys),
        1 => Just(Move::Silence),
        1 => Just(Move::Noise),
        1 => Just(Move::Cut),
        1 => Just(Move::Waiting),
        1 => Just(Move::Known),
        3 => prop::option::weighted(0.9, 0u8..20).prop_map(Move::Slots),
        3 => (0u8..4).prop_map(Move::Booked),
        3 => prop::option::weighted(0.9, 0u8..4).prop_map(Move::Found),
        3 => (0u8..4).prop_map(Move::Changed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_events_book_at_most_once_at_a_time_and_end(seed in any::<u64>(), dentist in any::<bool>(), all in prop::collection::vec(moves(), 0..40)) {
        let business = if dentist { dental() } else { garage() };
        let caller = Caller { number: (seed % 3 != 0).then(|| "+16175550123".to_string()), call_id: "c".into() };
        let mut now: Timestamp = "2026-11-21T15:00:00Z".parse().expect("a time");
        let mut talk = Conversation::new(Arc::clone(&business), caller, seed);
        let mut in_flight: Vec<(u32, String)> = Vec::new();
        let mut query = None;
        let mut find = None;
        let mut changing: Option<(u32, String, bool)> = None;
        let mut made = BTreeSet::new();
        let mut ended = false;
        talk.handle(Event::Started(None), now);
        for step in all.into_iter().map(Some).chain((0..14).map(|_| None)) {
            now += 3.seconds();
            let step = step.unwrap_or(Move::Silence);
            let agreed = talk.expectation() == Expectation::YesNo && says_yes(&step);
            match step {
                Move::Say(text, confidence) => {
                    let _ = talk.completeness(&text);
                    talk.handle(Event::Heard { text, confidence, answers: vec![] }, now);
                }
                Move::Keys(keys) => talk.handle(Event::Keys(keys), now),
                Move::Silence => talk.handle(Event::Silence, now),
                Move::Noise => talk.handle(Event::NotUnderstood, now),
                Move::Cut => talk.handle(Event::Interrupted, now),
                Move::Waiting => talk.handle(Event::Waiting, now),
                Move::Known => talk.handle(Event::Known(KnownCaller { contact_id: "k".into(), name: "Zoë Ñu".into(), proof: Default::default() }), now),
                Move::Slots(count) => if let Some(request) = query.take() {
                    let slot = |i: i64| Slot { starts_at: now + (30 + i).hours(), ends_at: now + (31 + i).hours() };
                    talk.handle(Event::Slots { request, slots: count.map(|n| (0..i64::from(n)).map(slot).collect()) }, now);
                },
                Move::Booked(how) => if let Some((request, key)) = in_flight.pop() {
                    let slot = Slot { starts_at: now, ends_at: now + 1.hour() };
                    let result = match how {
                        0 => Err(BookError::Taken),
                        1 => Err(BookError::Unavailable),
                        _ => { prop_assert!(made.insert(key), "booked twice under one key"); Ok(Appointment { id: "a".into(), service: "s".into(), slot }) }
                    };
                    talk.handle(Event::Booked { request, result }, now);
                },
                Move::Found(count) => if let Some(request) = find.take() {
                    let found = count.map(|n| (0..n).map(|i| coming(&business, now, i)).collect());
                    talk.handle(Event::Appointments { request, found }, now);
                },
                Move::Changed(how) => if let Some((request, key, moves)) = changing.take() {
                    let result = match how {
                        0 => Err(BookError::Taken),
                        1 => Err(BookError::Unavailable),
                        _ => { prop_assert!(made.insert(key), "changed twice under one key"); Ok(coming(&business, now, 0)) }
                    };
                    match moves {
                        true => talk.handle(Event::Changed { request, result }, now),
                        false => talk.handle(Event::Cancelled { request, result: result.map(drop) }, now),
                    }
                },
            }
            while let Some(action) = talk.poll_action() {
                prop_assert!(!ended, "after the hang-up: {:?}", action);
                match action {
                    Action::Say(text) => prop_assert!(!text.is_empty() && !text.contains('{'), "{text}"),
                    Action::FindSlots { request, query: q } => { prop_assert!(q.from < q.to); query = Some(request); }
                    Action::Book { request, booking } => {
                        prop_assert!(in_flight.iter().all(|(_, k)| *k != booking.key), "two in flight under {}", booking.key);
                        in_flight.push((request, booking.key));
                    }
                    Action::FindAppointments { request, .. } => find = Some(request),
                    Action::Reschedule { request, key, .. } => {
                        prop_assert!(agreed && changing.is_none(), "moved without a yes, or while another is written");
                        changing = Some((request, key, true));
                    }
                    Action::Cancel { request, key, .. } => {
                        prop_assert!(agreed && changing.is_none(), "cancelled without a yes, or while another is written");
                        changing = Some((request, key, false));
                    }
                    Action::Interpret { .. } => panic!("there is no model"),
                    Action::PutThrough { .. } | Action::CallNobody { .. } => panic!("nobody is on duty"),
                    Action::HangUp(_) => ended = true,
                }
            }
        }
        prop_assert!(ended, "silence without end at {:?}", talk.expectation());
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC*", other in any::<String>()) {
        let now: Timestamp = "2026-11-21T15:00:00Z".parse().expect("a time");
        for text in [text, other] {
            for business in [dental(), garage()] {
                let _ = understand_when(&text, now, &business);
            }
            let mut call = Call::new(dental());
            call.hear("a cleaning");
            let fork = call.clone();
            call.event(Event::Heard { text: text.clone(), confidence: 0.5, answers: vec![] });
            let _ = fork.conversation.completeness(&text);
        }
    }

    #[test]
    fn digits_round_trip(area in prop::sample::select(vec!["617", "212", "415"]), rest in 2_000_000u32..9_999_999, style in 0u8..5) {
        let digits = format!("{area}{rest}");
        let words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
        let word = |d: char| words[d.to_digit(10).expect("a digit") as usize];
        let spoken = match style {
            0 => digits.chars().map(word).collect::<Vec<_>>().join(" "),
            1 => format!("{}-{}-{}", &digits[..3], &digits[3..6], &digits[6..]),
            2 => format!("It's ({}) {}, {}.", &digits[..3], &digits[3..6], &digits[6..]),
            3 => digits.chars().map(|d| if d == '0' { "oh" } else { word(d) }).collect::<Vec<_>>().join(", "),
            _ => digits.chars().map(|d| d.to_string()).collect::<Vec<_>>().join(" "),
        };
        let call = Call::new(dental()).says(&["a cleaning on Tuesday at 2:30", "Anna Smith", "no", &spoken]);
        let expected = digits.chars().map(|d| d.to_string()).collect::<Vec<_>>();
        let back = format!("{}, {}, {}", expected[..3].join(" "), expected[3..6].join(" "), expected[6..].join(" "));
        // Numbers no exchange has are asked again rather than taken.
        let last = call.last();
        prop_assert!(last.contains(&back) || call.conversation.expectation() == Expectation::Phone, "{spoken}: {last}");
    }
}

/// Whether a move can be meant as agreement: a yes, its key, or "cancel that" to "shall I cancel it?".
fn says_yes(step: &Move) -> bool {
    match step {
        Move::Say(text, _) => text.contains("yes") || text.contains("cancel") || !text.is_ascii(),
        Move::Keys(keys) => keys == "1",
        _ => false,
    }
}

fn coming(business: &Business, now: Timestamp, day: u8) -> Appointment {
    let starts_at = now + (24 * (i64::from(day) + 1)).hours();
    let service = business.services[usize::from(day) % business.services.len()].id.clone();
    Appointment { id: format!("old{day}"), service, slot: Slot { starts_at, ends_at: starts_at + 1.hour() } }
}

#[test]
fn no_wording_twice_running() {
    let mut call = Call::new(dental());
    let mut last = String::new();
    for _ in 0..2 {
        call.hear("<noise>");
        assert_ne!(call.last(), last);
        last = call.last();
    }
    assert!(call.last().contains("Press 1") || call.last().contains("press 1"), "{}", call.transcript());
}

#[test]
fn a_late_second_yes_does_not_book_twice() {
    let mut call = Call::new(dental()).says(&["a cleaning on Tuesday at 2:30", "Anna Smith", "yes"]);
    call.slow = true;
    call = call.says(&["yes", "yes", "<cut>", "yes please", "do you take insurance?"]);
    call.release();
    assert_eq!(call.attempts.len(), 1);
    assert!(call.last().contains("Delta"), "what was said meanwhile is heard: {}", call.transcript());
}

#[test]
fn a_lost_race_is_offered_something_else() {
    let mut call = Call::new(dental());
    call.race = 1;
    let call = call.says(&["a cleaning on Tuesday at 2:30", "Anna Smith", "yes", "yes"]);
    assert!(call.last().contains("2 PM") && call.last().contains("3 PM"), "the nearest times: {}", call.last());
    let call = call.says(&["3 pm", "yes", "no"]);
    assert_eq!(call.result(), "cleaning 11-24 15:00 Anna Smith +16175550123; Booked", "{}", call.transcript());
    assert_eq!(call.attempts.iter().map(|a| a.key.as_str()).collect::<Vec<_>>(), ["call-1:book:1", "call-1:book:2"]);
}

#[test]
fn a_dead_calendar_becomes_a_message() {
    let mut call = Call::new(dental());
    call.down = true;
    let call = call.says(&["a cleaning on Tuesday at 2:30", "Anna Smith", "yes", "no"]);
    assert_eq!(
        call.result(),
        "message from Anna Smith: Wants to book cleaning on Tuesday, November 24th at 2:30 PM.; Message"
    );
}

#[test]
fn a_taken_time_offers_the_nearest() {
    let day = jiff::civil::date(2026, 11, 24);
    let call = Call::new(dental()).block(day.at(14, 0, 0, 0), 60).says(&["a cleaning on Tuesday at 2:30"]);
    assert!(call.last().contains("1:30 PM") && call.last().contains("3 PM"), "{}", call.last());
    let call = call.says(&["the later one", "Anna Smith", "yes", "yes", "no"]);
    assert_eq!(call.result(), "cleaning 11-24 15:00 Anna Smith +16175550123; Booked");
}

#[test]
fn a_known_caller_is_greeted_and_not_asked_for_the_name() {
    let call = Call::from(dental(), Some("+16175550123"), Some("Anna Smith"), 3);
    assert!(call.said[0].contains("Anna") && !call.said[0].contains("Smith"));
    let call = call.says(&["a cleaning on Tuesday at 2:30", "yes", "yes", "no"]);
    assert_eq!(call.result(), "cleaning 11-24 14:30 Anna Smith +16175550123; Booked");
}

#[test]
fn a_withheld_number_is_asked_for() {
    let call = Call::from(garage(), None, None, 3).says(&[
        "oil change Monday at 10 am",
        "Pedro Ruiz",
        "six nine nine, one two three, four five six",
        "yes",
        "yes",
        "bye",
    ]);
    assert_eq!(call.result(), "oil-change 11-23 10:00 Pedro Ruiz +34699123456; Booked");
}

#[test]
fn a_doubtful_yes_books_nothing() {
    let mut call = Call::new(dental()).says(&["a cleaning on Tuesday at 2:30", "Anna Smith", "yes"]);
    call.event(Event::Heard { text: "yes".into(), confidence: 0.1, answers: vec![] });
    assert!(call.booked.is_empty() && call.conversation.expectation() == Expectation::YesNo);
    call.hear("yes");
    assert_eq!(call.booked.len(), 1);
}

#[test]
fn a_turn_sounds_finished_or_not() {
    let judged = |before: &[&str], text: &str| Call::new(dental()).says(before).conversation.completeness(text);
    let when: &[&str] = &["a cleaning"];
    let name: &[&str] = &["a cleaning on Tuesday at 2:30"];
    let phone: &[&str] = &["a cleaning on Tuesday at 2:30", "Anna Smith", "no"];
    let confirm: &[&str] = &["a cleaning on Tuesday at 2:30", "Anna Smith"];
    for (before, text, want) in [
        (when, "Tuesday at", Completeness::Incomplete),
        (when, "Tuesday at two thirty", Completeness::Complete),
        (when, "well, on the", Completeness::Incomplete),
        (name, "my name is", Completeness::Incomplete),
        (name, "Anna Smith", Completeness::Complete),
        (phone, "617 555", Completeness::Incomplete),
        (phone, "617 555 2671", Completeness::Complete),
        (confirm, "yes", Completeness::Complete),
        (confirm, "no", Completeness::Complete),
        (&[], "I'd like to book a cleaning on Tuesday at 2:30", Completeness::Complete),
        (&[], "I'd like to book a", Completeness::Incomplete),
        (&[], "um", Completeness::Incomplete),
    ] {
        assert_eq!(judged(before, text), want, "{text}");
    }
}

#[test]
fn fixed_texts_have_no_holes() {
    for text in fixed_prompts(&dental()) {
        assert!(!text.contains('{'), "{text}");
    }
    assert!(fixed_prompts(&garage()).iter().any(|t| t.contains("Talleres Retiro")));
}

#[test]
fn what_is_asked_after_a_fixed_opening_is_rendered_ahead() {
    for shop in [dental(), garage()] {
        let ahead = fixed_prompts(&shop);
        let service = shop.services[0].name.clone();
        for opening in ["Let me read that back.", "Let me see.", "You're booked."] {
            assert!(ahead.iter().any(|t| t == opening), "{opening}");
        }
        assert!(ahead.iter().any(|t| t.contains(&service) && t.contains("day and time")), "{service}: {ahead:?}");
        assert!(ahead.iter().all(|t| !t.contains(['{', '}'])));
    }
}
