//! Whose turn it is: no sound before the ACK, one answer a turn, thinking pauses left alone.

use std::time::Duration;

use offhook::call::{Input, Speaker};

use crate::call_stage::Stage;

fn caller_lines(stage: &Stage) -> Vec<&str> {
    let lines = stage.record().transcript.iter();
    lines.filter(|line| line.speaker == Speaker::Caller).map(|line| line.text.as_str()).collect()
}

#[test]
fn nothing_is_sent_before_the_ack_and_the_greeting_comes_first() {
    let mut stage = Stage::ringing();
    stage.quiet(2_000);
    assert!(stage.heard.is_empty() && stage.said.is_empty());
    stage.tell(Input::Answered(None));
    stage.listen_until_quiet();
    assert!(stage.said[0].contains("Harbor Dental"), "{:?}", stage.said);
    assert_eq!(stage.record().transcript[0].speaker, Speaker::Agent);
}

#[test]
fn a_turn_is_answered_once_and_its_times_add_up() {
    let mut stage = Stage::greeted();
    stage.turn("What are your opening hours?");
    assert_eq!(caller_lines(&stage), ["What are your opening hours?"]);
    let [turn] = stage.record().turns[..] else { panic!("{:?}", stage.record().turns) };
    let sum = turn.end_of_turn_ms + turn.transcript_ms + turn.think_ms + turn.voice_ms;
    assert_eq!(sum, turn.voice_to_voice_ms);
    // The recogniser needs 150 ms, the voice 100: the rest is patience.
    assert!((300..800).contains(&turn.voice_to_voice_ms), "{turn:?}");
}

#[test]
fn the_answer_is_prepared_while_the_caller_still_pauses() {
    let mut stage = Stage::greeted();
    stage.turn("What are your opening hours?");
    let answer = stage.said.last().expect("an answer");
    assert!(stage.prepared.contains(answer), "{:?} of {:?}", stage.prepared, answer);
}

#[test]
fn a_pause_to_think_does_not_end_the_turn() {
    let mut stage = Stage::greeted();
    stage.finished = 0.1;
    let said = stage.said.len();
    stage.speak("I would like to come in on", 1_000);
    stage.quiet(900);
    assert_eq!(stage.said.len(), said, "the caller was cut off");
    stage.speak("I would like to come in on Tuesday at ten for a cleaning", 1_000);
    stage.wait_until(5_000, |stage| stage.said.len() > said);
    stage.listen_until_quiet();
    assert_eq!(caller_lines(&stage), ["I would like to come in on Tuesday at ten for a cleaning"]);
}

#[test]
fn words_that_follow_a_turn_cut_too_early_join_it() {
    let mut stage = Stage::greeted();
    stage.speaker = Some(Duration::from_millis(600));
    let said = stage.said.len();
    stage.speak("A cleaning, please.", 800);
    stage.wait_until(5_000, |stage| stage.said.len() > said);
    stage.speak("On Tuesday at ten.", 800);
    stage.wait_until(5_000, |stage| stage.record().turns.len() == 1);
    assert_eq!(caller_lines(&stage), ["A cleaning, please On Tuesday at ten."]);
}

#[test]
fn the_same_words_brought_back_by_a_breath_are_not_said_twice() {
    let mut stage = Stage::greeted();
    stage.speaker = Some(Duration::from_millis(600));
    let said = stage.said.len();
    stage.speak("A cleaning, please.", 800);
    stage.wait_until(5_000, |stage| stage.said.len() > said);
    stage.speak("a cleaning please", 200);
    stage.wait_until(5_000, |stage| stage.record().turns.len() == 1);
    assert_eq!(caller_lines(&stage), ["A cleaning, please."]);
}

#[test]
fn a_recogniser_that_never_answers_does_not_hold_the_call() {
    let mut stage = Stage::greeted();
    stage.recogniser = Duration::from_secs(3_600);
    for _ in 0..8 {
        if stage.ended.is_some() {
            break;
        }
        stage.speak("Hello?", 1_000);
        stage.quiet(12_000);
    }
    stage.wait_until(60_000, |stage| stage.ended.is_some());
    assert!(stage.hung_up && caller_lines(&stage).is_empty());
}

#[test]
fn a_recogniser_that_is_late_is_not_the_callers_fault() {
    let mut stage = Stage::greeted();
    stage.recogniser = Duration::from_secs(3_600);
    stage.speak("Hello?", 1_000);
    stage.quiet(12_000);
    stage.recogniser = Duration::from_millis(150);
    stage.listen_until_quiet();
    assert!(stage.said[1].contains("again") || stage.said[1].contains("once more"), "{:?}", stage.said);
    stage.turn("What are your opening hours?");
    assert_eq!(caller_lines(&stage), ["What are your opening hours?"]);
}

#[test]
fn a_voice_that_never_answers_does_not_hold_the_call() {
    let mut stage = Stage::ringing();
    stage.speaker = None;
    stage.tell(Input::Answered(None));
    stage.wait_until(180_000, |stage| stage.ended.is_some());
    assert!(stage.hung_up);
}

#[test]
fn a_whole_booking_runs_in_virtual_time() {
    let mut stage = Stage::greeted();
    stage.turn("I need a cleaning on Tuesday at ten in the morning.");
    for _ in 0..6 {
        let question = stage.said.last().cloned().unwrap_or_default().to_lowercase();
        let answer = if question.contains("name") && !question.contains("right") { "Maria Jones" } else { "Yes." };
        if !stage.booked.is_empty() {
            break;
        }
        stage.turn(answer);
    }
    assert_eq!(stage.booked.len(), 1, "{:?}", stage.said);
    assert_eq!(stage.booked[0].slot.starts_at.to_string(), "2026-11-24T15:00:00Z");
    assert_eq!((stage.booked[0].name.as_str(), stage.booked[0].phone.as_str()), ("Maria Jones", "+16175550123"));
}
