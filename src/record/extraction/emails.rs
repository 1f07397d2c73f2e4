//! E-mail addresses, written or spelled: "jordan dot smith at gmail dot com".

use super::sentences::{Sentence, Word};

/// The address a sentence holds, and the words it was said in.
pub(super) fn email<'a>(sentence: &Sentence<'a>) -> Option<(String, &'a str)> {
    let words = &sentence.words;
    let written = words.iter().find(|w| is_address(&w.plain)).map(|w| (w.plain.clone(), w.raw));
    let spoken = |at: usize| {
        let (local, from) = local(words, at)?;
        let (domain, to) = domain(words, at + 1)?;
        Some((format!("{local}@{domain}"), sentence.span(from..to)))
    };
    written.or_else(|| {
        (1..words.len()).filter(|at| words[*at].plain == "at" || words[*at].plain == "arroba").find_map(spoken)
    })
}

/// What stands before the "at": names joined by dots, underscores, dashes.
fn local(words: &[Word], at: usize) -> Option<(String, usize)> {
    let mut from = at.checked_sub(1).filter(|n| is_name(&words[*n].plain))?;
    let mut local = words[from].plain.clone();
    while let Some((sign, name)) = from.checked_sub(2).and_then(|n| Some((sign(&words[n + 1].plain)?, &words[n].plain)))
    {
        if !is_name(name) {
            break;
        }
        local = format!("{name}{sign}{local}");
        from -= 2;
    }
    Some((local, from))
}

/// What stands after it: names joined by dots, one at least.
fn domain(words: &[Word], at: usize) -> Option<(String, usize)> {
    let mut domain = words.get(at)?.plain.clone();
    let mut to = at + 1;
    while words.get(to).is_some_and(|w| sign(&w.plain) == Some("."))
        && words.get(to + 1).is_some_and(|w| is_name(&w.plain))
    {
        domain = format!("{domain}.{}", words[to + 1].plain);
        to += 2;
    }
    is_address(&format!("x@{domain}")).then_some((domain, to))
}

fn sign(word: &str) -> Option<&'static str> {
    match word {
        "dot" | "punto" => Some("."),
        "underscore" => Some("_"),
        "dash" | "hyphen" | "guion" => Some("-"),
        _ => None,
    }
}

fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+')) && sign(word).is_none()
}

/// One "@", a name before it, a domain with an ending after it.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let ending = domain.rsplit_once('.').map_or("", |(_, ending)| ending);
    let clean = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+'));
    // "Tuesday at 9.30" is a time: no address ends in figures.
    let named = (2..=6).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphabetic());
    !local.is_empty() && clean(local) && clean(domain) && named && !domain.starts_with('.')
}
