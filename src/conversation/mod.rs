//! What the receptionist says next: intents, slots, dates, prompts. Pure: text and facts in, actions out.

mod business;
#[expect(clippy::module_inception, reason = "the room is named after the thing it holds")]
mod conversation;
mod e164;
mod event;
mod outcome;
mod slots;

pub use business::{Business, Faq, Service, Span};
pub use conversation::{Conversation, fixed_prompts};
pub use e164::e164;
pub use event::{Action, Caller, Completeness, Event, Expectation};
pub use outcome::{Booking, Disposition, Message, Outcome};
pub use slots::{Appointment, BookError, BookingRequest, KnownCaller, Slot, SlotQuery};
