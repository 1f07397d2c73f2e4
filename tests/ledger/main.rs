//! What calls leave behind: store, calendar, contacts, outbox, on real SQLite files.

mod a_call_reaches_every_crm;
mod a_real_crm;
mod alerts;
mod approvals;
mod as_inner;
mod audit_trail;
mod booking;
mod calendar_conformance;
mod calendar_server_troubles;
// The conversations use the rest of it.
#[allow(dead_code)]
#[path = "../talk/chance.rs"]
mod chance;
mod confirmations;
mod connectors;
mod contacts;
mod crash_recovery;
mod crm_conformance;
mod crm_drift;
mod crm_troubles;
mod crms;
mod dav;
mod delivery;
mod ending_a_call;
mod exactly_once;
mod faults;
mod faulty_crm;
mod fixtures;
mod free_slots;
mod hand_off;
mod holds;
mod hosted_troubles;
mod kill_points;
mod language_model;
mod matching;
mod model_figures;
mod named_failures;
mod notices;
mod oauth_tokens;
mod one_activity_per_call;
mod one_contact_each;
mod one_slot_on_a_server;
mod opening_the_store;
mod our_own_limit;
mod outside_events_block;
mod paper_figures;
mod policy_matrix;
mod post_office;
mod promtool;
mod proposals;
mod providers;
mod read_out_of_meetings;
mod real_model;
mod repairs;
mod restoring;
mod running_calls;
// The other areas use the rest of it.
#[allow(dead_code)]
#[path = "../calls/server.rs"]
mod server;
mod serving_without_the_calendar;
// The conversations use the rest of them.
#[allow(dead_code)]
#[path = "../talk/shops.rs"]
mod shops;
mod sick_calendar;
mod staff_and_rooms;
#[allow(dead_code)]
#[path = "../talk/stage.rs"]
mod stage;
mod three_faults_in_ten;
mod townsfolk;
#[path = "../talk/turns.rs"]
mod turns;
mod watched;
