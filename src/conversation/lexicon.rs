//! Words and phrases of one language: data, read once from the lexicon file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::words::Words;

/// One language's phrases per meaning.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lexicon {
    /// Phrases that mean one intent or answer, lower case, without apostrophes.
    phrases: BTreeMap<String, Vec<String>>,
    /// Words without meaning for questions.
    pub(super) stop_words: BTreeSet<String>,
    /// First words of questions.
    pub(super) question_words: BTreeSet<String>,
    /// Words that mean the same in questions.
    synonyms: BTreeMap<String, Vec<String>>,
}

/// English.
pub(super) static ENGLISH: LazyLock<Lexicon> =
    LazyLock::new(|| toml::from_str(include_str!("lexicon.en.toml")).expect("embedded file, read by a test"));

impl Lexicon {
    /// Whether the text has a phrase of this meaning.
    pub(super) fn means(&self, meaning: &str, words: &Words) -> bool {
        self.phrases.get(meaning).is_some_and(|p| words.has_any(p))
    }

    /// Which tokens are part of a phrase of this meaning.
    pub(super) fn marked(&self, meaning: &str, words: &Words) -> Vec<bool> {
        let mut marks = vec![false; words.len()];
        for phrase in self.phrases.get(meaning).map_or(&[][..], |p| p) {
            let length = phrase.split(' ').count();
            for at in (0..words.len()).filter(|at| words.starts(*at, phrase)) {
                marks[at..at + length].fill(true);
            }
        }
        marks
    }

    /// How many tokens the longest phrase of this meaning takes that stands at `at`.
    pub(super) fn length_at(&self, meaning: &str, words: &Words, at: usize) -> Option<usize> {
        let standing = self.phrases.get(meaning)?.iter().filter(|phrase| words.starts(at, phrase));
        standing.map(|phrase| phrase.split(' ').count()).max()
    }

    /// Whether the text is nothing but phrases of this meaning and fillers.
    pub(super) fn is_only(&self, meaning: &str, words: &Words) -> bool {
        let bare = words.without_fillers();
        let phrases = self.phrases.get(meaning).map_or(&[][..], |p| p);
        !words.is_empty() && [words, &bare].iter().any(|w| covered(w, phrases))
    }

    /// The synonym class of a word.
    pub(super) fn concept(&self, word: &str) -> Option<&str> {
        self.synonyms.iter().find(|(_, words)| words.iter().any(|w| w == word)).map(|(c, _)| c.as_str())
    }

    /// Whether the first words are those of a question; "Will" alone is a name.
    pub(super) fn asks_in_words(&self, words: &Words) -> bool {
        const PERSONS: [&str; 9] = ["i", "you", "it", "there", "they", "we", "he", "she", "that"];
        let first = words.first();
        self.question_words.contains(first)
            && (first != "will" || PERSONS.iter().any(|p| words.has(&format!("will {p}"))))
    }

    /// Whether this sounds like a question, a request among them ("could you ...").
    pub(super) fn asks_something(&self, words: &Words) -> bool {
        const REQUESTS: [&str; 9] = ["can", "could", "should", "would", "was", "were", "has", "must", "may"];
        self.is_question(words) || words.has("am i") || REQUESTS.contains(&words.first())
    }

    /// Whether this sounds like a question.
    pub(super) fn is_question(&self, words: &Words) -> bool {
        words.question || self.asks_in_words(words) || self.means("asks", words)
    }
}

/// Whether phrases cover the whole text, one after another.
fn covered(words: &Words, phrases: &[String]) -> bool {
    let mut at = 0;
    while at < words.len() {
        let Some(longest) = phrases.iter().filter(|p| words.starts(at, p)).map(|p| p.split(' ').count()).max() else {
            return false;
        };
        at += longest;
    }
    at > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::language::Language;
    use crate::conversation::translation::MARK;

    #[test]
    fn the_embedded_lexicon_is_sound() {
        assert!(ENGLISH.means("yes", &Words::new("Yes, please.")));
        let can_match = |phrase: &&String| match phrase.strip_prefix(MARK) {
            // A marked word is a Spanish one that is not translated.
            Some(spanish) => Words::heard(spanish, Language::Spanish).has(phrase),
            None => Words::new(phrase).has(phrase),
        };
        let dead: Vec<&String> = ENGLISH.phrases.values().flatten().filter(|phrase| !can_match(phrase)).collect();
        assert!(dead.is_empty(), "phrases that can never match: {dead:?}");
    }
}
