//! An e-mail address read back, and set right by what the caller says is wrong with it.

use super::email::{PROVIDERS, Part, Piece, domain, ending, is_address, is_provider, pieces, word};
use super::language::Language;
use super::spelling::{repeated, single};

/// The address with what the caller says is wrong with it set right; none where that is not clear.
pub(super) fn corrected(address: &str, text: &str, language: Language) -> Option<String> {
    let (local, host) = address.split_once('@')?;
    let pieces = pieces(text);
    let plain: Vec<&str> =
        pieces.iter().filter_map(|p| if let Part::Word(w) = &p.part { Some(w.as_str()) } else { None }).collect();
    let other = other_host(host, &pieces, language).map(|host| format!("{local}@{host}"));
    let same = |new: String| (new != local).then(|| format!("{new}@{host}"));
    let fixed = other
        .or_else(|| recounted(local, &plain).and_then(same))
        .or_else(|| exchanged(local, &plain, language).and_then(same))
        .or_else(|| remarked(local, &pieces, &plain).and_then(same))?;
    (is_address(&fixed) && fixed != address).then_some(fixed)
}

/// Read back so that it can be checked: letter by letter, the domain in words where everybody knows it.
pub(super) fn spoken(address: &str, language: Language) -> String {
    let (local, host) = address.split_once('@').unwrap_or((address, ""));
    let (name, end) = host.split_once('.').unwrap_or((host, ""));
    let at = if language == Language::Spanish { "arroba" } else { "at" };
    let host = match PROVIDERS.iter().find(|p| p.name == name) {
        Some(provider) => provider.spoken.to_string(),
        None => letters(name, language),
    };
    let ends = end.split('.').map(|label| format!("{} {}", mark('.', language), end_spoken(label)));
    format!("{} {at} {host} {}", letters(local, language), ends.collect::<Vec<_>>().join(" "))
}

fn end_spoken(label: &str) -> String {
    match label {
        "com" | "net" | "org" | "info" | "edu" => label.to_string(),
        other => other.chars().map(|c| c.to_ascii_uppercase().to_string()).collect::<Vec<_>>().join(" "),
    }
}

/// "A N N A dot B E L L".
fn letters(text: &str, language: Language) -> String {
    let say = |c: char| match c {
        '.' | '_' | '-' | '+' => format!(", {},", mark(c, language)),
        c => format!(" {}", c.to_ascii_uppercase()),
    };
    text.chars().map(say).collect::<String>().trim_matches([' ', ',']).to_string()
}

fn mark(c: char, language: Language) -> &'static str {
    match (c, language) {
        ('.', Language::English) => "dot",
        ('_', Language::English) => "underscore",
        ('-', Language::English) => "dash",
        (_, Language::English) => "plus",
        ('.', Language::Spanish) => "punto",
        ('_', Language::Spanish) => "guion bajo",
        ('-', Language::Spanish) => "guion",
        (_, Language::Spanish) => "más",
    }
}

/// Another domain: "hotmail, not gmail", "dot net".
fn other_host(host: &str, pieces: &[Piece], language: Language) -> Option<String> {
    let (name, end) = host.split_once('.')?;
    let begins = |at: usize| at == 0 || !matches!(pieces[at - 1].part, Part::Mark(_));
    let mut named = (0..pieces.len()).filter_map(|at| {
        let (other, _) = domain(pieces, at, language).filter(|_| begins(at) && !word(pieces, at).is_empty())?;
        is_provider(&other).then_some(other)
    });
    let others: Vec<String> = named.by_ref().filter(|other| other.split('.').next() != Some(name)).collect();
    if let [other] = others.as_slice() {
        return Some(other.clone());
    }
    let dot = pieces.iter().position(|p| p.part == Part::Mark('.'))?;
    let (other, taken) = ending(pieces, dot + 1)?;
    let rest = pieces.iter().enumerate().filter(|(i, _)| !(dot..=dot + taken).contains(i));
    let only = rest.into_iter().all(|(_, p)| {
        matches!(&p.part, Part::Stop)
            || matches!(&p.part, Part::Word(w) if AROUND.contains(&w.as_str()) || end.contains(w.as_str()))
    });
    (only && other != end && ENDS.contains(&other.as_str())).then(|| format!("{name}.{other}"))
}

/// "With two l's", "only one n".
fn recounted(local: &str, words: &[&str]) -> Option<String> {
    let (letter, times, _) = (0..words.len()).find_map(|at| repeated(words, at))?;
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, c) in local.char_indices().filter(|(_, c)| *c == letter) {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == at => *length += c.len_utf8(),
            _ => runs.push((at, 1)),
        }
    }
    runs.retain(|(_, length)| *length != times);
    let [(start, length)] = runs.as_slice() else { return None };
    Some(format!("{}{}{}", &local[..*start], String::from(letter).repeat(times), &local[start + length..]))
}

/// "M as in mike, not n": one letter for another.
fn exchanged(local: &str, words: &[&str], language: Language) -> Option<String> {
    let lead = words.iter().take_while(|w| AROUND.contains(w)).count();
    let words = &words[lead.min(words.len())..];
    let not = words.iter().position(|w| matches!(*w, "not" | "no" | "instead"))?;
    let skip = usize::from(words.get(not + 1) == Some(&"of"));
    let (right, wrong) = (single(&words[..not], language)?, single(words.get(not + 1 + skip..)?, language)?);
    let here = local.matches(wrong).count();
    (here == 1).then(|| local.replacen(wrong, &right.to_string(), 1))
}

/// "No dot", "underscore, not dash", "it's a dash".
fn remarked(local: &str, pieces: &[Piece], words: &[&str]) -> Option<String> {
    if !words.iter().all(|w| AROUND.contains(w)) {
        return None;
    }
    let said: Vec<char> =
        pieces.iter().filter_map(|p| if let Part::Mark(c) = p.part { Some(c) } else { None }).collect();
    let without = pieces.windows(2).any(|pair| {
        matches!(&pair[0].part, Part::Word(w) if NONE_OF.contains(&w.as_str())) && matches!(pair[1].part, Part::Mark(_))
    });
    let had: Vec<char> = local.chars().filter(|c| matches!(c, '.' | '_' | '-' | '+')).collect();
    match (said.as_slice(), had.as_slice()) {
        ([gone], _) if without && had.contains(gone) => Some(local.replace(*gone, "")),
        ([right], [wrong]) if !without => Some(local.replace(*wrong, &right.to_string())),
        ([right, wrong], _) if had.contains(wrong) && !had.contains(right) => {
            Some(local.replace(*wrong, &right.to_string()))
        }
        _ => None,
    }
}

/// Ends a correction may name.
const ENDS: [&str; 16] =
    ["com", "net", "org", "edu", "gov", "es", "uk", "us", "io", "co", "mx", "info", "me", "fr", "de", "eu"];
/// Words around a correction.
const AROUND: [&str; 40] = [
    "no", "its", "it", "is", "that", "thats", "not", "with", "the", "a", "an", "theres", "there", "at", "but", "and",
    "sorry", "wait", "should", "be", "without", "instead", "of", "just", "only", "es", "con", "sin", "un", "una", "el",
    "lo", "siento", "y", "ningun", "actually", "yes", "almost", "in", "between",
];
/// Words that take a mark away.
const NONE_OF: [&str; 5] = ["no", "without", "sin", "ningun", "not"];
