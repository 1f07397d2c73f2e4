//! A language model that takes its time: the caller hears that somebody is there, and the call goes on without it.

use offhook::call::Input;
use offhook::conversation::{Intent, Proposal};

use crate::call_stage::Stage;

const ODD: &str = "the pearly gates could do with some attention";

/// Greeted, in a call where a model reads what the grammar cannot.
fn greeted() -> Stage {
    let mut stage = Stage::ringing();
    stage.call = stage.call.with_model();
    stage.tell(Input::Answered(None));
    stage.listen_until_quiet();
    stage
}

#[test]
fn the_wait_is_bridged_and_a_silent_model_left_behind() {
    let mut stage = greeted();
    let said = stage.said.len();
    stage.speak(ODD, 1_000);
    stage.wait_until(5_000, |stage| !stage.unread.is_empty());
    stage.wait_until(1_000, |stage| stage.said.len() > said);
    assert!(["moment", "second"].iter().any(|word| stage.said[said].contains(word)), "{:?}", stage.said);
    let tool = stage.unread[0];
    stage.tell(Input::Interpreted { tool, proposal: None });
    stage.wait_until(1_000, |stage| stage.said.len() > said + 1);
    stage.listen_until_quiet();
    stage.turn("What are your opening hours?");
    assert!(stage.said.iter().any(|text| text.contains("Monday to Friday")), "{:?}", stage.said);
}

#[test]
fn what_it_says_of_an_older_turn_is_void() {
    let mut stage = greeted();
    stage.speak(ODD, 1_000);
    stage.wait_until(5_000, |stage| !stage.unread.is_empty());
    let tool = stage.unread[0];
    stage.turn("What are your opening hours?");
    let said = stage.said.len();
    let goodbye = Proposal { intent: Some(Intent::Goodbye), ..Proposal::default() };
    stage.tell(Input::Interpreted { tool, proposal: Some(goodbye) });
    stage.quiet(1_000);
    assert_eq!(stage.said.len(), said, "{:?}", stage.said);
}
