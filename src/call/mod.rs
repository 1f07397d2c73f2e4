//! One phone call as a state machine: turns, playout, barge-in, transcript, the call record.

mod event;
mod record;

pub use crate::conversation::{Booking, Disposition, Message, Outcome};
pub use event::CallEvent;
pub use record::{CallRecord, CallState, Line, MediaStats, Speaker, TurnTimes};
