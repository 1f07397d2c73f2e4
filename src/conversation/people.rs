//! How people give their names and ask for others: words of each language, read once from the file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::language::Language;

/// One language's words around names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct People {
    /// "first name", "surname".
    pub(super) labels: Vec<String>,
    /// What may stand between a label and the name.
    pub(super) label_verb: String,
    /// A name follows for certain.
    pub(super) sure: Vec<String>,
    /// A name follows where one was asked for.
    pub(super) loose: Vec<String>,
    /// A name follows, when it is written like one, although none was asked for.
    pub(super) unasked: Vec<String>,
    /// Words that end names and begin some.
    pub(super) also_names: Vec<String>,
    /// Small words in the middle of names ("de", "la").
    pub(super) particles: Vec<String>,
    /// What may stand before a label ("and my").
    pub(super) before_label: Vec<String>,
    /// With these the name just given is taken back.
    pub(super) taken_back: Vec<String>,
    /// Words right before a name nobody asked for, when it is written like one.
    pub(super) leads: Vec<String>,
    /// What may stand before a name that comes first, besides fillers.
    pub(super) greetings: Vec<String>,
    /// What may stand after it ("speaking").
    pub(super) signs_off: Vec<String>,
    /// After these comes whom a message should go to instead.
    pub(super) goes_to: Vec<String>,
    /// What may follow a name in a longer answer.
    pub(super) goes_on: Vec<String>,
    /// Words before a name.
    pub(super) fillers: BTreeSet<String>,
    /// Words no name contains.
    #[serde(deserialize_with = "split")]
    pub(super) stops: BTreeSet<String>,
    /// After these comes who is asked for.
    pub(super) asks: Vec<String>,
    /// "Is" before a person who may be there.
    pub(super) here: Vec<String>,
    /// What says that "is" asks for presence.
    pub(super) present: Vec<String>,
    /// "Doctor".
    pub(super) titles: Vec<String>,
    /// Parts of a business that callers ask for.
    pub(super) departments: Vec<String>,
    /// So is a department.
    pub(super) wants: Vec<String>,
    /// After these comes who or what is to answer, whatever it is called.
    pub(super) through: Vec<String>,
    /// With these its name ends.
    pub(super) part_ends: Vec<String>,
    /// "The".
    pub(super) articles: Vec<String>,
    /// Whom a booking is for, before the name ("for him, so ...").
    pub(super) pronouns: BTreeSet<String>,
    /// Anybody is no department.
    pub(super) anybody: BTreeSet<String>,
    /// Written like names, and none.
    pub(super) no_names: BTreeSet<String>,
}

static PEOPLE: LazyLock<BTreeMap<String, People>> =
    LazyLock::new(|| toml::from_str(include_str!("people.toml")).expect("embedded file, read by a test"));

impl People {
    /// The words of a language.
    pub(super) fn of(language: Language) -> &'static Self {
        PEOPLE.get(language.tag()).expect("a test reads every language's")
    }
}

fn split<'de, D: serde::Deserializer<'de>>(words: D) -> Result<BTreeSet<String>, D::Error> {
    Ok(String::deserialize(words)?.split_whitespace().map(str::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_words() {
        for language in Language::ALL {
            assert!(!People::of(language).stops.is_empty());
        }
    }
}
