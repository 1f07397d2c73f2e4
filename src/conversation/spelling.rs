//! Letters and figures as they are spelled out loud: "a n n a", "b as in boy", "double l", "november", "eighty four".

use super::language::Language;
use super::numbers::{tens, unit};
use super::spanish::unaccented;
use super::spoken_es;

/// Fewest letters said by their names that are taken for spelling: "Mike" alone is a name.
const RUN_MIN: usize = 3;

/// Words joined to what they spell; none of them is a mark.
pub(super) fn joined(words: &[&str], language: Language) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < words.len() {
        if SILENT.contains(&words[at]) && at + 1 < words.len() {
            at += 1;
            continue;
        }
        let read = run(words, at).or_else(|| number(words, at, language));
        let (text, taken) = read.unwrap_or_else(|| (words[at].to_string(), 1));
        // "Four oh two" has a nought in it.
        let nought = matches!(words[at], "oh" | "o")
            && out.ends_with(|c: char| c.is_ascii_digit())
            && words.get(at + 1).is_some_and(|next| figure(next, language));
        out.push_str(if nought { "0" } else { &text });
        at += if nought { 1 } else { taken };
    }
    out
}

/// The letter or figure that is meant where only one is.
pub(super) fn single(words: &[&str], language: Language) -> Option<char> {
    let letter = match words {
        [one] => named(one).map(String::from),
        _ => None,
    };
    let text = letter.unwrap_or_else(|| joined(words, language));
    let mut all = text.chars();
    all.next().filter(|_| all.next().is_none())
}

/// "Double l", "two l's": the letter and how often.
pub(super) fn repeated(words: &[&str], at: usize) -> Option<(char, usize, usize)> {
    let times = match *words.get(at)? {
        "double" | "doble" | "two" | "dos" | "2" => 2,
        "triple" | "three" | "tres" | "3" => 3,
        "one" | "single" | "un" | "una" | "sola" | "1" => 1,
        _ => return None,
    };
    let word = words.get(at + 1)?;
    let counted = !matches!(words[at], "double" | "doble" | "triple");
    let alone = |w: &str| named(w).or_else(|| w.chars().next().filter(|_| w.len() == 1));
    let letter = match word.strip_suffix('s').and_then(alone) {
        Some(one) => Some(one),
        None if counted && times > 1 => None,
        None => alone(word),
    };
    Some((letter?, times, 2))
}

/// A stretch of letters, each said in whatever way.
fn run(words: &[&str], start: usize) -> Option<(String, usize)> {
    let mut letters = String::new();
    let (mut at, mut count, mut plain) = (start, 0, true);
    while at < words.len() {
        if SILENT.contains(&words[at]) && count > 0 && at + 1 < words.len() {
            at += 1;
            continue;
        }
        let (text, taken, sure) =
            match (pair(words, at), repeated(words, at).filter(|r| r.1 > 1), exemplified(words, at)) {
                (Some(letter), ..) => (String::from(letter), 2, false),
                (_, Some((letter, times, taken)), _) => (String::from(letter).repeat(times), taken, true),
                (_, _, Some((letter, taken))) => (String::from(letter), taken, true),
                _ => match words[at] {
                    one if one.len() == 1 => (one.to_string(), 1, true),
                    word => match named(word) {
                        Some(letter) => (String::from(letter), 1, false),
                        None => break,
                    },
                },
            };
        letters.push_str(&text);
        plain &= sure;
        count += 1;
        at += taken;
    }
    (count >= RUN_MIN || count > 0 && plain).then_some((letters, at - start))
}

/// "B as in boy", "b for boy", "b de barco": the word says it better than the letter.
fn exemplified(words: &[&str], at: usize) -> Option<(char, usize)> {
    let letter = words[at];
    let known = letter.len() == 1 && letter.chars().all(char::is_alphabetic) || named(letter).is_some();
    let lead = match (words.get(at + 1).copied()?, words.get(at + 2).copied()) {
        ("as", Some("in" | "an")) => 2,
        ("for" | "like" | "de" | "como" | "of", _) => 1,
        _ => return None,
    };
    let word = words.get(at + 1 + lead).filter(|w| known && w.len() > 1)?;
    let first = word.chars().next().filter(char::is_ascii_alphabetic)?;
    Some((first, 2 + lead))
}

/// Letters said in two words.
fn pair(words: &[&str], at: usize) -> Option<char> {
    match (words[at], *words.get(at + 1)?) {
        ("double", "you" | "u") | ("doble", "u" | "uve" | "ve") | ("uve", "doble") => Some('w'),
        ("i", "griega") => Some('y'),
        ("x", "ray") => Some('x'),
        _ => None,
    }
}

/// A number at `at`, in figures: "eighty four", "two thousand ten"; years come as two of them.
fn number(words: &[&str], at: usize, language: Language) -> Option<(String, usize)> {
    let (first, taken) = below_hundred(words, at, language)?;
    let scale = match words.get(at + taken).copied() {
        Some("thousand" | "mil") => 1000,
        Some("hundred") => 100,
        _ => return Some((first.to_string(), taken)),
    };
    let skip = usize::from(words.get(at + taken + 1) == Some(&"and"));
    match below_hundred(words, at + taken + 1 + skip, language) {
        Some((rest, more)) => Some(((first * scale + rest).to_string(), taken + 1 + skip + more)),
        None => Some(((first * scale).to_string(), taken + 1)),
    }
}

fn below_hundred(words: &[&str], at: usize, language: Language) -> Option<(u32, usize)> {
    let word = *words.get(at)?;
    let (small, ten, link) = match language {
        Language::English => (unit(word), tens(word), 0),
        Language::Spanish => (spanish(&spoken_es::SMALL, word), spanish_tens(word), 1),
    };
    if let Some(small) = small {
        return Some((small, 1));
    }
    let ten = ten?;
    let next = words.get(at + 1 + link).copied().filter(|_| link == 0 || words[at + 1] == "y");
    let low = next.and_then(|next| match language {
        Language::English => unit(next),
        Language::Spanish => spanish(&spoken_es::SMALL, next),
    });
    match low.filter(|n| (1..10).contains(n)) {
        Some(low) => Some((ten + low, 2 + link)),
        None => Some((ten, 1)),
    }
}

fn spanish(names: &[&str], word: &str) -> Option<u32> {
    names.iter().position(|name| name.chars().map(unaccented).eq(word.chars())).map(|n| n as u32)
}

fn spanish_tens(word: &str) -> Option<u32> {
    spanish(&spoken_es::TENS, word).map(|n| (n + 3) * 10)
}

fn figure(word: &str, language: Language) -> bool {
    word.bytes().all(|b| b.is_ascii_digit()) || below_hundred(&[word], 0, language).is_some()
}

/// The letter a word is the name of: the radio alphabet, and letters written as they sound.
fn named(word: &str) -> Option<char> {
    let known = |table: &[(&str, char)]| table.iter().find(|(name, _)| *name == word).map(|(_, letter)| *letter);
    known(&RADIO).or_else(|| known(&SOUNDS))
}

/// Words that say how a letter is written, which no address knows.
const SILENT: [&str; 9] =
    ["capital", "uppercase", "lowercase", "letter", "letra", "mayuscula", "minuscula", "then", "luego"];

const RADIO: [(&str, char); 29] = [
    ("alpha", 'a'),
    ("alfa", 'a'),
    ("bravo", 'b'),
    ("charlie", 'c'),
    ("delta", 'd'),
    ("echo", 'e'),
    ("foxtrot", 'f'),
    ("golf", 'g'),
    ("hotel", 'h'),
    ("india", 'i'),
    ("juliet", 'j'),
    ("juliett", 'j'),
    ("kilo", 'k'),
    ("lima", 'l'),
    ("mike", 'm'),
    ("november", 'n'),
    ("oscar", 'o'),
    ("papa", 'p'),
    ("quebec", 'q'),
    ("romeo", 'r'),
    ("sierra", 's'),
    ("tango", 't'),
    ("uniform", 'u'),
    ("victor", 'v'),
    ("whiskey", 'w'),
    ("whisky", 'w'),
    ("xray", 'x'),
    ("yankee", 'y'),
    ("zulu", 'z'),
];

const SOUNDS: [(&str, char); 56] = [
    ("ay", 'a'),
    ("bee", 'b'),
    ("be", 'b'),
    ("see", 'c'),
    ("sea", 'c'),
    ("cee", 'c'),
    ("dee", 'd'),
    ("eff", 'f'),
    ("gee", 'g'),
    ("aitch", 'h'),
    ("eye", 'i'),
    ("jay", 'j'),
    ("kay", 'k'),
    ("el", 'l'),
    ("ell", 'l'),
    ("em", 'm'),
    ("en", 'n'),
    ("oh", 'o'),
    ("pee", 'p'),
    ("pea", 'p'),
    ("cue", 'q'),
    ("queue", 'q'),
    ("are", 'r'),
    ("ar", 'r'),
    ("ess", 's'),
    ("tee", 't'),
    ("tea", 't'),
    ("you", 'u'),
    ("vee", 'v'),
    ("ex", 'x'),
    ("why", 'y'),
    ("zee", 'z'),
    ("zed", 'z'),
    ("ce", 'c'),
    ("de", 'd'),
    ("efe", 'f'),
    ("ge", 'g'),
    ("hache", 'h'),
    ("jota", 'j'),
    ("ka", 'k'),
    ("ele", 'l'),
    ("eme", 'm'),
    ("ene", 'n'),
    ("pe", 'p'),
    ("cu", 'q'),
    ("erre", 'r'),
    ("ere", 'r'),
    ("ese", 's'),
    ("te", 't'),
    ("uve", 'v'),
    ("ve", 'v'),
    ("equis", 'x'),
    ("ye", 'y'),
    ("ceta", 'z'),
    ("zeta", 'z'),
    ("ache", 'h'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled_out_loud() {
        for (said, want) in [
            ("a n n a", "anna"),
            ("b as in boy e double l", "bell"),
            ("b e two ls", "bell"),
            ("alpha november november alpha", "anna"),
            ("mike", "mike"),
            ("bee e el el", "bell"),
            ("v as in boy", "b"),
            ("bell eighty four", "bell84"),
            ("bell nineteen eighty four", "bell1984"),
            ("four oh two", "402"),
            ("two thousand ten", "2010"),
            ("anna bell", "annabell"),
            ("capital a n n a", "anna"),
        ] {
            let words: Vec<&str> = said.split(' ').collect();
            assert_eq!(joined(&words, Language::English), want, "{said}");
        }
        let words = ["ene", "ache", "o", "ochenta", "y", "cuatro"];
        assert_eq!(joined(&words, Language::Spanish), "nho84");
    }
}
