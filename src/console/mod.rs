//! The desk's side of the house: an HTTP API over live calls and stored rows, live events, metrics, one small page.
//!
//! Everything but health and the page itself needs the bearer token. Every error is an RFC 9457 problem document.
//! Nothing here can slow a call: the gateway's events are heard from a bounded channel and dropped when we are late.

mod api;
mod contacts;
mod desk;
mod door;
mod events;
mod hooks;
mod listener;
mod metrics;
mod page;
mod paperwork;
mod paperwork_metrics;
mod problem;
mod server;
mod token;

pub use desk::{Desk, Later, Readiness};
pub use problem::Problem;
pub use server::{Console, Settings};
pub use token::{ApiToken, TokenError};
