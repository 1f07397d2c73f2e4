//! Keys for a menu that picks up before a person does: an extension, "2 for the workshop".

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::call::Media;
use crate::rtp::{DtmfSender, Sender};

/// What is still to be pressed.
#[derive(Debug)]
pub struct Menu {
    left: VecDeque<char>,
    keys: DtmfSender,
    until: Instant,
}

impl Menu {
    /// Digits, `*`, `#` and commas, each of which waits; none without telephone-event.
    pub fn new(keys: &str, media: &Media, now: Instant) -> Option<Self> {
        Some(Self { left: keys.chars().collect(), keys: media.dtmf_sender()?, until: now })
    }

    /// Nothing is left: whoever is there can be spoken to.
    pub fn is_done(&self) -> bool {
        self.left.is_empty() && self.keys.is_idle()
    }

    /// The most it takes.
    pub fn lasts(&self) -> Duration {
        self.left.iter().map(|&key| if key == COMMA { COMMA_WAIT } else { KEY_WAIT }).sum()
    }

    /// The packet of this tick; false when it is silence's.
    pub fn packet(&mut self, sender: &mut Sender, now: Instant, out: &mut Vec<u8>) -> bool {
        if self.keys.is_idle() && now >= self.until {
            match self.left.pop_front() {
                Some(COMMA) => self.until = now + COMMA_WAIT,
                Some(key) => {
                    let _ = self.keys.press(key, KEY_MS); // the configuration has keys only
                }
                None => {}
            }
        }
        sender.next_event(&mut self.keys, out)
    }
}

/// Waits, as in every telephone book.
const COMMA: char = ',';
const COMMA_WAIT: Duration = Duration::from_secs(2);
/// How long a key is held: what the slowest menus want.
const KEY_MS: u32 = 120;
/// With the pause before the next.
const KEY_WAIT: Duration = Duration::from_millis(300);
