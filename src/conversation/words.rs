//! A recogniser's text as plain tokens: case, punctuation and hyphens gone, clock times and ordinals kept whole.

use super::language::Language;
use super::translation::translated;

/// One token of heard text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A lower-case word.
    Word(String),
    /// Digits as written ("555", "2671").
    Digits(String),
    /// "3rd".
    Ordinal(u32),
    /// "2:30", "2.30": hour and minute as written.
    Clock(u32, u32),
    /// "12/5", "12/5/2026".
    Slash(u32, u32, Option<u32>),
}

/// The tokens of one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// In order.
    pub(super) tokens: Vec<Token>,
    /// Whether a question mark was heard.
    pub(super) question: bool,
    /// Of the text; the tokens are English ones whatever it is.
    pub(super) language: Language,
}

impl Words {
    /// Reads any text in a language, never fails.
    pub(super) fn heard(text: &str, language: Language) -> Self {
        let question = text.contains('?') || text.contains('¿');
        match language {
            Language::English => Self::new(text),
            Language::Spanish => Self { tokens: translated(text), question, language },
        }
    }

    /// Reads an English text.
    pub(super) fn new(text: &str) -> Self {
        let question = text.contains('?') || text.contains('¿');
        let mut tokens = Vec::new();
        let mut said = "";
        for piece in text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '…' | '_' | '(' | ')'))
        {
            if !repeats_hour(said, piece) {
                match uncontracted(piece) {
                    Some((bare, verb)) => {
                        push_piece(bare, &mut tokens);
                        tokens.push(Token::Word(verb.into()));
                    }
                    None => push_piece(piece, &mut tokens),
                }
            }
            said = piece;
        }
        mend_past(&mut tokens);
        drop_hesitations(&mut tokens);
        Self { tokens: join_meridiems(tokens), question, language: Language::English }
    }

    /// Another text of the same language.
    pub(super) fn same_language(&self, text: &str) -> Self {
        Self::heard(text, self.language)
    }

    /// The same text with other tokens.
    pub(super) fn with(&self, tokens: Vec<Token>) -> Self {
        Self { tokens, question: self.question, language: self.language }
    }

    /// Number of tokens.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The tokens from `from` up to `to`.
    pub(super) fn part(&self, from: usize, to: usize) -> Self {
        let to = to.min(self.len());
        self.with(self.tokens[from.min(to)..to].to_vec())
    }

    /// The word at `at`, empty for numbers and past the end.
    pub(super) fn word(&self, at: usize) -> &str {
        match self.tokens.get(at) {
            Some(Token::Word(word)) => word,
            _ => "",
        }
    }

    /// The word before `at`.
    pub(super) fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |i| self.word(i))
    }

    /// The first word that is no hesitation; "I" is none.
    pub(super) fn first(&self) -> &str {
        (0..self.len()).map(|at| self.word(at)).find(|w| *w == "i" || !FILLERS.contains(w)).unwrap_or("")
    }

    /// Whether the words of `phrase` stand at `at`.
    pub(super) fn starts(&self, at: usize, phrase: &str) -> bool {
        phrase.split(' ').enumerate().all(|(i, word)| self.word(at + i) == word)
    }

    /// Where `phrase` (words joined by single spaces) first stands.
    pub(super) fn find(&self, phrase: &str) -> Option<usize> {
        (0..self.len()).find(|&at| self.starts(at, phrase))
    }

    /// Whether `phrase` stands anywhere.
    pub(super) fn has(&self, phrase: &str) -> bool {
        self.find(phrase).is_some()
    }

    /// Whether any of the phrases stands anywhere.
    pub(super) fn has_any<S: AsRef<str>>(&self, phrases: &[S]) -> bool {
        phrases.iter().any(|p| self.has(p.as_ref()))
    }

    /// Whether the whole text is one of the phrases.
    pub(super) fn is_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|p| p.split(' ').count() == self.len() && self.starts(0, p))
    }

    /// The text without tokens that carry nothing ("um", "please", "well").
    pub(super) fn without_fillers(&self) -> Self {
        let keep = |t: &&Token| !matches!(t, Token::Word(w) if FILLERS.contains(&w.as_str()));
        self.with(self.tokens.iter().filter(keep).cloned().collect())
    }
}

/// Words dropped before whole texts are compared.
const FILLERS: &[&str] = &[
    "um",
    "uh",
    "er",
    "erm",
    "hmm",
    "mm",
    "ah",
    "oh",
    "well",
    "so",
    "like",
    "please",
    "just",
    "then",
    "and",
    "actually",
    "okay",
    "ok",
    "hi",
    "hello",
    "hey",
    "basically",
    "maybe",
    "perhaps",
    "i",
    "think",
    "guess",
    "let",
    "us",
    "say",
];

/// "At like eight", "on, um, Friday": between a preposition and a number or day a hesitation says nothing.
fn drop_hesitations(tokens: &mut Vec<Token>) {
    let is = |token: Option<&Token>, list: &[&str]| matches!(token, Some(Token::Word(w)) if list.contains(&w.as_str()));
    let mut at = 1;
    while at + 1 < tokens.len() {
        let next = &tokens[at + 1];
        let counts = !matches!(next, Token::Word(_))
            || is(Some(next), &NUMBERS[..12])
            || is(Some(next), &["half", "quarter", "noon"])
            || matches!(next, Token::Word(w) if w.ends_with("day") || w == "tomorrow");
        if counts && is(tokens.get(at - 1), &LEADS) && is(tokens.get(at), &HESITATIONS) {
            tokens.remove(at);
        } else {
            at += 1;
        }
    }
}

/// After which a time or day follows.
const LEADS: [&str; 13] =
    ["at", "around", "about", "by", "on", "after", "before", "until", "till", "from", "between", "so", "or"];
/// What is said while looking for it.
const HESITATIONS: [&str; 8] = ["like", "um", "uh", "er", "erm", "say", "maybe", "perhaps"];

/// "Half past" as recognisers mishear it: "have past two", "half passed two". "Have" before "past" is never a verb
/// when a number follows.
fn mend_past(tokens: &mut [Token]) {
    for at in 1..tokens.len().saturating_sub(1) {
        let (Token::Word(before), Token::Word(past)) = (&tokens[at - 1], &tokens[at]) else { continue };
        let half = HALVES.contains(&before.as_str());
        let number = match &tokens[at + 1] {
            Token::Digits(_) => true,
            Token::Word(word) => NUMBERS.contains(&word.as_str()),
            _ => false,
        };
        if number && PASTS.contains(&past.as_str()) && (half || before == "quarter") {
            tokens[at] = Token::Word("past".into());
            if half {
                tokens[at - 1] = Token::Word("half".into());
            }
            if matches!(&tokens[at + 1], Token::Word(word) if word.starts_with("to")) {
                tokens[at + 1] = Token::Word("two".into());
            }
        }
    }
}

/// What "half" is taken for before "past".
const HALVES: [&str; 7] = ["half", "have", "halves", "halve", "has", "had", "hath"];
/// What "past" is taken for.
const PASTS: [&str; 2] = ["past", "passed"];
/// Hours in words; "to" and "too" are what "two" is taken for.
const NUMBERS: [&str; 14] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "to", "too"];

/// "Ten, ten in the morning" is said twice, and no ten past ten.
fn repeats_hour(said: &str, piece: &str) -> bool {
    let bare = |p: &str| p.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    said.ends_with(',') && bare(said) == bare(piece) && HOURS_TWICE.contains(&bare(piece).as_str())
}

/// Hours that are also minutes when said after one another.
const HOURS_TWICE: [&str; 6] = ["ten", "eleven", "twelve", "10", "11", "12"];

/// "Eleven'll do", "the second one'd be fine", "10's good": the choice, and the verb that was drawn to it.
fn uncontracted(piece: &str) -> Option<(&str, &'static str)> {
    let piece = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
    let (bare, ending) = piece.rsplit_once(['\'', '’'])?;
    let verb = match ending {
        "ll" => "will",
        "d" => "would",
        _ => return None,
    };
    let lower = bare.to_lowercase();
    let digits = lower.starts_with(|c: char| c.is_ascii_digit());
    let named = NUMBERS[..12].contains(&lower.as_str()) || CHOICES.contains(&lower.as_str()) || lower.ends_with("day");
    (digits || named).then_some((bare, verb))
}

/// Words to which a verb is drawn, besides numbers and days.
const CHOICES: [&str; 14] = [
    "first",
    "second",
    "third",
    "noon",
    "midday",
    "thirty",
    "fifteen",
    "tomorrow",
    "morning",
    "afternoon",
    "evening",
    "half",
    "latter",
    "oclock",
];

fn push_piece(piece: &str, tokens: &mut Vec<Token>) {
    let lower = piece.to_lowercase();
    let trimmed = lower.trim_matches(|c: char| !c.is_alphanumeric());
    if trimmed.is_empty() {
        return;
    }
    if let Some(meridiem) = meridiem_of(&lower) {
        tokens.push(Token::Word(meridiem.into()));
        return;
    }
    if trimmed.starts_with(|c: char| c.is_ascii_digit()) {
        push_number(trimmed, tokens);
        return;
    }
    for part in trimmed.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’')) {
        let word: String = part.chars().filter(|c| c.is_alphanumeric()).collect();
        if word.is_empty() {
            continue;
        }
        // "Ummm" and "hmmm" are as long as they are thought about.
        let drawn = ["umm", "uhh", "hmmm", "mmmm", "errr", "ahhh", "ohhh"].iter().any(|d| word.starts_with(d));
        let long = |(start, letter, meant): &&(&str, char, &str)| {
            word.len() > meant.len() && word.trim_end_matches(*letter) == *start
        };
        let word = match DRAWN.iter().find(long) {
            _ if drawn => "um".to_string(),
            Some((_, _, meant)) => (*meant).to_string(),
            None => word,
        };
        if let Some((_, meant)) = RUN_TOGETHER.iter().find(|(said, _)| *said == word) {
            tokens.extend(meant.split(' ').map(|w| Token::Word(w.into())));
            continue;
        }
        match word.find(|c: char| c.is_ascii_digit()) {
            Some(_) if word.bytes().all(|b| b.is_ascii_digit()) => tokens.push(Token::Digits(word)),
            _ => tokens.push(Token::Word(word)),
        }
    }
}

/// Words that are said as one.
const RUN_TOGETHER: [(&str, &str); 6] = [
    ("gonna", "going to"),
    ("wanna", "want to"),
    ("gotta", "got to"),
    ("lemme", "let me"),
    ("gimme", "give me"),
    ("dunno", "dont know"),
];

/// "Yesss", "nooo": how it starts, what is drawn out, what it means.
const DRAWN: [(&str, char, &str); 4] =
    [("ye", 's', "yes"), ("yea", 'h', "yeah"), ("n", 'o', "no"), ("oka", 'y', "okay")];

/// "p.m." and friends, alone in a piece.
fn meridiem_of(piece: &str) -> Option<&'static str> {
    let letters: String = piece.chars().filter(|c| c.is_alphanumeric()).collect();
    match letters.as_str() {
        "pm" => Some("pm"),
        "am" if piece.contains('.') => Some("am"),
        _ => None,
    }
}

/// A piece that begins with a digit: "2:30", "2.30pm", "23rd", "12/5", "555", "3pm", "14h30".
fn push_number(piece: &str, tokens: &mut Vec<Token>) {
    let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
    let (digits, rest) = piece.split_at(end);
    let Some(separator) = rest.chars().next() else {
        tokens.push(Token::Digits(digits.into()));
        return;
    };
    let (tail, after) = leading_digits(&rest[separator.len_utf8()..]);
    let small = |s: &str| s.parse::<u32>().ok();
    match separator {
        ':' | '.' | 'h' if digits.len() <= 2 && tail.len() == 2 && !after.starts_with('.') => {
            if let (Some(hour), Some(minute)) = (small(digits), small(tail)) {
                tokens.push(Token::Clock(hour, minute));
                push_piece(after, tokens);
                return;
            }
        }
        '/' => {
            if let (Some(first), Some(second)) = (small(digits), small(tail)) {
                let (year, _) = leading_digits(after.strip_prefix('/').unwrap_or(""));
                tokens.push(Token::Slash(first, second, small(year)));
                return;
            }
        }
        _ => {}
    }
    let letters: String = rest.chars().take_while(|c| c.is_alphabetic() || *c == '.').filter(|c| *c != '.').collect();
    match (letters.as_str(), small(digits)) {
        ("st" | "nd" | "rd" | "th", Some(day)) => tokens.push(Token::Ordinal(day)),
        ("am" | "a", Some(_)) => tokens.extend([Token::Digits(digits.into()), Token::Word("am".into())]),
        ("pm" | "p", Some(_)) => tokens.extend([Token::Digits(digits.into()), Token::Word("pm".into())]),
        _ => {
            tokens.push(Token::Digits(digits.into()));
            push_piece(rest, tokens);
        }
    }
}

fn leading_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// "p m" -> "pm", "o clock" -> "oclock", "a m" after a number -> "am".
fn join_meridiems(tokens: Vec<Token>) -> Vec<Token> {
    let mut joined: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let pair = match (joined.last(), &token) {
            (Some(Token::Word(a)), Token::Word(b)) => match (a.as_str(), b.as_str()) {
                ("p", "m") => Some("pm"),
                ("a", "m") => Some("am"),
                ("o", "clock") => Some("oclock"),
                ("good", "bye") => Some("goodbye"),
                ("choose" | "chews" | "toos" | "tues", "day") => Some("tuesday"),
                ("mon", "day") => Some("monday"),
                ("wednes" | "wens", "day") => Some("wednesday"),
                ("thurs" | "thirst", "day") => Some("thursday"),
                ("fri" | "fry", "day") => Some("friday"),
                _ => None,
            },
            _ => None,
        };
        match pair {
            Some(word) => {
                joined.pop();
                joined.push(Token::Word(word.into()));
            }
            None => joined.push(token),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_times_survive_in_every_spelling() {
        for text in ["2:30 p.m.", "2.30 pm", "2:30pm", "2:30 PM.", "2:30 P.M,"] {
            assert_eq!(Words::new(text).tokens, vec![Token::Clock(2, 30), Token::Word("pm".into())], "{text}");
        }
        assert_eq!(Words::new("the 23rd.").tokens[1], Token::Ordinal(23));
        assert_eq!(Words::new("twenty-third").len(), 2);
        assert_eq!(Words::new("at 2. Thanks").tokens[1], Token::Digits("2".into()));
        assert_eq!(Words::new("617.555.2671").tokens.len(), 3);
    }
}
