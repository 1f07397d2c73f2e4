//! smart-turn hears whether a sentence is finished.

use std::sync::mpsc;

use crate::common::speech;

#[test]
fn a_finished_sentence_scores_above_a_broken_one() {
    let whole = speech().render("I would like to book an appointment for Tuesday.", 16_000).expect("the voice renders");
    let broken = &whole[..whole.len() * 11 / 20];
    let (finished, unfinished) = (judge(&whole), judge(broken));
    println!("finished {finished}, broken off {unfinished}");
    assert!(finished > 0.5 && finished > unfinished + 0.2, "finished {finished}, broken off {unfinished}");
}

fn judge(audio: &[i16]) -> f32 {
    let (sender, receiver) = mpsc::channel();
    speech().judge_turn(audio.into(), move |p| sender.send(p).expect("the test waits")).expect("the queue has room");
    receiver.recv().expect("it is answered")
}
