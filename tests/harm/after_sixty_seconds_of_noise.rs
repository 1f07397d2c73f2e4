//! Noise on the line, and people far away, say nothing that is acted upon.

use crate::evening::{EVENING, NOISES};
use crate::silent_caller::{assert_asked_differently_then_ended, assert_nothing_invented};

#[test]
fn noise_is_not_taken_for_words_and_the_call_is_ended() {
    for noise in NOISES {
        assert_nothing_invented(&EVENING, noise);
        assert_asked_differently_then_ended(noise);
        let (call, _) = EVENING.call(noise);
        assert_eq!(call["disposition"], "abandoned", "{noise}: {call:#}");
    }
}
