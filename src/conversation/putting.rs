//! Putting a caller through: who is called, what they are told first, and what becomes of it.

use super::business::Opening;
use super::conversation::Conversation;
use super::escalation::{Handover, Reason, whisper};
use super::event::{Action, Event, Taken, Whisper};
use super::lexicon::ENGLISH;
use super::outcome::{Booking, Disposition, Transfer};
use super::step::{Note, Step, Task};
use super::words::Words;

/// Most of the caller's own words that are repeated, characters.
const SAID_CHARS: usize = 160;

impl Conversation {
    /// Has somebody called for the caller; false when nobody can be, or somebody was already.
    pub(super) fn put_through(&mut self, reason: Reason, whom: Option<&str>, said: Option<&str>) -> bool {
        let now = self.clock.to_zoned(self.business.timezone.clone());
        let open = self.business.open_at(&now) == Opening::Open;
        let rules = &self.business.policy.escalation;
        let counts = (open || rules.after_hours) && (reason != Reason::Request || rules.by_request);
        if !counts || self.asked_people || self.step.is_writing() {
            return false;
        }
        let people = rules.reachable(whom, said, &now);
        if people.is_empty() {
            return false;
        }
        self.asked_people = true;
        self.press(reason);
        let to = people.iter().map(|duty| duty.number.clone()).collect();
        self.outcome.handover = Some(Handover { reason, to, summary: whisper(reason, &self.outcome) });
        // What is left should the caller hang up before anybody takes the call.
        let about = match reason {
            Reason::Request => Some(self.language().phrase("note_person", &[])),
            _ => said.map(str::to_owned),
        };
        self.note = Note { about, for_whom: whom.map(str::to_owned), ..Note::default() };
        match whom {
            Some(whom) => self.say("putting_through_to", &[("whom", whom)]),
            None => self.say("putting_through", &[]),
        }
        self.task = Task::None;
        self.request += 1;
        let whisper = self.whisper(reason, whom, said);
        self.actions.push_back(Action::PutThrough { request: self.request, people, whisper });
        self.step = Step::WaitPerson(self.request);
        true
    }

    /// The same for who needs not ask: a customer to be put through, a caller with something urgent.
    pub(super) fn put_through_at_once(&mut self, said: &str) -> bool {
        let Some(reason) = self.pressing.filter(|reason| *reason >= Reason::Tier) else { return false };
        self.put_through(reason, None, Some(said))
    }

    /// Somebody took the caller, or nobody did.
    pub(super) fn people_asked(&mut self, request: u32, taken: Option<Taken>) {
        if let Some(Taken { name, rang_ms }) = taken {
            self.outcome.transferred = Some(Transfer { at: self.clock, to: Some(name), rang_ms });
            self.ended = Some(Disposition::Escalated);
            self.note = Note::default();
            self.step = Step::Ended;
        } else if self.step == Step::WaitPerson(request) {
            let whom = self.note.for_whom.take();
            match &whom {
                Some(whom) => self.say("nobody_named_took", &[("whom", whom)]),
                None => self.say("nobody_took", &[]),
            }
            let about = self.note.about.take().filter(|_| whom.is_none());
            self.start_message(about);
            self.note.for_whom = whom;
        }
    }

    /// A turn of a caller who waits: an emergency is answered as ever; only "never mind" and "take a message" change
    /// anything.
    pub(super) fn while_people_are_asked(&mut self, event: Event) {
        let (Event::Heard { text, .. }, Step::WaitPerson(request)) = (event, self.step.clone()) else { return };
        let words = Words::heard(&text, self.language());
        if ENGLISH.means("emergency", &words) {
            return match self.business.emergency.clone() {
                Some(text) => self.speak(text),
                None => self.say("emergency", &[]),
            };
        }
        let enough = ["message", "callback", "call_later", "cancel"].iter().any(|what| ENGLISH.means(what, &words));
        if enough {
            self.actions.push_back(Action::CallNobody { request });
            let (about, whom) = (self.note.about.take(), self.note.for_whom.take());
            self.start_message(about.filter(|_| whom.is_none()));
            self.note.for_whom = whom;
        }
    }

    /// Who calls, why, what was agreed so far. The caller's words are quoted, never obeyed.
    fn whisper(&self, reason: Reason, whom: Option<&str>, said: Option<&str>) -> Whisper {
        let business = self.home.as_ref().unwrap_or(&self.business);
        let language = business.language();
        let phrase = |key: &str, values: &[(&str, &str)]| language.phrase(key, values);
        let unnamed = phrase("whisper_unnamed", &[]);
        let why = match (reason, whom) {
            (Reason::Request, Some(whom)) => phrase("whisper_request_whom", &[("whom", whom)]),
            (Reason::Request, None) => phrase("whisper_request", &[]),
            (Reason::Failure, _) => phrase("whisper_failure", &[]),
            (Reason::Tier, _) => phrase("whisper_tier", &[]),
            (Reason::Urgent, _) => phrase("whisper_urgent", &[]),
        };
        let agreed = |key: &str, made: &Booking| {
            let known = business.services.iter().find(|service| service.id == made.service);
            let service = known.map_or(made.service.as_str(), |service| service.name.as_str());
            let time = language.moment(made.starts_at, &business.timezone);
            phrase(key, &[("service", service), ("a_service", &language.with_article(service)), ("time", &time)])
        };
        let outcome = &self.outcome;
        let said = said.map(|text| text.trim().trim_end_matches(['.', '!', '?']).chars().take(SAID_CHARS).collect());
        let keys = phrase("whisper_keys", &[]);
        let sentences = [
            Some(phrase("whisper_from", &[("who", outcome.name.as_deref().unwrap_or(&unnamed))])),
            Some(why),
            outcome.booking.as_ref().map(|made| agreed("whisper_booked", made)),
            outcome.moved.as_ref().map(|made| agreed("whisper_moved", made)),
            outcome.cancelled.as_ref().map(|made| agreed("whisper_cancelled", made)),
            said.filter(|said: &String| !said.is_empty()).map(|said| phrase("whisper_said", &[("text", &said)])),
            Some(keys.clone()),
        ];
        Whisper { text: sentences.into_iter().flatten().collect::<Vec<_>>().join(" "), keys, language }
    }
}
