//! The door's vocabulary: what a conversation is told and what it asks for.

use super::escalation::Duty;
use super::interpreting::{Proposal, Utterance};
use super::language::Language;
use super::outcome::Disposition;
use super::slots::{Appointment, BookError, BookingRequest, KnownCaller, Slot, SlotQuery};

/// Who is calling, as far as the signalling says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// E.164 number; none when withheld or unusable.
    pub number: Option<String>,
    /// The call's id, part of idempotency keys.
    pub call_id: String,
}

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The call was answered: greet. The contact when the look-up was in time.
    Started(Option<KnownCaller>),
    /// The look-up answered late: joins the next turn.
    Known(KnownCaller),
    /// The caller's phone asks for somebody on duty, by name.
    Wanted(String),
    /// What the calendar has under the calling number, asked for while it rang: coming and confirmed, in order of
    /// start. May come late, or never.
    Coming(Vec<Appointment>),
    /// The caller's turn is over and this is what was said (never empty).
    Heard {
        /// Recogniser's text, punctuation and case as it likes.
        text: String,
        /// 0..=1.
        confidence: f32,
        /// How like each FAQ it is by meaning: index and likeness 0..=1, the likest first; empty when not compared.
        answers: Vec<(usize, f32)>,
    },
    /// Keys pressed as one answer, `#` stripped.
    Keys(String),
    /// Nothing was said for a while after the agent finished.
    Silence,
    /// Something was said that could not be made out (noise, no words).
    NotUnderstood,
    /// Something was said while the recogniser could not keep up: our fault, so it is asked again and not counted.
    Missed,
    /// The caller spoke over the agent; what was left unsaid is dropped.
    Interrupted,
    /// Answer to [`Action::FindSlots`]; `None` when the calendar failed or was late.
    Slots {
        /// The request answered.
        request: u32,
        /// In order of start.
        slots: Option<Vec<Slot>>,
    },
    /// Answer to [`Action::Book`].
    Booked {
        /// The request answered.
        request: u32,
        /// The calendar's word.
        result: Result<Appointment, BookError>,
    },
    /// Answer to [`Action::FindAppointments`]; `None` when the calendar failed or was late.
    Appointments {
        /// The request answered.
        request: u32,
        /// Coming and confirmed, in order of start.
        found: Option<Vec<Appointment>>,
    },
    /// Answer to [`Action::Reschedule`].
    Changed {
        /// The request answered.
        request: u32,
        /// The appointment as it now stands.
        result: Result<Appointment, BookError>,
    },
    /// Answer to [`Action::Cancel`].
    Cancelled {
        /// The request answered.
        request: u32,
        /// The calendar's word.
        result: Result<(), BookError>,
    },
    /// Answer to [`Action::Interpret`].
    Interpreted {
        /// The request answered.
        request: u32,
        /// None when the model failed or was late.
        proposal: Option<Proposal>,
    },
    /// Answer to [`Action::PutThrough`]: who took the call; none when nobody did.
    PutThrough {
        /// The request answered.
        request: u32,
        /// Who.
        taken: Option<Taken>,
    },
    /// A tool takes longer than a natural pause: say a bridge.
    Waiting,
    /// The line is gone: nobody hears anything any more.
    Gone,
}

impl Event {
    /// Whether the caller's turn came, in whatever way.
    pub(super) fn is_a_turn(&self) -> bool {
        matches!(self, Event::Heard { .. } | Event::Keys(_) | Event::Silence | Event::NotUnderstood | Event::Missed)
    }
}

/// What the conversation wants done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Speak this: one or more whole sentences.
    Say(String),
    /// Ask the calendar.
    FindSlots {
        /// Echoed in [`Event::Slots`].
        request: u32,
        /// What is wanted.
        query: SlotQuery,
    },
    /// Write the booking.
    Book {
        /// Echoed in [`Event::Booked`].
        request: u32,
        /// What is booked.
        booking: BookingRequest,
    },
    /// Ask the calendar what it has under a number.
    FindAppointments {
        /// Echoed in [`Event::Appointments`].
        request: u32,
        /// E.164.
        phone: String,
    },
    /// Move an appointment, at most once per `key`.
    Reschedule {
        /// Echoed in [`Event::Changed`].
        request: u32,
        /// The calendar's id.
        appointment_id: String,
        /// When it is to be.
        slot: Slot,
        /// Idempotency key, deterministic: call id and the change's ordinal in the call.
        key: String,
    },
    /// Cancel an appointment, at most once per `key`.
    Cancel {
        /// Echoed in [`Event::Cancelled`].
        request: u32,
        /// The calendar's id.
        appointment_id: String,
        /// Idempotency key, deterministic: call id and the change's ordinal in the call.
        key: String,
    },
    /// Have a language model read what was not understood.
    Interpret {
        /// Echoed in [`Event::Interpreted`].
        request: u32,
        /// What was said.
        utterance: Utterance,
    },
    /// Call these, one after the other, until one of them takes the caller.
    PutThrough {
        /// Echoed in [`Event::PutThrough`].
        request: u32,
        /// Whom, in order; each can be reached.
        people: Vec<Duty>,
        /// What they are told before they decide.
        whisper: Whisper,
    },
    /// Nobody needs to be called any more.
    CallNobody {
        /// The request it was asked by; it is not answered.
        request: u32,
    },
    /// Hang up once everything said so far was played.
    HangUp(Disposition),
}

/// Somebody took a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Who.
    pub name: String,
    /// How long it rang, where we called.
    pub rang_ms: Option<u32>,
}

/// What somebody hears before taking a caller; the caller never does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whisper {
    /// Who calls, why, what was agreed, and the keys.
    pub text: String,
    /// The keys alone, for saying them again.
    pub keys: String,
    /// The language of both.
    pub language: Language,
}

/// What kind of answer is waited for: sets how patient the ears are, and how keys are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Anything.
    Open,
    /// Yes or no (keys: 1 or 2).
    YesNo,
    /// One of the offers just read out (keys: 1..=9).
    Choice,
    /// A day, a time.
    DateTime,
    /// A name: patient.
    Name,
    /// Dictated digits: very patient; keys are gathered until `#` or a pause.
    Phone,
    /// A dictated e-mail address: very patient.
    Email,
    /// A message: very patient.
    Message,
}

/// Whether a text, at this point of the conversation, sounds finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Answers what was asked: the turn may end early.
    Complete,
    /// Cannot tell.
    Unclear,
    /// Breaks off ("Tuesday at", six of ten digits): wait longer.
    Incomplete,
}
