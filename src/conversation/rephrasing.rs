//! Other wordings for prompts, made ahead by a language model. None is taken on trust: a model puts a template in other
//! words, never what was filled in, and can only choose and order words that are lawful for that very prompt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::conversation::Conversation;
use super::language::Language;
use super::prompts::wordings;

/// One wording that may be put in other words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Language it is in.
    pub language: Language,
    /// With its {placeholders}.
    pub wording: &'static str,
    key: &'static str,
}

/// Wordings that were accepted, beside those of the prompt file.
#[derive(Debug, Clone, Default)]
pub struct Rephrased(BTreeMap<(&'static str, &'static str), Vec<String>>);

/// What the file says.
#[derive(Debug, Deserialize)]
struct Law {
    prompts: Vec<String>,
    en: Words,
    es: Words,
}

#[derive(Debug, Deserialize)]
struct Words {
    neutral: String,
    negations: String,
}

static LAW: LazyLock<Law> =
    LazyLock::new(|| toml::from_str(include_str!("rephrasing.toml")).expect("embedded file, read by a test"));

/// Everything that may be put in other words.
pub fn templates(language: Language) -> impl Iterator<Item = Template> {
    let all = LAW.prompts.iter().flat_map(move |key| wordings(language).get_key_value(key));
    all.flat_map(move |(key, all)| all.iter().map(move |wording| Template { language, wording, key }))
}

impl Rephrased {
    /// Takes another wording for a template: as it is kept, or none when it is not lawful or not new.
    pub fn accept(&mut self, template: &Template, offered: &str) -> Option<String> {
        let offered = offered.trim().replace('’', "'");
        let place = (template.language.tag(), template.key);
        let there = wordings(template.language)[template.key].iter().chain(self.0.get(&place).into_iter().flatten());
        let there: Vec<Vec<String>> = there.map(|wording| words(wording)).collect();
        let full = self.0.get(&place).is_some_and(|all| all.len() >= MORE_MAX);
        if full || there.contains(&words(&offered)) || !is_lawful(template, &offered) {
            return None;
        }
        self.0.entry(place).or_default().push(offered.clone());
        Some(offered)
    }

    /// More wordings of a prompt.
    pub(super) fn of(&self, language: Language, key: &'static str) -> &[String] {
        self.0.get(&(language.tag(), key)).map_or(&[], Vec::as_slice)
    }
}

impl Conversation {
    /// Speaks these wordings too.
    pub fn with_rephrased(mut self, rephrased: Arc<Rephrased>) -> Self {
        self.prompts.rephrased = rephrased;
        self
    }
}

/// Whether a wording can say nothing but what the template says: the words of its prompt, in a shape like it.
fn is_lawful(template: &Template, offered: &str) -> bool {
    let law = match template.language {
        Language::English => &LAW.en,
        Language::Spanish => &LAW.es,
    };
    let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    let (neutral, negations) = (list(&law.neutral), list(&law.negations));
    let (was, is) = (words(template.wording), words(offered));
    let of_prompt: BTreeSet<String> =
        wordings(template.language)[template.key].iter().flat_map(|wording| words(wording)).collect();
    let negated = |words: &[String]| words.iter().filter(|word| negations.contains(*word)).count();
    let content: BTreeSet<&String> = was.iter().filter(|word| !neutral.contains(*word)).collect();
    let kept = content.iter().filter(|word| is.contains(word)).count();
    is.iter().all(|word| of_prompt.contains(word) || neutral.contains(word))
        && is.len() <= was.len() + WORDS_MORE_MAX
        && kept * 2 >= content.len()
        && negated(&was) == negated(&is)
        && holes(template.wording) == holes(offered)
        && has_shape_of(template.wording, offered)
}

/// The same marks at the end and as many questions; begun like a sentence, and nothing in it but words.
fn has_shape_of(was: &str, is: &str) -> bool {
    let plain = |c: char| {
        c.is_alphabetic() || matches!(c, ' ' | ',' | '.' | '?' | '!' | '¿' | '¡' | ':' | '\'' | '{' | '}' | '_')
    };
    let questions = |text: &str| text.matches('?').count();
    is.chars().all(plain)
        && !is.contains("  ")
        && is.starts_with(|c: char| c.is_uppercase() || matches!(c, '{' | '¿' | '¡'))
        && is.chars().last() == was.chars().last()
        && questions(is) == questions(was)
        && is.matches('¿').count() == was.matches('¿').count()
}

/// Placeholders, sorted: each as often as it is there.
fn holes(text: &str) -> Vec<&str> {
    let mut holes: Vec<&str> = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default()).collect();
    holes.sort_unstable();
    // A brace of its own is no placeholder.
    holes.extend(std::iter::repeat_n("}", text.matches('}').count()));
    holes
}

/// Words in small letters, without placeholders.
fn words(text: &str) -> Vec<String> {
    let outside = text
        .split('{')
        .enumerate()
        .map(|(i, part)| if i == 0 { part } else { part.split_once('}').map_or(part, |(_, rest)| rest) });
    let outside = outside.collect::<Vec<_>>().join(" ");
    let parts = outside.split(|c: char| !c.is_alphabetic() && c != '\'');
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Wordings more of one prompt.
const MORE_MAX: usize = 4;
/// Words by which a wording may be longer than the one it replaces.
const WORDS_MORE_MAX: usize = 6;
