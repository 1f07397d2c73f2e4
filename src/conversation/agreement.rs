//! Yes, no, and which one: short answers to a question just asked.

use super::lexicon::ENGLISH;
use super::numbers::{ordinal, unit};
use super::words::{Token, Words};

/// Words beside a weak yes ("fine", "please") with which it still is one.
const WEAK_YES_EXTRA_WORDS: usize = 2;
/// Words beside a plain yes in the middle of a sentence with which it still is one.
const YES_EXTRA_WORDS: usize = 5;
/// Longest "could you please book it for me then", words.
const ASKED_FOR_WORDS: usize = 8;
/// How far before a yes a "not" turns it, words.
const NEGATION_REACH: usize = 3;

/// Yes, no, or neither clearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Agreed.
    Yes,
    /// Refused.
    No,
    /// Something else.
    Unclear,
}

/// Yes or no: a refusal anywhere near the start wins, so that nothing is booked on "yes, no, wait".
pub(super) fn answer(words: &Words) -> Answer {
    let lexicon = &*ENGLISH;
    if lexicon.means("unsure", words) {
        return Answer::Unclear;
    }
    let harmless = lexicon.marked("harmless_no", words);
    let yes = lexicon.marked("yes", words);
    let refusing = lexicon.marked("no", words);
    let negated =
        |at: usize| (at.saturating_sub(NEGATION_REACH)..at).any(|i| NEGATIONS.contains(&words.word(i)) && !harmless[i]);
    let turned = (0..words.len()).any(|i| yes[i] && negated(i));
    let agreed = (0..words.len()).any(|i| yes[i] && !negated(i));
    let bare = words.without_fillers();
    let refused = turned
        || (0..words.len()).any(|i| refusing[i] && !harmless[i])
        || lexicon.means("no", &bare) && !harmless.contains(&true);
    match (agreed, refused) {
        (_, true) if !turned && reassuring(words) => Answer::Yes,
        (_, true) => Answer::No,
        (true, false) if !words.question && !asks(words) && !words.has("but") && agrees(words) => Answer::Yes,
        _ => Answer::Unclear,
    }
}

/// "no, that's right", "yeah no that's fine": the "no" is about the doubt, not about the offer.
fn reassuring(words: &Words) -> bool {
    let lead = (0..words.len()).take_while(|i| LEADS.contains(&words.word(*i))).count();
    let nos = (0..words.len()).filter(|i| matches!(words.word(*i), "no" | "nope" | "nah")).count();
    let led = (0..lead).filter(|i| matches!(words.word(*i), "no" | "nope" | "nah")).count();
    let rest = words.with(words.tokens[lead..].to_vec());
    let said_yes = (0..lead).any(|i| matches!(words.word(i), "yes" | "yeah" | "yep"));
    let affirming = matches!(rest.word(0), "thats" | "its" | "youre" | "all" | "everythings" | "everything")
        && rest.has_any(&["right", "correct", "fine", "perfect", "great", "good"]);
    nos == led && !ENGLISH.means("wrong", &rest) && (said_yes && led > 0 && ENGLISH.means("yes", &rest) || affirming)
}

/// "Can you do it over the phone": the yes inside is a question's; "can you book it" is a yes.
fn asks(words: &Words) -> bool {
    const FIRST: [&str; 16] = [
        "can", "could", "should", "do", "does", "did", "are", "is", "will", "what", "how", "why", "who", "where",
        "when", "which",
    ];
    const SECOND: [&str; 9] = ["i", "you", "we", "it", "they", "there", "that", "this", "the"];
    let start = (0..words.len()).take_while(|i| LEADS.contains(&words.word(*i))).count();
    let (first, second) = (words.word(start), words.word(start + 1));
    let open = matches!(first, "what" | "how" | "why" | "who" | "where" | "when" | "which");
    let told = first == "do" && matches!(second, "it" | "that" | "this");
    let asked_for = words.len() <= ASKED_FOR_WORDS
        && words.has_any(&["book it", "book that", "book this", "confirm it", "confirm that"])
        || words.has("why not");
    FIRST.contains(&first) && (open || SECOND.contains(&second)) && !told && !asked_for
}

/// Whether the yes is what the sentence is about: "please" in the middle of something else is none.
fn agrees(words: &Words) -> bool {
    let lexicon = &*ENGLISH;
    let marks = [lexicon.marked("yes", words), lexicon.marked("thanks", words), lexicon.marked("harmless_no", words)];
    let weak = lexicon.marked("weak_yes", words);
    let extra = (0..words.len())
        .filter(|i| !marks.iter().any(|m| m[*i]) && !SMALL.contains(&words.word(*i)))
        .filter(|i| words.word(*i).is_empty() || !words.without_fillers().is_empty())
        .count();
    let strong = (0..words.len()).find(|i| (marks[0][*i] || marks[2][*i]) && !weak[*i]);
    match strong {
        Some(at) => at <= NEGATION_REACH || extra <= YES_EXTRA_WORDS,
        None => extra <= WEAK_YES_EXTRA_WORDS,
    }
}

const NEGATIONS: [&str; 13] = [
    "not", "isnt", "arent", "wasnt", "dont", "doesnt", "cant", "cannot", "never", "wouldnt", "wont", "hardly",
    "nothing",
];

/// With which an answer begins.
const LEADS: [&str; 16] =
    ["no", "nope", "nah", "yes", "yeah", "yep", "oh", "um", "uh", "well", "so", "okay", "ok", "and", "hmm", "sure"];

/// Words that carry no news beside a yes.
const SMALL: [&str; 40] = [
    "that", "thats", "it", "its", "is", "the", "all", "i", "im", "id", "you", "very", "so", "much", "me", "to", "for",
    "and", "a", "be", "us", "with", "by", "my", "end", "um", "uh", "oh", "well", "this", "guess", "think", "really",
    "just", "quite", "really", "would", "will", "one", "then",
];

/// "the first", "number two", "the last one": the place among `count` choices, from zero.
pub(super) fn place(words: &Words, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let past = words.has("last time");
    if !past && words.has_any(&["last", "latter", "latest", "the later one", "later one", "the later"]) {
        return Some(last);
    }
    if words.has_any(&["former", "earliest", "the earlier one", "earlier one", "the earlier", "soonest", "sooner one"])
    {
        return Some(0);
    }
    if count == 3 && words.has_any(&["middle", "middle one"]) {
        return Some(1);
    }
    let said = (0..words.len()).find_map(|at| match ordinal(words, at) {
        Some((n, _)) => Some(n as usize),
        None if matches!(words.before(at), "number" | "option" | "choice") => number(words, at),
        None => None,
    });
    let bare = words.without_fillers();
    let said = said.or_else(|| if bare.len() == 1 { number(&bare, 0) } else { None });
    said.filter(|n| (1..=count).contains(n)).map(|n| n - 1)
}

fn number(words: &Words, at: usize) -> Option<usize> {
    match words.tokens.get(at)? {
        Token::Digits(digits) => digits.parse().ok(),
        Token::Word(word) => unit(word).map(|n| n as usize),
        _ => None,
    }
}
