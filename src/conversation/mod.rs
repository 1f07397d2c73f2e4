//! What the receptionist says next: intents, slots, dates, prompts. Pure: text and facts in, actions out.

mod business;
mod dates;
mod numbers;
mod times;
mod when;
mod words;
#[expect(clippy::module_inception, reason = "the room is named after the thing it holds")]
mod conversation;
mod event;
mod outcome;
mod slots;

pub use business::{Business, Faq, Service, Span};
pub use conversation::{Conversation, fixed_prompts};
pub use event::{Action, Caller, Completeness, Event, Expectation};
pub use outcome::{Booking, Disposition, Message, Outcome};
pub use when::{When, understand_when};
pub use slots::{Appointment, BookError, BookingRequest, KnownCaller, Slot, SlotQuery};
