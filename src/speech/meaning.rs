//! MiniLM: sentences that mean the same lie close together.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ndarray::Array2;
use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;

use super::error::SpeechError;
use super::onnx;
use super::pieces::Pieces;

/// The network. One sentence at a time: a few milliseconds each.
pub(super) struct Meaning {
    session: Mutex<Session>,
    pieces: Pieces,
}

/// Where a sentence lies: of length 1, so that a product is a cosine.
#[derive(Debug, Clone)]
pub(super) struct Place(Vec<f32>);

impl Meaning {
    /// Opens the network and runs it once.
    pub fn open(environment: &Environment, model: &Path, pieces: &Path) -> Result<Meaning, SpeechError> {
        let unread = |reason| SpeechError::Onnx { what: pieces.display().to_string(), reason };
        let words = Pieces::open(pieces).map_err(unread)?;
        let meaning = Meaning { session: Mutex::new(onnx::open(environment, model, 1)?), pieces: words };
        meaning.place("Is there parking?")?;
        Ok(meaning)
    }

    /// Where this sentence lies.
    pub fn place(&self, text: &str) -> Result<Place, SpeechError> {
        let failed = onnx::failed("MiniLM");
        let ids = self.pieces.cut(text);
        let shape = (1, ids.len());
        let (mask, kinds) = (Array2::<i64>::ones(shape), Array2::<i64>::zeros(shape));
        let ids = Array2::from_shape_vec(shape, ids)
            .map_err(|e| SpeechError::Onnx { what: "MiniLM".to_owned(), reason: e.to_string() })?;
        let inputs = ort::inputs![
            "input_ids" => TensorRef::from_array_view(&ids).map_err(&failed)?,
            "attention_mask" => TensorRef::from_array_view(&mask).map_err(&failed)?,
            "token_type_ids" => TensorRef::from_array_view(&kinds).map_err(&failed)?,
        ];
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session.run(inputs).map_err(&failed)?;
        let (_, states) = outputs["last_hidden_state"].try_extract_tensor::<f32>().map_err(&failed)?;
        Ok(Place::middle(states))
    }
}

impl Place {
    /// The middle of all the pieces' states.
    fn middle(states: &[f32]) -> Place {
        let mut sum = vec![0.0; WIDTH];
        for state in states.chunks_exact(WIDTH) {
            sum.iter_mut().zip(state).for_each(|(s, v)| *s += v);
        }
        let length = sum.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        sum.iter_mut().for_each(|v| *v /= length);
        Place(sum)
    }

    /// Cosine: 1 for the same sentence, about 0 for one that has nothing to do with it.
    pub fn likeness(&self, other: &Place) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

/// Numbers a state has.
const WIDTH: usize = 384;
