//! Prompts as data: wordings from the prompt file, never the same one twice running.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::business::{Business, Service};
use super::language::Language;
use super::rephrasing::Rephrased;

/// Wordings per prompt.
pub(super) type Wordings = BTreeMap<String, Vec<String>>;

static ENGLISH: LazyLock<Wordings> = LazyLock::new(|| read(include_str!("prompts.en.toml")));
static SPANISH: LazyLock<Wordings> = LazyLock::new(|| read(include_str!("prompts.es.toml")));

fn read(file: &str) -> Wordings {
    toml::from_str(file).expect("embedded file, read by a test")
}

/// All of the prompt file.
pub(super) fn wordings(language: Language) -> &'static Wordings {
    match language {
        Language::English => &ENGLISH,
        Language::Spanish => &SPANISH,
    }
}

/// Picks wordings; remembers the last of each prompt.
#[derive(Debug, Clone, Default)]
pub(super) struct Prompts {
    seed: u64,
    last: BTreeMap<&'static str, usize>,
    /// Wordings beside those of the file.
    pub(super) rephrased: Arc<Rephrased>,
}

impl Prompts {
    /// `seed` decides which wording comes first.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// The next wording of `key` with placeholders filled in.
    pub(super) fn say(&mut self, key: &'static str, business: &Business, values: &[(&str, &str)]) -> String {
        let Some(wordings) = wordings(business.language()).get(key).filter(|w| !w.is_empty()) else {
            return String::new();
        };
        let more = self.rephrased.of(business.language(), key);
        let start = (self.seed as usize).wrapping_add(key.len() * 7);
        let next = self.last.get(key).map_or(start, |n| n.wrapping_add(1)) % (wordings.len() + more.len());
        self.last.insert(key, next);
        let wording = wordings.get(next).unwrap_or_else(|| &more[next - wordings.len()]);
        fill(&constants(wording, business), values)
    }
}

/// Every text the conversation can say that depends on the business alone, to be rendered ahead.
pub fn fixed_prompts(business: &Business) -> Vec<String> {
    let texts = wordings(business.language()).values().flatten().flat_map(|wording| fixed_texts(wording, business));
    let answers = business.faqs.iter().map(|f| f.answer.clone());
    let hours = std::iter::once(super::spoken::hours(business)).chain(business.emergency.clone());
    let mut all: Vec<String> = texts.chain(answers).chain(hours).collect();
    all.sort();
    all.dedup();
    all
}

/// What of a wording depends on the business alone.
pub fn fixed_texts(wording: &str, business: &Business) -> Vec<String> {
    let text = constants(wording, business);
    let services = business.services.iter().map(|service| service_values(service, business.language()));
    let of_services = services.map(|values| fill(&text, &values));
    // A fixed opening is heard at once, while what follows it is still being rendered.
    std::iter::once(text.clone()).chain(of_services).flat_map(|text| fixed_sentences(&text)).collect()
}

/// The sentences of a wording in which nothing is left open.
fn fixed_sentences(text: &str) -> Vec<String> {
    if !text.contains('{') {
        return vec![text.to_string()];
    }
    let sentences = text.split_inclusive(['.', '?', '!']).map(str::trim);
    sentences.filter(|s| !s.contains(['{', '}']) && s.chars().any(char::is_alphanumeric)).map(str::to_string).collect()
}

/// What a prompt may say about a service.
fn service_values(service: &Service, language: Language) -> [(&'static str, String); 3] {
    [
        ("service", service.name.clone()),
        ("a_service", language.with_article(&service.name)),
        ("minutes", service.minutes.to_string()),
    ]
}

/// Fills in what never changes for a business.
fn constants(wording: &str, business: &Business) -> String {
    let names: Vec<&str> = business.services.iter().map(|s| s.name.as_str()).collect();
    let mut values =
        vec![("business", business.name.clone()), ("emergency_number", emergency_number(&business.country).into())];
    if let Some(address) = &business.address {
        values.push(("address", address.clone()));
    }
    values.push(("services", business.language().either(&names)));
    values.push(("days", business.horizon_days.to_string()));
    let values: Vec<(&str, &str)> = values.iter().map(|(k, v)| (*k, v.as_str())).collect();
    fill(wording, &values)
}

/// Fills in what is known; the rest stays open.
pub(super) fn fill<V: AsRef<str>>(wording: &str, values: &[(&str, V)]) -> String {
    let mut out = String::with_capacity(wording.len() + 32);
    let mut rest = wording;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        let key = &rest[open + 1..open + close];
        out.push_str(&rest[..open]);
        match values.iter().find(|(k, _)| *k == key) {
            Some((_, value)) => out.push_str(value.as_ref()),
            None => out.push_str(&rest[open..=open + close]),
        }
        rest = &rest[open + close + 1..];
    }
    out + rest
}

fn emergency_number(country: &str) -> &'static str {
    match country.to_ascii_uppercase().as_str() {
        "US" | "CA" => "911",
        "GB" => "999",
        "AU" => "000",
        _ => "112",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prompt_has_several_wordings() {
        for language in Language::ALL {
            assert!(wordings(language).keys().eq(ENGLISH.keys()), "{language:?} lacks a prompt");
            for (key, wordings) in wordings(language) {
                assert!(wordings.len() >= 2 || key == "known_late", "{key} would be repeated word for word");
            }
        }
    }
}
