//! A stage for scripted calls: a calendar in memory, time that stands still, and everything that was said.

use std::sync::Arc;

use jiff::civil::{DateTime, date};
use jiff::{Timestamp, ToSpan};
use offhook::calendar::free_slots;
use offhook::conversation::{
    Action, Appointment, BookError, BookingRequest, Business, Caller, Conversation, Disposition, Duty, Event,
    KnownCaller, Slot, SlotQuery, Utterance, Whisper,
};

/// One scripted call.
#[derive(Clone)]
pub struct Call {
    pub conversation: Conversation,
    pub business: Arc<Business>,
    pub now: Timestamp,
    pub booked: Vec<BookingRequest>,
    pub busy: Vec<Slot>,
    pub said: Vec<String>,
    pub hung_up: Option<Disposition>,
    /// The calendar fails.
    pub down: bool,
    /// This many bookings are refused because somebody was faster.
    pub race: usize,
    /// Answers of the calendar are held back.
    pub slow: bool,
    pub held: Vec<Event>,
    pub attempts: Vec<BookingRequest>,
    /// What the calendar has, and under which number.
    pub there: Vec<(String, Appointment)>,
    /// Keys of the moves and cancellations asked for, in order.
    pub writes: Vec<String>,
    /// What was moved and cancelled: "a1 11-24 14:30".
    pub changes: Vec<String>,
    /// Numbers asked about.
    pub looked_up: Vec<String>,
    /// How like each FAQ the next turn is.
    pub answers: Vec<(usize, f32)>,
    /// What a model was asked to read, and under which number.
    pub unread: Vec<(u32, Utterance)>,
    /// Who is being called for the caller.
    pub called: Vec<(u32, Vec<Duty>, Whisper)>,
}

impl Call {
    /// Answered on Saturday 2026-11-21, 10:00 local, from a number of the business's country.
    pub fn new(business: Arc<Business>) -> Self {
        let number = if business.country == "US" { "+16175550123" } else { "+34612345678" };
        Self::from(business, Some(number), None, 1)
    }

    pub fn from(business: Arc<Business>, number: Option<&str>, known: Option<&str>, seed: u64) -> Self {
        Self::at(business, number, known, seed, date(2026, 11, 21).at(10, 0, 0, 0))
    }

    /// Answered at a local time.
    pub fn at(business: Arc<Business>, number: Option<&str>, known: Option<&str>, seed: u64, local: DateTime) -> Self {
        let caller = Caller { number: number.map(str::to_string), call_id: "call-1".into() };
        let now = at(&business, local);
        let conversation = Conversation::new(Arc::clone(&business), caller, seed);
        let mut call = Self {
            conversation,
            business,
            now,
            booked: vec![],
            busy: vec![],
            said: vec![],
            hung_up: None,
            down: false,
            race: 0,
            slow: false,
            held: vec![],
            attempts: vec![],
            there: vec![],
            writes: vec![],
            changes: vec![],
            looked_up: vec![],
            answers: vec![],
            unread: vec![],
            called: vec![],
        };
        let known =
            known.map(|name| KnownCaller { contact_id: "c1".into(), name: name.into(), proof: Default::default() });
        call.event(Event::Started(known));
        call
    }

    /// Ringing: [`Event::Started`] is still to come.
    pub fn silent(business: Arc<Business>, number: Option<&str>, seed: u64) -> Self {
        let mut call = Self::from(Arc::clone(&business), number, None, seed);
        let caller = Caller { number: number.map(str::to_string), call_id: "call-1".into() };
        call.conversation = Conversation::new(business, caller, seed);
        call.said.clear();
        call
    }

    /// The caller says these, one turn each.
    pub fn says(mut self, turns: &[&str]) -> Self {
        for text in turns {
            self.hear(text);
        }
        self
    }

    /// One turn; `#123` are keys, `<silence>` and `<noise>` what they say.
    pub fn hear(&mut self, text: &str) {
        self.said.push(format!("> {text}"));
        match (text, text.strip_prefix('#')) {
            (_, Some(keys)) => self.event(Event::Keys(keys.into())),
            ("<silence>", _) => self.event(Event::Silence),
            ("<noise>", _) => self.event(Event::NotUnderstood),
            ("<cut>", _) => self.event(Event::Interrupted),
            _ => self.event(Event::Heard { text: text.into(), confidence: 0.9, answers: self.answers.clone() }),
        }
    }

    pub fn event(&mut self, event: Event) {
        self.conversation.handle(event, self.now);
        self.drain();
    }

    /// Lets the held answers of the calendar through.
    pub fn release(&mut self) {
        self.slow = false;
        for event in std::mem::take(&mut self.held) {
            self.event(event);
        }
    }

    fn drain(&mut self) {
        while let Some(action) = self.conversation.poll_action() {
            assert!(self.hung_up.is_none(), "after the hang-up: {action:?}");
            match action {
                Action::Say(text) => {
                    assert!(!text.contains('{') && !text.is_empty(), "unfilled prompt: {text}");
                    self.said.push(text);
                }
                Action::FindSlots { request, query } => {
                    let slots = (!self.down).then(|| self.free(&query));
                    self.answer(Event::Slots { request, slots });
                }
                Action::Book { request, booking } => {
                    let result = self.write(booking);
                    self.answer(Event::Booked { request, result });
                }
                Action::FindAppointments { request, phone } => {
                    let of = |(number, a): &(String, Appointment)| (*number == phone).then(|| a.clone());
                    let found = (!self.down).then(|| self.there.iter().filter_map(of).collect());
                    self.looked_up.push(phone);
                    self.answer(Event::Appointments { request, found });
                }
                Action::Reschedule { request, appointment_id, slot, key } => {
                    let result = self.change(&appointment_id, Some(slot), key);
                    self.answer(Event::Changed { request, result });
                }
                Action::Cancel { request, appointment_id, key } => {
                    let result = self.change(&appointment_id, None, key).map(drop);
                    self.answer(Event::Cancelled { request, result });
                }
                Action::Interpret { request, utterance } => self.unread.push((request, utterance)),
                Action::PutThrough { request, people, whisper } => self.called.push((request, people, whisper)),
                Action::CallNobody { request } => self.called.retain(|(asked, ..)| *asked != request),
                Action::HangUp(disposition) => self.hung_up = Some(disposition),
            }
        }
    }

    fn answer(&mut self, event: Event) {
        if self.slow { self.held.push(event) } else { self.event(event) }
    }

    fn write(&mut self, booking: BookingRequest) -> Result<Appointment, BookError> {
        self.attempts.push(booking.clone());
        if self.down {
            return Err(BookError::Unavailable);
        }
        if self.race > 0 {
            self.race -= 1;
            self.busy.push(booking.slot);
            return Err(BookError::Taken);
        }
        if self.busy.iter().any(|b| b.starts_at < booking.slot.ends_at && booking.slot.starts_at < b.ends_at) {
            return Err(BookError::Taken);
        }
        assert!(self.booked.iter().all(|b| b.key != booking.key), "one key, two bookings");
        self.busy.push(booking.slot);
        self.booked.push(booking.clone());
        let id = format!("a{}", self.attempts.len());
        let made = Appointment { id, service: booking.service, slot: booking.slot };
        self.there.push((booking.phone, made.clone()));
        Ok(made)
    }

    /// Moves or cancels as a calendar does: one effect per key, never two at one time.
    fn change(&mut self, id: &str, to: Option<Slot>, key: String) -> Result<Appointment, BookError> {
        if self.down {
            return Err(BookError::Unavailable);
        }
        if let (Some(slot), true) = (to, self.race > 0) {
            self.race -= 1;
            self.writes.push(key);
            self.busy.push(slot);
            return Err(BookError::Taken);
        }
        assert!(!self.writes.contains(&key), "one key, two changes");
        self.writes.push(key);
        let at = self.there.iter().position(|(_, a)| a.id == id).ok_or(BookError::Unavailable)?;
        let old = self.there[at].1.clone();
        self.busy.retain(|b| *b != old.slot);
        let zone = self.business.timezone.clone();
        let Some(slot) = to else {
            self.there.remove(at);
            self.booked.retain(|b| b.slot != old.slot);
            self.changes.push(format!("{id} off"));
            return Ok(old);
        };
        assert!(
            self.busy.iter().all(|b| b.starts_at >= slot.ends_at || slot.starts_at >= b.ends_at),
            "two at one time"
        );
        self.busy.push(slot);
        self.there[at].1.slot = slot;
        self.booked.iter_mut().filter(|b| b.slot == old.slot).for_each(|b| b.slot = slot);
        self.changes.push(format!("{id} {}", slot.starts_at.to_zoned(zone).strftime("%m-%d %H:%M")));
        Ok(self.there[at].1.clone())
    }

    /// The calendar has this already, under the number called from.
    pub fn with(self, service: &str, local: DateTime) -> Self {
        let number = if self.business.country == "US" { "+16175550123" } else { "+34612345678" };
        self.with_under(number, service, local)
    }

    /// The calendar has this already, under that number.
    pub fn with_under(mut self, number: &str, service: &str, local: DateTime) -> Self {
        let minutes = self.business.services.iter().find(|s| s.id == service).expect("a service").minutes;
        let starts_at = at(&self.business, local);
        let slot = Slot { starts_at, ends_at: starts_at + i64::from(minutes).minutes() };
        self.busy.push(slot);
        let id = format!("old{}", self.there.len() + 1);
        self.there.push((number.into(), Appointment { id, service: service.into(), slot }));
        self
    }

    fn free(&self, query: &SlotQuery) -> Vec<Slot> {
        free_slots(&self.business, query, self.busy.clone(), self.now)
    }

    /// Makes a time busy.
    pub fn block(mut self, local: DateTime, minutes: i64) -> Self {
        let starts_at = at(&self.business, local);
        self.busy.push(Slot { starts_at, ends_at: starts_at + minutes.minutes() });
        self
    }

    /// "cleaning 11-24 14:30 Anna Smith +1617...; Booked" - what the call came to.
    pub fn result(&self) -> String {
        let zone = self.business.timezone.clone();
        let mut parts: Vec<String> = self
            .booked
            .iter()
            .map(|b| {
                format!(
                    "{} {} {} {}",
                    b.service,
                    b.slot.starts_at.to_zoned(zone.clone()).strftime("%m-%d %H:%M"),
                    b.name,
                    b.phone
                )
            })
            .collect();
        parts.extend(self.changes.iter().cloned());
        if let Some(message) = &self.conversation.outcome().message {
            let name = self.conversation.outcome().name.clone().unwrap_or_default();
            let whom = message.for_whom.as_ref().map(|w| format!(" for {w}")).unwrap_or_default();
            parts.push(format!("message from {name}{whom}: {}", message.text));
        }
        let end = match self.hung_up {
            Some(d) => format!("{d:?}"),
            None => format!("({:?})", self.conversation.disposition()),
        };
        parts.push(end);
        parts.join("; ")
    }

    pub fn transcript(&self) -> String {
        self.said.join("\n")
    }

    /// The last thing the agent said.
    pub fn last_prompt(&self) -> String {
        self.said.iter().rev().find(|s| !s.starts_with('>')).cloned().unwrap_or_default()
    }

    /// Whether the last turn said this.
    pub fn last(&self) -> String {
        let from = self.said.iter().rposition(|s| s.starts_with('>')).map_or(0, |i| i + 1);
        self.said[from..].join(" ")
    }
}

pub fn at(business: &Business, local: DateTime) -> Timestamp {
    local.to_zoned(business.timezone.clone()).expect("a time that exists").timestamp()
}
