//! A calendar that takes its time, or never answers: the caller hears a bridge within a second, another one when it
//! goes on, and then what becomes of the wish; who hangs up meanwhile is called back.

use std::time::Duration;

use offhook::call::{Gone, Input};
use offhook::conversation::Disposition;

use crate::call_stage::Stage;

const BRIDGES: [&str; 3] = ["checking the calendar", "Just a moment", "Bear with me"];

fn is_bridge(text: &str) -> bool {
    BRIDGES.iter().any(|bridge| text.contains(bridge))
}

/// A caller who has just said a wish to a calendar that is silent.
fn waiting() -> Stage {
    let mut stage = Stage::greeted();
    stage.calendar = None;
    stage.speak("I'd like a cleaning on Tuesday at 2:30", 1_500);
    stage
}

#[test]
fn a_bridge_is_heard_within_a_second_and_again_later() {
    let mut stage = waiting();
    let said = stage.said.len();
    stage.wait_until(5_000, |stage| stage.said.len() > said);
    let spoken = stage.now;
    assert!(is_bridge(&stage.said[said]), "{:?}", stage.said);
    stage.wait_until(1_000, |stage| stage.audible_after(spoken) > 0);
    stage.wait_until(6_000, |stage| stage.said.len() > said + 1);
    assert!(is_bridge(&stage.said[said + 1]) && stage.said[said] != stage.said[said + 1], "{:?}", stage.said);
}

#[test]
fn the_pause_before_a_bridge_stays_under_a_second() {
    let mut stage = waiting();
    let said = stage.said.len();
    // The turn is over when its words are settled: from then on the calendar is what is waited for.
    stage.wait_until(5_000, |stage| stage.record().transcript.iter().any(|line| line.text.contains("cleaning")));
    let decided = stage.now;
    stage.wait_until(5_000, |stage| stage.said.len() > said);
    stage.wait_until(5_000, |stage| stage.audible_after(decided) > 0);
    assert!(stage.now - decided <= Duration::from_secs(1), "{:?}", stage.now - decided);
}

#[test]
fn a_calendar_that_gives_up_leaves_a_message_and_a_promise() {
    let mut stage = waiting();
    stage.quiet(4_000);
    stage.tell(Input::Slots { tool: 1, slots: None });
    stage.wait_until(10_000, |stage| stage.record().outcome.message.is_some());
    let said = stage.said.join(" ");
    assert!(said.contains("call you back"), "{said}");
    let message = stage.call.record().outcome.message.clone().expect("the wish is noted");
    assert!(message.text.contains("cleaning on Tuesday") && message.callback, "{message:?}");
}

#[test]
fn who_hangs_up_while_it_is_slow_is_called_back() {
    let mut stage = waiting();
    stage.quiet(3_000);
    stage.gone(Gone::Caller);
    let record = stage.record();
    let message = record.outcome.message.clone().expect("the wish is noted");
    assert!(message.text.contains("cleaning on Tuesday") && message.callback, "{message:?}");
    assert_eq!(record.disposition, Some(Disposition::Message));
}

#[test]
fn an_answer_that_comes_late_is_still_an_answer() {
    let mut stage = Stage::greeted();
    stage.calendar = Some(Duration::from_millis(3_000));
    stage.speak("I'd like a cleaning on Tuesday at 2:30", 1_500);
    let said = stage.said.len();
    stage.wait_until(9_000, |stage| stage.said[said..].iter().any(|text| text.contains("2:30 PM")));
    assert!(is_bridge(&stage.said[said]), "{:?}", stage.said);
}
