//! What calls leave behind: store, calendar, contacts, outbox, on real SQLite files.

mod booking;
mod calendar_conformance;
mod contacts;
mod crash_recovery;
mod delivery;
mod ending_a_call;
mod fixtures;
mod free_slots;
mod hand_off;
mod kill_points;
mod opening_the_store;
mod proposals;
