//! Samples: codecs, resampling, loss concealment, tones, voice activity.
//!
//! Everything inside the house is mono `i16` PCM: 8,000 Hz on the telephone side, 16,000 Hz on the speech side and on
//! telephones that carry it. The types here keep their buffers, so a call in steady state allocates nothing per packet.

mod codec;
mod coder;
mod conceal;
pub mod g711;
pub mod g722;
mod keypad;
mod level;
pub mod opus;
mod resample;
mod spectrum;
pub mod tones;
mod voice;

pub use codec::Codec;
pub use coder::{Decoder, Encoder};
pub use conceal::Concealer;
pub use keypad::KeyTones;
pub use level::{LEVEL_FLOOR_DBFS, level_dbfs};
pub use resample::{Resampler, resample};
pub use voice::{Voice, VoiceGate};

/// Samples per second on the telephone side.
pub const TELEPHONE_RATE: u32 = 8_000;
/// Samples per second the recogniser and the neural detectors take.
pub const SPEECH_RATE: u32 = 16_000;
/// Samples of one 20 ms frame at [`TELEPHONE_RATE`]: the beat of the whole media path.
pub const FRAME_SAMPLES: usize = 160;
