//! Silero voice activity on whole clips.

use std::path::Path;

use ndarray::{Array1, Array2, Array3};
use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;

use super::error::SpeechError;
use super::onnx;
use crate::audio::resample;

/// The network, one per thread.
pub(super) struct Vad {
    session: Session,
}

/// Where speech was found in a clip.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Activity {
    /// Probability of speech per [`FRAME`].
    pub frames: Vec<f32>,
}

impl Vad {
    /// Opens the network.
    pub fn open(environment: &Environment, model: &Path) -> Result<Vad, SpeechError> {
        Ok(Vad { session: onnx::open(environment, model, 1)? })
    }

    /// Judges a clip of 16 kHz audio; the network starts fresh. It listens at 8 kHz: a telephone line has nothing above
    /// 4 kHz, and where it expects something there it takes half of the plainer voices for noise.
    pub fn judge(&mut self, audio: &[i16]) -> Result<Activity, SpeechError> {
        let audio = resample(audio, 2 * RATE as u32, RATE as u32);
        let failed = onnx::failed("voice activity");
        let mut state = Array3::<f32>::zeros((2, 1, STATE));
        let rate = Array1::from_elem(1, RATE);
        let mut window = Array2::<f32>::zeros((1, CONTEXT + WINDOW));
        let mut frames = Vec::with_capacity(audio.len().div_ceil(WINDOW));
        for frame in audio.chunks(WINDOW) {
            // The network sees the end of the frame before, too.
            for i in 0..CONTEXT {
                window[[0, i]] = window[[0, WINDOW + i]];
            }
            for i in 0..WINDOW {
                window[[0, CONTEXT + i]] = frame.get(i).map_or(0.0, |&s| f32::from(s) / 32_768.0);
            }
            let inputs = ort::inputs![
                "input" => TensorRef::from_array_view(window.view()).map_err(&failed)?,
                "state" => TensorRef::from_array_view(state.view()).map_err(&failed)?,
                "sr" => TensorRef::from_array_view(rate.view()).map_err(&failed)?,
            ];
            let outputs = self.session.run(inputs).map_err(&failed)?;
            let (_, probability) = outputs["output"].try_extract_tensor::<f32>().map_err(&failed)?;
            frames.push(probability.first().copied().unwrap_or(0.0));
            let (_, next) = outputs["stateN"].try_extract_tensor::<f32>().map_err(&failed)?;
            state.iter_mut().zip(next).for_each(|(old, new)| *old = *new);
        }
        Ok(Activity { frames })
    }
}

impl Activity {
    /// Seconds of frames that are speech.
    pub fn speech_seconds(&self) -> f32 {
        let count = self.frames.iter().filter(|&&p| p >= SPEECH).count();
        (count * WINDOW) as f32 / RATE as f32
    }

    /// What was found in a part of the clip.
    pub fn within(&self, samples: &std::ops::Range<usize>) -> Activity {
        let frames = samples.start / FRAME..samples.end.div_ceil(FRAME).min(self.frames.len());
        Activity { frames: self.frames[frames].to_vec() }
    }

    /// The highest probability.
    pub fn peak(&self) -> f32 {
        self.frames.iter().copied().fold(0.0, f32::max)
    }

    /// Samples from the first to the last speech with a margin on both sides, or none.
    pub fn span(&self, samples: usize) -> Option<std::ops::Range<usize>> {
        let first = self.frames.iter().position(|&p| p >= TRACE)?;
        let last = self.frames.iter().rposition(|&p| p >= TRACE)?;
        let from = first.saturating_sub(MARGIN) * FRAME;
        Some(from..((last + 1 + MARGIN) * FRAME).min(samples))
    }

    /// Cuts `span` into pieces of at most `longest` samples, at the quietest place of each piece's second half.
    pub fn pieces(&self, span: std::ops::Range<usize>, longest: usize) -> Vec<std::ops::Range<usize>> {
        let mut pieces = Vec::new();
        let mut from = span.start;
        while span.end - from > longest {
            let (low, high) = ((from + longest / 2) / FRAME, (from + longest) / FRAME);
            let quietest = (low + 1..high).min_by(|&a, &b| self.around(a).total_cmp(&self.around(b)));
            let cut = quietest.map_or(from + longest, |frame| frame * FRAME);
            pieces.push(from..cut);
            from = cut;
        }
        pieces.push(from..span.end);
        pieces
    }

    /// Speech probability about a frame: a long pause is a better cut than a short dip.
    fn around(&self, frame: usize) -> f32 {
        let near = &self.frames[frame.saturating_sub(PAUSE)..(frame + PAUSE).min(self.frames.len())];
        near.iter().sum::<f32>() / near.len().max(1) as f32
    }
}

/// Hz the network listens at.
const RATE: i64 = 8_000;

/// Samples per judgement: 32 ms, the only length the network takes at this rate.
const WINDOW: usize = 256;

/// The same in samples of the clip.
pub(super) const FRAME: usize = 2 * WINDOW;

/// Samples of the frame before that the network wants in front.
const CONTEXT: usize = 32;

/// Width of the network's memory.
const STATE: usize = 128;

/// Probability from which a frame counts as speech.
const SPEECH: f32 = 0.5;

/// Probability from which a frame may belong to a word's soft edge: such frames are not cut off.
const TRACE: f32 = 0.15;

/// Frames kept around speech: about 200 ms, or first and last consonants are lost.
const MARGIN: usize = 7;

/// Half the width, in frames, over which a pause is looked for: about 150 ms.
const PAUSE: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_span_and_cut_in_the_pause() {
        let mut frames = vec![1.0; 1000];
        frames[700..720].fill(0.0);
        let activity = Activity { frames };
        let pieces = activity.pieces(0..1000 * FRAME, 800 * FRAME);
        assert_eq!(pieces.len(), 2);
        assert!((700 * FRAME..720 * FRAME).contains(&pieces[0].end));
        assert_eq!((pieces[0].start, pieces[1].start, pieces[1].end), (0, pieces[0].end, 1000 * FRAME));
    }

    #[test]
    fn no_speech_no_span() {
        assert_eq!(Activity { frames: vec![0.01; 30] }.span(30 * FRAME), None);
        assert_eq!(Activity { frames: vec![] }.span(0), None);
    }
}
