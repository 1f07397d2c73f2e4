//! What the other side wants done.

use super::extract::Reading;
use super::schema::{Claim, Finding};
use super::sentences::Sentence;
use super::setting::ConversationKind;

/// The first wish of a call, the weightiest of a meeting.
pub(super) fn intent(reading: &Reading) -> Finding<String> {
    match reading.setting.kind {
        ConversationKind::Call => of_call(reading),
        ConversationKind::Meeting => of_meeting(reading),
    }
    .into()
}

/// Wishes of callers; in one sentence the earlier one is meant.
const CALL: [&str; 8] = ["sales_pitch", "complaint", "cancel", "reschedule", "callback", "person", "book", "question"];
/// What a meeting can be about: what weighs more comes first.
const MEETING: [&str; 5] = ["cancel", "complaint", "renew", "expand", "buy"];

fn of_call(reading: &Reading) -> Option<Claim<String>> {
    let cue = |kind: &str, s: &Sentence| reading.lexicon.meant(&format!("call_{kind}"), s).is_some();
    let said = |s: &&Sentence| !reading.lexicon.supposes(s) && !reading.lexicon.has("reported", s);
    for sentence in reading.theirs().filter(said) {
        if let Some(kind) = CALL.iter().find(|kind| cue(kind, sentence)) {
            return Some(Claim::new((*kind).to_owned(), SAID, vec![sentence.cite()]));
        }
    }
    // What the business's own side does about it says what was wanted.
    let done = |kind: &&&str| reading.ours().find(|s| reading.lexicon.has(&format!("done_{kind}"), s));
    let (kind, sentence) = ["book", "person", "callback"].iter().find_map(|kind| Some((kind, done(&kind)?)))?;
    Some(Claim::new((*kind).to_owned(), DONE, vec![sentence.cite()]))
}

fn of_meeting(reading: &Reading) -> Option<Claim<String>> {
    for kind in MEETING {
        let cue = format!("meet_{kind}");
        let meant = |s: &&Sentence| reading.lexicon.meant(&cue, s).is_some() && !reading.lexicon.supposes(s);
        if let Some(sentence) = reading.theirs().find(meant) {
            return Some(Claim::new(kind.to_owned(), SAID, vec![sentence.cite()]));
        }
    }
    let looks =
        |theirs: bool| move |s: &&Sentence| s.theirs == theirs && reading.lexicon.meant("meet_evaluate", s).is_some();
    let theirs = reading.sentences.iter().find(looks(true)).map(|s| (s, SAID));
    let (sentence, sure) = theirs.or_else(|| reading.sentences.iter().find(looks(false)).map(|s| (s, DONE)))?;
    Some(Claim::new("evaluate".to_owned(), sure, vec![sentence.cite()]))
}

/// Confidence in a wish that was said.
const SAID: f32 = 0.9;
/// Confidence in a wish that only shows in what was done about it.
const DONE: f32 = 0.7;
