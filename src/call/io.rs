//! The door's vocabulary: what a call is told and what it wants done.

use std::sync::Arc;

use super::call::Media;
use super::event::CallEvent;
use super::record::CallRecord;
use crate::conversation::{
    Appointment, BookError, BookingRequest, Duty, Hold, KnownCaller, Language, Proposal, Slot, SlotQuery, Utterance,
};

/// Something happened to the call.
#[derive(Debug)]
pub enum Input<'a> {
    /// The ACK arrived: media may flow. The contact, when the look-up was in time.
    Answered(Option<KnownCaller>),
    /// An RTP datagram from a source the SDP named.
    Rtp(&'a [u8]),
    /// An RTCP datagram from the same host.
    Rtcp(&'a [u8]),
    /// A key reported by signalling (SIP INFO).
    Key(char),
    /// The time asked for by [`super::Call::poll_timeout`] has come.
    Tick,
    /// The look-up answered late.
    Known(KnownCaller),
    /// What the calendar has under the calling number, asked for while it rang.
    Coming(Vec<Appointment>),
    /// Answer to [`Output::Transcribe`].
    Heard {
        /// Echoed.
        turn: u32,
        /// Echoed.
        ask: u32,
        /// What was made out; empty when there was no speech.
        text: String,
        /// 0..=1.
        confidence: f32,
        /// How like each FAQ the words are: index and likeness 0..=1, the likest first; empty when not compared.
        answers: Vec<(usize, f32)>,
    },
    /// Answer to [`Output::JudgeTurn`]: probability that the speaker has finished.
    Judged {
        /// Echoed.
        turn: u32,
        /// Echoed.
        ask: u32,
        /// 0..=1.
        finished: f32,
    },
    /// Sound for [`Output::Speak`], at [`super::Call::rate`].
    Voice {
        /// Echoed.
        say: u32,
        /// Samples.
        pcm: Arc<[i16]>,
        /// Nothing follows.
        last: bool,
    },
    /// Answer to [`Output::FindSlots`].
    Slots {
        /// Echoed.
        tool: u32,
        /// None when the calendar failed or was late.
        slots: Option<Vec<Slot>>,
    },
    /// Answer to [`Output::Book`].
    Booked {
        /// Echoed.
        tool: u32,
        /// The calendar's word.
        result: Result<Appointment, BookError>,
    },
    /// Answer to [`Output::FindAppointments`].
    Appointments {
        /// Echoed.
        tool: u32,
        /// None when the calendar failed or was late.
        found: Option<Vec<Appointment>>,
    },
    /// Answer to [`Output::Reschedule`].
    Changed {
        /// Echoed.
        tool: u32,
        /// The appointment as it now stands.
        result: Result<Appointment, BookError>,
    },
    /// Answer to [`Output::Cancel`].
    Cancelled {
        /// Echoed.
        tool: u32,
        /// The calendar's word.
        result: Result<(), BookError>,
    },
    /// Answer to [`Output::Interpret`].
    Interpreted {
        /// Echoed.
        tool: u32,
        /// None when the model failed or was late.
        proposal: Option<Proposal>,
    },
    /// The caller put us on hold, or took us back.
    Hold(bool),
    /// The caller's phone asks for somebody on duty, by name: they are called, when nobody was yet.
    Wanted(String),
    /// News of a call made for [`Output::Call`].
    Person {
        /// Echoed.
        leg: u32,
        /// What happened.
        news: News,
    },
    /// An RTP datagram of whoever was called.
    PersonRtp(&'a [u8]),
    /// Sound for [`Output::Whisper`], 8 kHz.
    Whispered {
        /// Echoed.
        leg: u32,
        /// Echoed.
        say: u32,
        /// Samples.
        pcm: Arc<[i16]>,
        /// Nothing follows.
        last: bool,
    },
    /// What became of [`Output::Refer`]: 1xx under way, 2xx done, else refused.
    Referred(u16),
    /// The other side is gone, or we must end.
    Gone(Gone),
}

/// What happens on the line to somebody who was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It rings there.
    Ringing,
    /// They picked up.
    Answered(Media),
    /// New SDP was agreed with them; whether they hold us.
    Renegotiated(Media, bool),
    /// They cannot be had: busy, no answer, refused.
    Failed(u16),
    /// A key of theirs, told by signalling (SIP INFO).
    Key(char),
    /// They hung up.
    Ended,
}

/// Why the line is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The caller hung up (BYE) or gave up (CANCEL).
    Caller,
    /// No ACK, no media, signalling failure.
    Failure,
    /// This process is stopping.
    Shutdown,
}

/// What the call wants done, in order.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Recognise this (16 kHz).
    Transcribe {
        /// Turn it belongs to.
        turn: u32,
        /// Which asking of this turn.
        ask: u32,
        /// Samples.
        audio: Arc<[i16]>,
        /// The turn is over and waits for it: ahead of speculative ones.
        urgent: bool,
        /// Words likely to be heard.
        hint: String,
    },
    /// Judge whether the speaker has finished (16 kHz).
    JudgeTurn {
        /// Turn it belongs to.
        turn: u32,
        /// Which asking of this turn.
        ask: u32,
        /// Samples.
        audio: Arc<[i16]>,
    },
    /// Make this audible: answered by [`Input::Voice`].
    Speak {
        /// Number of the saying.
        say: u32,
        /// Whole sentences.
        text: String,
    },
    /// This will probably be said next: render it ahead.
    Prepare(String),
    /// Ask the calendar.
    FindSlots {
        /// Number of the tool call.
        tool: u32,
        /// What is wanted.
        query: SlotQuery,
    },
    /// Write a booking.
    Book {
        /// Number of the tool call.
        tool: u32,
        /// What is booked.
        booking: BookingRequest,
    },
    /// Ask the calendar what it has under a number.
    FindAppointments {
        /// Number of the tool call.
        tool: u32,
        /// E.164.
        phone: String,
    },
    /// Move an appointment.
    Reschedule {
        /// Number of the tool call.
        tool: u32,
        /// The calendar's id.
        appointment_id: String,
        /// When it is to be.
        slot: Slot,
        /// Idempotency key.
        key: String,
    },
    /// Cancel an appointment.
    Cancel {
        /// Number of the tool call.
        tool: u32,
        /// The calendar's id.
        appointment_id: String,
        /// Idempotency key.
        key: String,
    },
    /// Have a language model read what was not understood.
    Interpret {
        /// Number of the tool call.
        tool: u32,
        /// What was said.
        utterance: Utterance,
    },
    /// Keep this time while it is talked about, instead of what was kept before; none: give it back.
    Keep(Option<Hold>),
    /// Call somebody for the caller: answered by [`Input::Person`].
    Call {
        /// Number of the call.
        leg: u32,
        /// Whom.
        person: Duty,
    },
    /// Hang up there, or stop calling.
    Release {
        /// Number of the call.
        leg: u32,
    },
    /// Make this audible to whoever was called: answered by [`Input::Whispered`].
    Whisper {
        /// Number of the call.
        leg: u32,
        /// Number of the saying.
        say: u32,
        /// Whole sentences.
        text: String,
        /// Their language.
        language: Language,
    },
    /// Have the caller's own side call somebody instead of us: answered by [`Input::Referred`].
    Refer {
        /// Whom.
        person: Duty,
        /// Whether they take our place in the call that was made to them.
        replacing: bool,
    },
    /// End the SIP dialog.
    HangUp,
    /// Tell the outside.
    Event(CallEvent),
    /// Keep this snapshot, newest wins.
    Save(Box<CallRecord>),
    /// The call is over; exactly once, nothing follows.
    Ended(Box<CallRecord>),
}
