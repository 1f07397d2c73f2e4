//! Which of the business's own questions a caller asks: by meaning where it was compared, and by shared words, rare
//! ones counting more.

use std::collections::{BTreeMap, BTreeSet};

use super::business::{Faq, Service};
use super::lexicon::Lexicon;
use super::services::{find_services, stem};
use super::words::{Token, Words};

/// Share of the stored question's weight that must be asked for.
const RECALL: f64 = 0.51;
/// Share of the caller's own weight that must be in the stored question.
const PRECISION: f64 = 0.34;

/// Weight of a word no stored question has: a proper name says little about what is asked.
const STRANGE_WORD: f64 = 0.6;

/// Likeness from which a question asks a FAQ.
const LIKE: f32 = 0.5;
/// Likeness needed where something else was asked: "is the first one still free?" is about an offer.
const LIKE_MIDWAY: f32 = 0.6;
/// Likeness needed where something else is said besides, a day or a booking.
const LIKE_ASIDE: f32 = 0.7;
/// Likeness from which shared words need no more proof.
const HARDLY_LIKE: f32 = 0.3;

/// How what was said bears on FAQs.
pub(super) struct Asked<'a> {
    /// What was said.
    pub(super) words: &'a Words,
    /// How like each FAQ it is by meaning, the likest first; empty when not compared.
    pub(super) answers: &'a [(usize, f32)],
    /// It is worded as a question: a statement may be like a FAQ and ask nothing.
    pub(super) question: bool,
    /// Something else is waited for.
    pub(super) midway: bool,
    /// It says something else besides.
    pub(super) aside: bool,
}

/// The answer to what was asked, none when it is not known for sure.
pub(super) fn find_answer<'a>(
    asked: &Asked<'_>,
    faqs: &'a [Faq],
    services: &[Service],
    lexicon: &Lexicon,
) -> Option<&'a Faq> {
    let about = find_services(asked.words, services);
    // Words shared in passing prove nothing where a day or a booking is spoken of.
    let by_words = || (!asked.aside).then(|| by_words(asked.words, &about, faqs, services, lexicon)).flatten();
    if asked.answers.is_empty() {
        return by_words().map(|i| &faqs[i]);
    }
    let enough = match (asked.aside, asked.midway) {
        (true, _) => LIKE_ASIDE,
        (_, true) => LIKE_MIDWAY,
        _ => LIKE,
    };
    let by_meaning = asked.answers.first().filter(|(_, like)| asked.question && *like >= enough).map(|(i, _)| *i);
    let likeness = |i: usize| asked.answers.iter().find(|(of, _)| *of == i).map_or(0.0, |(_, like)| *like);
    let found = by_meaning.or_else(|| by_words().filter(|i| likeness(*i) >= HARDLY_LIKE))?;
    faqs.get(found).filter(|faq| !about_another_service(asked.words, &about, faq, services))
}

/// The question that shares enough words.
fn by_words(words: &Words, about: &[usize], faqs: &[Faq], services: &[Service], lexicon: &Lexicon) -> Option<usize> {
    let asked = concepts(words, lexicon);
    let stored: Vec<Vec<BTreeSet<String>>> =
        faqs.iter().map(|f| f.questions.iter().map(|q| concepts(&words.same_language(q), lexicon)).collect()).collect();
    let mut frequency: BTreeMap<&str, usize> = BTreeMap::new();
    for faq in &stored {
        let all: BTreeSet<&str> = faq.iter().flatten().map(String::as_str).collect();
        all.into_iter().for_each(|c| *frequency.entry(c).or_default() += 1);
    }
    let weight = |concept: &str| match frequency.get(concept) {
        Some(count) => (1.0 + faqs.len() as f64 / *count as f64).ln(),
        None => STRANGE_WORD,
    };
    let sum = |set: &mut dyn Iterator<Item = &String>| set.map(|c| weight(c)).sum::<f64>();
    let mut best: Option<(f64, usize)> = None;
    for (i, questions) in stored.iter().enumerate() {
        if about_another_service(words, about, &faqs[i], services) {
            continue;
        }
        for question in questions {
            let shared = sum(&mut question.intersection(&asked));
            let (recall, precision) =
                (shared / sum(&mut question.iter()).max(0.01), shared / sum(&mut asked.iter()).max(0.01));
            let score = recall * 0.6 + precision * 0.4;
            if recall >= RECALL && precision >= PRECISION && best.is_none_or(|(s, _)| score > s) {
                best = Some((score, i));
            }
        }
    }
    best.map(|(_, i)| i)
}

/// The price of one service is no answer to the price of another.
fn about_another_service(words: &Words, asked: &[usize], faq: &Faq, services: &[Service]) -> bool {
    let texts = faq.questions.iter().chain(std::iter::once(&faq.answer));
    let told: Vec<usize> = texts.flat_map(|t| find_services(&words.same_language(t), services)).collect();
    !asked.is_empty() && !told.is_empty() && !asked.iter().any(|s| told.contains(s))
}

/// The words that carry meaning, stemmed, synonyms as one.
fn concepts(words: &Words, lexicon: &Lexicon) -> BTreeSet<String> {
    let word = |t: &Token| match t {
        Token::Word(w) => Some(w.clone()),
        _ => None,
    };
    let price = words.has("how much").then(|| "price".to_string());
    let parking =
        ["leave", "put"].iter().any(|verb| words.has_any(&[format!("{verb} the car"), format!("{verb} my car")]));
    let parking = (parking && words.has("where")).then(|| "parking".to_string());
    words
        .tokens
        .iter()
        .filter_map(word)
        .filter(|w| {
            let other = w == "charge" && words.has("in charge") || w == "lot" && words.has("a lot");
            !lexicon.stop_words.contains(w) && !other
        })
        .map(|w| match lexicon.concept(&w) {
            Some(concept) => concept.to_string(),
            None => stem(&w).to_string(),
        })
        .chain(price)
        .chain(parking)
        .collect()
}
