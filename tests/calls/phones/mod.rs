//! Real phones: programs of other people, driven through their own controls.

mod baresip;
mod pjsua;

use std::path::Path;
use std::time::Duration;

pub use baresip::Baresip;
pub use pjsua::{Codec, Pjsua};

/// A phone in a call.
pub trait Phone: Send {
    /// Speaks; silence follows.
    fn play(&mut self, speech: &Path);
    /// Presses keys.
    fn keys(&mut self, keys: &str);
    /// Hangs up.
    fn hang_up(&mut self);
    /// Waits until the phone itself says that the call is over.
    fn wait_for_end(&mut self);
}

/// Longest a phone takes to start, or to notice a BYE, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);
