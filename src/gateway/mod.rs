//! Sockets and timers: drives `sip`, one task per call, carries out `call`'s outputs.

mod breaker;
mod handle;
mod leg;
mod line;
mod media;
mod person;
mod placing;
mod ports;
mod random;
mod referring;
mod run;
mod settings;
mod tls;
mod tools;
mod trunks;
mod wire;

pub use handle::{EVENTS_KEPT, Handle};
pub use media::MediaPolicy;
pub use run::{Gateway, StartError};
pub use settings::{Directory, Listen, Rooms, Settings};
pub use tls::{TlsError, TlsFiles};
pub use tools::{Limits, Tools};
pub use trunks::{Trunk, TrunkState, TrunkStatus};
