//! Sockets and timers: drives `sip`, one task per call, carries out `call`'s outputs.

mod breaker;
mod checking;
mod directory;
mod echo;
mod handle;
mod health;
mod leg;
mod line;
mod media;
mod names;
mod person;
mod placing;
mod ports;
mod random;
mod referring;
mod run;
mod settings;
mod signing;
mod strain;
mod stun;
mod tls;
mod tools;
mod trunks;
mod wire;

pub use checking::{Finding, check};
pub use directory::{Directory, Entry, Slot};
pub use handle::{EVENTS_KEPT, Handle};
pub use health::TrunkHealth;
pub use media::MediaPolicy;
pub use names::{Host, NameError, Names, Target};
pub use run::{Gateway, StartError};
pub use settings::{Listen, Rooms, Settings};
pub use stun::public_ip;
pub use tls::{TlsError, TlsFiles};
pub use tools::{Limits, Tools};
pub use trunks::{Trunk, TrunkState, TrunkStatus};
