//! What can go wrong with ears and voice.

use std::path::PathBuf;

use crate::models::Missing;

/// A queue is full: try later or do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the queue is full")]
pub struct Busy;

/// Ears or voice cannot be made ready, or failed at their work.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// A model file is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The ONNX runtime or one of its networks does not load or run.
    #[error("ONNX network {what}: {reason}; `offhook models verify` tells whether the files are whole")]
    Onnx {
        /// File or step.
        what: String,
        /// The runtime's words.
        reason: String,
    },
    /// Whisper does not load or run.
    #[error("Whisper model {path}: {reason}; `offhook models verify` tells whether the file is whole")]
    Whisper {
        /// The model's file.
        path: PathBuf,
        /// Its words.
        reason: String,
    },
    /// The voice's settings are not what Piper writes.
    #[error("voice settings {path}: {reason}")]
    Voice {
        /// The .json file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// espeak-ng does not run or answer.
    #[error("espeak-ng: {0}; if it is missing: sudo apt-get install -y espeak-ng")]
    Phonemes(String),
    /// Disk or thread trouble.
    #[error("{what}: {source}")]
    Io {
        /// File or step.
        what: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// Shut down while the work was waiting.
    #[error("speech is shutting down")]
    Stopped,
}
