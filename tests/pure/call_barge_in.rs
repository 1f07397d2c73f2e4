//! The caller speaks while the agent does: the agent stops for words and only for words.

use offhook::call::Speaker;

use crate::call_stage::Stage;

/// In the middle of the greeting.
fn interrupted_at(ms: usize) -> Stage {
    let mut stage = Stage::answered();
    stage.quiet(ms);
    assert!(stage.audible_after(stage.now - std::time::Duration::from_millis(400)) > 0, "the greeting is on");
    stage
}

fn agent_lines(stage: &Stage) -> Vec<String> {
    let lines = stage.record().transcript.iter();
    lines.filter(|line| line.speaker == Speaker::Agent).map(|line| line.text.clone()).collect()
}

#[test]
fn words_stop_the_agent_at_once_and_only_what_was_played_is_written() {
    let mut stage = interrupted_at(1_200);
    let greeting = stage.said[0].clone();
    let began = stage.now;
    stage.speak("What are your opening hours?", 1_500);
    let still = stage.audible_after(began);
    assert!(still <= 20, "{still} loud frames after the caller began");
    stage.listen_until_quiet();
    let first = &agent_lines(&stage)[0];
    assert!(greeting.starts_with(first.as_str()) && first.len() < greeting.len(), "{first:?} of {greeting:?}");
    assert!(stage.record().transcript.iter().any(|line| line.text == "What are your opening hours?"));
}

#[test]
fn a_noise_while_the_agent_speaks_is_passed_over() {
    let mut stage = interrupted_at(1_200);
    let greeting = stage.said[0].clone();
    stage.speak("", 500);
    stage.listen_until_quiet();
    assert_eq!(agent_lines(&stage)[0], greeting, "resumed and finished");
    assert!(stage.record().transcript.iter().all(|line| line.speaker == Speaker::Agent));
}

#[test]
fn encouragement_does_not_take_the_turn() {
    let mut stage = interrupted_at(1_200);
    let greeting = stage.said[0].clone();
    stage.speak("Mm-hm.", 400);
    stage.listen_until_quiet();
    let lines = agent_lines(&stage);
    assert_eq!(lines[0], greeting);
}

#[test]
fn long_music_does_not_hold_the_agent_up() {
    let mut stage = interrupted_at(1_200);
    stage.speak("", 20_000);
    let half = stage.now - std::time::Duration::from_secs(15);
    assert!(stage.audible_after(half) > 50, "the agent went on under the music");
}
