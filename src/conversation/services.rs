//! Which service a caller means: names and aliases, by letters, sound and stem.

use std::collections::BTreeSet;

use rphonetic::DoubleMetaphone;

use super::business::{Business, Service};
use super::language::Language;
use super::lexicon::ENGLISH;
use super::translation::MARK;
use super::words::{Token, Words};

/// Similarity from which a phrase is the service's name.
const SAME: f64 = 0.8;
/// What one word of the name counts, and one of another wording, which says less ("teeth" of "teeth cleaning").
const NAME_WORD: f64 = 0.95;
const ALIAS_WORD: f64 = 0.86;
/// Letters a short word must share with one that sounds the same.
const SHORT_ALIKE: f64 = 0.6;
/// Fewest letters of a word that names a service by itself.
const WORD_LETTERS_MIN: usize = 3;
/// Words that name no service by themselves.
const GENERIC: [&str; 17] = [
    "visit",
    "appointment",
    "service",
    "check",
    "change",
    "session",
    "new",
    "and",
    "the",
    "annual",
    "full",
    "a",
    "of",
    "for",
    "with",
    "day",
    "time",
];

/// The services the text may mean, best first: one when it is clear, several when it is not, none when nothing fits.
pub(super) fn find_services(words: &Words, services: &[Service]) -> Vec<usize> {
    let said = spoken_words(words);
    let named: Vec<Named> = services.iter().map(|s| Named::of(s, words)).collect();
    let mut scored: Vec<(f64, usize)> =
        named.iter().enumerate().map(|(i, s)| (score(&said, s, &named), i)).filter(|(s, _)| *s >= SAME).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = scored.first().map_or(0.0, |s| s.0);
    let found: Vec<usize> = scored.into_iter().filter(|(s, _)| best - s < 0.02).map(|(_, i)| i).collect();
    let within = |i: &usize| found.iter().any(|j| j != i && is_within(&said, &named[*i], &named[*j]));
    let whole: Vec<usize> = found.iter().copied().filter(|i| !within(i)).collect();
    let found = if whole.is_empty() { found } else { whole };
    // "The radiators are stone cold": what is broken is mended, whatever else has radiators in its name.
    let mends = if best < NAME_WORD { mended(words, services) } else { None };
    mends.map_or(found, |mends| vec![mends])
}

/// The one service that mends things, where something is said to be broken.
fn mended(words: &Words, services: &[Service]) -> Option<usize> {
    if !ENGLISH.means("broken", words) {
        return None;
    }
    let mends = |service: &&Service| {
        let mut wordings = std::iter::once(&service.name).chain(&service.aliases);
        wordings.any(|wording| ENGLISH.means("mends", &Words::new(wording)))
    };
    let mut all = services.iter().enumerate().filter(|(_, service)| mends(service));
    let (Some((only, _)), None) = (all.next(), all.next()) else { return None };
    Some(only)
}

/// "A beard trim" is no "trim": a wording that was only said as part of a longer one of another service.
fn is_within(said: &[String], short: &Named, long: &Named) -> bool {
    let held = |phrase: &&Vec<String>| said.windows(phrase.len().max(1)).any(|w| w == phrase.as_slice());
    let longest = |named: &Named| named.0.iter().filter(held).max_by_key(|p| p.len()).cloned();
    let (Some(short_said), Some(long_said)) = (longest(short), longest(long)) else { return false };
    let size = short_said.len();
    if size >= long_said.len() || !long_said.windows(size).any(|w| w == short_said.as_slice()) {
        return false;
    }
    let count = |phrase: &[String]| said.windows(phrase.len()).filter(|w| *w == phrase).count();
    count(&short_said) <= count(&long_said)
}

/// The services wanted: those refused or corrected in the same breath left out ("not a wash, a polish").
pub(super) fn wanted_services(words: &Words, services: &[Service]) -> Vec<usize> {
    let all = find_services(words, services);
    if all.len() < 2 {
        return all;
    }
    let mut rest = words.clone();
    for at in (0..words.len()).rev() {
        let mark = match words.word(at) {
            "not" => 1,
            "instead" | "rather" if matches!(words.word(at + 1), "of" | "than") => 2,
            _ => continue,
        };
        let end = (at + mark + 1..=words.len().min(at + mark + REFUSED_WORDS))
            .rev()
            .find(|end| find_services(&words.part(at + mark, *end), services).len() == 1);
        if let Some(end) = end {
            rest.tokens.drain(at..end.min(rest.len()));
        }
    }
    let last = (0..rest.len()).rev().find(|i| matches!(rest.word(*i), "no" | "sorry" | "mean" | "meant" | "actually"));
    let corrected = last.map(|at| find_services(&rest.part(at + 1, rest.len()), services)).filter(|s| s.len() == 1);
    let left = corrected.unwrap_or_else(|| find_services(&rest, services));
    if left.is_empty() { all } else { left }
}

/// Longest stretch after "not" that names a service, words.
const REFUSED_WORDS: usize = 3;

/// The words alone, without the mark of those that were not translated.
fn spoken_words(words: &Words) -> Vec<String> {
    let bare = |t: &Token| if let Token::Word(w) = t { Some(w.trim_start_matches(MARK).to_string()) } else { None };
    words.tokens.iter().filter_map(bare).collect()
}

/// A service's wordings as words of the language that is spoken; its name first.
struct Named(Vec<Vec<String>>);

impl Named {
    fn of(service: &Service, heard: &Words) -> Self {
        let phrases = std::iter::once(&service.name).chain(&service.aliases);
        let words = |phrase: &String| match heard.language {
            Language::English => {
                // "Check-up" is heard as two words.
                phrase.to_lowercase().replace('-', " ").split_whitespace().map(str::to_string).collect()
            }
            _ => spoken_words(&heard.same_language(phrase)),
        };
        Self(phrases.map(words).collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.iter().flatten().any(|w| w == word || stem(w) == stem(word))
    }
}

fn score(said: &[String], service: &Named, all: &[Named]) -> f64 {
    let mut best: f64 = 0.0;
    for phrase in &service.0 {
        let wanted: Vec<&str> = phrase.iter().map(String::as_str).collect();
        let weight = if *phrase == service.0[0] { NAME_WORD } else { ALIAS_WORD };
        best = best.max(window_score(said, &wanted));
        for word in &wanted {
            if !names_nothing(word) && unique(word, all) {
                // "Let me check" is no "checkup".
                let said = said.iter().filter(|s| !GENERIC.contains(&s.as_str()));
                best = best.max(said.map(|s| word_score(s, word)).fold(0.0, f64::max) * weight);
            }
        }
    }
    best
}

/// "No" of "no hot water": a word that is said for a hundred reasons.
fn names_nothing(word: &str) -> bool {
    GENERIC.contains(&word) || word.chars().count() < WORD_LETTERS_MIN || ENGLISH.stop_words.contains(word)
}

/// Whether no other service has this word.
fn unique(word: &str, all: &[Named]) -> bool {
    all.iter().filter(|s| s.has(word)).count() == 1
}

/// The whole phrase against every stretch of words about as long, spaces ignored ("clean in" is "cleaning").
fn window_score(said: &[String], wanted: &[&str]) -> f64 {
    let target = wanted.concat();
    let mut best: f64 = 0.0;
    for size in 1..=wanted.len() + 1 {
        for window in said.windows(size) {
            let joined = window.concat();
            // A short word must match as it is: "in" is not "inn".
            if joined == target {
                return 1.0 + 0.01 * wanted.len() as f64;
            }
            let aligned =
                window.len() == wanted.len() && window.iter().zip(wanted).all(|(s, w)| word_score(s, w) >= SAME);
            if aligned && wanted.iter().any(|w| !GENERIC.contains(w)) {
                best = best.max(0.98);
            } else if target.len() >= 6 && joined.chars().next() == target.chars().next() {
                best = best.max(strsim::normalized_damerau_levenshtein(&joined, &target) - 0.01);
            }
        }
    }
    best
}

/// One word against another: equal, inflected, or alike in letters and sound.
fn word_score(said: &str, word: &str) -> f64 {
    if said == word {
        return 1.0;
    }
    let (a, b) = (stem(said), stem(word));
    if a == b && a.len() >= 3 {
        return 0.97;
    }
    let shared = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let (short, long) = (a.chars().count().min(b.chars().count()), a.chars().count().max(b.chars().count()));
    if shared >= 4 && shared == short && shared * 2 > long {
        return 0.9;
    }
    let letters = strsim::normalized_damerau_levenshtein(said, word);
    let sounds = word.is_ascii() && said.is_ascii() && {
        let metaphone = DoubleMetaphone::new(Some(8));
        metaphone.is_double_metaphone_equal(said.trim_end_matches('s'), word.trim_end_matches('s'), false)
    };
    match short {
        // "tires" for "tyre"; shorter words are alike by chance.
        0..=2 => 0.0,
        3 if sounds && letters >= SHORT_ALIKE => 0.9,
        3 => 0.0,
        _ if sounds && letters >= 0.5 => 0.9,
        _ => letters,
    }
}

/// A word without its English ending.
pub(super) fn stem(word: &str) -> &str {
    for ending in ["nings", "ings", "ing", "ers", "er", "ies", "ed", "es", "s", "y", "e"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.chars().count() >= 3
        {
            // "Swimming" is "swim", and "polishing" is no "polis".
            let twice = |c: char| stem.ends_with(&String::from(c).repeat(2)) && stem.len() > 4;
            return if "bdgmnprt".chars().any(twice) { &stem[..stem.len() - 1] } else { stem };
        }
    }
    word
}

/// Their names joined for reading out: "a, b or c".
pub(super) fn listed(business: &Business, which: impl Iterator<Item = usize>) -> String {
    let names: BTreeSet<usize> = which.collect();
    let names: Vec<&str> =
        names.into_iter().filter_map(|i| business.services.get(i)).map(|s| s.name.as_str()).collect();
    business.language().either(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_by_letters_sound_and_stem() {
        let make = |name: &str, aliases: &[&str]| Service {
            id: name.into(),
            name: name.into(),
            aliases: aliases.iter().map(|a| a.to_string()).collect(),
            minutes: 30,
        };
        let dental = [
            make("cleaning", &[]),
            make("consultation", &[]),
            make("whitening", &[]),
            make("emergency visit", &["toothache"]),
        ];
        for (text, want) in [
            ("I'd like a cleaning", 0),
            ("I need a clean in", 0),
            ("get my teeth cleaned", 0),
            ("whitning please", 2),
            ("I want my teeth whitened", 2),
            ("a consultation", 1),
            ("an emergency visit", 3),
            ("I have a tooth ache", 3),
        ] {
            assert_eq!(find_services(&Words::new(text), &dental), vec![want], "{text}");
        }
        for text in ["I want to visit", "good evening", "an appointment", "hair cut"] {
            assert!(find_services(&Words::new(text), &dental).is_empty(), "{text}");
        }
        let garage = [make("oil change", &[]), make("tyre change", &["new tyres"]), make("inspection", &[])];
        for (text, want) in [("my oil changed", 0), ("a tire change", 1), ("get it inspected", 2), ("new tires", 1)] {
            assert_eq!(find_services(&Words::new(text), &garage), vec![want], "{text}");
        }
    }
}
