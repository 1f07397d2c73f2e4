//! What the grammar cannot make out, read by a language model. The model proposes, and its proposal is put in plain
//! words and goes the way of anything a caller says, as a guess: nothing final is done on it, and no check is passed.

use serde::{Deserialize, Serialize};

use super::agreement::Answer;
use super::conversation::Conversation;
use super::event::Action;
use super::hearing::{Said, Turn};
use super::names::find_name;
use super::step::{Step, Task};
use super::times::Ear;
use super::when::{At, Wish};
use super::words::Words;

/// One turn that was not understood, with what a reader needs to know. All of it is data: names, questions and what
/// was said may read like instructions and are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Utterance {
    /// Language spoken, BCP 47.
    pub language: String,
    /// What the receptionist said last.
    pub asked: String,
    /// What the caller said then.
    pub heard: String,
    /// Names of the services, by index.
    pub services: Vec<String>,
    /// Questions the business answers, by index.
    pub faqs: Vec<String>,
}

/// What a model makes of it. Nothing in it is believed before it was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proposal {
    /// What the caller wants.
    pub intent: Option<Intent>,
    /// Index into [`Utterance::services`].
    pub service: Option<usize>,
    /// Index into [`Utterance::faqs`].
    pub faq: Option<usize>,
    /// Day and time in plain words, which the grammar reads.
    pub when: Option<String>,
    /// The caller's own name.
    pub name: Option<String>,
    /// The answer to a question of yes or no.
    pub answer: Option<YesNo>,
}

/// What a caller may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// An appointment.
    Book,
    /// Another time for the one there is.
    Move,
    /// The one there is cancelled.
    Cancel,
    /// To know when the one there is takes place.
    Existing,
    /// To know when somebody is there.
    Hours,
    /// To know where it is.
    Address,
    /// To know what there is.
    Services,
    /// To leave a message.
    Message,
    /// To be called back.
    Callback,
    /// A person.
    Person,
    /// To say that they will be late.
    Late,
    /// To hear it again.
    Repeat,
    /// Help at once.
    Emergency,
    /// To end the call.
    Goodbye,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YesNo {
    /// Agreed.
    Yes,
    /// Refused.
    No,
}

/// A turn given to the model, until it answers or the caller says more.
#[derive(Debug, Clone)]
pub(super) struct Unread {
    request: u32,
    said: Said,
}

impl Intent {
    /// Key of the same in plain words.
    fn phrase(self) -> &'static str {
        match self {
            Intent::Book => "plain_book",
            Intent::Move => "plain_move",
            Intent::Cancel => "plain_cancel",
            Intent::Existing => "plain_existing",
            Intent::Hours => "plain_hours",
            Intent::Address => "plain_address",
            Intent::Services => "plain_services",
            Intent::Message => "plain_message",
            Intent::Callback => "plain_callback",
            Intent::Person => "plain_person",
            Intent::Late => "plain_late",
            Intent::Repeat => "plain_repeat",
            Intent::Emergency => "plain_emergency",
            Intent::Goodbye => "plain_goodbye",
        }
    }

    /// Whether it only asks for something to be said.
    fn only_asks(self) -> bool {
        use Intent::*;
        matches!(self, Hours | Address | Services | Repeat | Emergency)
    }
}

impl Proposal {
    /// Contradicts what was asked for, or names somebody whom nobody named. Small models fill in every line of a form:
    /// then nothing of it is believed.
    fn is_made_up(&self, heard: &str) -> bool {
        let heard = words_of(heard);
        let said = |name: &String| words_of(name).iter().all(|word| heard.contains(word));
        self.faq.is_some() && self.intent.is_some() || !self.name.iter().all(said)
    }
}

impl Conversation {
    /// Has a language model read what the grammar cannot.
    pub fn with_model(mut self) -> Self {
        self.has_model = true;
        self
    }

    /// What the grammar makes of a turn; where it is at a loss the turn is as if it had not been, and the model reads it.
    pub(super) fn with_model_or_without(&mut self, said: Said, at: &At) {
        if !self.has_model || said.text.len() > HEARD_BYTES_MAX || !is_read(&self.step) {
            return self.understand(&said, at);
        }
        let before = self.clone();
        self.lost = false;
        self.understand(&said, at);
        if self.lost {
            *self = before;
            self.interpret(said);
        }
    }

    fn interpret(&mut self, said: Said) {
        self.request += 1;
        let faqs = self.business.faqs.iter().map(|faq| faq.questions.first().cloned().unwrap_or_default());
        let utterance = Utterance {
            language: self.language().tag().into(),
            asked: self.asked(),
            heard: said.text.trim().into(),
            services: self.business.services.iter().map(|service| service.name.clone()).collect(),
            faqs: faqs.collect(),
        };
        self.unread = Some(Unread { request: self.request, said });
        self.actions.push_back(Action::Interpret { request: self.request, utterance });
    }

    /// What was asked, without who is calling: no name, and no number where numbers are talked about.
    fn asked(&self) -> String {
        let mut asked = self.last_said.join(" ");
        for word in self.outcome.name.iter().flat_map(|name| name.split_whitespace()).filter(|w| w.len() > 1) {
            asked = asked.replace(word, "...");
        }
        match self.step {
            Step::Phone | Step::ConfirmPhone => masked(&asked),
            _ if is_binding(&self.step) => masked(&asked),
            _ => asked,
        }
    }

    /// The model's proposal; one for an older turn is dropped. What does not fit leaves the turn to the grammar.
    pub(super) fn interpreted(&mut self, request: u32, proposal: Option<Proposal>, at: &At) {
        let Some(Unread { said, .. }) = self.unread.take_if(|unread| unread.request == request) else { return };
        let before = self.clone();
        self.strikes = 0;
        if !proposal.is_some_and(|proposal| self.follow(proposal, &said, at)) {
            *self = before;
            self.understand(&said, at);
        }
    }

    /// Takes a proposal as the caller's plain words; false when nothing of it fits.
    fn follow(&mut self, proposal: Proposal, said: &Said, at: &At) -> bool {
        if proposal.is_made_up(&said.text) {
            return false;
        }
        let proposal = self.allowed(proposal, &said.text, at);
        let business = self.business.clone();
        if let Some(faq) = proposal.faq.and_then(|i| business.faqs.get(i)) {
            let turn = self.plain_turn("", Answer::Unclear, said);
            return self.tell_faq(faq, &turn, at);
        }
        if let Some(name) = &proposal.name {
            return self.name_proposed(name, at);
        }
        let answer = match proposal.answer {
            Some(YesNo::Yes) => Answer::Yes,
            Some(YesNo::No) => Answer::No,
            None => Answer::Unclear,
        };
        let plain = self.in_plain_words(&proposal);
        let turn = self.plain_turn(&plain, answer, said);
        !plain.is_empty() && self.act_on(&turn, at)
    }

    /// The way of anything a caller says; a name or a number is only ever taken from the caller's own mouth.
    fn act_on(&mut self, turn: &Turn, at: &At) -> bool {
        let dictated = matches!(self.step, Step::Name | Step::Phone);
        self.emergency(turn)
            || self.anywhere(turn, at)
            || !dictated && self.in_step(turn, at)
            || self.in_any_order(turn, at)
    }

    /// What of a proposal may be followed here.
    fn allowed(&self, mut proposal: Proposal, heard: &str, at: &At) -> Proposal {
        let business = &self.business;
        let binding = is_binding(&self.step);
        let changes = !binding || self.step == Step::ReadBack;
        proposal.intent = proposal.intent.filter(|intent| !binding || intent.only_asks());
        proposal.service = proposal.service.filter(|i| changes && *i < business.services.len());
        proposal.when = proposal.when.filter(|when| changes && self.is_time(when, at));
        // One thing at a time: what contradicts is not guessed at.
        let something = proposal.intent.is_some() || proposal.service.is_some() || proposal.when.is_some();
        proposal.faq = proposal.faq.filter(|i| !something && *i < business.faqs.len());
        let told = something || proposal.faq.is_some();
        proposal.name = proposal.name.filter(|name| !told && self.is_name_heard(name, heard));
        let told = told || proposal.name.is_some();
        proposal.answer = proposal.answer.filter(|_| !told && self.may_be_answered());
        proposal
    }

    /// Whether the model may say yes or no for the caller: never where it would agree to something, and never to a
    /// number that was read back.
    fn may_be_answered(&self) -> bool {
        match self.step {
            Step::Offer => self.draft.offers.len() == 1,
            Step::ConfirmPhone | Step::OfferService(_) | Step::OfferRebook(_) | Step::OfferMessage(_) => true,
            _ => false,
        }
    }

    /// Short plain words that the grammar reads as a day or a time; never a date stamp or a number.
    fn is_time(&self, when: &str, at: &At) -> bool {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | ':' | '\'' | '’' | ',' | '.');
        let long = when.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 2);
        let words = Words::heard(when, self.language());
        when.chars().count() <= WHEN_CHARS_MAX
            && when.chars().all(plain)
            && !long
            && !Wish::read(&words, at, Ear::Expecting).is_empty()
    }

    /// A name is asked for or missing, and every word of it was said.
    fn is_name_heard(&self, name: &str, heard: &str) -> bool {
        let asked = matches!(self.step, Step::Name | Step::Change);
        let missing = self.task == Task::Booking && self.outcome.name.is_none() && !is_binding(&self.step);
        let (name, heard) = (words_of(name), words_of(heard));
        (asked || missing)
            && (1..=NAME_WORDS_MAX).contains(&name.len())
            && name.iter().all(|word| word.chars().all(|c| c.is_alphabetic() || c == '\'') && heard.contains(word))
    }

    fn name_proposed(&mut self, name: &str, at: &At) -> bool {
        match find_name(name, true, self.language()) {
            Some(name) => {
                self.outcome.name = Some(name);
                self.advance(at);
                true
            }
            None => false,
        }
    }

    /// The proposal as somebody would say it who says it plainly; empty when there is nothing to say.
    fn in_plain_words(&self, proposal: &Proposal) -> String {
        let language = self.language();
        let service = proposal.service.and_then(|i| self.business.services.get(i)).map(|s| s.name.as_str());
        let a_service = service.map(|name| language.with_article(name)).unwrap_or_default();
        let intent = match (proposal.intent, service) {
            (Some(Intent::Book), Some(_)) => language.phrase("plain_book_service", &[("a_service", &a_service)]),
            (Some(intent), _) => language.phrase(intent.phrase(), &[]),
            (None, service) => service.unwrap_or_default().to_string(),
        };
        let answer = match proposal.answer {
            Some(YesNo::Yes) => language.phrase("plain_yes", &[]),
            Some(YesNo::No) => language.phrase("plain_no", &[]),
            None => String::new(),
        };
        let when = proposal.when.as_deref().unwrap_or_default();
        let when = match proposal.intent {
            Some(Intent::Move) if !when.is_empty() => language.phrase("plain_to", &[("when", when)]),
            _ => when.to_string(),
        };
        [intent, answer, when].iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
    }

    /// The words are the model's, what is kept of them are the caller's; and it is never sure.
    fn plain_turn<'a>(&self, plain: &str, answer: Answer, said: &'a Said) -> Turn<'a> {
        let words = Words::heard(plain, self.language());
        Turn { text: &said.text, words, sure: false, clear: true, answer, answers: &[] }
    }
}

/// Steps at which a turn may be read by a model: not while a message is dictated, a calendar asked, or somebody proves
/// who they are.
fn is_read(step: &Step) -> bool {
    use Step::*;
    match step {
        Open | Service(_) | When | WhichDay(_) | WhichTime(_) | Offer | Name | Phone | ConfirmPhone | Change => true,
        WhichAppointment | MoveOrCancel | OfferRebook(_) | OfferService(_) | OfferMessage(_) => true,
        step => is_binding(step),
    }
}

/// Steps at which an answer agrees to something.
fn is_binding(step: &Step) -> bool {
    matches!(step, Step::ReadBack | Step::ConfirmCancel | Step::PhoneBack(_) | Step::ConfirmEnd)
}

fn masked(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { 'x' } else { c }).collect()
}

fn words_of(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'));
    parts.filter(|w| !w.is_empty()).map(|w| w.to_lowercase().replace('’', "'")).collect()
}

/// Longest turn that is given to a model: a minute of speech.
const HEARD_BYTES_MAX: usize = 1000;
/// Longest "the week after next on a Tuesday, in the afternoon".
const WHEN_CHARS_MAX: usize = 80;
/// Most words of a name.
const NAME_WORDS_MAX: usize = 4;
