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
    /// Most threads per transcript, and those of the voice. A transcript takes only as many as cores are idle when it
    /// begins: Whisper's threads spin while they wait for each other, so two halve the time on an idle machine and
    /// cost three times the CPU on a busy one (measured: 1,020 instead of 300 ms a clip at load 7).
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
        Settings {
            models: models::Dir::default(),
            whisper: WhisperChoice::default(),
            languages: vec!["en".to_owned()],
            workers: cores.clamp(1, WORKERS_MAX),
            threads: cores.clamp(1, THREADS_MAX),
            voice: None,
            cache_dir: PathBuf::from("data/voice"),
        }
    }
}

/// Beyond two, the short windows of a telephone turn gain little.
const THREADS_MAX: usize = 2;

/// Each worker's state holds some 60 MB; more transcripts at once than this wait for memory, not for cores.
const WORKERS_MAX: usize = 4;
