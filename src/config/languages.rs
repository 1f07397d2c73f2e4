//! A business in its other languages: what it is called and what it answers there.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::business::words_of;
use super::check::{each, spoken, text};
use super::error::{ConfigError, Source};
use super::raw;
use crate::conversation::{Business, Language};

/// The languages a business lists, its first one being `business.language`.
pub(super) fn listed(source: &Source<'_>, raw: &raw::Business) -> Result<Vec<Language>, ConfigError> {
    let known = |tag: &str| {
        let tags: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
        let unknown = || format!("`{tag}` is not spoken here; known languages are {}", tags.join(" and "));
        Language::of(tag).ok_or_else(unknown)
    };
    let languages = each(source, &raw.languages, known)?;
    let distinct: BTreeSet<&str> = languages.iter().map(|language| language.tag()).collect();
    if let (true, Some(last)) = (distinct.len() < languages.len(), raw.languages.last()) {
        return Err(source.at(last.span(), "a language is listed twice"));
    }
    let first = raw.language.as_ref().map(|tag| (Language::of(tag.get_ref()), tag.span()));
    match (first, languages.first()) {
        (Some((language, span)), Some(listed)) if language != Some(*listed) => {
            Err(source.at(span, "`languages` begins with another one; leave this line out"))
        }
        _ => Ok(languages),
    }
}

/// The business once more for each of its other languages.
pub(super) fn also<'a>(
    source: &Source<'_>,
    business: &Business,
    raw: &raw::Business,
    services: impl Iterator<Item = &'a raw::Service> + Clone,
    faqs: impl Iterator<Item = &'a raw::Faq> + Clone,
) -> Result<Vec<Arc<Business>>, ConfigError> {
    let mut all = Vec::new();
    for language in listed(source, raw)?.into_iter().skip(1) {
        let mut other = Business { language: language.tag().into(), also: Vec::new(), ..business.clone() };
        rename(source, &mut other, raw.wording(language))?;
        for (service, raw) in other.services.iter_mut().zip(services.clone()) {
            let said = raw.wording(language);
            if let Some(name) = text(source, "name", &said.name)? {
                service.name = name;
                service.aliases.clear();
            }
            service.aliases.extend(each(source, &said.aliases, |alias| spoken("alias", alias))?);
        }
        distinct(source, &other, services.clone())?;
        for (faq, raw) in other.faqs.iter_mut().zip(faqs.clone()) {
            let said = raw.wording(language);
            if let Some(questions) = &said.questions {
                let read: Result<Vec<_>, _> = questions.get_ref().iter().map(|q| spoken("question", q)).collect();
                faq.questions = read.map_err(|what| source.at(questions.span(), what))?;
            }
            if let Some(answer) = text(source, "answer", &said.answer)? {
                faq.answer = answer;
            }
        }
        all.push(Arc::new(other));
    }
    Ok(all)
}

fn rename(source: &Source<'_>, other: &mut Business, said: &raw::Wording) -> Result<(), ConfigError> {
    if let Some(name) = text(source, "name", &said.name)? {
        other.name = name;
    }
    other.address = text(source, "address", &said.address)?.or(other.address.take());
    // A text in another language helps nobody: the built-in one is said.
    other.emergency = text(source, "emergency", &said.emergency)?;
    Ok(())
}

/// Two services must not share a wording in any language.
fn distinct<'a>(
    source: &Source<'_>,
    business: &Business,
    raw: impl Iterator<Item = &'a raw::Service>,
) -> Result<(), ConfigError> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (service, raw) in business.services.iter().zip(raw) {
        let own: BTreeSet<String> = words_of(service).collect();
        if let Some(word) = own.iter().find(|word| known.contains(*word)) {
            let message = format!("`{word}` already names another service in {}", business.language);
            return Err(source.at(raw.id.span(), message));
        }
        known.extend(own);
    }
    Ok(())
}

impl raw::Business {
    fn wording(&self, language: Language) -> &raw::Wording {
        pick(language, &self.en, &self.es)
    }
}

impl raw::Service {
    fn wording(&self, language: Language) -> &raw::Wording {
        pick(language, &self.en, &self.es)
    }
}

impl raw::Faq {
    fn wording(&self, language: Language) -> &raw::Wording {
        pick(language, &self.en, &self.es)
    }
}

fn pick<'a>(language: Language, en: &'a raw::Wording, es: &'a raw::Wording) -> &'a raw::Wording {
    match language {
        Language::English => en,
        Language::Spanish => es,
    }
}
