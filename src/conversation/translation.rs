//! Another language, told in the words of the grammar: the phrases of its lexicon file are replaced one by one, the
//! longest first. What the file does not know stays, marked, so that it never passes for an English word.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::spanish::{self, unaccented};
use super::words::{Token, Words};

/// Stands before words that were not translated.
pub(super) const MARK: char = '~';

/// One token as heard, in its own language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    /// Lower case, accents gone but for the words that only the accent tells apart.
    pub(super) token: Token,
    /// A comma or a full stop stands before it.
    pub(super) after_pause: bool,
}

/// The tokens of a Spanish text in the words of the grammar.
pub(super) fn translated(text: &str) -> Vec<Token> {
    let heard = tokens(text);
    let mut out = Vec::with_capacity(heard.len());
    let mut at = 0;
    while at < heard.len() {
        let phrase = SPANISH.longest(&heard, at);
        let clock = spanish::clock(&heard, at).filter(|(_, taken)| phrase.as_ref().is_none_or(|p| p.1 < *taken));
        let (tokens, taken) = clock.or(phrase).or_else(|| number(&heard, at)).unwrap_or_else(|| (left(&heard[at]), 1));
        out.extend(tokens);
        at += taken;
    }
    out
}

/// A text of a lexicon or of the settings is cut the same way as what is heard.
fn tokens(text: &str) -> Vec<Heard> {
    let mut heard: Vec<Heard> = Vec::new();
    let mut pause = false;
    for piece in text.split(char::is_whitespace) {
        for token in Words::new(piece).tokens {
            let token = match token {
                Token::Word(word) => Token::Word(folded(&word)),
                other => other,
            };
            let ending = matches!(&token, Token::Word(w) if ORDINAL_ENDINGS.contains(&w.as_str()));
            if let (true, Some(Heard { token: last @ Token::Digits(_), .. })) = (ending, heard.last_mut()) {
                if let Token::Digits(digits) = &*last {
                    *last = Token::Ordinal(digits.parse().unwrap_or(0));
                }
                continue;
            }
            heard.push(Heard { token, after_pause: std::mem::take(&mut pause) });
        }
        pause |= piece.ends_with([',', '.', ';', ':', '!', '?']);
    }
    // "Si" alone at the start is a yes whose accent was lost.
    if heard.get(1).is_none_or(|second| second.after_pause)
        && let Some(Heard { token: Token::Word(first), .. }) = heard.first_mut()
        && first == "si"
    {
        *first = "sí".into();
    }
    heard
}

/// "1º", "2.ª", "3er": what follows the digits of an ordinal.
const ORDINAL_ENDINGS: [&str; 8] = ["º", "ª", "ro", "ra", "er", "do", "da", "to"];

/// Without accents, but for the few words that only the accent tells apart ("sí" and "si").
fn folded(word: &str) -> String {
    if ACCENTED.contains(&word) {
        return word.to_string();
    }
    if let Some((_, other)) = VOSEO.iter().find(|(vos, _)| *vos == word) {
        return (*other).to_string();
    }
    word.chars().map(unaccented).collect()
}

/// As it is said by the River Plate and in Spain, and as the phrases of the file say it.
const VOSEO: [(&str, &str); 12] = [
    ("podés", "puedes"),
    ("tenés", "tienes"),
    ("querés", "quieres"),
    ("sabés", "sabes"),
    ("hacés", "haces"),
    ("decís", "dices"),
    ("venís", "vienes"),
    ("mirá", "mira"),
    ("decime", "dime"),
    ("podéis", "pueden"),
    ("tenéis", "tienen"),
    ("queréis", "quieren"),
];

/// Told from another word by the accent alone.
const ACCENTED: [&str; 11] =
    ["sí", "qué", "cómo", "cuándo", "dónde", "cuál", "cuáles", "cuánto", "cuánta", "quién", "sé"];

/// A number alone.
fn number(heard: &[Heard], at: usize) -> Option<(Vec<Token>, usize)> {
    let (digits, taken) = spanish::digits(heard, at)?;
    Some((vec![Token::Digits(digits)], taken))
}

/// What no phrase covers: marked when it is a word.
fn left(heard: &Heard) -> Vec<Token> {
    match &heard.token {
        // A date in figures has the day first.
        Token::Slash(day, month, year) => spanish::date(*day, *month, *year),
        Token::Word(word) if word == "pm" || word == "am" => vec![heard.token.clone()],
        Token::Word(word) => vec![Token::Word(format!("{MARK}{word}"))],
        other => vec![other.clone()],
    }
}

/// What a phrase of the file is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// This word; `joined`: with no pause before it.
    Word { word: String, joined: bool },
    /// Something with a value of its own.
    Slot { slot: Slot, joined: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// "martes"
    Day,
    /// "diciembre"
    Month,
    /// "tres", "3"
    Number,
    /// A day's number in a month
    Nth,
    /// "las dos y media", "dos de la tarde"
    Clock,
    /// "dos"
    Hour,
    /// Either
    When,
}

struct Phrase {
    parts: Vec<Part>,
    meaning: Vec<Meant>,
}

#[derive(Debug, Clone)]
enum Meant {
    Token(Token),
    Slot(Slot),
}

/// A language's phrases by their first word; those that begin with a slot under "".
struct Phrases {
    by_first: HashMap<String, Vec<Phrase>>,
}

static SPANISH: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::read(include_str!("lexicon.es.toml")).expect("embedded file, read by a test"));

impl Phrases {
    fn read(text: &str) -> Result<Self, toml::de::Error> {
        let sections: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(text)?;
        let mut by_first: HashMap<String, Vec<Phrase>> = HashMap::new();
        for (pattern, meaning) in sections.into_values().flatten() {
            let meaning: Vec<Meant> = meaning.split_whitespace().map(meant).collect();
            for wording in spread(&pattern) {
                let parts = parts(&wording);
                let first = match parts.first() {
                    Some(Part::Word { word, .. }) => word.clone(),
                    _ => String::new(),
                };
                by_first.entry(first).or_default().push(Phrase { parts, meaning: meaning.clone() });
            }
        }
        Ok(Self { by_first })
    }

    /// The longest phrase that begins at `at`: what it means and how many tokens it takes.
    fn longest(&self, heard: &[Heard], at: usize) -> Option<(Vec<Token>, usize)> {
        let first = match &heard[at].token {
            Token::Word(word) => self.by_first.get(word),
            _ => None,
        };
        let slots = self.by_first.get("");
        let all = first.into_iter().flatten().chain(slots.into_iter().flatten());
        let mut best: Option<(Vec<Token>, usize)> = None;
        for phrase in all {
            if let Some(found) = phrase.matched(heard, at)
                && best.as_ref().is_none_or(|(_, taken)| *taken < found.1)
            {
                best = Some(found);
            }
        }
        best
    }
}

impl Phrase {
    fn matched(&self, heard: &[Heard], start: usize) -> Option<(Vec<Token>, usize)> {
        let mut values: Vec<(Slot, Vec<Token>)> = Vec::new();
        let mut at = start;
        for part in &self.parts {
            match part {
                Part::Word { word, joined } => {
                    let here = heard.get(at)?;
                    let same = matches!(&here.token, Token::Word(said) if said == word);
                    if !same || *joined && here.after_pause {
                        return None;
                    }
                    at += 1;
                }
                Part::Slot { slot, joined } => {
                    let (value, taken) = slot.value(heard, at)?;
                    if *joined && heard[at].after_pause {
                        return None;
                    }
                    values.push((*slot, value));
                    at += taken;
                }
            }
        }
        let mut tokens = Vec::new();
        for meant in &self.meaning {
            match meant {
                Meant::Token(token) => tokens.push(token.clone()),
                Meant::Slot(slot) => {
                    let next = values.iter().position(|(kind, _)| kind == slot)?;
                    tokens.extend(values.remove(next).1);
                }
            }
        }
        Some((tokens, at - start))
    }
}

impl Slot {
    fn named(name: &str) -> Option<Self> {
        match name {
            "{day}" => Some(Self::Day),
            "{month}" => Some(Self::Month),
            "{n}" => Some(Self::Number),
            "{nth}" => Some(Self::Nth),
            "{clock}" => Some(Self::Clock),
            "{hour}" => Some(Self::Hour),
            "{when}" => Some(Self::When),
            _ => None,
        }
    }

    fn value(self, heard: &[Heard], at: usize) -> Option<(Vec<Token>, usize)> {
        let word = match &heard.get(at)?.token {
            Token::Word(word) => word.as_str(),
            _ => "",
        };
        let one = |word: &str| vec![Token::Word(word.to_string())];
        match self {
            Self::Day => spanish::weekday(word).map(|day| (one(day), 1)),
            Self::Month => spanish::month(word).map(|month| (one(month), 1)),
            Self::Number => spanish::number(heard, at).map(|(n, taken)| (vec![Token::Digits(n.to_string())], taken)),
            Self::Nth => spanish::nth(heard, at).map(|(n, taken)| (vec![Token::Ordinal(n)], taken)),
            Self::Clock => spanish::clock(heard, at),
            Self::When => spanish::clock(heard, at).or_else(|| spanish::bare_hour(heard, at)),
            Self::Hour => spanish::bare_hour(heard, at),
        }
    }
}

fn meant(word: &str) -> Meant {
    match (Slot::named(word), word.strip_suffix("th").and_then(|n| n.parse().ok())) {
        (Some(slot), _) => Meant::Slot(slot),
        (None, Some(n)) => Meant::Token(Token::Ordinal(n)),
        _ if word.bytes().all(|b| b.is_ascii_digit()) => Meant::Token(Token::Digits(word.into())),
        _ => Meant::Token(Token::Word(word.into())),
    }
}

fn parts(wording: &str) -> Vec<Part> {
    let part = |word: &str| {
        let bare = word.trim_start_matches('-');
        let joined = bare.len() < word.len();
        match Slot::named(bare) {
            Some(slot) => Part::Slot { slot, joined },
            None => Part::Word { word: folded(bare), joined },
        }
    };
    wording.split_whitespace().map(part).collect()
}

/// "(el|la) cita" is two phrases, "(la|) cita" too.
fn spread(pattern: &str) -> Vec<String> {
    choices(&mut pattern.chars())
}

/// Everything up to the closing bracket, or the end.
fn choices(rest: &mut std::str::Chars<'_>) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    let mut open = vec![String::new()];
    while let Some(c) = rest.next() {
        match c {
            '(' => {
                let inner = choices(rest);
                open = open.iter().flat_map(|head| inner.iter().map(move |tail| format!("{head}{tail}"))).collect();
            }
            ')' => break,
            '|' => done.append(&mut std::mem::replace(&mut open, vec![String::new()])),
            c => open.iter_mut().for_each(|head| head.push(c)),
        }
    }
    done.append(&mut open);
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::language::Language;

    fn meaning(text: &str) -> String {
        let word = |token: &Token| match token {
            Token::Word(word) => word.clone(),
            Token::Digits(digits) => digits.clone(),
            Token::Ordinal(n) => format!("{n}th"),
            Token::Clock(hour, minute) => format!("{hour}:{minute:02}"),
            Token::Slash(..) => "/".into(),
        };
        Words::heard(text, Language::Spanish).tokens.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn phrases_numbers_and_times_become_the_grammars_words() {
        for (text, want) in [
            ("Mañana por la mañana", "tomorrow in the morning"),
            ("pasado mañana", "day after tomorrow"),
            ("el martes a las dos y media de la tarde", "tuesday 2:30 pm"),
            ("a las tres menos cuarto", "2:45"),
            ("a la una", "1:00"),
            ("un cuarto para las cinco", "4:45"),
            ("el tres de diciembre", "december 3th"),
            ("treinta y cinco, doble cero, veintiuno", "35 double 0 21"),
            ("seiscientos doce, cuarenta", "612 40"),
            ("zanahoria", "~zanahoria"),
        ] {
            assert_eq!(meaning(text), want, "{text}");
        }
    }

    #[test]
    fn every_phrase_of_the_file_can_be_heard() {
        let phrases = &SPANISH.by_first;
        assert!(phrases.values().map(Vec::len).sum::<usize>() > 500);
        for phrase in phrases.values().flatten() {
            assert!(!phrase.parts.is_empty());
            for meant in &phrase.meaning {
                if let Meant::Slot(slot) = meant {
                    let own = phrase.parts.iter().any(|p| matches!(p, Part::Slot { slot: has, .. } if has == slot));
                    assert!(own, "{:?} means a slot it has not", phrase.parts);
                }
            }
        }
    }
}
