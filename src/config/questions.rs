//! `[[questions]]` and `[vocabulary]`: what is read out of conversations besides what every business wants to know.

use std::sync::Arc;

use toml::Spanned;

use super::error::{ConfigError, Source};
use super::raw;
use crate::conversation::{Business, Question, QuestionKind};

/// Gives a business its questions: those of the file, then its own.
pub(super) fn add(
    source: &Source<'_>,
    business: &mut Business,
    document: &raw::Document,
    own: &raw::Business,
) -> Result<(), ConfigError> {
    let mut questions: Vec<Question> = Vec::new();
    for given in document.questions.iter().chain(&own.questions) {
        let question = given.get_ref();
        let twice = questions.iter().any(|q| q.id == question.id);
        if let Some(fault) = twice.then_some("there is a question of this id already").or(fault(question)) {
            return Err(source.at(given.span(), format!("question `{}`: {fault}", question.id)));
        }
        questions.push(question.clone());
    }
    let competitors: Vec<&Spanned<String>> =
        document.vocabulary.competitors.iter().chain(&own.vocabulary.competitors).collect();
    if let Some(empty) = competitors.iter().find(|name| name.get_ref().trim().is_empty()) {
        return Err(source.at(empty.span(), "a competitor has a name, like \"HubSpot\""));
    }
    let policy = Arc::make_mut(&mut business.policy);
    policy.questions = questions;
    policy.competitors = competitors.into_iter().map(|name| name.get_ref().clone()).collect();
    Ok(())
}

fn fault(question: &Question) -> Option<&'static str> {
    let plain = |key: &str| {
        let begins = key.starts_with(|c: char| c.is_ascii_lowercase());
        begins && key.len() <= KEY_MAX && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    match () {
        () if !plain(&question.id) => Some("an id is lower case letters, digits and _, like \"budget\""),
        () if question.crm_field.as_deref().is_some_and(|field| field.is_empty() || field.len() > KEY_MAX) => {
            Some("crm_field is the name of a field, like \"budget_range\"")
        }
        () if question.prompt.trim().is_empty() => Some("say how it is asked, like prompt = \"What is your budget?\""),
        () if question.ask_for.iter().any(|wish| wish != "book") => {
            Some("questions are asked aloud while an appointment is made, ask_for = [\"book\"], or not at all")
        }
        () if question.kind == QuestionKind::Choice && question.choices.len() < 2 => {
            Some("a choice has two choices at least, like choices = [\"house\", \"apartment\"]")
        }
        () if question.kind != QuestionKind::Choice && !question.choices.is_empty() => {
            Some("choices belong to kind = \"choice\"")
        }
        () => None,
    }
}

/// Longest key, bytes.
const KEY_MAX: usize = 64;
