//! What is said in every cell, whoever's phone it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cell::{Cell, Codec};
use crate::voices::{self, Voice};

/// What a phone heard in its call.
#[derive(Default)]
pub struct Heard {
    /// At 8 kHz.
    pub sound: Vec<i16>,
    /// What came after a hold, where that is not part of the same recording.
    pub later: Later,
    /// Keys that came back.
    pub keys: String,
}

/// What is known of a call after its hold.
#[derive(Default)]
pub enum Later {
    /// The recording went on.
    #[default]
    Recorded,
    /// It came in these packets, or others: at 8 kHz.
    Sent(Vec<i16>),
    /// Nobody can listen there, but the phone said that it heard a key.
    Key,
}

/// A phone that is in a call and obeys.
pub trait Caller {
    /// Speaks; silence follows.
    fn says(&mut self, speech: &Path);
    /// Presses keys, and tells those that come back, as many.
    fn presses(&mut self, keys: &str) -> String;
    /// Holds the call.
    fn holds(&mut self);
    /// Takes it up again.
    fn resumes(&mut self);
    /// Hangs up; what it heard, but for the keys.
    fn leaves(self) -> Heard;
}

/// The whole conversation.
pub fn converse(mut phone: impl Caller, cell: &Cell) -> Heard {
    let mut keys = String::new();
    say(&mut phone, &spoken(FIRST, cell.codec));
    if cell.keys {
        keys = phone.presses(KEYS);
    }
    if cell.hold {
        phone.holds();
        lasts(HOLD);
        phone.resumes();
        say(&mut phone, &spoken(SECOND, cell.codec));
    }
    Heard { keys, ..phone.leaves() }
}

/// Is greeted, says what it wants and leaves once that is understood; what it heard.
pub fn ask(mut phone: impl Caller, cell: &Cell, understood: impl FnOnce()) -> Heard {
    lasts(GREETING);
    say(&mut phone, &spoken(WISH, cell.codec));
    understood();
    phone.leaves()
}

fn say(phone: &mut impl Caller, speech: &Path) {
    phone.says(speech);
    lasts(length(speech) + ROUND_TRIP);
}

/// What was said as a phone plays it in this codec.
pub fn spoken(text: &str, codec: Codec) -> PathBuf {
    voices::speech_at(Voice::Slt, text, codec.rate())
}

/// How long it takes to say.
pub fn length(speech: &Path) -> Duration {
    let wav = hound::WavReader::open(speech).expect("a WAV file of ours");
    Duration::from_secs_f64(f64::from(wav.duration()) / f64::from(wav.spec().sample_rate))
}

/// A call takes its time: nothing to wait for but that it passes.
pub fn lasts(time: Duration) {
    let until = std::time::Instant::now() + time;
    while let Some(left) = until.checked_duration_since(std::time::Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// Said before a hold, and after.
pub const FIRST: &str = "Good morning, could I see somebody on Thursday afternoon?";
pub const SECOND: &str = "I am back again, the blue one would be better for us.";
/// Said to the receptionist.
pub const WISH: &str = "I would like to leave a message about my invoice, please.";
/// Pressed, and expected back.
pub const KEYS: &str = "15#";
/// Longer than the greeting of the practice.
pub const GREETING: Duration = Duration::from_secs(9);
/// Longer than words take to be understood, for a phone that cannot be told.
pub const UNDERSTOOD: Duration = Duration::from_secs(6);
/// Of a hold: packets still on their way are through long before.
pub const HOLD: Duration = Duration::from_millis(1_500);
/// What is said last is back after this: a phone's buffers, and ours.
pub const ROUND_TRIP: Duration = Duration::from_millis(900);
