//! The transcript as sentences of plain words, each knowing where it stands.

use std::ops::Range;

use super::super::transcript::{Heard, Said, Side};
use super::schema::Citation;

/// One sentence of one line.
#[derive(Debug, Clone)]
pub(super) struct Sentence<'a> {
    /// Index of its line.
    pub(super) line: usize,
    /// The line.
    pub(super) said: &'a Said,
    /// Whether the other side says it.
    pub(super) theirs: bool,
    /// Verbatim.
    pub(super) text: &'a str,
    /// Its words.
    pub(super) words: Vec<Word<'a>>,
    /// Whether it asks.
    pub(super) question: bool,
}

/// One word.
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    /// Lower case, straight apostrophes, without accents.
    pub(super) plain: String,
    /// As it stands.
    pub(super) raw: &'a str,
    /// Where it stands in the sentence, bytes.
    pub(super) at: Range<usize>,
    /// Whether a comma or the like stands before it.
    pub(super) parted: bool,
    /// Whether it names a competitor.
    pub(super) rival: bool,
}

impl<'a> Sentence<'a> {
    /// A sentence of nobody's, for a text alone.
    pub(super) fn of(said: &'a Said, line: usize, theirs: bool, text: &'a str, rivals: &[String]) -> Self {
        let question = text.contains('?') || text.contains('¿');
        Self { line, said, theirs, text, words: words(text, rivals), question }
    }

    /// The whole sentence as a citation.
    pub(super) fn cite(&self) -> Citation {
        self.cite_words(self.text)
    }

    /// A part of it as a citation.
    pub(super) fn cite_words(&self, words: &str) -> Citation {
        let said = self.said;
        Citation {
            speaker: said.speaker.clone(),
            start_ms: said.start_ms,
            end_ms: said.end_ms,
            words: words.to_owned(),
        }
    }

    /// The words of a span as they stand.
    pub(super) fn span(&self, span: Range<usize>) -> &'a str {
        let from = self.words.get(span.start).map_or(self.text.len(), |w| w.at.start);
        let to = span.end.checked_sub(1).and_then(|last| self.words.get(last)).map_or(from, |w| w.at.end);
        self.text.get(from..to).unwrap_or_default()
    }

    /// Where the clause around a word begins and ends.
    pub(super) fn clause(&self, at: usize) -> Range<usize> {
        let begins = (0..=at).rev().find(|n| self.words.get(*n).is_some_and(|w| w.parted)).unwrap_or(0);
        let ends = (at + 1..self.words.len()).find(|n| self.words[*n].parted).unwrap_or(self.words.len());
        begins..ends
    }

    /// Whether a "not" stands in the few words before `at`, in the same clause.
    pub(super) fn negated(&self, at: usize) -> bool {
        let from = self.clause(at).start.max(at.saturating_sub(NEGATION_REACH));
        self.words[from..at.min(self.words.len())].iter().any(|w| is_negation(&w.plain))
    }

    /// The first words.
    pub(super) fn starts(&self, with: &[&str]) -> bool {
        with.iter().any(|phrase| {
            let mut words = self.words.iter();
            phrase.split(' ').all(|p| words.next().is_some_and(|w| w.plain == p))
        })
    }
}

/// Whether a word turns the next ones round.
pub(super) fn is_negation(word: &str) -> bool {
    const WORDS: [&str; 12] =
        ["not", "no", "never", "nobody", "nothing", "without", "hardly", "cannot", "nor", "ni", "nunca", "nadie"];
    word.ends_with("n't") || WORDS.contains(&word)
}

/// All sentences of a conversation, in order.
pub(super) fn sentences<'a>(heard: &'a Heard, rivals: &[String]) -> Vec<Sentence<'a>> {
    let lines = heard.lines.iter().enumerate();
    let theirs = |said: &Said| heard.party(&said.speaker).is_none_or(|p| p.side != Side::Ours);
    lines
        .flat_map(|(n, said)| {
            let theirs = theirs(said);
            split(&said.text)
                .map(move |text| Sentence::of(said, n, theirs, text, rivals))
                .filter(|s| !s.words.is_empty())
        })
        .collect()
}

/// A text's sentences: up to a full stop, question or exclamation mark with a blank after it.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let end = rest
            .char_indices()
            .find(|(at, c)| ends_sentence(rest, *at, *c))
            .map_or(rest.len(), |(at, c)| at + c.len_utf8());
        let (sentence, after) = rest.split_at(end);
        rest = after;
        (!sentence.is_empty()).then_some(sentence.trim_end())
    })
}

fn ends_sentence(text: &str, at: usize, c: char) -> bool {
    const TITLES: [&str; 7] = ["mr", "mrs", "ms", "dr", "st", "sr", "sra"];
    let next = text[at + c.len_utf8()..].chars().next();
    let last = text[..at].rsplit(char::is_whitespace).next().unwrap_or_default().to_lowercase();
    matches!(c, '.' | '?' | '!' | '…')
        && next.is_none_or(char::is_whitespace)
        && !(c == '.' && TITLES.contains(&last.as_str()))
}

/// The words of a text; hyphens part words, a thousands comma does not.
pub(super) fn words<'a>(text: &'a str, rivals: &[String]) -> Vec<Word<'a>> {
    let mut words: Vec<Word> = Vec::new();
    let mut parted = false;
    let mut from = 0;
    while from < text.len() {
        let piece = text[from..].split(|c: char| c.is_whitespace() || c == '-' || c == '—').next().unwrap_or_default();
        let bare = piece.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '$' | '€' | '£' | '%'));
        if let Some(offset) = piece.find(bare).filter(|_| !bare.is_empty()) {
            let before = piece[..offset].contains([',', ';', ':', '(', '"']);
            let at = from + offset..from + offset + bare.len();
            let plain = plain(bare);
            let rival = rivals.iter().any(|r| r.eq_ignore_ascii_case(bare));
            words.push(Word { plain, raw: bare, at, parted: parted || before, rival });
            parted = piece[offset + bare.len()..].contains([',', ';', ':', ')', '"', '.', '?', '!', '…']);
        } else {
            parted |= !piece.is_empty();
        }
        from += piece.len();
        from += text[from..].chars().next().map_or(0, char::len_utf8);
    }
    words
}

/// Lower case, straight apostrophes, no accents.
pub(super) fn plain(word: &str) -> String {
    let fold = |c: char| match c {
        '’' | '‘' | '`' => '\'',
        'á' | 'à' => 'a',
        'é' | 'è' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        c => c,
    };
    word.chars().flat_map(char::to_lowercase).map(fold).collect()
}

/// How far a "not" reaches, words.
const NEGATION_REACH: usize = 3;
