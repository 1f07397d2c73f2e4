//! What ears and voice can be told.

use std::path::PathBuf;
use std::thread;

use crate::models;

/// Settings of this room.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the fetched models lie.
    pub models: models::Dir,
    /// Which Whisper.
    pub whisper: WhisperChoice,
    /// Languages that will be spoken, BCP 47; their models are loaded at the start, others when first asked for.
    pub languages: Vec<String>,
    /// Whisper workers: so many transcripts at the same time.
    pub workers: usize,
    /// Threads per transcript.
    pub threads: usize,
    /// A Piper voice of your own (.onnx, with its .onnx.json beside it); none: the fetched one.
    pub voice: Option<PathBuf>,
    /// Where rendered sentences are kept.
    pub cache_dir: PathBuf,
}

/// Which Whisper weights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WhisperChoice {
    /// The fetched ones: tiny.en for English, base for other languages.
    #[default]
    Auto,
    /// One ggml file for everything.
    Path(PathBuf),
}

impl Default for Settings {
    fn default() -> Settings {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = (cores / CORES_PER_WORKER).max(1);
        Settings {
            models: models::Dir::default(),
            whisper: WhisperChoice::default(),
            languages: vec!["en".to_owned()],
            workers,
            threads: (cores / workers).clamp(1, THREADS_MAX),
            voice: None,
            cache_dir: PathBuf::from("data/voice"),
        }
    }
}

/// A second worker pays only when the first one's threads leave cores over.
const CORES_PER_WORKER: usize = 4;

/// More threads on one short utterance cost more in waiting for each other than they bring.
const THREADS_MAX: usize = 4;
