//! One phone call as a state machine: turns, playout, barge-in, transcript, the call record.
//!
//! One mutation ([`Call::handle`]), then [`Call::poll_output`], [`Call::take_packet`] and [`Call::take_report`] are
//! drained until they are empty, then nothing happens until [`Call::poll_timeout`] or the next input.

mod arrival;
#[expect(clippy::module_inception, reason = "the room and its one noun share a name")]
mod call;
mod ears;
mod event;
mod handing;
mod io;
mod keys;
mod menu;
mod mind;
mod mouth;
mod person;
mod record;
mod sound;
mod talk;
mod turn;
mod turns;

pub use crate::conversation::{Booking, Disposition, Message, Outcome, Transfer};
pub use arrival::Arrival;
pub use call::{Call, Media, Settings, ntp};
pub use event::CallEvent;
pub use io::{Gone, Input, News, Output};
pub use record::{CallRecord, CallState, Elsewhere, Line, MediaStats, Participant, Speaker, TurnTimes};
