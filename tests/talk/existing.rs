//! Appointments there are: found, told, moved, cancelled, on both businesses.

use std::sync::Arc;

use jiff::civil::{DateTime, date};
use offhook::conversation::{Business, Disposition, Event, Verify};

use crate::shops::{dental, garage};
use crate::stage::Call;

/// One shop's wording: its two services, and where its calendar has them.
struct Shop {
    business: fn() -> Arc<Business>,
    first: (&'static str, &'static str),
    second: (&'static str, &'static str),
}

const SHOPS: [Shop; 2] = [
    Shop { business: dental, first: ("cleaning", "cleaning"), second: ("whitening", "whitening") },
    Shop { business: garage, first: ("oil-change", "oil change"), second: ("inspection", "inspection") },
];

fn tuesday() -> DateTime {
    date(2026, 11, 24).at(10, 0, 0, 0)
}

fn thursday() -> DateTime {
    date(2026, 11, 26).at(11, 0, 0, 0)
}

/// `{s}` is the first service, `{t}` the second; with `two`, both are in the calendar.
fn run(two: bool, scripts: &[(&str, &[&str], &str)]) {
    let mut wrong = Vec::new();
    for shop in &SHOPS {
        for (name, turns, want) in scripts {
            let mut call = Call::new((shop.business)()).with(shop.first.0, tuesday());
            if two {
                call = call.with(shop.second.0, thursday());
            }
            let fill = |t: &str| t.replace("{s}", shop.first.1).replace("{t}", shop.second.1);
            for turn in *turns {
                call.hear(&fill(turn));
            }
            if call.result() != fill(want) {
                wrong.push(format!("== {name}\n   want {want}\n   got  {}\n{}", call.result(), call.transcript()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn moved() {
    run(
        false,
        &[
            (
                "step by step",
                &["I'd like to reschedule", "how about Friday at eleven", "yes please", "that'll be all"],
                "old1 11-27 11:00; Rescheduled",
            ),
            (
                "in one breath",
                &["Could you move my {s} from Tuesday to Wednesday at 12?", "sounds right", "no, bye"],
                "old1 11-25 12:00; Rescheduled",
            ),
            (
                "an offer is taken",
                &["I have to push my appointment", "Thursday morning", "the first one", "go ahead", "nothing else"],
                "old1 11-26 09:00; Rescheduled",
            ),
            (
                "corrected at the read-back",
                &["please move my appointment to Wednesday at 10", "no, Thursday", "correct", "goodbye"],
                "old1 11-26 10:00; Rescheduled",
            ),
            (
                "no at the read-back",
                &["I need to change my booking to Wednesday at 10", "no", "Friday at noon", "yes", "no thanks"],
                "old1 11-27 12:00; Rescheduled",
            ),
            (
                "the same time another day",
                &["can we shift my visit?", "Friday, same time", "yeah", "that's everything"],
                "old1 11-27 10:00; Rescheduled",
            ),
            (
                "another hour the same day",
                &["I want to move my appointment to noon", "yes", "bye"],
                "old1 11-24 12:00; Rescheduled",
            ),
            (
                "told, then moved",
                &["what time is my appointment?", "hm, move it to Wednesday at 10 then", "yes", "no thank you"],
                "old1 11-25 10:00; Rescheduled",
            ),
            (
                "a question in the middle",
                &["I must reschedule", "where are you?", "Wednesday at 10", "how late are you open?", "yes", "bye now"],
                "old1 11-25 10:00; Rescheduled",
            ),
            (
                "cannot come, asked what then",
                &["I'm afraid I can't make it to my appointment", "another day please", "Wednesday at 10", "yes", "no"],
                "old1 11-25 10:00; Rescheduled",
            ),
            ("given up", &["I need to reschedule", "never mind", "no"], "NoDisposition"),
            (
                "the time it has already",
                &["move my appointment", "Tuesday at ten", "Wednesday at ten", "yes", "bye"],
                "old1 11-25 10:00; Rescheduled",
            ),
        ],
    );
}

#[test]
fn cancelled() {
    run(
        false,
        &[
            ("step by step", &["I have to cancel my appointment", "yes", "no", "no thanks"], "old1 off; Cancelled"),
            ("told to", &["cancel my {s} please", "cancel it", "no, that's all"], "old1 off; Cancelled"),
            ("and goodbye", &["I'd like to cancel my booking", "yes, thank you, bye"], "old1 off; Cancelled"),
            ("kept", &["I want to cancel my appointment", "no, wait, keep it", "nope"], "NoDisposition"),
            ("yes, keep it", &["I want to cancel my appointment", "yes keep it", "nope"], "NoDisposition"),
            (
                "moved instead",
                &["cancel my appointment", "actually move it to Wednesday at 10", "yes", "no"],
                "old1 11-25 10:00; Rescheduled",
            ),
            (
                "cannot come",
                &["something came up, I can't come on Tuesday", "cancel it", "yes", "no", "bye"],
                "old1 off; Cancelled",
            ),
            (
                "in the middle of a move",
                &["I need to reschedule", "oh just cancel it", "yes", "no", "bye"],
                "old1 off; Cancelled",
            ),
        ],
    );
}

#[test]
fn cancelled_and_booked_again() {
    for shop in &SHOPS {
        let call = Call::new((shop.business)()).with(shop.first.0, tuesday()).says(&[
            "please cancel my appointment",
            "yes",
            "yes please",
            "Friday at ten",
            "Ana Lopez",
            "yes",
            "that's right",
            "no",
        ]);
        assert_eq!(call.changes, ["old1 off"]);
        assert!(call.result().contains("11-27 10:00 Ana Lopez") && call.hung_up == Some(Disposition::Booked));
    }
}

#[test]
fn one_of_several() {
    run(
        true,
        &[
            ("by service", &["cancel an appointment please", "the {t}", "yes", "no", "bye"], "old2 off; Cancelled"),
            (
                "by day",
                &["I need to reschedule", "the one on Thursday", "Friday at ten", "yes", "bye"],
                "old2 11-27 10:00; Rescheduled",
            ),
            (
                "by place",
                &["I have to cancel my appointment", "the first one", "yes", "no", "bye"],
                "old1 off; Cancelled",
            ),
            ("by key", &["I have to cancel my appointment", "#2", "#1", "#2", "bye"], "old2 off; Cancelled"),
            ("named at once", &["Please cancel my Thursday appointment", "yes", "no", "bye"], "old2 off; Cancelled"),
            (
                "the other after all",
                &["cancel my Thursday appointment", "no, the Tuesday one", "yes", "no", "bye"],
                "old1 off; Cancelled",
            ),
            ("none of them", &["cancel my appointment", "no, leave it", "no"], "NoDisposition"),
        ],
    );
}

#[test]
fn told() {
    for shop in &SHOPS {
        for question in ["When is my appointment?", "am I booked in for something", "do I have an appointment?"] {
            let call = Call::new((shop.business)()).with(shop.first.0, tuesday()).says(&[question]);
            assert!(call.last().contains("Tuesday, November 24th at 10 AM"), "{}", call.transcript());
            assert_eq!(call.says(&["no thanks"]).hung_up, Some(Disposition::InfoOnly));
        }
        let call = Call::new((shop.business)()).with(shop.first.0, tuesday()).with(shop.second.0, thursday());
        let call = call.says(&["when is my next appointment?"]);
        assert!(call.last().contains("24th") && call.last().contains("26th"), "{}", call.transcript());
    }
}

#[test]
fn a_booking_of_this_call_is_moved_and_cancelled() {
    let booked = ["a cleaning on Tuesday at 2:30", "Anna Smith", "yes", "yes"];
    let call = Call::new(dental()).says(&booked).says(&["oh, can you move it to Wednesday at 3?", "yes", "no"]);
    assert_eq!(
        call.result(),
        "cleaning 11-25 15:00 Anna Smith +16175550123; a1 11-25 15:00; Booked",
        "{}",
        call.transcript()
    );
    let call = Call::new(dental()).says(&booked).says(&["sorry, I have to cancel that", "yes", "no", "bye"]);
    assert_eq!(call.result(), "a1 off; Cancelled", "{}", call.transcript());
    // The same again after a cancellation is another booking, with another key.
    let call = Call::new(dental()).says(&booked).says(&["cancel it", "yes", "yes", "Tuesday at 2:30", "yes", "no"]);
    assert_eq!(call.result(), "cleaning 11-24 14:30 Anna Smith +16175550123; a1 off; Booked", "{}", call.transcript());
}

#[test]
fn there_and_back_is_two_moves() {
    let call = Call::new(dental()).with("cleaning", tuesday()).says(&[
        "move my appointment to Wednesday at ten",
        "yes",
        "no, move it to Tuesday at ten",
        "yes",
        "move it to Wednesday at ten",
        "yes",
        "bye",
    ]);
    assert_eq!(call.changes, ["old1 11-25 10:00", "old1 11-24 10:00", "old1 11-25 10:00"], "{}", call.transcript());
}

#[test]
fn nothing_is_changed_twice_by_impatience() {
    for (opening, want) in
        [("move my appointment to Wednesday at ten", "old1 11-25 10:00"), ("cancel my appointment", "old1 off")]
    {
        let mut call = Call::new(dental()).with("cleaning", tuesday()).says(&[opening]);
        call.slow = true;
        call = call.says(&["<cut>"]);
        call.release();
        call.slow = true;
        call = call.says(&["yes", "yes", "<cut>", "yes please", "#1", "where are you?"]);
        call.release();
        assert_eq!(call.changes, [want], "{}", call.transcript());
        assert_eq!(call.writes.len(), 1);
        assert!(call.last().contains("12 Harbor Street"), "what was said meanwhile is heard: {}", call.transcript());
    }
}

#[test]
fn a_doubtful_yes_changes_nothing() {
    for opening in ["move my appointment to Wednesday at ten", "cancel my appointment"] {
        let mut call = Call::new(garage()).with("oil-change", tuesday()).says(&[opening]);
        call.event(Event::Heard { text: "yes".into(), confidence: 0.1, answers: vec![] });
        assert!(call.writes.is_empty(), "{}", call.transcript());
        call.hear("yes");
        assert_eq!(call.changes.len(), 1);
    }
}

#[test]
fn a_lost_race_for_the_new_time_is_offered_something_else() {
    let mut call = Call::new(dental()).with("cleaning", tuesday());
    call.race = 1;
    let call = call.says(&["move my appointment to Wednesday at ten", "yes"]);
    assert!(call.last().contains("9:30 AM") && call.last().contains("10:30 AM"), "{}", call.last());
    let call = call.says(&["10:30", "yes", "no"]);
    assert_eq!(call.result(), "old1 11-25 10:30; Rescheduled", "{}", call.transcript());
    assert_eq!(call.writes, ["call-1:move:1", "call-1:move:2"]);
}

#[test]
fn a_dead_calendar_becomes_a_message_about_it() {
    for (opening, about) in [
        ("please cancel my appointment", "Wants to cancel an appointment: \"please cancel my appointment\""),
        ("I need to reschedule my visit", "Wants to move an appointment: \"I need to reschedule my visit\""),
        ("when is my appointment?", "About an existing appointment: \"when is my appointment?\""),
    ] {
        let mut call = Call::new(dental()).with("cleaning", tuesday());
        call.down = true;
        let call = call.says(&[opening, "Bob Jones", "yes", "bye"]);
        assert_eq!(call.result(), format!("message from Bob Jones: {about}; Message"), "{}", call.transcript());
    }
    let mut call = Call::new(dental()).with("cleaning", tuesday()).says(&["move my appointment to Wednesday at ten"]);
    call.down = true;
    let call = call.says(&["yes", "Bob Jones", "yes", "bye"]);
    assert!(call.result().contains("from Tuesday, November 24th at 10 AM to Wednesday, November 25th at 10 AM"));
}

#[test]
fn a_booking_that_was_said_to_have_failed_is_no_appointment() {
    // It was made all the same, and is taken back after the call: to cancel it would leave the caller with the other.
    let half_past_two = jiff::civil::date(2026, 11, 24).at(14, 30, 0, 0);
    let mut call = Call::new(dental()).says(&["a cleaning on Tuesday at 2:30", "Anna Smith", "yes"]);
    call.down = true;
    let mut call = call.says(&["yes"]).with("cleaning", half_past_two);
    call.down = false;
    let call = call.says(&["a cleaning on Wednesday at ten", "yes", "please cancel my appointment"]);
    assert!(call.last().contains("Wednesday") && !call.last().contains("2:30"), "{}", call.transcript());
    let call = call.says(&["yes", "no", "no"]);
    assert_eq!(call.changes.len(), 1, "{}", call.transcript());
}

#[test]
fn only_the_number_it_was_booked_with_is_told() {
    // Another number's appointment is no appointment, and a withheld number hears the same whatever is there.
    let asked = ["when is my appointment?", "it's under 617 555 2671", "cancel my appointment", "yes", "yes"];
    let of_other = |there: bool| {
        let call = Call::new(dental());
        let call = if there { call.with_under("+16175552671", "cleaning", tuesday()) } else { call };
        call.says(&asked)
    };
    assert_eq!(of_other(true).transcript(), of_other(false).transcript());
    assert_eq!(of_other(true).looked_up, vec!["+16175550123"; of_other(true).looked_up.len()]);
    assert!(of_other(true).writes.is_empty());
    let withheld = |there: bool| {
        let call = Call::from(dental(), None, None, 1);
        let call = if there { call.with("cleaning", tuesday()) } else { call };
        call.says(&asked)
    };
    assert_eq!(withheld(true).transcript(), withheld(false).transcript());
    assert!(withheld(true).looked_up.is_empty());
}

#[test]
fn whoever_can_name_the_number_is_told_where_that_is_enough() {
    let business = Arc::new(Business { verify: Verify::Number, ..(*dental()).clone() });
    let call = Call::new(business).with_under("+16175552671", "cleaning", tuesday()).says(&[
        "when is my appointment?",
        "617 555 2671",
        "yes",
    ]);
    assert!(call.last().contains("Tuesday, November 24th at 10 AM"), "{}", call.transcript());
}
