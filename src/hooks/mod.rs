//! Others are told what happened: one signed request per event and endpoint, again until it is taken.
//!
//! ```text
//! call row + event + a delivery per endpoint: one transaction (`store`)
//!
//!   waiting --2xx--> delivered
//!      |  ^--not taken: backoff, or the endpoint's own Retry-After
//!      |--tries used up--> failed --replay--> waiting
//!      \--410, or nothing taken for days: the endpoint is disabled, its events wait until a person enables it
//! ```
//!
//! A courier per endpoint sends many calls' events at once, but of each call only the next when the one before is no
//! longer waiting. What was being sent when the process died is sent again: receivers drop what has an id they know.

mod courier;
mod guard;
mod run;
mod send;

pub use guard::{Guarded, Names, Refused};
pub use run::{Endpoint, Hooks, Settings, named};
