//! Spoken and written numbers, English: "a hundred and twelve thousand", "$25,000", "30k", "twenty nineteen".

use super::sentences::Word;

/// The number at a word, and how many words it takes.
pub(super) fn number(words: &[Word], at: usize) -> Option<(f64, usize)> {
    let mut total = 0.0;
    let mut group: Option<f64> = None;
    let mut next = at;
    while let Some(word) = words.get(next).filter(|w| next == at || !w.parted) {
        match (word.plain.as_str(), group) {
            ("and", Some(g)) if g >= 100.0 && follows(words, next + 1) => {}
            ("a", None) if scale(words, next + 1).is_some() => group = Some(1.0),
            ("hundred", Some(g)) if g < 100.0 => group = Some(g * 100.0),
            (plain, held) => match (thousands(plain), held, value(plain)) {
                (Some(by), Some(g), _) => {
                    total += g * by;
                    group = None;
                    next += 1;
                    if !words.get(next).is_some_and(|w| !w.parted && value(&w.plain).is_some()) {
                        break;
                    }
                    continue;
                }
                (_, held, Some(n)) => match join(held, n) {
                    Some(joined) => group = Some(joined),
                    None => break,
                },
                _ => break,
            },
        }
        next += 1;
    }
    (next > at && (group.is_some() || total > 0.0)).then(|| (total + group.unwrap_or(0.0), next - at))
}

/// All numbers of some words with their places.
pub(super) fn numbers(words: &[Word]) -> Vec<(f64, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match number(words, at) {
            Some((n, length)) => {
                found.push((n, at));
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// "twenty" and "five" are 25, "twenty" and "nineteen" a year, "three hundred" and "forty" 340.
fn join(held: Option<f64>, n: f64) -> Option<f64> {
    match held {
        None => Some(n),
        Some(h) if (20.0..100.0).contains(&h) && h % 10.0 == 0.0 && n < 10.0 => Some(h + n),
        Some(h) if h % 100.0 == 0.0 && h >= 100.0 && n < 100.0 => Some(h + n),
        Some(h) if h >= 100.0 && h % 10.0 == 0.0 && h % 100.0 >= 20.0 && n < 10.0 => Some(h + n),
        Some(h) if (h == 19.0 || h == 20.0) && (10.0..100.0).contains(&n) => Some(h * 100.0 + n),
        _ => None,
    }
}

fn follows(words: &[Word], at: usize) -> bool {
    words.get(at).is_some_and(|w| value(&w.plain).is_some())
}

fn scale(words: &[Word], at: usize) -> Option<()> {
    words.get(at).filter(|w| matches!(w.plain.as_str(), "hundred" | "thousand" | "million")).map(|_| ())
}

fn thousands(word: &str) -> Option<f64> {
    match word {
        "thousand" | "grand" | "mil" | "k" => Some(1e3),
        "million" => Some(1e6),
        _ => None,
    }
}

fn value(word: &str) -> Option<f64> {
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
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let place = |list: &[&str]| list.iter().position(|w| *w == word);
    let unit = place(&UNITS).map(|n| n as f64);
    unit.or(place(&TENS).map(|n| (n as f64 + 2.0) * 10.0)).or_else(|| written(word))
}

/// "$25,000", "30k", "1.5m".
fn written(word: &str) -> Option<f64> {
    let bare = word.trim_start_matches(['$', '€', '£']).trim_end_matches(['$', '€', '£', '+']);
    let (digits, by) = match bare.strip_suffix('k') {
        Some(digits) => (digits, 1e3),
        None => bare.strip_suffix('m').map_or((bare, 1.0), |digits| (digits, 1e6)),
    };
    let begins = digits.starts_with(|c: char| c.is_ascii_digit());
    let plain: String = digits.chars().filter(|c| *c != ',').collect();
    let clean = plain.len() <= DIGITS_MAX && plain.chars().all(|c| c.is_ascii_digit() || c == '.');
    (begins && clean).then(|| plain.parse().ok())?.map(|n: f64| n * by)
}

/// Longer runs of digits are phone numbers and keys.
const DIGITS_MAX: usize = 9;
