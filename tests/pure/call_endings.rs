//! Calls end: by a hang-up, by silence, by a dead line, and never with a booking lost.

use std::time::Duration;

use offhook::call::{Disposition, Gone, Input, Output, Speaker};
use proptest::prelude::*;

use crate::call_stage::Stage;

#[test]
fn a_hang_up_in_the_greeting_ends_the_call_as_abandoned() {
    let mut stage = Stage::answered();
    stage.quiet(800);
    stage.gone(Gone::Caller);
    let record = stage.ended.as_ref().expect("ended");
    assert_eq!(record.disposition, Some(Disposition::Abandoned));
    assert!(record.ended_at.is_some() && record.transcript.len() <= 1);
}

#[test]
fn a_failure_before_the_answer_is_a_failed_call() {
    let mut stage = Stage::ringing();
    stage.gone(Gone::Failure);
    assert_eq!(stage.ended.expect("ended").disposition, Some(Disposition::Failed));
}

#[test]
fn a_silent_caller_is_asked_in_other_words_each_time_and_then_let_go() {
    let mut stage = Stage::greeted();
    stage.wait_until(120_000, |stage| stage.ended.is_some());
    assert!(stage.hung_up && stage.said.len() >= 4, "{:?}", stage.said);
    let mut different = stage.said.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), stage.said.len(), "{:?}", stage.said);
    assert!(stage.record().transcript.iter().all(|line| line.speaker == Speaker::Agent));
}

#[test]
fn words_and_keys_over_the_goodbye_do_not_keep_the_line_open() {
    for keys in [false, true] {
        let mut stage = Stage::greeted();
        stage.turn("What are your opening hours?");
        let said = stage.said.len();
        stage.speak("No, thank you.", 1_000);
        stage.wait_until(10_000, |stage| stage.said.len() > said);
        stage.quiet(600);
        assert!(!stage.hung_up, "the goodbye takes longer: {:?}", stage.said);
        if keys {
            stage.tell(Input::Key('5'))
        } else {
            stage.speak("Have a very nice day everybody.", 1_500)
        }
        stage.wait_until(15_000, |stage| stage.hung_up);
        assert!(stage.hung_up, "keys {keys}: {:?}", stage.said);
    }
}

#[test]
fn a_line_that_sends_nothing_is_given_up() {
    let mut stage = Stage::greeted();
    stage.dead_line = true;
    stage.wait_until(90_000, |stage| stage.ended.is_some());
    assert!(stage.hung_up);
}

#[test]
fn a_caller_on_hold_may_be_silent() {
    let mut stage = Stage::greeted();
    stage.tell(Input::Hold(true));
    stage.dead_line = true;
    stage.quiet(180_000);
    assert!(!stage.hung_up, "{:?}", stage.said);
    stage.tell(Input::Hold(false));
    stage.wait_until(90_000, |stage| stage.ended.is_some());
    assert!(stage.hung_up);
}

#[test]
fn a_call_lasts_no_longer_than_it_may() {
    let mut stage = Stage::ringing().lasting(Duration::from_secs(10));
    stage.tell(Input::Answered(None));
    stage.quiet(9_900);
    assert!(!stage.hung_up);
    stage.quiet(200);
    assert!(stage.hung_up && stage.ended.is_some(), "{:?}", stage.said);
}

#[test]
fn a_booking_in_flight_outlives_the_hang_up() {
    let mut stage = Stage::greeted();
    stage.calendar = Some(Duration::from_millis(1_500));
    stage.turn("I need a cleaning on Tuesday at ten in the morning.");
    stage.listen_until_quiet();
    for answer in ["Maria Jones", "Yes.", "Yes.", "Yes."] {
        let asked = stage.said.len();
        stage.speak(answer, 700);
        let writing = |stage: &Stage| stage.said.last().is_some_and(|said| said.len() < 40);
        stage.wait_until(8_000, |stage| stage.said.len() > asked || writing(stage));
        if stage.call.record().outcome.booking.is_some() {
            break;
        }
        stage.listen_until_quiet();
    }
    stage.gone(Gone::Caller);
    stage.quiet(6_000);
    let record = stage.ended.as_ref().expect("ended");
    assert_eq!(record.outcome.booking.is_some(), !stage.booked.is_empty());
    assert_eq!(record.disposition == Some(Disposition::Booked), !stage.booked.is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Frames(u8, bool),
    Bytes(Vec<u8>),
    Heard(u8, u8, String),
    Voice(u8, u16, bool),
    Key(char),
    Hold(bool),
    Known,
    Slots(u8, bool),
    Answered,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any::<u8>(), any::<bool>()).prop_map(|(n, loud)| Step::Frames(n, loud)),
        proptest::collection::vec(any::<u8>(), 0..60).prop_map(Step::Bytes),
        (0..6_u8, 0..6_u8, "[a-z ]{0,20}").prop_map(|(turn, ask, text)| Step::Heard(turn, ask, text)),
        (0..6_u8, any::<u16>(), any::<bool>()).prop_map(|(say, length, last)| Step::Voice(say, length, last)),
        any::<char>().prop_map(Step::Key),
        any::<bool>().prop_map(Step::Hold),
        Just(Step::Known),
        (0..6_u8, any::<bool>()).prop_map(|(tool, found)| Step::Slots(tool, found)),
        Just(Step::Answered),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever arrives in whatever order, nothing panics, nothing is sent before the answer, and a hang-up ends it.
    #[test]
    fn any_order_of_inputs_ends_in_one_record(steps in proptest::collection::vec(steps(), 0..40)) {
        let mut stage = Stage::ringing();
        let mut answered = false;
        for step in steps {
            match step {
                Step::Frames(n, true) => stage.speak("yes", usize::from(n) * 20),
                Step::Frames(n, false) => stage.quiet(usize::from(n) * 20),
                Step::Bytes(bytes) => stage.tell(Input::Rtp(&bytes)),
                Step::Heard(turn, ask, text) => {
                    stage.tell(Input::Heard { turn: turn.into(), ask: ask.into(), text, confidence: 0.5, answers: vec![] });
                }
                Step::Voice(say, length, last) => {
                    stage.tell(Input::Voice { say: say.into(), pcm: vec![500; length.into()].into(), last });
                }
                Step::Key(key) => stage.tell(Input::Key(key)),
                Step::Hold(on) => stage.tell(Input::Hold(on)),
                Step::Known => stage.tell(Input::Known(known())),
                Step::Slots(tool, found) => {
                    stage.tell(Input::Slots { tool: tool.into(), slots: found.then(Vec::new) });
                }
                Step::Answered => {
                    answered = true;
                    stage.tell(Input::Answered(None));
                }
            }
            prop_assert!(answered || stage.heard.is_empty());
        }
        stage.gone(Gone::Caller);
        stage.quiet(20_000);
        prop_assert!(stage.ended.is_some());
        let silent = std::iter::from_fn(|| stage.call.poll_output()).all(|output| matches!(output, Output::Save(_)));
        prop_assert!(silent);
    }
}

fn known() -> offhook::conversation::KnownCaller {
    offhook::conversation::KnownCaller { contact_id: "c-1".into(), name: "Maria".into(), proof: Default::default() }
}
