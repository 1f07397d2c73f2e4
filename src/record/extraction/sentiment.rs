//! The other side's attitude: what its words say about how it is treated, not how bad the facts are. A leak told calmly
//! is neutral, "thanks for nothing" is not.

use super::super::transcript::Said;
use super::extract::Reading;
use super::lexicon::Lexicon;
use super::schema::{Claim, Finding, Mood, Sentiment};
use super::sentences::{Sentence, is_negation, split};
use crate::conversation::Language;

/// The attitude of one utterance, -1..=1.
pub fn sentiment_score(text: &str, language: Language) -> f32 {
    let said = Said { text: text.to_owned(), ..Said::default() };
    let sentences: Vec<Sentence> = split(text).map(|part| Sentence::of(&said, 0, true, part, &[])).collect();
    clamp(sentences.iter().map(|s| weigh(s, Lexicon::of(language))).sum())
}

/// The attitude of one utterance in a word.
pub fn mood(score: f32) -> Mood {
    match score {
        s if s >= LEANS => Mood::Positive,
        s if s <= -LEANS => Mood::Negative,
        _ => Mood::Neutral,
    }
}

/// The attitude of the other side over the conversation; unknown when it never speaks.
/// Who sells something praises his own goods: that is no attitude.
pub(super) fn overall(reading: &Reading, pitched: bool) -> Finding<Sentiment> {
    let score = |s| if pitched { 0.0 } else { clamp(weigh(s, reading.lexicon)) };
    let scored: Vec<(f32, &Sentence)> = reading.theirs().map(|s| (score(s), s)).collect();
    if scored.is_empty() {
        return Finding::UNKNOWN;
    }
    let up: f32 = scored.iter().map(|(score, _)| score.max(0.0)).sum();
    let down: f32 = scored.iter().map(|(score, _)| -score.min(0.0)).sum();
    let lean = up - down * DOWN_WEIGHS;
    let label = match lean {
        l if l >= WHOLE_LEANS && up > down => Mood::Positive,
        l if l <= -WHOLE_LEANS => Mood::Negative,
        _ => Mood::Neutral,
    };
    let sure = if label == Mood::Neutral { 0.7 } else { (0.6 + lean.abs() / 10.0).min(0.95) };
    let score = (lean / (lean.abs() + 1.5) * 100.0).round() / 100.0;
    Finding::Known(Claim::new(Sentiment { label, score }, sure, cites(scored, label)))
}

/// The words that weigh most in its direction; a neutral one stands on the first words of the other side.
fn cites(mut scored: Vec<(f32, &Sentence)>, label: Mood) -> Vec<super::schema::Citation> {
    match label {
        Mood::Positive => scored.sort_by(|a, b| b.0.total_cmp(&a.0)),
        Mood::Negative => scored.sort_by(|a, b| a.0.total_cmp(&b.0)),
        Mood::Neutral => scored.truncate(1),
    }
    let telling = |n: usize, score: f32| n == 0 || score.abs() >= LEANS;
    let cited = scored.iter().enumerate().filter(|(n, (score, _))| telling(*n, *score)).take(CITED);
    cited.map(|(_, (_, sentence))| sentence.cite()).collect()
}

/// The sum of a sentence's attitudes: the longest phrase at a place counts, a "not" before it turns it round.
fn weigh(sentence: &Sentence, lexicon: &Lexicon) -> f32 {
    let words = &sentence.words;
    // What somebody else said, or what somebody thinks of a competitor, is no attitude towards the business.
    if lexicon.has("reported", sentence) || words.iter().any(|w| w.rival) {
        return 0.0;
    }
    let (mut sum, mut at) = (0.0_f32, 0);
    while at < words.len() {
        let Some((weight, length)) = lexicon.weight(words, at) else {
            at += 1;
            continue;
        };
        let turned = weight.abs() < FIXED && negated_before(sentence, at);
        sum += match (turned, weight > 0.0) {
            (true, true) => -weight,
            (true, false) => -weight * HALF,
            (false, _) => weight,
        };
        at += length;
    }
    let asks = sentence.question && sum > 0.0;
    let excited = if sentence.text.ends_with('!') { EXCITED } else { 1.0 };
    if asks || lexicon.supposes(sentence) { sum.min(0.0) * HALF } else { sum * excited }
}

fn negated_before(sentence: &Sentence, at: usize) -> bool {
    let from = sentence.clause(at).start.max(at.saturating_sub(REACH));
    sentence.words[from..at].iter().enumerate().any(|(n, w)| {
        // "No, ..." and "no problem" answer; they turn nothing round.
        is_negation(&w.plain) && !(w.plain == "no" && from + n + 1 < at && sentence.words[from + n + 1].parted)
    })
}

fn clamp(score: f32) -> f32 {
    score.clamp(-1.0, 1.0)
}

/// From here on an utterance is more than polite.
const LEANS: f32 = 0.4;
/// From here on a conversation leans.
const WHOLE_LEANS: f32 = 0.7;
/// Displeasure weighs more than courtesy.
const DOWN_WEIGHS: f32 = 1.3;
/// Weights from here on are whole phrases: their "not" is in them.
const FIXED: f32 = 0.95;
/// "Not bad" is less than good.
const HALF: f32 = 0.7;
/// An exclamation mark.
const EXCITED: f32 = 1.25;
/// How far a "not" reaches, words.
const REACH: usize = 4;
/// Words cited at most.
const CITED: usize = 2;
