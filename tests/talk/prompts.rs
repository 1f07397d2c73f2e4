//! Which prompt a spoken text came from, so that tests judge what is meant and not how it is put.

use std::collections::BTreeMap;

use offhook::conversation::Business;

/// Wordings per prompt.
pub type Prompts = BTreeMap<String, Vec<String>>;

/// The prompts as the conversation has them.
pub fn prompts() -> Prompts {
    toml::from_str(include_str!("../../src/conversation/prompts.en.toml")).expect("the prompt file")
}

/// The same in a language.
pub fn prompts_in(language: &str) -> Prompts {
    if language == "en" {
        return prompts();
    }
    toml::from_str(include_str!("../../src/conversation/prompts.es.toml")).expect("the Spanish prompt file")
}

/// The prompts a text may come from.
pub fn keys_of(text: &str, prompts: &Prompts, business: &Business) -> Vec<String> {
    let mut keys: Vec<String> =
        prompts.iter().filter(|(_, all)| all.iter().any(|w| comes_from(text, w))).map(|(k, _)| k.clone()).collect();
    // "{hours}" alone fits everything.
    keys.retain(|k| k != "hours");
    if business.faqs.iter().any(|f| f.answer == text) {
        keys.push("faq".into());
    }
    if keys.is_empty() && (text.contains("open") || text.contains("closed")) {
        keys.push("hours".into());
    }
    keys
}

/// Whether `text` is the wording with its holes filled.
fn comes_from(text: &str, wording: &str) -> bool {
    let mut pieces = wording
        .split('{')
        .enumerate()
        .map(|(i, p)| if i == 0 { p } else { p.split_once('}').map_or("", |(_, rest)| rest) });
    let Some(mut rest) = pieces.next().and_then(|p| text.strip_prefix(p)) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    for (i, piece) in pieces.iter().enumerate() {
        if i + 1 == pieces.len() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}
