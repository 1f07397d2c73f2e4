//! E-mail addresses as they are said, and as recognisers write them: "anna dot bell at g mail dot com", "A-N-N-A@...".

use super::language::Language;
use super::spanish::unaccented;
use super::spelling::joined;

/// Longest address and local part (RFC 5321).
const CHARS_MAX: usize = 254;
const LOCAL_CHARS_MAX: usize = 64;
/// Most words in a row that are joined to one: more is a sentence.
const WORDS_MAX: usize = 4;
/// Longest end of a domain.
const END_CHARS_MAX: usize = 10;

/// An address in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Lower case.
    pub(super) address: String,
    /// The text without it, and without "my e-mail is".
    pub(super) rest: String,
}

/// A part of a text that may be part of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Word(String),
    Mark(char),
    At,
    /// A sentence ends here.
    Stop,
}

/// One part, and which written word it comes from.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) part: Part,
    pub(super) of: usize,
}

/// The address in a text, where one was asked for.
pub(super) fn find(text: &str, language: Language) -> Option<Found> {
    let pieces = pieces(text);
    let ats = (0..pieces.len()).rev().filter(|at| pieces[*at].part == Part::At);
    let misheard = (1..pieces.len()).rev().filter(|at| {
        matches!(&pieces[*at].part, Part::Word(word) if AT_SOUNDS.contains(&word.as_str()))
            && domain(&pieces, at + 1, language).is_some_and(|(domain, _)| is_provider(&domain))
    });
    ats.chain(misheard).find_map(|at| around(text, &pieces, at, language)).or_else(|| run_together(text, language))
}

/// The same where nobody asked: only what is called an e-mail address, or written as one.
pub(super) fn mentioned(text: &str, language: Language) -> Option<Found> {
    if names_one(text) { find(text, language) } else { None }
}

/// Whether an address was begun that has no end yet: "my e-mail is anna dot".
pub(super) fn is_begun(text: &str, language: Language) -> bool {
    let pieces = pieces(text);
    let marked = pieces.iter().any(|p| matches!(p.part, Part::Mark(_)));
    let open = marked || matches!(pieces.last(), Some(Piece { part: Part::At, .. }));
    names_one(text) && open && find(text, language).is_none()
}

/// Whether a text is part of an address that is being dictated: it has a mark in it, or letters.
pub(super) fn is_part(text: &str) -> bool {
    let pieces = pieces(text);
    let marked = pieces.iter().any(|p| matches!(p.part, Part::Mark(_)));
    let letters = pieces.iter().filter(|p| matches!(&p.part, Part::Word(word) if word.len() == 1)).count();
    marked || letters >= 3 || matches!(pieces.last(), Some(Piece { part: Part::At, .. }) if pieces.len() > 1)
}

/// Whether nothing more can follow, not even ".uk".
pub(super) fn ends_for_sure(address: &str) -> bool {
    !address.ends_with(".co")
}

/// Whether a text can be an e-mail address, in lower case.
pub fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let label =
        |l: &str| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-') && l.chars().all(|c| fits(c) || c == '-');
    let end = host.rsplit('.').next().unwrap_or_default();
    text.len() <= CHARS_MAX
        && (1..=LOCAL_CHARS_MAX).contains(&local.len())
        && local.chars().all(|c| fits(c) || matches!(c, '.' | '_' | '-' | '+'))
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && host.contains('.')
        && host.split('.').all(label)
        && (2..=END_CHARS_MAX).contains(&end.len())
        && end.chars().all(|c| c.is_ascii_lowercase())
}

/// The address around the at that stands there.
fn around(text: &str, pieces: &[Piece], at: usize, language: Language) -> Option<Found> {
    let (host, end) = domain(pieces, at + 1, language)?;
    let start = local_start(pieces, at);
    let local = local(&pieces[start..at], language).filter(|local| provider_named(local).is_none())?;
    let address = format!("{local}@{host}");
    let used = pieces[start].of..=pieces[end - 1].of;
    is_address(&address).then(|| Found { address, rest: without(text, used) })
}

/// Where the part before the at begins: behind "my e-mail is", or the sentence before.
fn local_start(pieces: &[Piece], at: usize) -> usize {
    let glued = |i: usize| matches!(pieces.get(i), Some(Piece { part: Part::Mark(_), .. }));
    let mut start = at;
    while let Some(before) = start.checked_sub(1) {
        match &pieces[before].part {
            Part::At | Part::Stop => break,
            Part::Word(word) if BEFORE.contains(&word.as_str()) => {
                let inside = glued(start) || before > 0 && glued(before - 1);
                if !inside {
                    break;
                }
            }
            _ => {}
        }
        start = before;
    }
    start
}

fn local(pieces: &[Piece], language: Language) -> Option<String> {
    let mut out = String::new();
    for chunk in pieces.split_inclusive(|p| matches!(p.part, Part::Mark(_))) {
        let (words, mark) = match chunk.last() {
            Some(Piece { part: Part::Mark(c), .. }) => (&chunk[..chunk.len() - 1], Some(*c)),
            _ => (chunk, None),
        };
        let words = words_of(words);
        if !is_one(&words, language) {
            return None;
        }
        out.push_str(&joined(&words, language));
        out.extend(mark);
    }
    Some(out)
}

/// Whether words can be one: few, or as many as the letters they spell.
fn is_one(words: &[&str], language: Language) -> bool {
    let long = words.iter().filter(|word| word.len() > 1).count();
    long <= WORDS_MAX || joined(words, language).len() <= words.len() * 2
}

fn words_of(pieces: &[Piece]) -> Vec<&str> {
    let word = |p: &'_ Piece| matches!(p.part, Part::Word(_));
    pieces.iter().filter(|p| word(p)).map(|p| if let Part::Word(w) = &p.part { w.as_str() } else { "" }).collect()
}

/// The domain that begins there, and where it ends.
pub(super) fn domain(pieces: &[Piece], start: usize, language: Language) -> Option<(String, usize)> {
    let mut at = start + usize::from(matches!(word(pieces, start), "the" | "sign" | "symbol"));
    let mut labels: Vec<String> = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    let mut name = String::new();
    loop {
        match pieces.get(at).map(|p| &p.part) {
            Some(Part::Word(next)) if labels.is_empty() && words.len() <= WORDS_MAX * 4 => words.push(next),
            Some(Part::Mark('-')) if labels.is_empty() && !words.is_empty() => {
                name.push_str(&joined(&words, language));
                name.push('-');
                words.clear();
            }
            Some(Part::Mark('.')) if labels.is_empty() && !words.is_empty() => {
                if !is_one(&words, language) {
                    return None;
                }
                name.push_str(&joined(&words, language));
                labels.push(provider_named(&name).map_or(name.clone(), |p| p.name.to_string()));
            }
            Some(Part::Mark('.')) if !labels.is_empty() => {}
            _ => break,
        }
        at += 1;
        if let (false, Some((end, taken))) = (labels.is_empty(), ending(pieces, at)) {
            labels.push(end);
            at += taken;
            if !matches!(pieces.get(at), Some(Piece { part: Part::Mark('.'), .. })) {
                break;
            }
        }
    }
    if !labels.is_empty() {
        return (labels.len() >= 2).then(|| (labels.join("."), at));
    }
    // "Anna at gmail": everybody knows the rest.
    (1..=2).rev().find_map(|count| {
        let said: String = (start..start + count).map(|i| word(pieces, i)).collect();
        let whole = (start..start + count).all(|i| !word(pieces, i).is_empty());
        provider_named(&said).filter(|_| whole).map(|p| (format!("{}.com", p.name), start + count))
    })
}

/// "com", "c o m", "come": what stands behind a dot.
pub(super) fn ending(pieces: &[Piece], at: usize) -> Option<(String, usize)> {
    let first = word(pieces, at);
    if first.len() == 1 {
        let letters: String = (at..at + 3).map(|i| word(pieces, i)).take_while(|w| w.len() == 1).collect();
        return (letters.len() >= 2).then(|| (letters.clone(), letters.len()));
    }
    let meant = ENDS_HEARD.iter().find(|(heard, _)| *heard == first).map_or(first, |(_, meant)| *meant);
    (!meant.is_empty()).then(|| (meant.to_string(), 1))
}

pub(super) fn word(pieces: &[Piece], at: usize) -> &str {
    match pieces.get(at).map(|p| &p.part) {
        Some(Part::Word(word)) => word,
        _ => "",
    }
}

/// "annabellatgmail.com": the at was heard as part of a word.
fn run_together(text: &str, language: Language) -> Option<Found> {
    let parted = text.split_whitespace().find_map(|written| {
        let lower = written.to_lowercase();
        PROVIDERS.iter().find_map(|provider| {
            let cut = lower.find(&format!("at{}.", provider.name)).filter(|at| *at > 0)?;
            let apart = format!("{}@{}", lower.get(..cut)?, lower.get(cut + 2..)?);
            Some(text.replacen(written, &apart, 1))
        })
    })?;
    let pieces = pieces(&parted);
    let at = pieces.iter().position(|p| p.part == Part::At)?;
    around(&parted, &pieces, at, language)
}

/// The text without these words and what led up to them.
fn without(text: &str, used: std::ops::RangeInclusive<usize>) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let bare = |w: &&str| w.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let mut before = words[..(*used.start()).min(words.len())].to_vec();
    while before.last().is_some_and(|w| LEADS.contains(&bare(w).as_str())) {
        before.pop();
    }
    let after = words.get(used.end() + 1..).unwrap_or_default();
    let rest = [before.as_slice(), after].concat();
    if rest.iter().all(|w| LEADS.contains(&bare(w).as_str()) || bare(w).is_empty()) {
        String::new()
    } else {
        rest.join(" ")
    }
}

fn names_one(text: &str) -> bool {
    let lower: String = text.to_lowercase().chars().map(unaccented).collect();
    ["@", "email", "e-mail", "e mail", "mail address", "at sign", "arroba", "correo"]
        .iter()
        .any(|name| lower.contains(name))
}

/// The text cut into what can be part of an address.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let written: Vec<&str> = text.split_whitespace().collect();
    let mut pieces: Vec<Piece> = Vec::new();
    for (of, word) in written.iter().enumerate() {
        let lower: String = word.to_lowercase().chars().map(unaccented).collect();
        let core = lower.replace("e-mail", "email");
        let core = core.trim_start_matches(|c: char| !c.is_alphanumeric() && !"@._-+".contains(c));
        let core = core.trim_end_matches(|c: char| !c.is_alphanumeric() && !"@_-+".contains(c));
        let next = written.get(of + 1).map(|w| w.to_lowercase()).unwrap_or_default();
        let ended = lower.ends_with(['.', '?', '!', ':']);
        for (side, part) in core.split('@').enumerate() {
            if side > 0 {
                pieces.push(Piece { part: Part::At, of });
            }
            cut(part, spelled_out(part, word), of, &mut pieces);
        }
        if ended && DOTTED_ENDS.contains(&next.trim_matches(|c: char| !c.is_alphanumeric())) {
            pieces.push(Piece { part: Part::Mark('.'), of });
        } else if ended && core.chars().count() > 1 && !core.contains('@') && !spelled_out(core, word) {
            pieces.push(Piece { part: Part::Stop, of });
        }
    }
    named_marks(pieces)
}

/// "A-N-N-A", "a.n.n.a": letters, whose marks are not part of anything.
fn spelled_out(part: &str, written: &str) -> bool {
    let letters: Vec<&str> = part.split(['-', '.']).filter(|l| !l.is_empty()).collect();
    let upper = written.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
    letters.iter().all(|l| l.chars().count() == 1)
        && (letters.len() >= 3 || letters.len() == 2 && (upper || part.contains('-')))
}

fn cut(part: &str, letters: bool, of: usize, pieces: &mut Vec<Piece>) {
    let mut word = String::new();
    for c in part.chars() {
        match c {
            '.' | '-' if letters => push_word(&mut word, of, pieces),
            '.' | '_' | '-' | '+' => {
                push_word(&mut word, of, pieces);
                pieces.push(Piece { part: Part::Mark(c), of });
            }
            '\'' | '’' => {}
            c => word.push(c),
        }
    }
    push_word(&mut word, of, pieces);
}

fn push_word(word: &mut String, of: usize, pieces: &mut Vec<Piece>) {
    if !word.is_empty() {
        pieces.push(Piece { part: Part::Word(std::mem::take(word)), of });
    }
}

/// "dot", "under score", "arroba" become what they mean; hesitations go.
fn named_marks(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let known = NAMES
            .iter()
            .find(|(phrase, _)| phrase.split(' ').enumerate().all(|(i, name)| word(&pieces, at + i) == name));
        let of = pieces[at].of;
        let Some((phrase, meant)) = known else {
            out.push(pieces[at].clone());
            at += 1;
            continue;
        };
        let length = phrase.split(' ').count();
        let of = pieces.get(at + length - 1).map_or(of, |p| p.of);
        for c in meant.chars() {
            match c {
                '@' => out.push(Piece { part: Part::At, of }),
                'c' => out.push(Piece { part: Part::Word("com".into()), of }),
                mark => out.push(Piece { part: Part::Mark(mark), of }),
            }
        }
        at += length;
    }
    out
}

pub(super) struct Provider {
    pub(super) name: &'static str,
    heard: &'static [&'static str],
    pub(super) spoken: &'static str,
}

fn provider_named(heard: &str) -> Option<&'static Provider> {
    let bare: String = heard.chars().filter(char::is_ascii_alphanumeric).collect();
    PROVIDERS.iter().find(|p| p.name == bare || p.heard.contains(&bare.as_str()))
}

pub(super) fn is_provider(domain: &str) -> bool {
    domain.split('.').next().is_some_and(|name| PROVIDERS.iter().any(|p| p.name == name))
}

pub(super) const PROVIDERS: [Provider; 13] = [
    Provider {
        name: "gmail",
        heard: &["jimmail", "geemail", "gmale", "gmel", "jeemail", "jmail", "gimail"],
        spoken: "G mail",
    },
    Provider { name: "googlemail", heard: &[], spoken: "google mail" },
    Provider { name: "hotmail", heard: &["hotmale", "hotmel", "otmail"], spoken: "hotmail" },
    Provider { name: "outlook", heard: &["outluck"], spoken: "outlook" },
    Provider { name: "yahoo", heard: &["yahu", "yahoos"], spoken: "yahoo" },
    Provider { name: "icloud", heard: &["eyecloud", "aicloud"], spoken: "I cloud" },
    Provider { name: "aol", heard: &[], spoken: "A O L" },
    Provider { name: "proton", heard: &[], spoken: "proton" },
    Provider { name: "protonmail", heard: &[], spoken: "proton mail" },
    Provider { name: "live", heard: &[], spoken: "live" },
    Provider { name: "msn", heard: &[], spoken: "M S N" },
    Provider { name: "comcast", heard: &[], spoken: "comcast" },
    Provider { name: "verizon", heard: &[], spoken: "verizon" },
];

/// What marks are called; the longer name first. `c` is "com".
const NAMES: [(&str, &str); 38] = [
    ("dot com", ".c"),
    ("dotcom", ".c"),
    ("dot", "."),
    ("period", "."),
    ("full stop", "."),
    ("punto com", ".c"),
    ("puntocom", ".c"),
    ("punto", "."),
    ("under score", "_"),
    ("underscore", "_"),
    ("under scored", "_"),
    ("guion bajo", "_"),
    ("barra baja", "_"),
    ("raya baja", "_"),
    ("guion medio", "-"),
    ("guion", "-"),
    ("dash", "-"),
    ("hyphen", "-"),
    ("minus", "-"),
    ("plus sign", "+"),
    ("plus", "+"),
    ("signo mas", "+"),
    ("at sign", "@"),
    ("at symbol", "@"),
    ("at", "@"),
    ("arroba", "@"),
    ("aroba", "@"),
    ("all one word", ""),
    ("one word", ""),
    ("all lower case", ""),
    ("all lowercase", ""),
    ("no spaces", ""),
    ("todo junto", ""),
    ("en minusculas", ""),
    ("um", ""),
    ("uh", ""),
    ("er", ""),
    ("erm", ""),
];

/// What "at" is taken for before a provider.
const AT_SOUNDS: [&str; 9] = ["and", "add", "ad", "had", "hat", "that", "et", "app", "act"];
/// Ends of domains behind a full stop that was a dot.
const DOTTED_ENDS: [&str; 4] = ["com", "net", "org", "edu"];
/// Ends as they are misheard.
const ENDS_HEARD: [(&str, &str); 7] = [
    ("come", "com"),
    ("comm", "com"),
    ("kom", "com"),
    ("calm", "com"),
    ("con", "com"),
    ("nett", "net"),
    ("orc", "org"),
];
/// Words after which an address begins.
const BEFORE: [&str; 50] = [
    "is",
    "its",
    "address",
    "email",
    "mail",
    "emails",
    "thats",
    "that",
    "yes",
    "yeah",
    "yep",
    "sure",
    "okay",
    "ok",
    "no",
    "not",
    "sorry",
    "actually",
    "wait",
    "to",
    "me",
    "reach",
    "use",
    "with",
    "please",
    "my",
    "on",
    "be",
    "would",
    "will",
    "so",
    "well",
    "hi",
    "hello",
    "thanks",
    "im",
    "name",
    "correo",
    "electronico",
    "direccion",
    "es",
    "mi",
    "si",
    "claro",
    "pues",
    "bueno",
    "vale",
    "seria",
    "sera",
    "course",
];
/// Words that only lead up to an address, or stand behind it.
const LEADS: [&str; 47] = [
    "my",
    "email",
    "mail",
    "e",
    "address",
    "is",
    "its",
    "it",
    "and",
    "the",
    "to",
    "use",
    "send",
    "yes",
    "yeah",
    "sure",
    "okay",
    "ok",
    "oh",
    "um",
    "uh",
    "please",
    "thats",
    "so",
    "well",
    "for",
    "you",
    "can",
    "at",
    "me",
    "reach",
    "mi",
    "correo",
    "electronico",
    "direccion",
    "es",
    "el",
    "y",
    "la",
    "si",
    "claro",
    "de",
    "una",
    "por",
    "favor",
    "thanks",
    "also",
];
