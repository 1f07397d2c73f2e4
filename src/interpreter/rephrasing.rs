//! Prompts in other words, made while nobody calls. The check is the conversation's; what it does not take is forgotten.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{Model, Trouble};
use crate::conversation::{Rephrased, Template};

/// What a model answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reworded {
    wording: String,
}

impl Model {
    /// Every wording accepted so far.
    pub fn rephrased(&self) -> Arc<Rephrased> {
        self.0.rephrased.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has a template put in other words: the new wording when it was accepted, none when it was not. An error tells that
    /// the model did not answer; callers' questions are not held back for it.
    pub async fn rephrase(&self, template: &Template) -> Result<Option<String>, String> {
        let answer = match self.0.answer(&body(&self.0.settings.model, template), DEADLINE).await {
            Ok(answer) => answer,
            Err(Trouble::Broken(_)) => return Ok(None),
            Err(trouble) => return Err(trouble.to_string()),
        };
        let Ok(Reworded { wording }) = serde_json::from_str(&answer) else { return Ok(None) };
        let mut all = self.0.rephrased.lock().unwrap_or_else(PoisonError::into_inner);
        // Calls that run keep what they began with.
        Ok(Arc::make_mut(&mut *all).accept(template, &wording))
    }
}

fn body(model: &str, template: &Template) -> Value {
    let data = json!({ "language": template.language.tag(), "sentence": template.wording });
    let wording = json!({ "type": "string", "pattern": format!("^[^\"\\\\]{{1,{WORDING_CHARS_MAX}}}$") });
    let schema = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["wording"],
        "properties": { "wording": wording },
    });
    super::request::completion(model, TASK, &data, ("wording", schema), TEMPERATURE)
}

const TASK: &str = "\
You put a sentence of a business's telephone receptionist in other words. The user message is a JSON value: `sentence`, \
and the `language` it is in. Answer with one JSON object whose `wording` means exactly the same, in the same language, \
as polite and as short. Use the words of the sentence and everyday words of courtesy, nothing else. Keep every word in \
{braces} as it is, exactly once, keep each question a question, and add no facts, numbers, promises or names.";
/// Longer than any of ours.
const WORDING_CHARS_MAX: usize = 160;
/// Other words each time.
const TEMPERATURE: f64 = 0.7;
/// Nobody waits for it.
const DEADLINE: Duration = Duration::from_secs(60);
