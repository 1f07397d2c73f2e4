//! smart-turn: does this sound like the end of a turn.

use std::path::Path;

use ndarray::ArrayView3;
use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;

use super::error::SpeechError;
use super::features::{FRAMES, Features};
use super::onnx;
use crate::models::MEL_BANDS;

/// The network.
pub(super) struct TurnJudge {
    session: Session,
    features: Features,
}

impl TurnJudge {
    /// Opens the network and runs it once.
    pub fn open(environment: &Environment, model: &Path) -> Result<TurnJudge, SpeechError> {
        let mut judge = TurnJudge { session: onnx::open(environment, model, 1)?, features: Features::new() };
        judge.try_complete(&[0; 1600])?;
        Ok(judge)
    }

    /// Probability that the turn is over; 0.5, and a line in the log, when the network fails.
    pub fn complete(&mut self, audio: &[i16]) -> f32 {
        self.try_complete(audio).unwrap_or_else(|error| {
            tracing::error!(%error, "turn judgement failed");
            UNKNOWN
        })
    }

    fn try_complete(&mut self, audio: &[i16]) -> Result<f32, SpeechError> {
        let failed = onnx::failed("smart-turn");
        let picture = self.features.picture(audio);
        let view = ArrayView3::from_shape((1, MEL_BANDS, FRAMES), &picture)
            .map_err(|e| SpeechError::Onnx { what: "smart-turn".to_owned(), reason: e.to_string() })?;
        let input = TensorRef::from_array_view(view).map_err(&failed)?;
        let outputs = self.session.run(ort::inputs!["input_features" => input]).map_err(&failed)?;
        let (_, probability) = outputs["logits"].try_extract_tensor::<f32>().map_err(&failed)?;
        Ok(probability.first().copied().unwrap_or(UNKNOWN))
    }
}

/// Neither over nor not.
const UNKNOWN: f32 = 0.5;
