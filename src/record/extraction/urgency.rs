//! How soon the other side wants it.

use super::extract::Reading;
use super::schema::{Claim, Finding, Urgency};
use super::sentences::Sentence;

/// The most urgent thing said; unknown when nobody speaks of time.
pub(super) fn urgency(reading: &Reading) -> Finding<Urgency> {
    let levels = reading.theirs().filter_map(|s| Some((level(reading, s)?, s)));
    let most = levels.reduce(|most, next| if next.0 > most.0 { next } else { most });
    most.map(|(level, sentence)| Claim::new(level, SAID, vec![sentence.cite()])).into()
}

fn level(reading: &Reading, sentence: &Sentence) -> Option<Urgency> {
    let lexicon = reading.lexicon;
    if lexicon.has("reported", sentence) || lexicon.supposes(sentence) {
        return None;
    }
    match () {
        () if lexicon.has("urgency_low", sentence) => Some(Urgency::Low),
        () if lexicon.meant("urgency_emergency", sentence).is_some() => Some(Urgency::Emergency),
        () if lexicon.meant("urgency_high", sentence).is_some() => Some(Urgency::High),
        () => None,
    }
}

/// Confidence in an urgency somebody spoke of.
const SAID: f32 = 0.85;
