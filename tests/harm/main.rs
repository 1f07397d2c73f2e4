//! Harm done to a running `offhook serve`: killed in mid call, called by nobody and by noise.

mod a_broken_disk;
mod acknowledged_after_the_sync;
mod after_sixty_seconds_of_music;
mod after_sixty_seconds_of_noise;
mod callers;
mod crm;
mod evening;
mod events;
mod harm;
mod house;
mod hung_up_in_the_greeting;
mod judge;
mod killed_anywhere;
mod killed_at_every_write;
mod nothing_is_left_behind;
mod orphans;
mod points;
mod process;
// Other areas use the rest of it.
#[allow(dead_code)]
#[path = "../calls/server.rs"]
mod server;
mod silent_caller;
mod sounds;
mod traffic;
