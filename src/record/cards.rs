//! Numbers of payment cards, in digits or in words, also where a pause or somebody else's turn is in the middle of one.

use std::ops::Range;

use super::withhold::WITHHELD;

/// What one side said, in order, without the numbers of cards.
pub(super) fn without_cards(texts: &[&str]) -> Vec<String> {
    let words: Vec<Word> = texts.iter().enumerate().flat_map(|(text, said)| words(text, said)).collect();
    let mut pieces: Vec<(usize, Range<usize>)> = Vec::new();
    let mut from = 0;
    while from < words.len() {
        let length = card(&words[from..]);
        for word in &words[from..from + length.unwrap_or(0)] {
            match pieces.last_mut() {
                Some((text, at)) if *text == word.text && word.follows(at, texts) => at.end = word.at.end,
                _ => pieces.push((word.text, word.at.clone())),
            }
        }
        from += length.unwrap_or(1);
    }
    let mut masked: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    // From the end, so that the places before stay where they are.
    for (text, at) in pieces.into_iter().rev() {
        masked[text].replace_range(at, WITHHELD);
    }
    masked
}

/// A word, and the digits it stands for; none where it stands for no digits.
struct Word {
    text: usize,
    at: Range<usize>,
    digits: Option<String>,
}

impl Word {
    /// Whether nothing but white space is between it and a piece of its text.
    fn follows(&self, piece: &Range<usize>, texts: &[&str]) -> bool {
        texts[self.text].get(piece.end..self.at.start).is_some_and(|between| between.trim().is_empty())
    }
}

fn words(text: usize, said: &str) -> impl Iterator<Item = Word> {
    said.split_whitespace().map(move |word| {
        let start = word.as_ptr().addr() - said.as_ptr().addr();
        Word { text, at: start..start + word.len(), digits: digits(word) }
    })
}

/// "4111", "4111-1111", "four,"
fn digits(word: &str) -> Option<String> {
    let bare = word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '+').to_lowercase();
    if let Some(place) = SPOKEN.iter().position(|spoken| spoken.contains(&bare.as_str())) {
        return Some(place.to_string());
    }
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    let only = bare.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | ','));
    (only && !digits.is_empty()).then_some(digits)
}

/// How many of the first words are a card's number; none when they begin none.
fn card(words: &[Word]) -> Option<usize> {
    let mut number = String::new();
    let said = words.iter().map_while(|word| word.digits.as_deref());
    said.enumerate().take(DIGITS_MAX).find_map(|(place, digits)| {
        number.push_str(digits);
        ((DIGITS_MIN..=DIGITS_MAX).contains(&number.len()) && is_card(&number)).then_some(place + 1)
    })
}

/// The check that every card's last digit passes (Luhn).
fn is_card(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0') << (place % 2);
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Digits as they are said, zero first.
const SPOKEN: [&[&str]; 10] = [
    &["zero", "oh", "o", "cero"],
    &["one", "uno"],
    &["two", "dos"],
    &["three", "tres"],
    &["four", "cuatro"],
    &["five", "cinco"],
    &["six", "seis"],
    &["seven", "siete"],
    &["eight", "ocho"],
    &["nine", "nueve"],
];
/// Digits of a card's number.
const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_withheld_however_it_is_said() {
        for said in [
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111111111111111",
            "four one one one, one one one one, one one one one, one one one one",
        ] {
            let text = format!("It is {said}. Thanks");
            assert_eq!(without_cards(&[&text]), ["It is (withheld) Thanks"], "{said}");
        }
        let turns = without_cards(&["4111 1111,", "1111 1111, and it is Jane"]);
        assert_eq!(turns, ["(withheld)", "(withheld) and it is Jane"]);
    }

    #[test]
    fn other_numbers_stay() {
        let text = "Call +1 212 555 0123 on 2026-11-24, order 4111 1111 1111 1112 for one or two people";
        assert_eq!(without_cards(&[text]), [text]);
    }
}
