//! Whole calls: real phones dial a real `offhook serve`, and what they leave behind is looked at.

mod a_google_calendar_is_booked;
mod baresip_books;
mod booked;
mod keys_count_once;
mod keys_from_real_phones;
mod known_caller_is_greeted_by_name;
mod known_caller_moves_the_appointment;
mod one_slot_for_three_callers;
mod person;
mod phones;
mod pjsua_books;
mod questions;
// Other areas use the rest of it.
#[allow(dead_code)]
mod server;
mod spanish_call;
mod three_calls_book_three_slots;
mod voices;
