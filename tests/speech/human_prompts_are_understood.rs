//! Word error rate on human telephone speech (a spread of the list; the whole of it is the bench's).

use crate::common::{audio, hear, prompts, word_errors, words};

#[test]
fn one_word_in_twelve_at_most_is_wrong() {
    let (mut wrong, mut said) = (0, 0);
    let sentences: Vec<_> = prompts().into_iter().filter(|p| (2.0..12.0).contains(&p.seconds)).step_by(6).collect();
    assert!(sentences.len() >= 10, "the list shrank");
    for prompt in &sentences {
        let expected = words(&prompt.transcript);
        let heard = hear(audio(&prompt.file));
        let errors = word_errors(&expected, &words(&heard.text));
        if errors > 0 {
            println!("{errors} in {:?}: {:?}", prompt.transcript, heard.text);
        }
        wrong += errors;
        said += expected.len();
        assert!(!heard.no_speech, "{}", prompt.file.display());
    }
    println!("{wrong} of {said} words wrong");
    assert!(wrong * 12 <= said, "{wrong} of {said} words wrong");
}
