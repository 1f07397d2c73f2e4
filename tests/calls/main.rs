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
mod keys_by_handshake;
mod keys_count_once;
mod keys_from_real_phones;
mod media_of_strangers_is_not_heard;
mod name_server;
mod names_are_found;
mod one_slot_for_three_callers;
mod peer;
mod person;
// Other areas use the rest of it.
#[allow(dead_code)]
mod phones;
mod plan;
#[path = "../ledger/post_office.rs"]
mod post_office;
mod put_through;
mod questions;
mod raw_phone;
mod required_protection_stays;
// Other areas use the rest of it.
mod sent_on_by_an_ivr;
#[allow(dead_code)]
mod server;
mod signals;
mod signed_in_at_a_trunk;
mod the_next_target;
mod three_calls_book_three_slots;
mod torture_on_the_wire;
mod trunk_check;
mod ua;
mod voices;
mod what_a_call_leaves_in_the_crm;
mod whole_crm;
mod wideband_and_protected;
mod wish;
