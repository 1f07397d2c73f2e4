//! Who matters on the other side: by the source's names, by introduction, or by what others say of them.

use std::ops::Range;

use super::super::transcript::Side;
use super::extract::Reading;
use super::schema::{Citation, Claim, Stakeholder};
use super::sentences::{Sentence, Word};

/// Everybody of the other side with a name.
pub(super) fn stakeholders(reading: &Reading) -> Vec<Claim<Stakeholder>> {
    let mut people: Vec<Claim<Stakeholder>> = Vec::new();
    for sentence in reading.theirs() {
        speaker(reading, sentence, &mut people);
    }
    for sentence in reading.theirs() {
        introduced(reading, sentence, &mut people);
        third_party(reading, sentence, &mut people);
    }
    people
}

/// Somebody the source names; "Caller" is nobody's name.
fn speaker(reading: &Reading, sentence: &Sentence, people: &mut Vec<Claim<Stakeholder>>) {
    let name = sentence.said.speaker.as_str();
    let party = reading.heard.party(name);
    let named = name.contains(char::is_alphabetic) && !is_label(name) && party.is_none_or(|p| p.side != Side::Ours);
    if named && find(people, name).is_none() {
        let email = party.and_then(|p| p.email.clone());
        let role = party.and_then(|p| p.title.clone());
        people.push(Claim::new(Stakeholder { name: name.to_owned(), role, email }, KNOWN, vec![sentence.cite()]));
    }
}

/// "My name is ...", "this is ...", "I'm the CFO".
fn introduced(reading: &Reading, sentence: &Sentence, people: &mut Vec<Claim<Stakeholder>>) {
    let own = find(people, &sentence.said.speaker);
    if own.is_none()
        && let Some((name, words)) = own_name(reading, sentence)
    {
        let known = people
            .iter_mut()
            .find(|p| is_label(&p.citations[0].speaker) && p.citations[0].speaker == sentence.said.speaker);
        match known {
            Some(known) if name.len() > known.value.name.len() => known.value.name = name,
            Some(_) => {}
            None => {
                let value = Stakeholder { name, role: None, email: None };
                people.push(Claim::new(value, SAID, vec![sentence.cite_words(words)]));
            }
        }
    }
    let own = find(people, &sentence.said.speaker)
        .or_else(|| people.iter().position(|p| p.citations[0].speaker == sentence.said.speaker));
    let after = reading.lexicon.find("own_role", sentence).map(|at| at.end);
    if let (Some(own), Some(role)) = (own, after.and_then(|from| role(reading, sentence, from))) {
        give(&mut people[own], role, sentence.cite());
    }
}

/// "Our CFO, Karen Holt", "my boss, Raj Patel, he's the director of operations".
fn third_party(reading: &Reading, sentence: &Sentence, people: &mut Vec<Claim<Stakeholder>>) {
    for at in 0..sentence.words.len() {
        if !matches!(sentence.words[at].plain.as_str(), "our" | "my" | "the") {
            continue;
        }
        let Some(role_at) = role_span(reading, sentence, at + 1) else { continue };
        let Some(name_at) = near_name(reading, sentence, at, role_at.end) else { continue };
        let words = sentence.span(name_at.clone());
        let name = words.to_owned();
        let later = later_role(reading, sentence, name_at.end);
        let role = later.unwrap_or_else(|| sentence.span(role_at).to_owned());
        let place = find(people, &name);
        if let Some(known) = place {
            give(&mut people[known], role, sentence.cite());
        } else if !is_ours(reading, &name) {
            let value = Stakeholder { name, role: Some(role), email: None };
            people.push(Claim::new(value, SAID, vec![sentence.cite()]));
        }
    }
}

/// The name right after a role or, with "is our" between them, before it.
fn near_name(reading: &Reading, sentence: &Sentence, at: usize, role_end: usize) -> Option<Range<usize>> {
    let words = &sentence.words;
    let after = name_at(words, role_end).or_else(|| {
        let titled = words.get(role_end).is_some_and(|w| matches!(w.plain.as_str(), "mr" | "mrs" | "ms" | "dr" | "is"));
        titled.then(|| name_at(words, role_end + 1))?
    });
    let links = reading.lexicon.find_in("is_our", &words[..=at]).filter(|l| l.end == at + 1);
    let mut clause = links.map_or(0, |l| l.start);
    let before = || {
        while clause > 0 && !is_name(&words[clause - 1]) {
            clause -= 1;
        }
        let from = (0..clause).rev().take_while(|n| is_name(&words[*n])).last()?;
        Some(from..clause)
    };
    after.or_else(before)
}

/// "... he's the director of operations".
fn later_role(reading: &Reading, sentence: &Sentence, from: usize) -> Option<String> {
    let link = reading.lexicon.find_in("is_the", &sentence.words[from..])?;
    role(reading, sentence, from + link.end)
}

fn give(person: &mut Claim<Stakeholder>, role: String, citation: Citation) {
    if person.value.role.is_none() {
        person.value.role = Some(role);
        person.citations.push(citation);
    }
}

/// The name somebody gives as theirs.
fn own_name<'a>(reading: &Reading, sentence: &Sentence<'a>) -> Option<(String, &'a str)> {
    let words = &sentence.words;
    let after = |cue: &str| reading.lexicon.find(cue, sentence).and_then(|at| name_at(words, at.end));
    // "It's Ana" opens a call or answers who is calling; later on "it's" is anything.
    let opens = reading.theirs().next().is_some_and(|first| first.line == sentence.line);
    let told = after("own_name").or_else(|| after("weak_name").filter(|_| opens || was_asked(reading, sentence)));
    let titled = |at: Range<usize>| if is_title(&words[at.start]) { at.start + 1..at.end } else { at };
    let asked = || was_asked(reading, sentence).then(|| (0..words.len()).find_map(|n| name_at(words, n)))?;
    let at = titled(told.or_else(asked)?);
    let raw = sentence.span(at);
    (!raw.is_empty() && !is_ours(reading, raw)).then(|| (raw.to_owned(), raw))
}

fn is_title(word: &Word) -> bool {
    matches!(word.plain.as_str(), "mr" | "mrs" | "ms" | "dr" | "miss" | "senor" | "señor" | "señora")
}

/// Whether the line before asked who is speaking.
fn was_asked(reading: &Reading, sentence: &Sentence) -> bool {
    let before = sentence.line.checked_sub(1);
    let asks = |s: &&Sentence| Some(s.line) == before && !s.theirs;
    reading.sentences.iter().filter(asks).any(|s| reading.lexicon.has("asks_name", s))
}

/// The name at a word: capitals that are no other words.
fn name_at(words: &[Word], at: usize) -> Option<Range<usize>> {
    let more = |n: &usize| words.get(*n).is_some_and(|w| is_name(w) && (*n == at || !w.parted));
    let end = (at..at + NAME_WORDS).take_while(more).last()? + 1;
    (words[at..end].iter().any(|w| !is_title(w))).then_some(at..end)
}

fn is_name(word: &Word) -> bool {
    let capital = word.raw.chars().next().is_some_and(char::is_uppercase);
    let shouted = word.raw.chars().count() > 1 && word.raw.chars().all(|c| c.is_uppercase() || !c.is_alphabetic());
    let short = word.raw.chars().count() < 2 || word.raw.contains('\'') && word.plain.starts_with("i'");
    capital && !shouted && !short && !word.rival && !NO_NAMES.contains(&word.plain.as_str())
}

fn is_label(name: &str) -> bool {
    let first = name.split_whitespace().next().unwrap_or_default().to_lowercase();
    ["caller", "agent", "speaker", "unknown", "guest", "participant", "customer", "phone"].contains(&first.as_str())
}

fn is_ours(reading: &Reading, name: &str) -> bool {
    reading.heard.people.iter().any(|p| p.side == Side::Ours && is_same(&p.name, name))
}

fn find(people: &[Claim<Stakeholder>], name: &str) -> Option<usize> {
    people.iter().position(|p| is_same(&p.value.name, name))
}

/// "Luis" is "Luis Ortega".
fn is_same(one: &str, other: &str) -> bool {
    let parts = |name: &str| name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    let (one, other) = (parts(one), parts(other));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    !short.is_empty() && short.iter().all(|part| long.contains(part))
}

fn role(reading: &Reading, sentence: &Sentence, from: usize) -> Option<String> {
    let span = role_span(reading, sentence, from)?;
    Some(sentence.span(span).to_owned())
}

/// The words of a role from here on: "CFO", "sales ops lead", "director of patient services", or what one runs.
fn role_span(reading: &Reading, sentence: &Sentence, from: usize) -> Option<Range<usize>> {
    let words = sentence.words.get(from..)?;
    let here = reading.lexicon.find_in("role", words).filter(|at| at.start <= ROLE_BEFORE)?;
    let unbroken =
        words[..here.start].iter().skip(1).all(|w| !w.parted) && words[..here.start].iter().all(|w| !is_name(w));
    let of = words.get(here.end).is_some_and(|w| w.plain == "of" && !w.parted);
    let tail = |n: &usize| words.get(*n).is_some_and(|w| !w.parted && !ROLE_ENDS.contains(&w.plain.as_str()));
    let end =
        if of { (here.end + 1..here.end + 4).take_while(tail).last().map_or(here.end, |n| n + 1) } else { here.end };
    unbroken.then_some(from..from + end)
}

/// Confidence in a name the source gives.
const KNOWN: f32 = 0.95;
/// Confidence in a name that was said.
const SAID: f32 = 0.8;
/// Most words of a name.
const NAME_WORDS: usize = 4;
/// Most words before a role's own ("sales ops lead").
const ROLE_BEFORE: usize = 2;
/// Words that end "director of ...".
const ROLE_ENDS: [&str; 12] = ["and", "here", "at", "who", "has", "is", "so", "for", "he", "she", "but", "needs"];
/// Words that begin with a capital and are nobody.
const NO_NAMES: [&str; 68] = [
    "i",
    "the",
    "yes",
    "yeah",
    "no",
    "okay",
    "ok",
    "sure",
    "hi",
    "hello",
    "hey",
    "thanks",
    "thank",
    "please",
    "it's",
    "it",
    "and",
    "but",
    "so",
    "my",
    "our",
    "we",
    "he",
    "she",
    "they",
    "that",
    "that's",
    "this",
    "is",
    "uh",
    "um",
    "oh",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "name's",
    "name",
    "a",
    "de",
    "soy",
    "me",
    "si",
    "gracias",
    "english",
    "spanish",
    "google",
    "just",
    "honestly",
    "you",
    "what",
    "can",
    "could",
    "also",
];
