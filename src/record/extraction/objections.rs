//! What speaks against it, and the competitors in play.

use super::extract::Reading;
use super::schema::{Claim, Objection};
use super::sentences::Sentence;

/// One objection per category: the first time somebody of the other side raises it.
pub(super) fn objections(reading: &Reading) -> Vec<Claim<Objection>> {
    let raised = |category: &&str| {
        let sentence = reading.theirs().find(|s| raises(reading, category, s))?;
        Some((sentence.line, objection(category, sentence)))
    };
    let mut found: Vec<_> = CATEGORIES.iter().filter_map(raised).collect();
    found.sort_by_key(|(line, _)| *line);
    found.into_iter().map(|(_, claim)| claim).collect()
}

/// Categories, as the schema names them.
const CATEGORIES: [&str; 8] =
    ["price", "timing", "authority", "competitor", "security", "feature", "contract", "trust"];

fn raises(reading: &Reading, category: &str, sentence: &Sentence) -> bool {
    let lexicon = reading.lexicon;
    let asks = sentence.question && !matches!(category, "feature" | "security" | "trust");
    let meant = lexicon.meant(&format!("objects_{category}"), sentence).is_some();
    meant && !asks && !sentence.starts(&["if", "si"])
}

fn objection(category: &str, sentence: &Sentence) -> Claim<Objection> {
    let value = Objection { category: category.to_owned(), words: sentence.text.to_owned() };
    Claim::new(value, SAID, vec![sentence.cite()])
}

/// Configured competitors the other side uses or weighs, by their first mention that is not a refusal.
pub(super) fn competitors(reading: &Reading) -> Vec<Claim<String>> {
    let mut found: Vec<Claim<String>> = Vec::new();
    for sentence in reading.theirs().filter(|s| s.words.iter().any(|w| w.rival) && !out_of_play(reading, s)) {
        for word in sentence.words.iter().filter(|w| w.rival) {
            let named = |name: &&String| name.eq_ignore_ascii_case(word.raw);
            let Some(name) = reading.setting.competitors.iter().find(named) else { continue };
            if !found.iter().any(|claim| claim.value == *name) {
                found.push(Claim::new(name.clone(), SAID, vec![sentence.cite()]));
            }
        }
    }
    found
}

fn out_of_play(reading: &Reading, sentence: &Sentence) -> bool {
    let at = sentence.words.iter().position(|w| w.rival).unwrap_or(0);
    let refused =
        sentence.words[..at].iter().rev().take(REFUSAL_REACH).any(|w| super::sentences::is_negation(&w.plain));
    refused || reading.lexicon.has("out_of_play", sentence) || sentence.starts(&["if", "si"])
}

/// How far before a competitor's name a "not" still means it, words.
const REFUSAL_REACH: usize = 5;
/// Confidence in what was said in so many words.
const SAID: f32 = 0.8;
