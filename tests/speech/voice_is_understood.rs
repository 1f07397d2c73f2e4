//! The voice speaks, is cached, and our own ears understand it.

use std::sync::mpsc;

use offhook::speech::{Priority, SpokenChunk, VOICE_RATE};

use crate::common::{hear, speech, word_errors, words};

/// Not an accuracy figure (one synthetic voice): it shows that phonemes, levels and rates fit together.
#[test]
fn ears_understand_the_voice() {
    let text = "Good morning, thank you for calling. We have an opening on Tuesday afternoon. Does that work for you?";
    let heard = hear(speech().render(text, 16_000).expect("the voice renders"));
    let errors = word_errors(&words(text), &words(&heard.text));
    assert!(errors <= 2, "{errors} errors in {:?}", heard.text);
}

#[test]
fn sentences_come_one_by_one_and_are_kept() {
    let text = "This sentence was never said before. Nor was this one!";
    let chunks = speak(text);
    assert_eq!(chunks.iter().map(|c| c.last).collect::<Vec<_>>(), [false, true]);
    // Rendered anew, the voice never makes the same samples twice.
    assert_eq!(speak(text), chunks);

    let first = chunks[0].pcm.iter().position(|s| s.unsigned_abs() > 200).expect("it is audible");
    assert!(first <= VOICE_RATE as usize / 50, "first sound after {first} samples");
    let level = (chunks[0].pcm.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / chunks[0].pcm.len() as f64).sqrt();
    assert!((1_500.0..6_000.0).contains(&level), "level {level}");
}

#[test]
fn nothing_to_say_ends_at_once() {
    let chunks = speak(" ... ");
    assert_eq!(chunks.len(), 1);
    assert!(chunks[0].last && chunks[0].pcm.is_empty());
}

fn speak(text: &str) -> Vec<SpokenChunk> {
    let (sender, receiver) = mpsc::channel();
    speech().speak(text, Priority::Live, move |c| sender.send(c).expect("the test waits")).expect("the queue has room");
    // The closure, and with it the sender, goes when the text is done.
    receiver.iter().collect()
}
