//! The Piper voice: phonemes to samples, a sentence at a time.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{Array1, Array2};
use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::cache::Cache;
use super::error::SpeechError;
use super::espeak;
use super::level;
use super::onnx;
use super::phonemes::Phonemizer;
use super::settings::Settings;
use super::speaking::{SpokenChunk, VOICE_RATE, WIDE_VOICE_RATE};
use super::tongue::Tongue;
use super::wording;
use crate::audio::resample;
use crate::models::File;

/// Sentences for the voice's thread.
pub(super) struct SpeakJob {
    /// Who speaks.
    pub tongue: Tongue,
    /// Spoken wording, in order.
    pub sentences: Vec<String>,
    /// Hz.
    pub rate: u32,
    /// Somebody waits for the first sound: long sentences come clause by clause.
    pub hurried: bool,
    /// Nobody waits yet: gives way to urgent jobs between two sentences.
    pub patient: bool,
    /// No sentence is begun once set.
    pub cancel: Arc<AtomicBool>,
    /// Takes the chunks.
    pub sink: Box<dyn FnMut(SpokenChunk) + Send>,
}

/// The voice, on its thread.
pub(super) struct Voice {
    session: Session,
    phonemizer: Phonemizer,
    table: HashMap<char, Vec<i64>>,
    scales: [f32; 3],
    rate: u32,
    cache: Arc<Cache>,
}

/// What is needed of Piper's .onnx.json.
#[derive(Deserialize)]
struct Description {
    audio: Audio,
    espeak: Espeak,
    inference: Inference,
    phoneme_id_map: HashMap<String, Vec<i64>>,
}

#[derive(Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Deserialize)]
struct Espeak {
    voice: String,
}

#[derive(Deserialize)]
struct Inference {
    noise_scale: f32,
    length_scale: f32,
    noise_w: f32,
}

impl Voice {
    /// Loads the voice, starts espeak-ng and renders one word, so that the first caller does not wait for it.
    pub fn open(environment: &Environment, settings: &Settings, cache: Arc<Cache>) -> Result<Voice, SpeechError> {
        let (model, description_path) = files(settings)?;
        let description = describe(&description_path)?;
        let bytes = fs::read(&model).map_err(|source| SpeechError::Io { what: model.display().to_string(), source })?;
        let hash = Sha256::digest(&bytes).iter().take(8).map(|b| format!("{b:02x}")).collect();
        cache.set_voice(hash);
        let mut voice = Voice {
            session: onnx::open(environment, &model, settings.threads)?,
            phonemizer: Phonemizer::start(&description.espeak.voice)?,
            table: table(&description),
            scales: [
                description.inference.noise_scale,
                description.inference.length_scale,
                description.inference.noise_w,
            ],
            rate: description.audio.sample_rate,
            cache,
        };
        voice.synthesise("Ready.")?;
        Ok(voice)
    }

    /// Hands over the job's sentences; a voice that fails ends the text with an empty chunk. What is left of a patient
    /// job comes back as soon as `wanted` elsewhere.
    pub fn speak(&mut self, mut job: SpeakJob, wanted: impl Fn() -> bool) -> Option<SpeakJob> {
        if job.sentences.is_empty() {
            (job.sink)(SpokenChunk { pcm: Arc::from([]), last: true });
        }
        while !job.sentences.is_empty() {
            if job.cancel.load(Ordering::Relaxed) {
                return None;
            }
            if job.patient && wanted() {
                return Some(job);
            }
            let mut sentence = job.sentences.remove(0);
            if job.hurried && self.cache.get(&job.tongue.clip(&sentence), job.rate).is_none() {
                let mut pieces = wording::pieces(&sentence);
                sentence = pieces.remove(0);
                job.sentences.splice(0..0, pieces);
            }
            let pcm = self.sentence(job.tongue, &sentence, job.rate).unwrap_or_else(|error| {
                tracing::error!(%error, "the voice failed");
                Arc::from([])
            });
            (job.sink)(SpokenChunk { pcm, last: job.sentences.is_empty() });
        }
        None
    }

    fn sentence(&mut self, tongue: Tongue, sentence: &str, rate: u32) -> Result<Arc<[i16]>, SpeechError> {
        let clip = tongue.clip(sentence);
        if let Some(pcm) = self.cache.get(&clip, rate) {
            return Ok(pcm);
        }
        let (samples, made) = match tongue {
            Tongue::Piper => (self.synthesise(sentence)?, self.rate),
            Tongue::Espeak(voice) => espeak::speak(voice, sentence)?,
        };
        let finished = level::finish(&samples, made);
        let pcm: Arc<[i16]> = resample(&finished, made, rate).into();
        self.cache.put(&clip, rate, &pcm);
        // Making it took a hundred times as long as the other rate does: that one waits on disk for a call that wants it.
        if let Some(other) = [VOICE_RATE, WIDE_VOICE_RATE].into_iter().find(|&other| other != rate) {
            self.cache.put_on_disk(&clip, other, &resample(&finished, made, other));
        }
        Ok(pcm)
    }

    fn synthesise(&mut self, sentence: &str) -> Result<Vec<f32>, SpeechError> {
        let ids = self.ids(sentence)?;
        let failed = onnx::failed("voice");
        let length = Array1::from_elem(1, ids.len() as i64);
        let ids = Array2::from_shape_vec((1, ids.len()), ids)
            .map_err(|e| SpeechError::Onnx { what: "voice".to_owned(), reason: e.to_string() })?;
        let scales = Array1::from_iter(self.scales);
        let inputs = ort::inputs![
            "input" => TensorRef::from_array_view(ids.view()).map_err(&failed)?,
            "input_lengths" => TensorRef::from_array_view(length.view()).map_err(&failed)?,
            "scales" => TensorRef::from_array_view(scales.view()).map_err(&failed)?,
        ];
        let outputs = self.session.run(inputs).map_err(&failed)?;
        let (_, samples) = outputs["output"].try_extract_tensor::<f32>().map_err(&failed)?;
        Ok(samples.to_vec())
    }

    /// Phoneme numbers as Piper was trained on them: start, a blank after everything, the clause marks, end.
    fn ids(&mut self, sentence: &str) -> Result<Vec<i64>, SpeechError> {
        let mut phonemes = String::new();
        for (clause, mark) in wording::clauses(sentence) {
            if !phonemes.is_empty() {
                phonemes.push(' ');
            }
            phonemes.push_str(&self.phonemizer.phonemes(&clause)?);
            phonemes.push(mark);
        }
        let one = |c: char| self.table.get(&c).cloned().unwrap_or_default();
        let blank = one('_');
        let mut ids = one('^');
        ids.extend(&blank);
        // "(en)" and the like mark a change of language: not sounds.
        let mut in_mark = false;
        for c in phonemes.chars() {
            match c {
                '(' => in_mark = true,
                ')' => in_mark = false,
                _ if in_mark => {}
                _ => {
                    if let Some(own) = self.table.get(&c) {
                        ids.extend(own);
                        ids.extend(&blank);
                    }
                }
            }
        }
        ids.extend(one('$'));
        Ok(ids)
    }
}

fn files(settings: &Settings) -> Result<(PathBuf, PathBuf), SpeechError> {
    match &settings.voice {
        Some(model) => {
            let mut description = model.clone().into_os_string();
            description.push(".json");
            Ok((model.clone(), description.into()))
        }
        None => Ok((settings.models.path_of(File::Voice)?, settings.models.path_of(File::VoiceSettings)?)),
    }
}

fn describe(path: &Path) -> Result<Description, SpeechError> {
    let bad = |reason: String| SpeechError::Voice { path: path.to_owned(), reason };
    let text = fs::read_to_string(path).map_err(|e| bad(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| bad(e.to_string()))
}

/// Single characters only: Piper's espeak voices have no others.
fn table(description: &Description) -> HashMap<char, Vec<i64>> {
    let single = |(key, ids): (&String, &Vec<i64>)| {
        let mut characters = key.chars();
        let first = characters.next()?;
        characters.next().is_none().then(|| (first, ids.clone()))
    };
    description.phoneme_id_map.iter().filter_map(single).collect()
}
