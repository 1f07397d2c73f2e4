//! The questions a business answers, placed by meaning, and which of them an utterance asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use super::error::SpeechError;
use super::meaning::{Meaning, Place};

/// A question with its wordings and answer, as the business wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The question as a caller would put it, and other wordings.
    pub questions: Vec<String>,
    /// What is said.
    pub answer: String,
}

/// One business's questions, ready to be compared with. Cheap to compare: a few milliseconds a clause.
pub struct Questions {
    meaning: Arc<Meaning>,
    known: Vec<Placed>,
    /// What callers also ask, and this business has not answered.
    others: Vec<Place>,
}

struct Placed {
    wordings: Vec<Place>,
    answer: Place,
}

/// The topics, placed once for all businesses.
pub(super) type Topics = Vec<Vec<Place>>;

impl Questions {
    /// Places the business's questions. A topic that one of them is about lends it all of its wordings.
    pub(super) fn learn(meaning: Arc<Meaning>, topics: &Topics, known: &[Known]) -> Result<Questions, SpeechError> {
        let mut lent = vec![false; topics.len()];
        let mut placed = Vec::new();
        for one in known {
            let own: Vec<Place> = one.questions.iter().map(|q| meaning.place(q)).collect::<Result<_, _>>()?;
            let mut wordings = own.clone();
            for topic in own.iter().filter_map(|question| about(question, topics)) {
                if !std::mem::replace(&mut lent[topic], true) {
                    wordings.extend(topics[topic].iter().cloned());
                }
            }
            placed.push(Placed { wordings, answer: meaning.place(&one.answer)? });
        }
        let others =
            topics.iter().zip(&lent).filter(|(_, lent)| !**lent).flat_map(|(topic, _)| topic.clone()).collect();
        Ok(Questions { meaning, known: placed, others })
    }

    /// How like each question this is, the likest first: index and likeness, 0..=1; 0 where it is more like a question
    /// the business has not answered. Empty when nothing could be compared.
    pub fn asked(&self, text: &str) -> Vec<(usize, f32)> {
        self.compare(text).unwrap_or_else(|error| {
            tracing::error!(%error, "questions are matched by words");
            Vec::new()
        })
    }

    fn compare(&self, text: &str) -> Result<Vec<(usize, f32)>, SpeechError> {
        let clauses = clauses(text);
        if clauses.is_empty() {
            return Ok(Vec::new());
        }
        let said: Vec<Place> = clauses.into_iter().map(|c| self.meaning.place(c)).collect::<Result<_, _>>()?;
        let likest = |places: &[Place]| said.iter().map(|s| nearest(s, places)).fold(0.0, f32::max);
        let other = likest(&self.others);
        let likeness =
            |one: &Placed| likest(&one.wordings).max(ANSWER_COUNTS * likest(std::slice::from_ref(&one.answer)));
        let mut asked: Vec<(usize, f32)> = self.known.iter().map(likeness).enumerate().collect();
        asked.iter_mut().for_each(|(_, like)| *like = if *like > other { like.min(1.0) } else { 0.0 });
        asked.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(asked)
    }
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Questions").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

/// Places the topics; none when `stop` says so on the way: it takes a second or two.
pub(super) fn topics(meaning: &Meaning, stop: impl Fn() -> bool) -> Result<Option<Topics>, SpeechError> {
    let mut topics = Topics::new();
    for wordings in TOPICS.values() {
        if stop() {
            return Ok(None);
        }
        topics.push(wordings.iter().map(|w| meaning.place(w)).collect::<Result<_, _>>()?);
    }
    Ok(Some(topics))
}

/// The topic this question is about.
fn about(question: &Place, topics: &Topics) -> Option<usize> {
    let scored = topics.iter().map(|topic| nearest(question, topic)).enumerate();
    scored.filter(|(_, likeness)| *likeness >= SAME_TOPIC).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(topic, _)| topic)
}

fn nearest(said: &Place, places: &[Place]) -> f32 {
    places.iter().map(|place| said.likeness(place)).fold(0.0, f32::max)
}

/// The whole, and the longest of its clauses: what is asked often comes after a name and a story.
fn clauses(text: &str) -> Vec<&str> {
    let mut clauses: Vec<&str> =
        text.split_inclusive(['.', '?', '!', ',']).map(str::trim).filter(|c| words(c) >= CLAUSE_WORDS).collect();
    clauses.retain(|clause| clause.len() < text.trim().len());
    clauses.sort_by_key(|clause| std::cmp::Reverse(clause.len()));
    clauses.truncate(CLAUSES_MAX);
    clauses.extend((words(text) >= WORDS_MIN).then_some(text));
    clauses
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Topic to wordings.
static TOPICS: LazyLock<BTreeMap<String, Vec<String>>> =
    LazyLock::new(|| toml::from_str(include_str!("topics.en.toml")).expect("embedded file, read by a test"));

/// From here on a stored question is about a topic.
const SAME_TOPIC: f32 = 0.75;

/// The answer is no question: its likeness counts a little less.
const ANSWER_COUNTS: f32 = 0.9;

/// Fewer words than this ask nothing that could be compared.
const WORDS_MIN: usize = 2;

/// Fewer words make no clause.
const CLAUSE_WORDS: usize = 3;

/// Clauses compared besides the whole: each costs milliseconds.
const CLAUSES_MAX: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_wordings() {
        assert!(TOPICS.values().all(|wordings| !wordings.is_empty()));
    }

    #[test]
    fn clauses_are_the_longest_and_the_whole() {
        let text = "Hi, this is Ann. Um, is there parking, or do I take the bus?";
        assert_eq!(clauses(text), ["or do I take the bus?", "is there parking,", text]);
        assert_eq!(clauses("Is there parking?"), ["Is there parking?"]);
        assert!(clauses("Yes.").is_empty());
    }
}
