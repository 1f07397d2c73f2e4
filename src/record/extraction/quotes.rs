//! The most telling sentences.

use super::extract::Reading;
use super::schema::Citation;
use super::sentences::Sentence;

/// Sentences that tell something, in order.
pub(super) fn quotes(reading: &Reading) -> Vec<Citation> {
    let mut telling: Vec<(u32, usize, &Sentence)> = reading
        .theirs()
        .enumerate()
        .map(|(n, s)| (tells(reading, s), n, s))
        .filter(|(points, ..)| *points > 0)
        .collect();
    telling.sort_by_key(|(points, n, _)| (std::cmp::Reverse(*points), *n));
    telling.truncate(QUOTES_MAX);
    telling.sort_by_key(|(_, n, _)| *n);
    telling.into_iter().map(|(_, _, s)| s.cite()).collect()
}

fn tells(reading: &Reading, sentence: &Sentence) -> u32 {
    let long_enough = (WORDS_MIN..=WORDS_MAX).contains(&sentence.words.len());
    let cues = CUES.iter().filter(|(cue, _)| reading.lexicon.has(cue, sentence)).map(|(_, points)| points);
    if long_enough { cues.sum() } else { 0 }
}

/// What makes a sentence worth quoting.
const CUES: [(&str, u32); 12] = [
    ("urgency_emergency", 4),
    ("urgency_high", 2),
    ("call_complaint", 3),
    ("call_book", 1),
    ("call_question", 1),
    ("objects_price", 3),
    ("objects_trust", 3),
    ("objects_competitor", 3),
    ("objects_feature", 2),
    ("buys", 3),
    ("budget", 2),
    ("meet_renew", 2),
];
/// Quotes kept at most.
const QUOTES_MAX: usize = 3;
/// Shorter ones say little alone; words.
const WORDS_MIN: usize = 4;
/// Longer ones are no quotes; words.
const WORDS_MAX: usize = 60;
