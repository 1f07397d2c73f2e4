//! Ears and voice: Whisper, the neural detectors and the Piper voice, on threads behind bounded queues.
//!
//! [`Speech`] is a cheap handle. Nothing here waits: a full queue answers [`Busy`] at once, results come back through
//! the closure given with the job, on a worker's thread.

pub mod command;
pub mod files;

mod cache;
mod ears;
mod error;
mod espeak;
mod features;
mod level;
mod meaning;
mod onnx;
mod phantom;
mod phonemes;
mod pieces;
mod questions;
mod queue;
mod service;
mod settings;
mod speaking;
mod tongue;
mod transcript;
mod turn;
mod vad;
mod voice;
mod wording;

pub use error::{Busy, SpeechError};
pub use files::{FileError, FileTranscript, Spoken, listen, transcribe_files};
pub use questions::{Known, Questions};
pub use service::Speech;
pub use settings::{Settings, WhisperChoice};
pub use speaking::{Priority, SpokenChunk, VOICE_RATE, WIDE_VOICE_RATE};
pub use transcript::{TranscribeJob, TranscribeKind, Transcript};
