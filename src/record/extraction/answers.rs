//! The business's own questions: answered when asked, or told unasked.

use std::collections::BTreeMap;
use std::ops::Range;

use super::changes::days;
use super::extract::Reading;
use super::numbers::{number, numbers};
use super::pattern::Pattern;
use super::schema::{Answer, Claim, Finding};
use super::sentences::{Sentence, words};
use super::setting::ConversationKind;
use crate::conversation::{Question, QuestionKind};

/// One finding per question.
pub(super) fn answers(reading: &Reading) -> BTreeMap<String, Finding<Answer>> {
    let find = |q: &Question| asked(reading, q).or_else(|| told(reading, q)).into();
    reading.setting.questions.iter().map(|q| (q.id.clone(), find(q))).collect()
}

/// The answer right after the question.
fn asked(reading: &Reading, question: &Question) -> Option<Claim<Answer>> {
    let asks = |s: &&Sentence| !s.theirs && s.question && is_prompt(s, question);
    let asks = reading.sentences.iter().filter(asks);
    let replies = asks.flat_map(|ask| {
        let after = reading.sentences.iter().filter(|s| s.line > ask.line).skip_while(|s| !s.theirs);
        after.take_while(|s| s.theirs).take(REPLY_SENTENCES)
    });
    let mut meant =
        replies.filter(|reply| !reading.lexicon.supposes(reply) && !reading.lexicon.has("keeps_back", reply));
    meant.find_map(|reply| {
        let value = read(reading, question, reply, None)?;
        Some(Claim::new(value, ASKED, vec![reply.cite()]))
    })
}

/// Something said that answers it although nobody asked.
fn told(reading: &Reading, question: &Question) -> Option<Claim<Answer>> {
    let says = reading.theirs().filter(|s| !s.question && !reading.lexicon.supposes(s));
    let mut found = says.filter_map(|sentence| {
        let heard = listened(question, sentence)?;
        let value = read(reading, question, sentence, Some(heard))?;
        Some(Claim::new(value, TOLD, vec![sentence.cite()]))
    });
    found.next()
}

/// Where a sentence shows that it answers the question unasked.
fn listened(question: &Question, sentence: &Sentence) -> Option<Range<usize>> {
    let own = question.listen_for.iter().chain(&question.yes_words).chain(&question.no_words);
    own.filter_map(|phrase| place(phrase, sentence)).min_by_key(|r| r.start).or_else(|| {
        let choice = |c: &String| place(c, sentence).filter(|at| at.start > 0 && introduces(sentence, at.start - 1));
        let alone = question.kind == QuestionKind::Choice && question.listen_for.is_empty();
        question.choices.iter().filter(|_| alone).find_map(choice)
    })
}

/// "my dog", "a house".
fn introduces(sentence: &Sentence, at: usize) -> bool {
    ["my", "our", "a", "an", "the"].contains(&sentence.words[at].plain.as_str())
        || at > 0 && sentence.words[at].plain == "own"
}

fn place(phrase: &str, sentence: &Sentence) -> Option<Range<usize>> {
    let plain = words(phrase, &[]).into_iter().map(|w| w.plain).collect::<Vec<_>>().join(" ");
    Pattern::read(&plain, &BTreeMap::new()).ok()?.find(&sentence.words)
}

/// Whether a question asked is this one: most of the prompt's telling words are in it, or one listened for.
fn is_prompt(sentence: &Sentence, question: &Question) -> bool {
    let prompt = words(&question.prompt, &[]);
    let telling: Vec<&str> = prompt.iter().map(|w| w.plain.as_str()).filter(|w| w.len() > SHORT_WORD).collect();
    let same = telling.iter().filter(|t| sentence.words.iter().any(|w| w.plain == **t)).count();
    same * 5 >= telling.len() * 3 && same > 0 || question.listen_for.iter().any(|p| place(p, sentence).is_some())
}

/// A sentence as an answer of the question's kind; `heard` is where it shows, for answers nobody asked for.
fn read(reading: &Reading, question: &Question, sentence: &Sentence, heard: Option<Range<usize>>) -> Option<Answer> {
    match question.kind {
        QuestionKind::YesNo => yes_no(reading, question, sentence, heard.is_none()).map(Answer::YesNo),
        QuestionKind::Choice => choice(question, sentence).map(Answer::Text),
        QuestionKind::Number => amount(sentence, heard).map(Answer::Number),
        QuestionKind::Date => days(reading, sentence).map(Answer::Date),
        QuestionKind::Text => text(reading, sentence, heard).map(Answer::Text),
    }
}

fn yes_no(reading: &Reading, question: &Question, sentence: &Sentence, asked: bool) -> Option<bool> {
    let lexicon = reading.lexicon;
    let any = |phrases: &[String]| phrases.iter().find_map(|p| place(p, sentence));
    if any(&question.no_words).is_some() {
        return Some(false);
    }
    if let Some(at) = any(&question.yes_words) {
        return Some(!sentence.negated(at.start));
    }
    match () {
        () if asked && lexicon.find("no", sentence).is_some_and(|at| at.start == 0) => Some(false),
        () if asked && lexicon.find("yes", sentence).is_some_and(|at| at.start <= 1) => Some(true),
        () if asked => None,
        // Told unasked: that it is spoken of as a fact is the answer.
        () => any(&question.listen_for).filter(|_| question.yes_words.is_empty()).map(|at| !sentence.negated(at.start)),
    }
}

fn choice(question: &Question, sentence: &Sentence) -> Option<String> {
    let named = |choice: &&String| place(choice, sentence).is_some_and(|at| !sentence.negated(at.start));
    question.choices.iter().find(named).cloned()
}

/// The number of the answer; of one told unasked, the number next to what shows it.
fn amount(sentence: &Sentence, heard: Option<Range<usize>>) -> Option<f64> {
    let Some(heard) = heard else { return numbers(&sentence.words).first().map(|(n, _)| *n) };
    let all = numbers(&sentence.words);
    let near = |at: usize| {
        let (_, length) = number(&sentence.words, at).unwrap_or((0.0, 1));
        let before = heard.start.checked_sub(at + length).filter(|gap| *gap <= BEFORE_WORDS);
        before.or(at.checked_sub(heard.end).filter(|gap| *gap <= AFTER_WORDS))
    };
    all.into_iter().filter_map(|(n, at)| Some((near(at)?, n))).min_by_key(|(gap, _)| *gap).map(|(_, n)| n)
}

/// The words of the answer without what leads into them.
fn text(reading: &Reading, sentence: &Sentence, heard: Option<Range<usize>>) -> Option<String> {
    let mut from = heard.as_ref().map_or(0, |h| h.start);
    if reading.setting.kind == ConversationKind::Call && heard.is_some() {
        from = sentence.clause(from).start;
    }
    while let Some(lead) =
        reading.lexicon.find_in("leads_in", &sentence.words[from..]).filter(|at| at.start == 0 && at.end > 0)
    {
        from += lead.end;
    }
    let end = (from + 1..sentence.words.len()).find(|n| sentence.words[*n].parted).unwrap_or(sentence.words.len());
    let words = sentence.span(from..end.min(from + TEXT_WORDS));
    let tells = !words.is_empty() && !reading.lexicon.has("says_nothing", sentence);
    tells.then(|| words.to_owned())
}

/// Confidence in an answer that follows its question.
const ASKED: f32 = 0.9;
/// Confidence in an answer nobody asked for.
const TOLD: f32 = 0.75;
/// An answer is in the first sentences after its question.
const REPLY_SENTENCES: usize = 2;
/// Words up to this long tell nothing in a prompt.
const SHORT_WORD: usize = 3;
/// How far before what shows it a number stands, words.
const BEFORE_WORDS: usize = 3;
/// And how far after it.
const AFTER_WORDS: usize = 5;
/// Longest free answer, words.
const TEXT_WORDS: usize = 12;
