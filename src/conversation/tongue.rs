//! Which language a caller speaks: asked for by name, or heard from the words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::conversation::Conversation;
use super::language::Language;
use super::spanish::unaccented;
use super::step::Step;

/// Turns in which the language is still open: what is said first tells it.
const OPEN_TURNS: u8 = 2;
/// Words by which it is told later, and not one of the language spoken so far among them.
const LATER_WORDS: usize = 4;
/// Most words of a request for a language and nothing else.
const REQUEST_WORDS: usize = 6;
/// The key that the hint in a greeting names.
const HINT_KEY: &str = "2";

/// What tells one language from the others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tongue {
    asked: Vec<String>,
    alone: BTreeSet<String>,
    words: BTreeSet<String>,
}

static TONGUES: LazyLock<BTreeMap<String, Tongue>> =
    LazyLock::new(|| toml::from_str(include_str!("tongues.toml")).expect("embedded file, read by a test"));

impl Conversation {
    /// Says in each other language how to go over to it.
    pub(super) fn hint_languages(&mut self) {
        for business in self.business.also.clone() {
            let text = self.prompts.say("language_hint", &business, &[]);
            self.hints.push((text.clone(), business.language()));
            self.speak(text);
        }
    }

    /// Goes over to the language the caller asks for or speaks; true when nothing else was said.
    pub(super) fn notice_language(&mut self, text: &str) -> bool {
        if self.business.also.is_empty() && self.home.is_none() {
            return false;
        }
        let words = plain(text);
        let asked = self.others().into_iter().find(|other| TONGUES[other.tag()].asks(&words));
        let spoken = || self.others().into_iter().find(|other| self.speaks(*other, &words));
        let found = asked.or_else(spoken);
        self.turns_heard = self.turns_heard.saturating_add(1);
        let Some(language) = found else { return false };
        self.switch(language);
        if asked.is_some() {
            self.say("language_switched", &[]);
        }
        let only = asked.is_some() && words.len() <= REQUEST_WORDS;
        if only {
            self.ask_again();
        }
        only
    }

    /// The key named in the greeting, before anything was said.
    pub(super) fn language_keyed(&mut self, keys: &str) -> bool {
        let open = self.turns_heard == 0 && self.strikes == 0 && self.step == Step::Open;
        let Some(other) = self.others().first().copied().filter(|_| open && keys == HINT_KEY) else { return false };
        self.turns_heard = OPEN_TURNS;
        self.switch(other);
        self.say("language_switched", &[]);
        self.ask_again();
        true
    }

    /// Languages the next words may be in: all of the business's until the first words told which.
    pub fn expected_languages(&self) -> Vec<Language> {
        let others = if self.turns_heard < OPEN_TURNS { self.others() } else { Vec::new() };
        std::iter::once(self.language()).chain(others).collect()
    }

    /// The language of something that was said: a hint's own, else the one spoken.
    pub fn language_of(&self, text: &str) -> Language {
        self.hints.iter().find(|(hint, _)| hint == text).map_or_else(|| self.language(), |(_, language)| *language)
    }

    fn others(&self) -> Vec<Language> {
        let home = self.home.as_ref().unwrap_or(&self.business);
        let all = std::iter::once(home.language()).chain(home.also.iter().map(|b| b.language()));
        all.filter(|language| *language != self.language()).collect()
    }

    fn switch(&mut self, language: Language) {
        let home = self.home.get_or_insert_with(|| self.business.clone()).clone();
        let own = home.also.iter().find(|b| b.language() == language).unwrap_or(&home);
        self.business = own.clone();
        self.turns_heard = OPEN_TURNS;
    }

    /// Whether the words are clearly of that language: a few at the start, more later.
    fn speaks(&self, other: Language, words: &[String]) -> bool {
        let count = |language: Language| words.iter().filter(|w| TONGUES[language.tag()].words.contains(*w)).count();
        let (own, other) = (count(self.language()), count(other));
        match self.turns_heard < OPEN_TURNS {
            true => other > 2 * own,
            // Names and messages may well be in another language.
            false => own == 0 && other >= LATER_WORDS && !matches!(self.step, Step::Name | Step::Message),
        }
    }
}

impl Tongue {
    fn asks(&self, words: &[String]) -> bool {
        let text = format!(" {} ", words.join(" "));
        let named = words.iter().any(|w| self.alone.contains(w)) && words.len() <= 2;
        named || self.asked.iter().any(|phrase| text.contains(&format!(" {phrase} ")))
    }
}

/// Lower case, without accents and apostrophes.
fn plain(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace(['\'', '’'], "");
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(|w| w.chars().map(unaccented).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_tells_two_languages() {
        let (english, spanish) = (&TONGUES["en"], &TONGUES["es"]);
        assert_eq!(english.words.intersection(&spanish.words).collect::<Vec<_>>(), Vec::<&String>::new());
        assert_eq!(TONGUES.len(), Language::ALL.len());
    }
}
