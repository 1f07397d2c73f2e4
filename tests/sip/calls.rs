//! Whole calls between two endpoints, on good and bad lines.

use std::time::Duration;

use offhook::sip::{EndCause, Event};

use crate::line::{End, Line};

#[test]
fn a_call_is_set_up_and_torn_down() {
    let mut line = Line::new(0, 1);
    let dialog = line.call();
    line.run(Duration::from_secs(1));
    assert!(matches!(line.heard_by_caller[..], [Event::Ringing { .. }, Event::Answered { .. }]));
    assert!(matches!(line.heard_by_callee[..], [Event::Incoming(_), Event::Confirmed { .. }]));
    let Event::Incoming(incoming) = &line.heard_by_callee[0] else { panic!("checked above") };
    assert_eq!(incoming.from.number.as_deref(), Some("+12015550123"));
    assert_eq!((incoming.from.display.as_deref(), incoming.to_user.as_str()), (Some("A \"B\""), "desk"));
    assert!(incoming.offer.is_some());
    line.caller_hangs_up(dialog);
    line.run(Duration::from_secs(40));
    assert_eq!(ends(&line.heard_by_callee), [EndCause::RemoteHangUp]);
    assert_eq!(ends(&line.heard_by_caller), [EndCause::LocalHangUp]);
    assert_clean(&line);
}

#[test]
fn calls_survive_a_line_that_loses_every_fifth_datagram() {
    let mut answered = 0;
    for seed in 1..=60 {
        let mut line = Line::new(20, seed);
        let dialog = line.call();
        line.run(Duration::from_secs(40));
        let up = line.heard_by_caller.iter().any(|e| matches!(e, Event::Answered { .. }));
        let confirmed = line.heard_by_callee.iter().any(|e| matches!(e, Event::Confirmed { .. }));
        answered += usize::from(up && confirmed);
        line.caller_hangs_up(dialog);
        line.run(Duration::from_secs(80));
        assert_eq!(last_words(&line.heard_by_caller), 1, "seed {seed}: {:?}", line.heard_by_caller);
        assert!(last_words(&line.heard_by_callee) <= 1, "seed {seed}: {:?}", line.heard_by_callee);
        let calls = line.heard_by_callee.iter().filter(|e| matches!(e, Event::Incoming(_))).count();
        assert!(calls <= 1, "seed {seed}: one INVITE, {calls} calls");
    }
    assert_eq!(answered, 60, "64*T1 is long enough for 20 % loss");
}

#[test]
fn a_call_that_is_given_up_while_ringing_is_cancelled() {
    let mut line = Line::new(0, 3);
    line.answers = false;
    let dialog = line.call();
    line.run(Duration::from_millis(100));
    let called = line.callee_dialog();
    line.callee.ring(called, line.now);
    line.run(Duration::from_secs(1));
    line.caller_hangs_up(dialog);
    line.run(Duration::from_secs(60));
    assert_eq!(ends(&line.heard_by_callee), [EndCause::Cancelled]);
    assert_eq!(line.count(End::Callee, "SIP/2.0 487"), 1);
    assert_clean(&line);
}

#[test]
fn cancel_and_answer_that_cross_end_with_bye() {
    let mut line = Line::new(0, 4);
    line.answers = false;
    let dialog = line.call();
    line.run(Duration::from_millis(100));
    let called = line.callee_dialog();
    line.caller_hangs_up(dialog);
    line.callee.answer(called, crate::line::offer(), line.now);
    line.drain();
    line.run(Duration::from_secs(120));
    assert_eq!(line.count(End::Caller, "BYE"), 1, "{:?}", line.sent);
    assert_eq!(ends(&line.heard_by_caller), [EndCause::LocalHangUp]);
    assert_eq!(ends(&line.heard_by_callee), [EndCause::RemoteHangUp]);
    assert_clean(&line);
}

#[test]
fn both_sides_hang_up_at_once() {
    let mut line = Line::new(0, 5);
    let dialog = line.call();
    line.run(Duration::from_secs(1));
    let called = line.callee_dialog();
    line.caller_hangs_up(dialog);
    line.callee_hangs_up(called);
    line.run(Duration::from_secs(120));
    assert_eq!(ends(&line.heard_by_caller), [EndCause::LocalHangUp]);
    assert_eq!(ends(&line.heard_by_callee), [EndCause::LocalHangUp]);
    assert_clean(&line);
}

#[test]
fn a_hang_up_before_the_ack_waits_for_it() {
    let mut line = Line::new(0, 6);
    line.filter = |_, first| first.starts_with("ACK");
    line.call();
    line.run(Duration::from_secs(1));
    let called = line.callee_dialog();
    line.callee_hangs_up(called);
    line.run(Duration::from_secs(1));
    assert_eq!(line.count(End::Callee, "BYE"), 0);
    line.filter = |_, _| false;
    line.run(Duration::from_secs(60));
    assert_eq!(line.count(End::Callee, "BYE"), 1);
    assert_eq!(ends(&line.heard_by_callee), [EndCause::LocalHangUp]);
    assert_eq!(ends(&line.heard_by_caller), [EndCause::RemoteHangUp]);
    assert_clean(&line);
}

#[test]
fn an_answer_nobody_acknowledges_ends_after_32_seconds() {
    let mut line = Line::new(0, 7);
    line.filter = |_, first| first.starts_with("ACK");
    line.call();
    line.run(Duration::from_millis(31_900));
    assert!(ends(&line.heard_by_callee).is_empty());
    assert_eq!(line.count(End::Callee, "SIP/2.0 200"), 11, "500 ms doubling to 4 s: RFC 3261 13.3.1.4");
    line.run(Duration::from_secs(40));
    assert_eq!(ends(&line.heard_by_callee), [EndCause::NoAck]);
    assert_eq!(line.count(End::Callee, "BYE"), 1);
    line.run(Duration::from_secs(40));
    assert_clean(&line);
}

#[test]
fn nobody_there_fails_after_32_seconds() {
    let mut line = Line::new(100, 8);
    line.call();
    line.run(Duration::from_secs(33));
    assert!(matches!(line.heard_by_caller[..], [Event::Failed { status: 408, .. }]));
    assert_eq!(line.count(End::Caller, "INVITE"), 7, "timer A: RFC 3261 17.1.1.2");
    assert_clean(&line);
}

#[test]
fn a_refusal_is_acknowledged_and_told() {
    let mut line = Line::new(0, 9);
    line.answers = false;
    line.call();
    line.run(Duration::from_millis(100));
    let called = line.callee_dialog();
    line.callee.reject(called, 503, "", vec![("Retry-After".into(), "9\r\nX-Evil: 1".into())], line.now);
    line.run(Duration::from_secs(60));
    assert!(matches!(line.heard_by_caller[..], [Event::Failed { status: 503, .. }]));
    assert_eq!(ends(&line.heard_by_callee), [EndCause::Rejected]);
    assert_eq!((line.count(End::Caller, "ACK"), line.count(End::Callee, "SIP/2.0 503")), (1, 1));
    assert_clean(&line);
}

fn ends(events: &[Event]) -> Vec<EndCause> {
    events.iter().filter_map(|e| if let Event::Ended { cause, .. } = e { Some(*cause) } else { None }).collect()
}

/// Events that say a dialog is over.
fn last_words(events: &[Event]) -> usize {
    events.iter().filter(|e| matches!(e, Event::Ended { .. } | Event::Failed { .. })).count()
}

fn assert_clean(line: &Line) {
    let left = [&line.caller, &line.callee].map(|e| (e.dialogs(), e.transactions()));
    assert_eq!(left, [(0, 0), (0, 0)], "everything is forgotten: {:?}", line.sent);
}
