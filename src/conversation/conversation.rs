//! The conversation: events in, actions out.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::business::Business;
use super::event::{Action, Caller, Completeness, Event, Expectation};
use super::outcome::{Disposition, Outcome};

/// One call's conversation: cheap to clone, so that a provisional text can be tried on a copy.
#[derive(Debug, Clone)]
pub struct Conversation {
    business: Arc<Business>,
    caller: Caller,
    seed: u64,
    actions: VecDeque<Action>,
    outcome: Outcome,
}

impl Conversation {
    /// A conversation not yet started; `seed` picks among wordings.
    pub fn new(business: Arc<Business>, caller: Caller, seed: u64) -> Self {
        Self { business, caller, seed, actions: VecDeque::new(), outcome: Outcome::default() }
    }

    /// Takes one event at `now`; drain [`Conversation::poll_action`] afterwards.
    pub fn handle(&mut self, event: Event, now: Timestamp) {
        let _ = (now, &self.caller, self.seed);
        if matches!(event, Event::Started(_)) {
            self.actions.push_back(Action::Say(format!("Thank you for calling {}.", self.business.name)));
        }
    }

    /// The next thing to do, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What kind of answer is waited for.
    pub fn expectation(&self) -> Expectation {
        Expectation::Open
    }

    /// Whether `partial_text` sounds finished at this point.
    pub fn completeness(&self, partial_text: &str) -> Completeness {
        let _ = partial_text;
        Completeness::Unclear
    }

    /// What was agreed so far.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What the call came to if the caller hung up now.
    pub fn disposition(&self) -> Disposition {
        Disposition::Abandoned
    }

    /// Hint words for the recogniser.
    pub fn vocabulary(&self) -> String {
        self.business.name.clone()
    }
}

/// Every text the conversation can say without variables, to be rendered ahead.
pub fn fixed_prompts(business: &Business) -> Vec<String> {
    vec![format!("Thank you for calling {}.", business.name)]
}
