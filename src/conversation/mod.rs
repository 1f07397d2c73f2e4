//! What the receptionist says next: intents, slots, dates, prompts. Pure: text and facts in, actions out.

mod agreement;
mod answering;
mod asking;
mod booking;
mod business;
mod capacity;
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
mod names;
mod numbers;
mod outcome;
mod passing;
mod phone;
mod prompts;
mod questions;
mod reference;
mod services;
mod slots;
mod spoken;
mod staff;
mod step;
mod taking;
mod times;
mod when;
mod words;

pub use business::{Business, Faq, Service, Span, Verify};
pub use capacity::{Capacity, Resource, Rules, Staff};
pub use conversation::Conversation;
pub use e164::e164;
pub use event::{Action, Caller, Completeness, Event, Expectation};
pub use outcome::{Became, Booking, Change, Disposition, Message, Outcome, Unsettled};
pub use prompts::fixed_prompts;
pub use reference::reference;
pub use slots::{Appointment, BookError, BookingRequest, Hold, KnownCaller, Slot, SlotQuery};
pub use when::{When, understand_when};
