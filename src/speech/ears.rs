//! Whisper on one thread: from a clip to believed words.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState};

use super::error::SpeechError;
use super::phantom::{self, Evidence};
use super::settings::{Settings, WhisperChoice};
use super::transcript::{TranscribeJob, Transcript};
use super::vad::{Activity, Vad};
use crate::models::{self, File};

/// Loaded Whisper weights, shared by all workers.
pub(super) struct Weights {
    choice: WhisperChoice,
    models: models::Dir,
    /// Those of the businesses.
    languages: Vec<String>,
    loaded: Mutex<HashMap<PathBuf, Arc<WhisperContext>>>,
    /// What second hearings work in: one for all workers, it is large.
    second: Mutex<Option<WhisperState>>,
}

/// Weights in memory and where they came from.
type Loaded = (PathBuf, Arc<WhisperContext>);

/// One worker's Whisper.
pub(super) struct Ears {
    weights: Arc<Weights>,
    vad: Vad,
    threads: usize,
    states: HashMap<PathBuf, WhisperState>,
    params: HashMap<String, FullParams<'static, 'static>>,
    cancel: Arc<Mutex<Arc<AtomicBool>>>,
}

/// What one decoding gave.
struct Decoded {
    text: String,
    confidence: f32,
    tokens: usize,
    no_speech: f32,
}

impl Weights {
    /// Loads what the settings' languages need.
    pub fn load(settings: &Settings) -> Result<Weights, SpeechError> {
        let (choice, models) = (settings.whisper.clone(), settings.models.clone());
        let languages: Vec<String> = settings.languages.iter().map(|one| base_language(Some(one))).collect();
        let weights = Weights { choice, models, languages, loaded: Mutex::default(), second: Mutex::default() };
        for language in &weights.languages {
            weights.for_language(language)?;
        }
        Ok(weights)
    }

    /// The weights for a language, loaded now if they are not yet.
    fn for_language(&self, language: &str) -> Result<Loaded, SpeechError> {
        self.load_file(match &self.choice {
            WhisperChoice::Path(path) => path.clone(),
            WhisperChoice::Auto if language == "en" => self.models.path_of(File::WhisperEnglishQ8)?,
            WhisperChoice::Auto => self.models.path_of(File::WhisperMultilingualQ8)?,
        })
    }

    /// The weights for a second hearing where the first is in doubt: larger and slower. None where there are no others.
    fn second(&self, language: &str) -> Option<Loaded> {
        let other = self.choice == WhisperChoice::Auto && language == "en";
        let path = other.then(|| self.models.path_of(File::WhisperMultilingualQ8).ok()).flatten()?;
        self.load_file(path).inspect_err(|error| tracing::error!(%error, "no second hearing")).ok()
    }

    fn load_file(&self, path: PathBuf) -> Result<Loaded, SpeechError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = loaded.get(&path) {
            return Ok((path, Arc::clone(context)));
        }
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(false).flash_attn(false);
        let context = WhisperContext::new_with_params(&path, parameters).map_err(failed(&path))?;
        let context = Arc::new(context);
        loaded.insert(path.clone(), Arc::clone(&context));
        Ok((path, context))
    }
}

impl Ears {
    /// A worker's own state over the shared weights, warmed up.
    pub fn new(weights: Arc<Weights>, vad: Vad, threads: usize) -> Result<Ears, SpeechError> {
        let cancel = Arc::new(Mutex::new(Arc::new(AtomicBool::new(false))));
        let mut ears = Ears { weights, vad, threads, states: HashMap::new(), params: HashMap::new(), cancel };
        if ears.weights.choice != WhisperChoice::Auto || ears.weights.for_language("en").is_ok() {
            ears.decode(&[0.0; RATE], AUDIO_CONTEXT_MIN, "en", None)?;
            // Whichever worker comes first warms up what all share.
            if ears.weights.second.try_lock().is_ok_and(|state| state.is_none()) {
                ears.decode_again(&[0.0; RATE], AUDIO_CONTEXT_MIN, "en", None)?;
            }
        }
        ears.warm_up_others()?;
        Ok(ears)
    }

    /// The first caller of another language waits for no buffers, and not for a judgement of half a minute either: it
    /// looks at as much sound as the last decoding did.
    fn warm_up_others(&mut self) -> Result<(), SpeechError> {
        for language in self.weights.languages.clone().iter().filter(|language| *language != "en") {
            self.decode(&[0.0; RATE], AUDIO_CONTEXT_MIN, language, None)?;
        }
        Ok(())
    }

    /// Transcribes; none when the job was cancelled. Whatever fails inside gives an empty transcript and a log line.
    pub fn transcribe(&mut self, job: &TranscribeJob) -> Option<Transcript> {
        if job.cancel.load(Ordering::Relaxed) {
            return None;
        }
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&job.cancel);
        let (begun, cpu) = (Instant::now(), cpu_ms());
        let languages: Vec<String> =
            job.language.as_deref().unwrap_or_default().split(',').map(|l| base_language(Some(l))).collect();
        let mut transcript = self.hear(job, &languages).unwrap_or_else(|error| {
            if !job.cancel.load(Ordering::Relaxed) {
                tracing::error!(%error, "transcription failed");
            }
            Transcript { language: languages[0].clone(), ..Transcript::default() }
        });
        if job.cancel.load(Ordering::Relaxed) {
            return None;
        }
        if let Some(questions) = job.questions.as_ref().filter(|_| !transcript.text.is_empty()) {
            transcript.answers = questions.asked(&transcript.text);
        }
        transcript.audio_seconds = job.audio16k.len() as f32 / RATE as f32;
        transcript.cpu_ms = cpu_ms().saturating_sub(cpu);
        transcript.wall_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        Some(transcript)
    }

    fn hear(&mut self, job: &TranscribeJob, languages: &[String]) -> Result<Transcript, SpeechError> {
        let activity = self.vad.judge(&job.audio16k)?;
        let nothing =
            Transcript { no_speech: true, speech_seconds: activity.speech_seconds(), ..Transcript::default() };
        let nothing = Transcript { language: languages[0].clone(), ..nothing };
        let span = match activity.span(job.audio16k.len()) {
            Some(span) if activity.peak() >= PEAK_MIN => span,
            _ => return Ok(nothing),
        };
        let mut texts: Vec<String> = Vec::new();
        let (mut confidence, mut tokens) = (0.0, 0);
        // A hint is of the first language, and would pull the others towards it.
        let hint = job.hint.as_deref().filter(|_| languages.len() == 1);
        let language = match languages {
            [one] => one.clone(),
            several => self.language_of(&job.audio16k[span.clone()], several)?,
        };
        let nothing = Transcript { language: language.clone(), ..nothing };
        for piece in activity.pieces(span, PIECE_SECONDS * RATE) {
            let within = activity.within(&piece);
            let Some(decoded) = self.piece(&job.audio16k[piece], &within, &language, hint)? else {
                continue;
            };
            confidence += decoded.confidence * decoded.tokens as f32;
            tokens += decoded.tokens;
            texts.extend(Some(decoded.text).filter(|text| !text.is_empty()));
        }
        if tokens == 0 {
            return Ok(nothing);
        }
        let confidence = confidence / tokens as f32;
        Ok(Transcript { text: texts.join(" "), confidence, no_speech: false, ..nothing })
    }

    /// Which of the languages is spoken, by Whisper's own judgement of the sound.
    fn language_of(&mut self, audio: &[i16], among: &[String]) -> Result<String, SpeechError> {
        let other = among.iter().find(|l| *l != "en").map_or("en", String::as_str);
        let (path, context) = self.weights.for_language(other)?;
        let samples: Vec<f32> = audio.iter().take(JUDGED_SECONDS * RATE).map(|&s| f32::from(s) / 32_768.0).collect();
        let threads = threads_now(self.threads);
        let state = self.state(&path, &context)?;
        state.pcm_to_mel(&samples, threads).map_err(failed(&path))?;
        let (_, likely) = state.lang_detect(0, threads).map_err(failed(&path))?;
        let of = |language: &String| {
            let id = whisper_rs::get_lang_id(language).and_then(|id| usize::try_from(id).ok());
            id.and_then(|id| likely.get(id)).copied().unwrap_or(0.0)
        };
        let best = among.iter().max_by(|a, b| of(a).total_cmp(&of(b))).filter(|best| of(best) > of(&among[0]));
        tracing::debug!(english = of(&"en".to_owned()), best, "language heard");
        Ok(best.unwrap_or(&among[0]).clone())
    }

    /// This worker's state of some weights, made when they are first used.
    fn state(&mut self, path: &PathBuf, context: &WhisperContext) -> Result<&mut WhisperState, SpeechError> {
        if !self.states.contains_key(path) {
            self.states.insert(path.clone(), context.create_state().map_err(failed(path))?);
        }
        self.states.get_mut(path).ok_or(SpeechError::Stopped)
    }

    /// One piece of at most 30 s; none when nobody spoke, without text when it cannot be made out.
    fn piece(
        &mut self,
        audio: &[i16],
        activity: &Activity,
        language: &str,
        hint: Option<&str>,
    ) -> Result<Option<Decoded>, SpeechError> {
        let mut samples = vec![0.0; LEAD_SAMPLES];
        samples.extend(audio.iter().map(|&s| f32::from(s) / 32_768.0));
        samples.resize(samples.len() + LEAD_SAMPLES, 0.0);
        let context = audio_context(samples.len());
        let mut decoded = self.decode(&samples, context, language, hint)?;
        let ran = ran_away(&decoded, samples.len());
        let doubtful = ran || decoded.confidence < DOUBT || phantom::words_only(&decoded.text).is_empty();
        if doubtful
            && let Some(again) = self.decode_again(&samples, context, language, hint)?
            && (ran || again.confidence > decoded.confidence)
        {
            decoded = again;
        }
        if ran_away(&decoded, samples.len()) {
            // The full window is what Whisper was trained on: most runaways do not happen there.
            decoded = self.decode(&samples, AUDIO_CONTEXT_MAX, language, None)?;
            if let Some(head) = phantom::before_runaway(&decoded.text) {
                decoded.text = head;
            }
        }
        let text = phantom::words_only(&decoded.text);
        decoded.text = phantom::without_echo(&text, activity.speech_seconds()).to_owned();
        let evidence = Evidence {
            sound_seconds: audio.len() as f32 / RATE as f32,
            speech_seconds: activity.speech_seconds(),
            speech_peak: activity.peak(),
            no_speech: decoded.no_speech,
            confidence: decoded.confidence,
        };
        tracing::debug!(?evidence, text = %decoded.text, "heard");
        let kept = !decoded.text.is_empty() && phantom::believable(&decoded.text, evidence);
        if kept && phantom::is_guessed(&decoded.text, evidence) {
            decoded.text.clear();
        }
        Ok(kept.then_some(decoded))
    }

    fn decode(
        &mut self,
        samples: &[f32],
        audio_context: usize,
        language: &str,
        hint: Option<&str>,
    ) -> Result<Decoded, SpeechError> {
        let (path, context) = self.weights.for_language(language)?;
        let prompt = prompt(&context, hint);
        let params = self.params(&context, samples, audio_context, language, &prompt);
        run(self.state(&path, &context)?, &context, params, samples).map_err(failed(&path))
    }

    /// By the larger network; none where there is no other, or while another worker's doubt is being settled.
    fn decode_again(
        &mut self,
        samples: &[f32],
        audio_context: usize,
        language: &str,
        hint: Option<&str>,
    ) -> Result<Option<Decoded>, SpeechError> {
        let Some((path, context)) = self.weights.second(language) else { return Ok(None) };
        let prompt = prompt(&context, hint);
        let params = self.params(&context, samples, audio_context, language, &prompt);
        let Ok(mut state) = self.weights.second.try_lock() else { return Ok(None) };
        if state.is_none() {
            *state = Some(context.create_state().map_err(failed(&path))?);
        }
        let Some(state) = state.as_mut() else { return Ok(None) };
        run(state, &context, params, samples).map(Some).map_err(failed(&path))
    }

    /// Settings for one decoding.
    fn params<'p>(
        &mut self,
        context: &WhisperContext,
        samples: &[f32],
        audio_context: usize,
        language: &str,
        prompt: &'p [i32],
    ) -> FullParams<'p, 'p> {
        let mut params = self.params_of(language, context.is_multilingual()).clone();
        params.set_n_threads(threads_now(self.threads) as i32);
        params.set_audio_ctx(audio_context as i32);
        params.set_max_tokens(tokens_max(samples.len()) as i32);
        if !prompt.is_empty() {
            params.set_tokens(prompt);
        }
        params
    }

    /// Settings for a language, made once: each making leaks a few bytes inside the binding.
    fn params_of(&mut self, language: &str, multilingual: bool) -> &FullParams<'static, 'static> {
        let known = multilingual && whisper_rs::get_lang_id(language).is_some();
        let language = if known { language } else { "en" };
        let cancel = &self.cancel;
        self.params.entry(language.to_owned()).or_insert_with(|| params(language, Arc::clone(cancel)))
    }
}

fn params(language: &str, cancel: Arc<Mutex<Arc<AtomicBool>>>) -> FullParams<'static, 'static> {
    let mut params: FullParams<'_, 'static> = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    // The binding copies the text; only a 'static one may outlive this function in its type.
    let language: &'static str = LANGUAGES.iter().find(|l| **l == language).copied().unwrap_or("en");
    params.set_language(Some(language));
    params.set_no_context(true);
    params.set_no_timestamps(true);
    params.set_single_segment(true);
    params.set_suppress_blank(true);
    params.set_suppress_nst(true);
    params.set_temperature(0.0);
    // Trying again hotter costs seconds and invents words; our own guard decides.
    params.set_temperature_inc(0.0);
    params.set_print_special(false);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    let wanted_off = move || cancel.lock().unwrap_or_else(PoisonError::into_inner).load(Ordering::Relaxed);
    // The binding hands the callback a pointer to a boxed closure but reads it as the closure's own type: only a
    // closure that is itself such a box is both.
    let boxed: Box<dyn FnMut() -> bool> = Box::new(wanted_off);
    params.set_abort_callback_safe::<_, Box<dyn FnMut() -> bool>>(Some(boxed));
    params
}

fn run(
    state: &mut WhisperState,
    context: &WhisperContext,
    params: FullParams<'_, '_>,
    samples: &[f32],
) -> Result<Decoded, WhisperError> {
    state.full(params, samples)?;
    Ok(read(state, context.token_eot()))
}

/// A hint as tokens.
fn prompt(context: &WhisperContext, hint: Option<&str>) -> Vec<i32> {
    hint.map(|h| context.tokenize(h, HINT_TOKENS_MAX).unwrap_or_default()).unwrap_or_default()
}

fn read(state: &WhisperState, end_of_text: i32) -> Decoded {
    let mut decoded = Decoded { text: String::new(), confidence: 0.0, tokens: 0, no_speech: 0.0 };
    for segment in state.as_iter() {
        decoded.text.push_str(&segment.to_str_lossy().unwrap_or_default());
        decoded.no_speech = decoded.no_speech.max(segment.no_speech_probability());
        for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
            if token.token_id() < end_of_text {
                decoded.confidence += token.token_probability();
                decoded.tokens += 1;
            }
        }
    }
    decoded.confidence /= decoded.tokens.max(1) as f32;
    decoded
}

fn ran_away(decoded: &Decoded, samples: usize) -> bool {
    decoded.tokens >= tokens_max(samples) || phantom::before_runaway(&decoded.text).is_some()
}

/// Tokens so much audio may hold.
fn tokens_max(samples: usize) -> usize {
    (TOKENS_BASE + samples * TOKENS_PER_SECOND / RATE).min(TOKENS_MAX)
}

/// Encoder positions for so much audio: 50 a second, never fewer than the floor.
fn audio_context(samples: usize) -> usize {
    (samples * 50).div_ceil(RATE).saturating_add(CONTEXT_MARGIN).clamp(AUDIO_CONTEXT_MIN, AUDIO_CONTEXT_MAX)
}

/// "en-US" -> "en"; none: English.
fn base_language(language: Option<&str>) -> String {
    language.and_then(|l| l.split(['-', '_']).next()).filter(|l| !l.is_empty()).unwrap_or("en").to_ascii_lowercase()
}

fn failed(path: &std::path::Path) -> impl FnOnce(whisper_rs::WhisperError) -> SpeechError {
    let path = path.to_owned();
    move |error| SpeechError::Whisper { path, reason: error.to_string() }
}

/// As many threads as there are cores with nothing to do, this one's included: at least one, at most `wanted`.
fn threads_now(wanted: usize) -> usize {
    if wanted <= 1 {
        return 1;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // "0.20 0.18 0.12 1/80 11206": before the slash, how many threads of the machine run or want to.
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let running = load.split_whitespace().nth(3).and_then(|field| field.split('/').next()?.parse().ok());
    running.map_or(1, |running: usize| (cores + 1).saturating_sub(running)).clamp(1, wanted)
}

/// CPU time of this process, milliseconds: user and system ticks are the 14th and 15th field.
fn cpu_ms() -> u32 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field, the program's name, may hold spaces: count from its closing bracket.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u32 = after.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<u32>().ok()).sum();
    ticks.saturating_mul(MS_PER_TICK)
}

/// Hz.
const RATE: usize = 16_000;

/// Below this mean probability the small network's words are often wrong, and the larger one is asked as well: of 79
/// answers in plain synthetic voices with line noise 39 instead of 32 came through word for word. Human prompts on a
/// good line come with more, so that hardly any of them waits for it.
const DOUBT: f32 = 0.62;

/// Sound by which a language is told, seconds.
const JUDGED_SECONDS: usize = 10;

/// Silence put around a piece: Whisper loses words that begin with the first sample.
const LEAD_SAMPLES: usize = RATE / 5;

/// Longest piece, seconds: Whisper's window less margins.
const PIECE_SECONDS: usize = 28;

/// Floor of the window, 10 s: below it Whisper runs away (11-20 % of words wrong at 8 s).
const AUDIO_CONTEXT_MIN: usize = 500;

/// The whole window, 30 s.
const AUDIO_CONTEXT_MAX: usize = 1500;

/// Positions beyond the audio's end, half a second.
const CONTEXT_MARGIN: usize = 25;

/// Tokens allowed whatever the length, and per second on top: fast speech has five.
const TOKENS_BASE: usize = 12;
const TOKENS_PER_SECOND: usize = 8;

/// Whisper's own limit on a text.
const TOKENS_MAX: usize = 220;

/// Tokens of a hint: more would crowd out what is said.
const HINT_TOKENS_MAX: usize = 100;

/// A clip in which no frame reaches this probability of speech is not given to Whisper.
const PEAK_MIN: f32 = 0.5;

/// Linux counts CPU time in hundredths of a second.
const MS_PER_TICK: u32 = 10;

/// Languages that can be asked for by name.
const LANGUAGES: [&str; 24] = [
    "en", "es", "fr", "it", "ru", "de", "pt", "nl", "pl", "sv", "da", "no", "fi", "cs", "hu", "ro", "tr", "el", "uk",
    "ja", "zh", "ko", "ar", "hi",
];
