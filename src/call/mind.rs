//! The conversation, and the thought ahead of it: while the caller pauses, a copy of the conversation is fed what was
//! probably said; if the turn ends on those words the copy becomes the conversation, its answer already rendered.

use std::sync::Arc;

use jiff::Timestamp;

use super::io::Output;
use super::turns::Words;
use crate::conversation::{Action, Conversation, Event, Rephrased};

/// The conversation and what it waits for.
#[derive(Debug)]
pub struct Mind {
    conversation: Conversation,
    /// As it was before the last words, to be asked again should the caller go on speaking.
    before: Option<Conversation>,
    thought: Option<Thought>,
    tools: Vec<Tool>,
    next_tool: u32,
}

/// A copy that has heard words which may yet change.
#[derive(Debug)]
struct Thought {
    text: String,
    conversation: Conversation,
    actions: Vec<Action>,
}

/// A question to a calendar, not answered yet.
#[derive(Debug)]
struct Tool {
    tool: u32,
    request: u32,
    /// Asked by the thought, not by the conversation.
    ahead: bool,
    writes: bool,
    /// Somebody is being called: that is not taken back with the words that asked for it.
    calls: bool,
}

impl Mind {
    /// Around a fresh conversation.
    pub fn new(conversation: Conversation) -> Self {
        Self { conversation, before: None, thought: None, tools: Vec::new(), next_tool: 0 }
    }

    /// Has a language model read what the grammar cannot.
    pub fn with_model(mut self) -> Self {
        self.conversation = self.conversation.with_model();
        self
    }

    /// Speaks these wordings too.
    pub fn with_rephrased(mut self, rephrased: Arc<Rephrased>) -> Self {
        self.conversation = self.conversation.with_rephrased(rephrased);
        self
    }

    /// The conversation as it stands.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Thinks ahead on provisional words: asks calendars, names what would be said. Nothing is written or spoken.
    pub fn think(&mut self, words: &Words, now: Timestamp, outputs: &mut impl Extend<Output>) {
        if self.thought.as_ref().is_some_and(|thought| thought.text == words.text) {
            return;
        }
        self.forget_thought();
        let mut conversation = self.conversation.clone();
        conversation.handle(heard(words), now);
        self.thought = Some(Thought { text: words.text.clone(), conversation, actions: Vec::new() });
        self.drain_thought(outputs);
    }

    /// The words are final. Gives what is to be done.
    pub fn hear(&mut self, words: &Words, now: Timestamp) -> Vec<Action> {
        self.before = Some(self.conversation.clone());
        match self.thought.take() {
            Some(thought) if thought.text == words.text => {
                self.conversation = thought.conversation;
                self.tools.iter_mut().for_each(|tool| tool.ahead = false);
                // Questions were already asked under their tool number.
                let asked = |a: &Action| matches!(a, Action::FindSlots { .. } | Action::FindAppointments { .. });
                thought.actions.into_iter().filter(|action| !asked(action)).collect()
            }
            _ => {
                self.forget_thought();
                self.tell(heard(words), now)
            }
        }
    }

    /// Takes back the last words, if nothing was written since: the caller had not finished.
    pub fn unhear(&mut self) -> bool {
        if self.is_writing() || self.tools.iter().any(|tool| tool.calls) {
            return false;
        }
        let Some(before) = self.before.take() else { return false };
        self.conversation = before;
        self.tools.clear();
        self.thought = None;
        true
    }

    /// Makes the last words final for good.
    pub fn settle(&mut self) {
        self.before = None;
    }

    /// Any other event.
    pub fn tell(&mut self, event: Event, now: Timestamp) -> Vec<Action> {
        self.conversation.handle(event, now);
        std::iter::from_fn(|| self.conversation.poll_action()).collect()
    }

    /// Numbers a question to a tool.
    pub fn ask(&mut self, request: u32, writes: bool) -> u32 {
        self.note_tool(request, false, writes)
    }

    /// Numbers a call to somebody.
    pub fn ask_person(&mut self, request: u32) -> u32 {
        let tool = self.ask(request, false);
        self.tools.iter_mut().filter(|asked| asked.tool == tool).for_each(|asked| asked.calls = true);
        tool
    }

    /// Its answer is not waited for any more.
    pub fn forget(&mut self, tool: u32) {
        self.tools.retain(|asked| asked.tool != tool);
    }

    /// A tool answered: routes the event to whoever asked. `event` is given the request number.
    pub fn answer(
        &mut self,
        tool: u32,
        now: Timestamp,
        event: impl FnOnce(u32) -> Event,
        outputs: &mut impl Extend<Output>,
    ) -> Vec<Action> {
        let Some(at) = self.tools.iter().position(|asked| asked.tool == tool) else { return Vec::new() };
        let asked = self.tools.swap_remove(at);
        if asked.writes || asked.calls {
            self.before = None;
        }
        if !asked.ahead {
            return self.tell(event(asked.request), now);
        }
        if let Some(thought) = &mut self.thought {
            thought.conversation.handle(event(asked.request), now);
            self.drain_thought(outputs);
        }
        Vec::new()
    }

    /// Whether the conversation waits for a tool.
    pub fn is_waiting(&self) -> bool {
        self.tools.iter().any(|tool| !tool.ahead)
    }

    /// Whether the calendar is being written to.
    pub fn is_writing(&self) -> bool {
        self.tools.iter().any(|tool| tool.writes)
    }

    fn forget_thought(&mut self) {
        self.thought = None;
        self.tools.retain(|tool| !tool.ahead);
    }

    fn drain_thought(&mut self, outputs: &mut impl Extend<Output>) {
        let Some(mut thought) = self.thought.take() else { return };
        while let Some(action) = thought.conversation.poll_action() {
            match &action {
                Action::Say(text) => outputs.extend([Output::Prepare(text.clone())]),
                Action::FindSlots { request, query } => {
                    let tool = self.note_tool(*request, true, false);
                    outputs.extend([Output::FindSlots { tool, query: query.clone() }]);
                }
                Action::FindAppointments { request, phone } => {
                    let tool = self.note_tool(*request, true, false);
                    outputs.extend([Output::FindAppointments { tool, phone: phone.clone() }]);
                }
                Action::Book { .. } | Action::Reschedule { .. } | Action::Cancel { .. } | Action::HangUp(_) => {}
                // Asked once the words are final: a model's time costs more than it saves, and nobody's phone rings for
                // words that may yet change.
                Action::Interpret { .. } | Action::PutThrough { .. } | Action::CallNobody { .. } => {}
            }
            thought.actions.push(action);
        }
        self.thought = Some(thought);
    }

    fn note_tool(&mut self, request: u32, ahead: bool, writes: bool) -> u32 {
        self.next_tool += 1;
        self.tools.push(Tool { tool: self.next_tool, request, ahead, writes, calls: false });
        self.next_tool
    }
}

fn heard(words: &Words) -> Event {
    Event::Heard { text: words.text.clone(), confidence: words.confidence, answers: words.answers.clone() }
}
