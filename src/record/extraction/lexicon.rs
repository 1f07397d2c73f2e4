//! Word lists of one language: data, read once from the lexicon files.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;

use super::pattern::{Pattern, Patterns};
use super::sentences::{Sentence, Word};
use crate::conversation::Language;

/// One language's patterns per meaning.
#[derive(Debug)]
pub(super) struct Lexicon {
    cues: BTreeMap<String, Patterns>,
    attitudes: Patterns,
    /// One per attitude.
    weights: Vec<f32>,
    texts: BTreeMap<String, String>,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    cues: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    texts: BTreeMap<String, String>,
}

/// The file of attitudes: phrases by weight.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attitudes {
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    weights: BTreeMap<String, Vec<String>>,
}

static ENGLISH: LazyLock<Lexicon> = LazyLock::new(|| {
    Lexicon::read(include_str!("lexicon.en.toml"), include_str!("attitudes.en.toml"))
        .expect("embedded files, read by a test")
});
static SPANISH: LazyLock<Lexicon> = LazyLock::new(|| {
    Lexicon::read(include_str!("lexicon.es.toml"), include_str!("attitudes.es.toml"))
        .expect("embedded files, read by a test")
});

impl Lexicon {
    /// The word lists of a language.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Spanish => &SPANISH,
        }
    }

    fn read(file: &str, attitudes: &str) -> Result<Self, String> {
        let file: File = toml::from_str(file).map_err(|e| e.to_string())?;
        let attitudes: Attitudes = toml::from_str(attitudes).map_err(|e| e.to_string())?;
        let all = |patterns: &[String], groups| {
            patterns.iter().map(|p| Pattern::read(p, groups)).collect::<Result<Vec<_>, _>>()
        };
        let mut cues = BTreeMap::new();
        for (cue, patterns) in &file.cues {
            cues.insert(cue.clone(), Patterns::new(all(patterns, &file.groups)?));
        }
        let (mut phrases, mut weights) = (Vec::new(), Vec::new());
        for (weight, patterns) in &attitudes.weights {
            let weight: f32 = weight.parse().map_err(|_| format!("no weight: {weight}"))?;
            phrases.extend(all(patterns, &attitudes.groups)?);
            weights.resize(phrases.len(), weight);
        }
        Ok(Self { cues, attitudes: Patterns::new(phrases), weights, texts: file.texts })
    }

    /// Where a sentence has a phrase of this meaning.
    pub(super) fn find(&self, cue: &str, sentence: &Sentence) -> Option<Range<usize>> {
        self.find_in(cue, &sentence.words)
    }

    /// Where some words have a phrase of this meaning.
    pub(super) fn find_in(&self, cue: &str, words: &[Word]) -> Option<Range<usize>> {
        self.cues.get(cue)?.find(words)
    }

    /// Whether a sentence has a phrase of this meaning.
    pub(super) fn has(&self, cue: &str, sentence: &Sentence) -> bool {
        self.find(cue, sentence).is_some()
    }

    /// Where a sentence has a phrase of this meaning that no "not" turns round.
    pub(super) fn meant(&self, cue: &str, sentence: &Sentence) -> Option<Range<usize>> {
        self.find(cue, sentence).filter(|span| !sentence.negated(span.start))
    }

    /// Whether a sentence is about what is not so, or about what somebody else says.
    pub(super) fn supposes(&self, sentence: &Sentence) -> bool {
        self.has("hypothetical", sentence)
    }

    /// The weight of the longest attitude that begins at a word, and its length.
    pub(super) fn weight(&self, words: &[Word], at: usize) -> Option<(f32, usize)> {
        let found = self.attitudes.at(words, at).map(|(n, end)| (self.weights[n], end - at));
        found.filter(|(_, length)| *length > 0).max_by_key(|(_, length)| *length)
    }

    /// A text with its `{holes}` filled.
    pub(super) fn text(&self, key: &str, holes: &[(&str, &str)]) -> String {
        let text = self.texts.get(key).cloned().unwrap_or_default();
        holes.iter().fold(text, |text, (hole, with)| text.replace(&format!("{{{hole}}}"), with))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_word_lists_are_sound() {
        for language in [Language::English, Language::Spanish] {
            let lexicon = Lexicon::of(language);
            assert!(lexicon.cues.len() > 20 && lexicon.weights.len() > 50, "{language:?}");
        }
        let keys = |l: Language| Lexicon::of(l).texts.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(Language::English), keys(Language::Spanish));
    }
}
