//! Hold music says nothing, however long it plays.

use crate::evening::{EVENING, TRACKS};
use crate::silent_caller::{assert_asked_differently_then_ended, assert_nothing_invented};

#[test]
fn music_is_not_taken_for_words_and_the_call_is_ended() {
    for track in TRACKS {
        assert_nothing_invented(&EVENING, track);
        assert_asked_differently_then_ended(track);
        let (call, _) = EVENING.call(track);
        assert_eq!(call["disposition"], "abandoned", "{track}: {call:#}");
    }
}
