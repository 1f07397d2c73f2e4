//! Spoken numbers: cardinals, ordinals and dictated digits.

use super::words::{Token, Words};

/// A cardinal below 10,000 at `at` and how many tokens it takes ("twenty three", "23", "a" is not one).
pub(super) fn cardinal(words: &Words, at: usize) -> Option<(u32, usize)> {
    match words.tokens.get(at)? {
        Token::Digits(digits) if digits.len() <= 4 => digits.parse().ok().map(|n| (n, 1)),
        Token::Word(word) => {
            if let Some(unit) = unit(word) {
                return Some((unit, 1));
            }
            let tens = tens(word)?;
            match unit(words.word(at + 1)) {
                Some(unit) if (1..=9).contains(&unit) => Some((tens + unit, 2)),
                _ => Some((tens, 1)),
            }
        }
        _ => None,
    }
}

/// An ordinal up to 31 at `at` and how many tokens it takes ("third", "23rd", "twenty third").
pub(super) fn ordinal(words: &Words, at: usize) -> Option<(u32, usize)> {
    match words.tokens.get(at)? {
        Token::Ordinal(n) => Some((*n, 1)),
        Token::Word(word) => {
            if let Some(n) = ordinal_word(word) {
                return Some((n, 1));
            }
            let base = tens(word)?;
            match words.tokens.get(at + 1)? {
                Token::Word(next) => ordinal_word(next).filter(|n| *n <= 9).map(|n| (base + n, 2)),
                Token::Ordinal(n) if *n <= 9 => Some((base + n, 2)),
                _ => None,
            }
        }
        Token::Digits(digits) if digits == "20" || digits == "30" => {
            let base: u32 = digits.parse().ok()?;
            ordinal_word(words.word(at + 1)).filter(|n| *n <= 9).map(|n| (base + n, 2))
        }
        _ => None,
    }
}

/// 0..=19 as a word.
pub(super) fn unit(word: &str) -> Option<u32> {
    const UNITS: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    UNITS.iter().position(|u| *u == word).map(|n| n as u32)
}

/// 20, 30 ... 90 as a word.
pub(super) fn tens(word: &str) -> Option<u32> {
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let word = if word == "fourty" { "forty" } else { word };
    TENS.iter().position(|t| *t == word).map(|n| (n as u32 + 2) * 10)
}

fn ordinal_word(word: &str) -> Option<u32> {
    const ORDINALS: [&str; 20] = [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
    ];
    if word == "thirtieth" {
        return Some(30);
    }
    ORDINALS.iter().position(|o| *o == word).map(|n| n as u32 + 1)
}

/// What dictated digits came to: the digits, a leading "+" kept, and how many tokens were part of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dictated {
    /// Digits in order, "+" first when said.
    pub(super) digits: String,
    /// Where in the text they stood: one flag per token.
    pub(super) used: Vec<bool>,
    /// Whether the caller began again ("no, sorry").
    pub(super) restarted: bool,
}

/// "six hundred and twelve" as one number: 612. None when no such number was said.
pub(super) fn dictated_in_hundreds(words: &Words) -> Option<Dictated> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut joined = false;
    while at < words.len() {
        let and = usize::from(words.word(at + 2) == "and");
        let below = cardinal(words, at + 2 + and).filter(|(n, _)| (1..=99).contains(n));
        match (cardinal(words, at), words.word(at + 1), below) {
            (Some((hundreds @ 1..=9, 1)), "hundred", Some((rest, taken))) => {
                tokens.push(Token::Digits((hundreds * 100 + rest).to_string()));
                at += 2 + and + taken;
                joined = true;
            }
            _ => {
                tokens.push(words.tokens[at].clone());
                at += 1;
            }
        }
    }
    joined.then(|| dictated(&words.with(tokens), true))
}

/// All digits dictated in the text; `lenient` takes homophones ("for", "to") next to digits.
pub(super) fn dictated(words: &Words, lenient: bool) -> Dictated {
    let mut out = Dictated { used: vec![false; words.len()], ..Dictated::default() };
    let mut at = 0;
    let mut repeat = 1;
    while at < words.len() {
        let word = words.word(at);
        let taken = match word {
            "double" => {
                repeat = 2;
                out.used[at] = true;
                at += 1;
                continue;
            }
            "triple" | "treble" => {
                repeat = 3;
                out.used[at] = true;
                at += 1;
                continue;
            }
            "plus" => {
                out.digits = "+".into();
                out.used[at] = true;
                at += 1;
                continue;
            }
            "hundred" if out.digits.ends_with(|c: char| c.is_ascii_digit()) => Some(("00".to_string(), 1)),
            "thousand" if out.digits.ends_with(|c: char| c.is_ascii_digit()) => Some(("000".to_string(), 1)),
            "no" | "sorry" | "wait" | "correction" if digits_follow(words, at) >= 7 && !out.digits.is_empty() => {
                out.digits.clear();
                out.restarted = true;
                None
            }
            _ if is_hour(words, at) => None,
            _ => digit_run(words, at, lenient),
        };
        if let Some((run, length)) = taken {
            for _ in 0..repeat {
                out.digits.push_str(&run);
            }
            out.used[at..at + length].fill(true);
            at += length;
        } else {
            at += 1;
        }
        repeat = 1;
    }
    out
}

/// "two p.m.", "at ten": an hour beside a number is none of its digits.
fn is_hour(words: &Words, at: usize) -> bool {
    let Some((n @ 1..=12, length)) = cardinal(words, at) else { return false };
    let next = words.word(at + length);
    let alone = words.before(at) == "at" && cardinal(words, at + length).is_none() && n > 9;
    matches!(next, "pm" | "am" | "oclock") || alone
}

/// How many digits stand after `at`.
fn digits_follow(words: &Words, at: usize) -> usize {
    (at + 1..words.len()).filter_map(|i| digit_run(words, i, false)).map(|(run, _)| run.len()).sum()
}

fn digit_run(words: &Words, at: usize, lenient: bool) -> Option<(String, usize)> {
    match words.tokens.get(at)? {
        Token::Digits(digits) => Some((digits.clone(), 1)),
        // A time stands alone, the end of a number written like one does not.
        Token::Clock(hour, minute) if lenient && neighbour(words, at) => Some((format!("{hour}{minute:02}"), 1)),
        Token::Ordinal(_) | Token::Clock(..) | Token::Slash(..) => None,
        Token::Word(word) => match word.as_str() {
            "o" | "oh" if neighbour(words, at) => Some(("0".into(), 1)),
            "nought" | "naught" | "null" | "zeros" | "zeroes" => Some(("0".into(), 1)),
            "to" | "too" if lenient && neighbour(words, at) => Some(("2".into(), 1)),
            "for" | "fore" if lenient && neighbour(words, at) => Some(("4".into(), 1)),
            "ate" if lenient && neighbour(words, at) => Some(("8".into(), 1)),
            "won" if lenient && neighbour(words, at) => Some(("1".into(), 1)),
            "niner" => Some(("9".into(), 1)),
            plural
                if plural.ends_with('s')
                    && unit(&plural[..plural.len() - 1]).is_some_and(|n| n < 10)
                    && neighbour(words, at) =>
            {
                unit(&plural[..plural.len() - 1]).map(|n| (n.to_string(), 1))
            }
            _ => cardinal(words, at).map(|(n, length)| (n.to_string(), length)),
        },
    }
}

/// Whether a number stands next to `at`, so that "oh", "to", "for" are digits too.
fn neighbour(words: &Words, at: usize) -> bool {
    let number = |i: usize| {
        matches!(words.tokens.get(i), Some(Token::Digits(_) | Token::Clock(..)))
            || matches!(words.word(i), "oh" | "o" | "double" | "triple")
            || unit(words.word(i)).is_some()
            || tens(words.word(i)).is_some()
    };
    number(at + 1) || at.checked_sub(1).is_some_and(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> String {
        dictated(&Words::new(text), true).digits
    }

    #[test]
    fn dictated_digits_in_many_forms() {
        for (text, want) in [
            ("six one seven five five five two six seven one", "6175552671"),
            ("617-555-2671", "6175552671"),
            ("It's 6 1 7, triple five, 26 71.", "6175552671"),
            ("six one seven, five five five, twenty six seventy one", "6175552671"),
            ("area code 617, 555 to 671", "6175552671"),
            ("oh double seven", "077"),
            ("eight hundred five five five one two three four", "8005551234"),
            ("plus three four six one two", "+34612"),
            ("617 555 1111 no sorry 617 555 2671", "6175552671"),
        ] {
            assert_eq!(digits(text), want, "{text}");
        }
    }
}
