//! The conversation: events in, actions out.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::business::{Business, Opening};
use super::escalation::Reason;
use super::event::{Action, Caller, Completeness, Event, Expectation};
use super::flows::{Flow, Kind};
use super::hearing::Said;
use super::inquiring::Inquiry;
use super::interpreting::Unread;
use super::language::Language;
use super::mailing::Mailing;
use super::outcome::{Disposition, Outcome};
use super::prompts::Prompts;
use super::slots::{Appointment, KnownCaller};
use super::step::{Case, Draft, Note, Step, Task};
use super::when::At;

/// One call's conversation: cheap to clone, so that a provisional text can be tried on a copy.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(super) business: Arc<Business>,
    pub(super) caller: Caller,
    pub(super) prompts: Prompts,
    pub(super) actions: VecDeque<Action>,
    pub(super) outcome: Outcome,
    pub(super) step: Step,
    pub(super) task: Task,
    pub(super) draft: Draft,
    pub(super) case: Case,
    pub(super) note: Note,
    /// Digits of a number dictated in pieces.
    pub(super) digits: String,
    /// An e-mail address being taken.
    pub(super) mailing: Mailing,
    /// What is asked besides.
    pub(super) inquiry: Inquiry,
    /// A number refused once: given again it is taken.
    pub(super) doubted: Option<String>,
    /// Turns in a row that led nowhere.
    pub(super) strikes: u8,
    /// Whether a question was answered.
    pub(super) informed: bool,
    /// The caller said goodbye while something was still being done.
    pub(super) leaving: bool,
    /// Last request number given out.
    pub(super) request: u32,
    /// Writes asked for so far, each with its own key.
    pub(super) keys: Vec<String>,
    /// Appointments moved or cancelled so far.
    pub(super) changes: u32,
    /// Said while the calendar was writing: heard afterwards.
    pub(super) deferred: Option<Said>,
    /// What the calendar had under the calling number while it rang; none once it was told or anything was written.
    pub(super) coming: Option<Vec<Appointment>>,
    /// The service last spoken of.
    pub(super) topic: Option<usize>,
    /// The calendar keeps the caller waiting.
    pub(super) slow: bool,
    /// What was said last, for "say that again".
    pub(super) last_said: Vec<String>,
    /// How the call ended, once it has.
    pub(super) ended: Option<Disposition>,
    /// The business in its first language, once another one is spoken.
    pub(super) home: Option<Arc<Business>>,
    /// Turns heard while the language was open.
    pub(super) turns_heard: u8,
    /// Said in a language of their own.
    pub(super) hints: Vec<(String, Language)>,
    /// A language model reads what the grammar cannot.
    pub(super) has_model: bool,
    /// The grammar had no use for the last turn.
    pub(super) lost: bool,
    /// What the model is reading.
    pub(super) unread: Option<Unread>,
    /// The contact of the calling number.
    pub(super) known: Option<KnownCaller>,
    /// The caller has shown who it is.
    pub(super) proved: bool,
    /// Wrong answers to the check so far.
    pub(super) proof_tries: u8,
    /// A reference said, until the calendar answers.
    pub(super) reference: Option<String>,
    /// Why a person has to hear of the call.
    pub(super) pressing: Option<Reason>,
    /// Somebody was called for the caller, once is enough.
    pub(super) asked_people: bool,
    /// What the call is about, as whoever sent it says.
    pub(super) begins_with: Option<Kind>,
    /// The last event's time.
    pub(super) clock: Timestamp,
    late_name: bool,
}

impl Conversation {
    /// A conversation not yet started; `seed` picks among wordings.
    pub fn new(business: Arc<Business>, caller: Caller, seed: u64) -> Self {
        Self {
            business,
            caller,
            prompts: Prompts::new(seed),
            actions: VecDeque::new(),
            outcome: Outcome::default(),
            step: Step::Open,
            task: Task::None,
            draft: Draft::default(),
            case: Case::default(),
            note: Note::default(),
            digits: String::new(),
            mailing: Mailing::default(),
            inquiry: Inquiry::default(),
            doubted: None,
            strikes: 0,
            informed: false,
            leaving: false,
            request: 0,
            keys: Vec::new(),
            changes: 0,
            deferred: None,
            coming: None,
            topic: None,
            slow: false,
            last_said: Vec::new(),
            ended: None,
            home: None,
            turns_heard: 0,
            hints: Vec::new(),
            has_model: false,
            lost: false,
            unread: None,
            known: None,
            proved: false,
            proof_tries: 0,
            reference: None,
            pressing: None,
            asked_people: false,
            begins_with: None,
            clock: Timestamp::UNIX_EPOCH,
            late_name: false,
        }
    }

    /// Takes one event at `now`; drain [`Conversation::poll_action`] afterwards.
    pub fn handle(&mut self, event: Event, now: Timestamp) {
        let business = Arc::clone(&self.business);
        let at = At { now: now.to_zoned(business.timezone.clone()), business: &business };
        self.clock = now;
        let said_before = self.actions.len();
        let mut bridge = false;
        if event.is_a_turn() {
            // What the model makes of an older one is of no use any more.
            self.unread = None;
        }
        self.slow &= self.step.is_waiting();
        match event {
            // What a calendar wrote is noted whatever happened since.
            Event::Booked { request, result } => self.booked(request, result, &at),
            Event::Changed { request, result } => self.changed(request, result, &at),
            Event::Cancelled { request, result } => self.cancelled(request, result, &at),
            Event::PutThrough { request, taken } => self.people_asked(request, taken),
            _ if self.step == Step::Ended => return,
            event if event.is_a_turn() && matches!(self.step, Step::WaitPerson(_)) => {
                self.while_people_are_asked(event)
            }
            Event::Started(known) => self.greet(known, &at),
            Event::Known(known) => self.known_late(known),
            Event::Wanted(whom) => {
                self.put_through(Reason::Request, Some(&whom), None);
            }
            Event::Coming(coming) => self.coming = Some(coming),
            Event::Heard { text, confidence, answers } => self.heard(Said { text, confidence, answers }, &at),
            Event::Keys(keys) => self.keyed(&keys, &at),
            Event::Silence => self.silent(&at),
            Event::NotUnderstood => self.missed(&at),
            Event::Missed if self.step.is_waiting() => {}
            Event::Missed => self.say("say_again", &[]),
            Event::Interrupted => {}
            Event::Slots { request, slots } => self.slots(request, slots, &at),
            Event::Appointments { request, found } => self.appointments(request, found, &at),
            Event::Interpreted { request, proposal } => self.interpreted(request, proposal, &at),
            Event::Gone if matches!(self.step, Step::WaitPerson(_)) => self.keep_message(),
            Event::Gone => self.keep_wish(),
            Event::Waiting => {
                bridge = true;
                self.slow = true;
                self.say(self.bridge(), &[]);
            }
        }
        if !bridge {
            self.remember(said_before);
        }
    }

    /// The next thing to do, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What kind of answer is waited for.
    pub fn expectation(&self) -> Expectation {
        match &self.step {
            Step::When => Expectation::DateTime,
            Step::WhichDay(_) | Step::WhichTime(_) | Step::WhichAppointment | Step::MoveOrCancel => Expectation::Choice,
            Step::Offer if self.draft.offers.len() > 1 => Expectation::Choice,
            // Patient: somebody thinks.
            Step::Name | Step::Inquiry(_) => Expectation::Name,
            Step::Phone | Step::Proof => Expectation::Phone,
            Step::Email => Expectation::Email,
            Step::Message => Expectation::Message,
            Step::Offer => Expectation::YesNo,
            step if step.is_yes_no() => Expectation::YesNo,
            _ => Expectation::Open,
        }
    }

    /// Whether `partial_text` sounds finished at this point.
    pub fn completeness(&self, partial_text: &str) -> Completeness {
        super::completeness::judge(self, partial_text)
    }

    /// What was agreed so far.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What the call came to if the caller hung up now.
    pub fn disposition(&self) -> Disposition {
        if self.outcome.booking.is_some() {
            Disposition::Booked
        } else if self.outcome.moved.is_some() {
            Disposition::Rescheduled
        } else if self.outcome.cancelled.is_some() {
            Disposition::Cancelled
        } else if self.outcome.message.is_some() {
            Disposition::Message
        } else if let Some(ended) = self.ended {
            ended
        } else if self.informed {
            Disposition::InfoOnly
        } else {
            Disposition::Abandoned
        }
    }

    /// The language that is spoken.
    pub fn language(&self) -> Language {
        self.business.language()
    }

    /// The same as the business's settings write it (BCP 47).
    pub fn language_tag(&self) -> &str {
        &self.business.language
    }

    /// Hint words for the recogniser.
    pub fn vocabulary(&self) -> String {
        let names = self.business.services.iter().flat_map(|s| std::iter::once(&s.name).chain(&s.aliases));
        let services: Vec<&str> = names.map(String::as_str).collect();
        let values = [("business", self.business.name.as_str()), ("services", &services.join(", "))];
        self.language().phrase("vocabulary", &values)
    }

    /// Speaks a prompt.
    pub(super) fn say(&mut self, key: &'static str, values: &[(&str, &str)]) {
        let business = Arc::clone(&self.business);
        let text = self.prompts.say(key, &business, values);
        self.speak(text);
    }

    /// Speaks a text.
    pub(super) fn speak(&mut self, text: String) {
        if !text.is_empty() {
            self.actions.push_back(Action::Say(text));
        }
    }

    /// Notes what the call is about, once each.
    pub(super) fn intent(&mut self, intent: &str) {
        if !self.outcome.intents.iter().any(|i| i == intent) {
            self.outcome.intents.push(intent.to_string());
        }
    }

    /// Says goodbye and hangs up, once.
    pub(super) fn end(&mut self, goodbye: &'static str, otherwise: Disposition) {
        if self.step == Step::Ended {
            return;
        }
        self.ended = Some(if self.informed && otherwise == Disposition::NoDisposition {
            Disposition::InfoOnly
        } else {
            otherwise
        });
        self.say(goodbye, &[]);
        self.step = Step::Ended;
        let disposition = self.disposition();
        self.actions.push_back(Action::HangUp(disposition));
    }

    fn greet(&mut self, known: Option<KnownCaller>, at: &At) {
        self.meet(known);
        let first = self.first_name().filter(|_| self.business.greet_by_name);
        let (closed, holiday) = (self.flow(Kind::AfterHours).on, self.flow(Kind::Holiday).on);
        let (known, key) = match at.business.open_at(&at.now) {
            _ if self.begins_at_once() => ("greeting_known_at_once", "greeting_at_once"),
            Opening::Closed if closed => ("greeting_known_closed", "greeting_closed"),
            Opening::Holiday if holiday => ("greeting_known_holiday", "greeting_holiday"),
            _ => ("greeting_known", "greeting"),
        };
        match first {
            Some(first) => self.say(known, &[("first", &first)]),
            None => self.say(key, &[]),
        }
        self.hint_languages();
        self.begin(at);
    }

    /// Takes note of who calls. Where more is asked for than the number, the name is not used before it was shown.
    fn meet(&mut self, known: Option<KnownCaller>) {
        let tiers = &self.business.policy.escalation.tiers;
        if known.as_ref().and_then(|k| k.proof.tier.as_ref()).is_some_and(|tier| tiers.contains(tier)) {
            self.press(Reason::Tier);
        }
        if !self.business.verify.is_asked() && self.outcome.name.is_none() {
            self.outcome.name = known.as_ref().map(|k| k.name.clone()).filter(|n| is_name(n));
        }
        self.known = known;
    }

    /// A person has to hear of this call; the weightiest reason stays.
    pub(super) fn press(&mut self, reason: Reason) {
        self.pressing = self.pressing.max(Some(reason));
    }

    /// What the business does for a kind of wish.
    pub(super) fn flow(&self, kind: Kind) -> &Flow {
        self.business.policy.flows.of(kind)
    }

    /// Begins a flow: its intent is noted, and what it says first after hours is said once.
    pub(super) fn enter(&mut self, kind: Kind) {
        let flow = self.flow(kind).clone();
        let new = !self.outcome.intents.contains(&flow.intent);
        self.intent(&flow.intent);
        let now = self.clock.to_zoned(self.business.timezone.clone());
        let first = match self.business.open_at(&now) {
            Opening::Open => None,
            Opening::Closed => flow.closed,
            Opening::Holiday => flow.holiday.or(flow.closed),
        };
        if let (true, Some(text)) = (new, first) {
            self.speak(text);
        }
    }

    /// What is said while a calendar takes its time.
    fn bridge(&self) -> &'static str {
        match self.step {
            _ if self.unread.is_some() => "bridge_reading",
            Step::WaitBook(_) => "bridge_book",
            Step::WaitChange(_) => "bridge_change",
            Step::WaitPerson(_) => "bridge_person",
            _ => "bridge",
        }
    }

    fn known_late(&mut self, known: KnownCaller) {
        let named = self.outcome.name.is_some();
        self.meet(Some(known));
        if !named && self.outcome.name.is_some() {
            self.late_name = self.business.greet_by_name;
        }
    }

    /// Greets by name at the next turn when the look-up was late.
    pub(super) fn greet_late(&mut self) {
        if std::mem::take(&mut self.late_name)
            && let Some(first) = self.first_name()
        {
            self.say("known_late", &[("first", &first)]);
        }
    }

    fn first_name(&self) -> Option<String> {
        self.outcome.name.as_ref()?.split_whitespace().next().map(str::to_string)
    }

    fn remember(&mut self, from: usize) {
        let said = |a: &Action| if let Action::Say(text) = a { Some(text.clone()) } else { None };
        let said: Vec<String> = self.actions.iter().skip(from).filter_map(said).collect();
        if !said.is_empty() {
            self.last_said = said;
        }
    }
}

/// Whether a stored name is one: what else stands in its field is not spoken.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’' | '.' | ',');
    let words = text.split_whitespace().count();
    (1..=NAME_WORDS_MAX).contains(&words) && text.chars().count() <= NAME_CHARS_MAX && text.chars().all(fits)
}

/// Longest name anybody is greeted by.
const NAME_WORDS_MAX: usize = 5;
const NAME_CHARS_MAX: usize = 60;
