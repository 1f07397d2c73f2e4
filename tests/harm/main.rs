//! Harm done to a running `offhook serve`: killed in mid call, called by nobody and by noise.

mod after_sixty_seconds_of_music;
mod after_sixty_seconds_of_noise;
mod callers;
mod evening;
mod events;
mod hung_up_in_the_greeting;
mod judge;
mod killed_anywhere;
mod nothing_is_left_behind;
mod points;
mod process;
// Other areas use the rest of it.
#[allow(dead_code)]
#[path = "../calls/server.rs"]
mod server;
mod silent_caller;
mod sounds;
