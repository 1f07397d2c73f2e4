//! Whole calls: real phones dial a real `offhook serve`, and what they leave behind is looked at.

mod a_google_calendar_is_booked;
mod a_refer_to_whom_the_configuration_names;
mod a_stop_says_goodbye;
mod agenda;
mod booked;
mod books;
// The ledger uses the rest of it.
#[allow(dead_code)]
#[path = "../ledger/dav.rs"]
mod dav;
mod folk;
mod keys_count_once;
mod keys_from_real_phones;
mod one_slot_for_three_callers;
mod person;
mod phones;
mod plan;
#[path = "../ledger/post_office.rs"]
mod post_office;
mod put_through;
mod questions;
// Other areas use the rest of it.
#[allow(dead_code)]
mod server;
mod signed_in_at_a_trunk;
mod three_calls_book_three_slots;
mod torture_on_the_wire;
mod ua;
mod voices;
mod what_a_call_leaves_in_the_crm;
mod whole_crm;
mod wideband_and_protected;
mod wish;
