//! What the receptionist says next: intents, slots, dates, prompts. Pure: text and facts in, actions out.

mod business;
mod event;
mod outcome;
mod slots;

pub use business::{Business, Faq, Service, Span};
pub use event::{Action, Caller, Completeness, Event, Expectation};
pub use outcome::{Booking, Disposition, Message, Outcome};
pub use slots::{Appointment, BookError, BookingRequest, KnownCaller, Slot, SlotQuery};
