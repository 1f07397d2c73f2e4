//! The calling side: a caller in the same binary, over real SIP and RTP.

mod pacing;
mod phone;
mod report;
mod script;

pub use phone::{BadLine, CallError, Settings, place};
pub use report::{Report, TurnReport};
pub use script::{Act, Start, Turn};
