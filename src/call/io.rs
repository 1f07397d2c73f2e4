//! The door's vocabulary: what a call is told and what it wants done.

use std::sync::Arc;

use super::event::CallEvent;
use super::record::CallRecord;
use crate::conversation::{
    Appointment, BookError, BookingRequest, Hold, KnownCaller, Proposal, Slot, SlotQuery, Utterance,
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
    /// The other side is gone, or we must end.
    Gone(Gone),
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
    /// End the SIP dialog.
    HangUp,
    /// Tell the outside.
    Event(CallEvent),
    /// Keep this snapshot, newest wins.
    Save(Box<CallRecord>),
    /// The call is over; exactly once, nothing follows.
    Ended(Box<CallRecord>),
}
