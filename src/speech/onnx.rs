//! The ONNX runtime: loaded once from the library that was fetched, never looked for elsewhere.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;

use super::error::SpeechError;

/// Loads the runtime's library; the first one loaded serves the whole process.
pub(super) fn load(library: &Path) -> Result<Environment, SpeechError> {
    let mut loaded = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    let failed = |reason: String| SpeechError::Onnx { what: library.display().to_string(), reason };
    // Named first and explicitly: a lazily missing library would panic.
    let builder = ort::init_from(library).map_err(|e| failed(e.to_string()))?;
    let environment = builder.with_name("offhook").with_telemetry(false).build().map_err(|e| failed(e.to_string()))?;
    *loaded = Some(environment.clone());
    Ok(environment)
}

/// Opens a network.
pub(super) fn open(environment: &Environment, model: &Path, threads: usize) -> Result<Session, SpeechError> {
    let failed = |reason: String| SpeechError::Onnx { what: model.display().to_string(), reason };
    let build = || -> Result<Session, String> {
        Session::builder(environment)
            .map_err(|e| e.to_string())?
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(|e| e.to_string())?
            .with_intra_threads(threads)
            .map_err(|e| e.to_string())?
            .with_inter_threads(1)
            .map_err(|e| e.to_string())?
            // Threads that spin while waiting would take the cores from Whisper.
            .with_intra_op_spinning(false)
            .map_err(|e| e.to_string())?
            .commit_from_file(model)
            .map_err(|e| e.to_string())
    };
    build().map_err(failed)
}

/// Turns the runtime's error at work into ours.
pub(super) fn failed(what: &str) -> impl Fn(ort::Error) -> SpeechError {
    let what = what.to_owned();
    move |e| SpeechError::Onnx { what: what.clone(), reason: e.to_string() }
}

static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);
