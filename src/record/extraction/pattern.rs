//! A small language for phrases: `a|b` is either word, `word~` any word that begins so, `*` up to four words of any kind,
//! `{name}` one of a group's phrases, `{rival}` a competitor, `{money}` a number of some size.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::numbers::number;
use super::sentences::Word;

/// A phrase with its choices.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

/// Patterns by the words they begin with: most of them are never looked at.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    all: Vec<Pattern>,
    by_first: HashMap<String, Vec<usize>>,
    /// Those that can begin with many words.
    loose: Vec<usize>,
}

/// One place of a pattern.
#[derive(Debug, Clone)]
enum Part {
    /// One of these phrases.
    OneOf(Vec<Vec<String>>),
    /// Up to [`GAP_WORDS`] of any kind.
    Gap,
    /// A competitor.
    Rival,
    /// A number.
    Number,
}

impl Pattern {
    /// Reads a pattern; a group nobody defined is an error of the word list.
    pub(super) fn read(text: &str, groups: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        let part = |piece: &str| match piece {
            "*" => Ok(Part::Gap),
            "{rival}" => Ok(Part::Rival),
            "{n}" => Ok(Part::Number),
            _ => match piece.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
                Some(group) => groups
                    .get(group)
                    .map(|phrases| Part::OneOf(phrases.iter().map(|p| phrase(p)).collect()))
                    .ok_or(format!("no group {group}")),
                None => Ok(Part::OneOf(piece.split('|').map(|word| vec![word.to_owned()]).collect())),
            },
        };
        Ok(Self { parts: text.split_whitespace().map(part).collect::<Result<_, _>>()? })
    }

    /// Its first place in some words.
    pub(super) fn find(&self, words: &[Word]) -> Option<Range<usize>> {
        (0..words.len()).find_map(|at| Some(at..self.ends(words, at)?))
    }

    /// The words it can begin with; none when it can begin with many.
    fn first_words(&self) -> Option<Vec<&str>> {
        let Some(Part::OneOf(phrases)) = self.parts.first() else { return None };
        phrases.iter().map(|phrase| phrase.first().map(String::as_str).filter(|word| !word.ends_with('~'))).collect()
    }

    /// Where it ends when it begins at `at`.
    pub(super) fn ends(&self, words: &[Word], at: usize) -> Option<usize> {
        ends(&self.parts, words, at)
    }
}

impl Patterns {
    /// Takes patterns in, in their order.
    pub(super) fn new(all: Vec<Pattern>) -> Self {
        let mut patterns = Self::default();
        for (n, pattern) in all.iter().enumerate() {
            match pattern.first_words() {
                Some(words) => words.into_iter().for_each(|word| {
                    patterns.by_first.entry(word.to_owned()).or_default().push(n);
                }),
                None => patterns.loose.push(n),
            }
        }
        Self { all, ..patterns }
    }

    /// Those that begin at a word: which one, and where it ends.
    pub(super) fn at(&self, words: &[Word], at: usize) -> impl Iterator<Item = (usize, usize)> {
        let named = words.get(at).and_then(|word| self.by_first.get(&word.plain)).map_or(&[][..], |found| found);
        named.iter().chain(&self.loose).filter_map(move |n| Some((*n, self.all[*n].ends(words, at)?)))
    }

    /// The first place of any of them.
    pub(super) fn find(&self, words: &[Word]) -> Option<Range<usize>> {
        (0..words.len()).find_map(|at| self.at(words, at).min().map(|(_, end)| at..end))
    }
}

fn ends(parts: &[Part], words: &[Word], at: usize) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else { return Some(at) };
    match part {
        Part::Gap => (at..=(at + GAP_WORDS).min(words.len())).find_map(|from| ends(rest, words, from)),
        Part::Rival => words.get(at).filter(|w| w.rival).and_then(|_| ends(rest, words, at + 1)),
        Part::Number => number(words, at).and_then(|(_, length)| ends(rest, words, at + length)),
        Part::OneOf(phrases) => phrases.iter().find_map(|phrase| {
            let here = words.get(at..at + phrase.len())?;
            let same = here.iter().zip(phrase).all(|(word, wanted)| fits(&word.plain, wanted));
            same.then(|| ends(rest, words, at + phrase.len()))?
        }),
    }
}

fn fits(word: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('~') {
        Some(stem) => word.starts_with(stem),
        None => word == wanted,
    }
}

fn phrase(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Most words a `*` stands for.
const GAP_WORDS: usize = 4;
