//! Answers of one word are never lost, and digits are right.

use crate::common::{audio, hear, prompts, words};

#[test]
fn no_short_answer_comes_back_empty() {
    let short: Vec<_> = prompts().into_iter().filter(|p| p.seconds < 1.2).step_by(4).collect();
    assert!(short.len() >= 15, "the list shrank");
    for prompt in short {
        let heard = hear(audio(&prompt.file));
        assert!(!heard.text.is_empty(), "{:?} was lost", prompt.transcript);
    }
}

#[test]
fn spoken_digits_are_right() {
    let digits = ["one", "four", "five", "six", "nine"];
    let found: Vec<_> = prompts().into_iter().filter(|p| digits.contains(&p.transcript.as_str())).collect();
    assert!(found.len() >= digits.len(), "the list shrank");
    for prompt in &found {
        let heard = hear(audio(&prompt.file));
        assert_eq!(words(&heard.text), words(&prompt.transcript));
    }
}
