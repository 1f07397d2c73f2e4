//! What the receptionist says next: intents, slots, dates, prompts. Pure: text and facts in, actions out.

mod agreement;
mod answering;
mod asking;
mod booking;
mod business;
mod completeness;
mod contact;
#[expect(clippy::module_inception, reason = "the room is named after the thing it holds")]
mod conversation;
mod dates;
mod e164;
mod event;
mod existing;
mod faq;
mod hearing;
mod lexicon;
mod mentions;
mod mine;
mod names;
mod numbers;
mod outcome;
mod passing;
mod phone;
mod prompts;
mod questions;
mod services;
mod slots;
mod spoken;
mod step;
mod taking;
mod times;
mod when;
mod words;

pub use business::{Business, Faq, Service, Span, Verify};
pub use conversation::Conversation;
pub use e164::e164;
pub use event::{Action, Caller, Completeness, Event, Expectation};
pub use outcome::{Booking, Disposition, Message, Outcome};
pub use prompts::fixed_prompts;
pub use slots::{Appointment, BookError, BookingRequest, KnownCaller, Slot, SlotQuery};
pub use when::{When, understand_when};
