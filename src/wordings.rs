//! `[model] rephrase`: prompts are put in other words while nobody calls, and rendered ahead like any other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use offhook::conversation::{Business, Language, Template, fixed_texts, templates};
use offhook::gateway::Handle;
use offhook::interpreter::Model;
use offhook::speech::{Priority, Speech};

/// Goes through every template of the languages spoken, once. A call that comes in between is never waited beside: the
/// question is dropped, and asked again after it.
pub async fn rephrase(model: Model, handle: Handle, speech: Speech, businesses: Vec<Arc<Business>>) {
    let spoken = |language: &Language| businesses.iter().any(|business| business.language() == *language);
    let mut left: VecDeque<Template> = Language::ALL.into_iter().filter(spoken).flat_map(templates).collect();
    let (asked, mut taken, mut failures) = (left.len(), 0, 0);
    while let Some(template) = left.front() {
        let mut events = handle.subscribe();
        handle.idle().await;
        let answer = tokio::select! {
            answer = model.rephrase(template) => answer,
            _ = events.recv() => continue,
        };
        match answer {
            Ok(Some(wording)) => {
                taken += 1;
                render(&speech, &businesses, template.language, &wording);
            }
            Ok(None) => {}
            Err(trouble) if failures < FAILURES_MAX => {
                failures += 1;
                tracing::warn!(trouble, "a prompt is not put in other words yet");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(trouble) => return tracing::warn!(trouble, taken, "no more prompts are put in other words"),
        }
        failures = 0;
        left.pop_front();
    }
    tracing::info!(asked, taken, "prompts were put in other words");
}

fn render(speech: &Speech, businesses: &[Arc<Business>], language: Language, wording: &str) {
    for business in businesses.iter().filter(|business| business.language() == language) {
        for text in fixed_texts(wording, business) {
            // A full queue leaves it to be rendered when it is needed.
            let _ = speech.in_language(language.tag()).speak(&text, Priority::Ahead, |_| {});
        }
    }
}

/// Failures in a row after which it is left; the model may start more slowly than we do.
const FAILURES_MAX: u32 = 3;
/// Between a failure and the next try.
const PAUSE: Duration = Duration::from_secs(30);
