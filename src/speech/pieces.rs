//! BERT's word pieces: a sentence cut into the network's vocabulary.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// The vocabulary.
pub(super) struct Pieces {
    ids: HashMap<String, i64>,
    unknown: i64,
    start: i64,
    end: i64,
}

/// What is read of a `tokenizer.json`.
#[derive(Deserialize)]
struct Tokenizer {
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    vocab: HashMap<String, i64>,
}

impl Pieces {
    /// Reads a `tokenizer.json` of the uncased kind.
    pub fn open(path: &Path) -> Result<Pieces, String> {
        let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
        let tokenizer: Tokenizer = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        Self::new(tokenizer.model.vocab)
    }

    fn new(ids: HashMap<String, i64>) -> Result<Pieces, String> {
        let special = |name: &str| ids.get(name).copied().ok_or_else(|| format!("no {name} in the vocabulary"));
        let (unknown, start, end) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        Ok(Pieces { ids, unknown, start, end })
    }

    /// The network's numbers for a sentence, cut at [`PIECES_MAX`].
    pub fn cut(&self, text: &str) -> Vec<i64> {
        let mut ids = vec![self.start];
        for word in words(text) {
            self.cut_word(&word, &mut ids);
        }
        ids.truncate(PIECES_MAX - 1);
        ids.push(self.end);
        ids
    }

    /// The longest known piece first, then the longest that goes on from there.
    fn cut_word(&self, word: &[char], ids: &mut Vec<i64>) {
        let (begin, mut at) = (ids.len(), 0);
        while at < word.len() && word.len() <= WORD_CHARS_MAX {
            let lead = if at == 0 { "" } else { "##" };
            let piece = |end: usize| lead.chars().chain(word[at..end].iter().copied()).collect::<String>();
            let Some((end, id)) = (at + 1..=word.len()).rev().find_map(|end| Some((end, *self.ids.get(&piece(end))?)))
            else {
                break;
            };
            ids.push(id);
            at = end;
        }
        if at < word.len() {
            ids.truncate(begin);
            ids.push(self.unknown);
        }
    }
}

/// Lower case without accents; every sign is a word of its own.
fn words(text: &str) -> Vec<Vec<char>> {
    let (mut words, mut word) = (Vec::new(), Vec::new());
    for c in text.chars().flat_map(char::to_lowercase).map(plain) {
        if c.is_alphanumeric() {
            word.push(c);
        } else {
            words.push(std::mem::take(&mut word));
            words.extend((!c.is_whitespace() && !c.is_control()).then(|| vec![c]));
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The letter under an accent, for the languages written with Latin letters.
fn plain(c: char) -> char {
    const ACCENTS: [(&str, char); 8] = [
        ("àáâãäåā", 'a'),
        ("çćč", 'c'),
        ("èéêëē", 'e'),
        ("ìíîïī", 'i'),
        ("ñńň", 'n'),
        ("òóôõöō", 'o'),
        ("ùúûüū", 'u'),
        ("ýÿ", 'y'),
    ];
    ACCENTS.iter().find(|(letters, _)| letters.contains(c)).map_or(c, |(_, letter)| *letter)
}

/// What the network was trained with.
const PIECES_MAX: usize = 128;

/// A longer word is no word.
const WORD_CHARS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VOCABULARY: [&str; 12] =
        ["[UNK]", "[CLS]", "[SEP]", "park", "##ing", "##s", "p", "##a", "##r", "##k", "?", "'"];

    fn pieces() -> Pieces {
        let ids = VOCABULARY.iter().zip(0..).map(|(piece, id)| ((*piece).to_owned(), id)).collect();
        Pieces::new(ids).expect("the special pieces are there")
    }

    fn shown(text: &str) -> Vec<&'static str> {
        pieces().cut(text).iter().map(|id| VOCABULARY[*id as usize]).collect()
    }

    #[test]
    fn the_longest_piece_comes_first() {
        assert_eq!(shown("Parking's PÄRK?"), ["[CLS]", "park", "##ing", "'", "[UNK]", "park", "?", "[SEP]"]);
    }

    proptest! {
        #[test]
        fn pieces_of_a_known_word_are_the_word(word in "p[ark]{0,20}") {
            let joined: String = shown(&word)[1..].iter().map(|p| p.trim_start_matches("##")).collect();
            prop_assert_eq!(joined, word + "[SEP]");
        }

        #[test]
        fn any_text_gives_a_bounded_sentence(text in any::<String>()) {
            let ids = pieces().cut(&text);
            prop_assert!((2..=PIECES_MAX).contains(&ids.len()));
            prop_assert_eq!((ids[0], ids[ids.len() - 1]), (1, 2));
        }
    }
}
