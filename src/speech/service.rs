//! The handle: starts the workers, hands them work, stops them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use super::cache::Cache;
use super::ears::{Ears, Weights};
use super::error::{Busy, SpeechError};
use super::meaning::Meaning;
use super::onnx;
use super::questions::{self, Known, Questions, Topics};
use super::queue::Queue;
use super::settings::Settings;
use super::speaking::{Priority, SpokenChunk, VOICE_RATE};
use super::tongue::Tongue;
use super::transcript::{TranscribeJob, TranscribeKind, Transcript};
use super::turn::TurnJudge;
use super::vad::Vad;
use super::voice::{SpeakJob, Voice};
use crate::models::File;

/// Ears and voice. Cheap to clone, may be used from any thread; stops when the last clone is dropped.
#[derive(Clone)]
pub struct Speech {
    inner: Arc<Inner>,
    tongue: Tongue,
    /// Hz of what is spoken.
    rate: u32,
}

struct Inner {
    queues: Arc<Queues>,
    cache: Arc<Cache>,
    /// None when its files are missing: questions are matched by words then.
    meaning: Option<Arc<Meaning>>,
    topics: OnceLock<Topics>,
    stopping: AtomicBool,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

struct Queues {
    ears: Queue<(TranscribeJob, ReplyTranscript)>,
    turns: Queue<(Arc<[i16]>, ReplyTurn)>,
    voice: Queue<SpeakJob>,
}

type ReplyTranscript = Box<dyn FnOnce(Transcript) + Send>;
type ReplyTurn = Box<dyn FnOnce(f32) + Send>;

impl Speech {
    /// Loads the models, warms them up and starts the workers: about a second.
    ///
    /// # Errors
    /// A model or espeak-ng is missing or unfit: the error says which and how to get it.
    pub fn start(settings: Settings) -> Result<Speech, SpeechError> {
        whisper_rs::install_logging_hooks();
        let environment = onnx::load(&settings.models.path_of(File::OnnxRuntime)?)?;
        let vad_path = settings.models.path_of(File::VoiceActivity)?;
        let turn_path = settings.models.path_of(File::TurnEnd)?;
        let weights = Arc::new(Weights::load(&settings)?);
        let cache = Arc::new(Cache::open(&settings.cache_dir)?);
        let meaning = open_meaning(&environment, &settings);
        let queues = Arc::new(Queues {
            ears: Queue::new(EARS_QUEUE_MAX),
            turns: Queue::new(TURNS_QUEUE_MAX),
            voice: Queue::new(VOICE_QUEUE_MAX),
        });
        let mut starting = Starting { queues: Arc::clone(&queues), workers: Vec::new(), ready: Vec::new() };
        for _ in 0..settings.workers.max(1) {
            let (environment, vad_path) = (environment.clone(), vad_path.clone());
            let (weights, threads) = (Arc::clone(&weights), settings.threads);
            let make = move || Ears::new(weights, Vad::open(&environment, &vad_path)?, threads);
            starting.worker("ears", make, |queues, ears| {
                while let Some((job, reply)) = queues.ears.pop() {
                    if let Some(transcript) = ears.transcribe(&job) {
                        reply(transcript);
                    }
                }
            })?;
        }
        let turn_environment = environment.clone();
        starting.worker(
            "turns",
            move || TurnJudge::open(&turn_environment, &turn_path),
            |queues, judge| {
                while let Some((audio, reply)) = queues.turns.pop() {
                    reply(judge.complete(&audio));
                }
            },
        )?;
        let voice_cache = Arc::clone(&cache);
        starting.worker(
            "voice",
            move || Voice::open(&environment, &settings, voice_cache),
            |queues, voice| {
                while let Some(job) = queues.voice.pop() {
                    if let Some(rest) = voice.speak(job, || queues.voice.is_urgent()) {
                        // Nobody waits for it: where there is no room it is made when it is needed.
                        let _ = queues.voice.push(rest, false);
                    }
                }
            },
        )?;
        let workers = Mutex::new(starting.finish()?);
        let (topics, stopping) = (OnceLock::new(), AtomicBool::new(false));
        let inner = Inner { queues, cache, meaning, topics, stopping, workers };
        Ok(Speech { inner: Arc::new(inner), tongue: Tongue::Piper, rate: VOICE_RATE })
    }

    /// The same ears and workers, speaking a language (BCP 47) from here on.
    pub fn in_language(&self, language: &str) -> Speech {
        Speech { inner: Arc::clone(&self.inner), tongue: Tongue::of(language), rate: self.rate }
    }

    /// The same ears and voice, speaking at `rate` Hz: [`VOICE_RATE`] or [`WIDE_VOICE_RATE`].
    pub fn at_rate(&self, rate: u32) -> Speech {
        Speech { rate, ..self.clone() }
    }

    /// Asks for a transcript. `reply` is called on a worker's thread; never for a job that was cancelled, nor for a
    /// speculative one that had to make room.
    ///
    /// # Errors
    /// [`Busy`] when too many wait.
    pub fn transcribe(&self, job: TranscribeJob, reply: impl FnOnce(Transcript) + Send + 'static) -> Result<(), Busy> {
        let urgent = job.kind == TranscribeKind::Final;
        self.inner.queues.ears.push((job, Box::new(reply)), urgent)
    }

    /// Makes a business's questions ready to be recognised by meaning; English ones only. Takes a second or two, on the
    /// calling thread. None without MiniLM, and when stopped meanwhile: they are matched by words then.
    pub fn learn(&self, known: &[Known]) -> Option<Arc<Questions>> {
        self.try_learn(known).unwrap_or_else(|error| {
            tracing::error!(%error, "questions are matched by words");
            None
        })
    }

    fn try_learn(&self, known: &[Known]) -> Result<Option<Arc<Questions>>, SpeechError> {
        let Some(meaning) = &self.inner.meaning else { return Ok(None) };
        if self.inner.topics.get().is_none() {
            let stop = || self.inner.stopping.load(Ordering::Relaxed);
            let Some(topics) = questions::topics(meaning, stop)? else { return Ok(None) };
            // Another thread may have been faster with the same.
            let _ = self.inner.topics.set(topics);
        }
        let Some(topics) = self.inner.topics.get() else { return Ok(None) };
        Questions::learn(Arc::clone(meaning), topics, known).map(|questions| Some(Arc::new(questions)))
    }

    /// Asks whether a turn is over, judged by its sound: smart-turn on the last 8 s of 16 kHz audio. `reply` gets the
    /// probability that it is complete (0.5 when the network failed).
    ///
    /// # Errors
    /// [`Busy`] when too many wait.
    pub fn judge_turn(&self, audio16k: Arc<[i16]>, reply: impl FnOnce(f32) + Send + 'static) -> Result<(), Busy> {
        self.inner.queues.turns.push((audio16k, Box::new(reply)), true)
    }

    /// Speaks a text, sentence by sentence. Sentences in memory are handed over at once, on the calling thread, until
    /// the first that has to be made; the rest comes from the voice's thread. [`Priority::Live`] overtakes
    /// the others.
    ///
    /// # Errors
    /// [`Busy`] when too many wait; nothing more is handed over then.
    pub fn speak(
        &self,
        text: &str,
        priority: Priority,
        on_chunk: impl FnMut(SpokenChunk) + Send + 'static,
    ) -> Result<(), Busy> {
        self.speak_until(text, priority, Arc::new(AtomicBool::new(false)), on_chunk)
    }

    /// Like [`Speech::speak`]; no sentence is begun once `cancel` is set.
    ///
    /// # Errors
    /// [`Busy`] when too many wait; nothing more is handed over then.
    pub fn speak_until(
        &self,
        text: &str,
        priority: Priority,
        cancel: Arc<AtomicBool>,
        mut on_chunk: impl FnMut(SpokenChunk) + Send + 'static,
    ) -> Result<(), Busy> {
        let tongue = self.tongue;
        let mut sentences = tongue.sentences(text);
        while let Some(sentence) = sentences.first() {
            let Some(pcm) = self.inner.cache.in_memory(&tongue.clip(sentence), self.rate) else { break };
            sentences.remove(0);
            on_chunk(SpokenChunk { pcm, last: sentences.is_empty() });
            if sentences.is_empty() {
                return Ok(());
            }
        }
        let (hurried, patient) = (priority != Priority::Ahead, priority != Priority::Live);
        let rate = self.rate;
        let job = SpeakJob { tongue, sentences, rate, hurried, patient, cancel, sink: Box::new(on_chunk) };
        self.inner.queues.voice.push(job, priority == Priority::Live)
    }

    /// Renders a whole text at `rate` Hz and waits for it.
    ///
    /// # Errors
    /// [`SpeechError::Stopped`] when the voice is overloaded or gone, [`SpeechError::Phonemes`] when it fell silent.
    pub fn render(&self, text: &str, rate: u32) -> Result<Vec<i16>, SpeechError> {
        let (sender, receiver) = mpsc::channel();
        let sink = Box::new(move |chunk: SpokenChunk| {
            // The receiver only goes away with this function.
            let _ = sender.send(chunk);
        });
        let (tongue, sentences) = (self.tongue, self.tongue.sentences(text));
        let cancel = Arc::new(AtomicBool::new(false));
        let job = SpeakJob { tongue, sentences, rate, hurried: false, patient: false, cancel, sink };
        self.inner.queues.voice.push(job, true).map_err(|Busy| SpeechError::Stopped)?;
        let mut pcm = Vec::new();
        loop {
            let chunk = receiver.recv().map_err(|_| SpeechError::Stopped)?;
            pcm.extend_from_slice(&chunk.pcm);
            if chunk.last {
                break;
            }
        }
        if pcm.is_empty() && !text.trim().is_empty() {
            return Err(SpeechError::Phonemes(format!("the voice made no sound of {text:?}")));
        }
        Ok(pcm)
    }

    /// Stops the workers and waits for them; work that waits is dropped. Other clones answer [`Busy`] from here on.
    pub fn shutdown(self) {
        self.inner.stopping.store(true, Ordering::Relaxed);
        self.inner.queues.close();
        let workers = std::mem::take(&mut *self.inner.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if worker.join().is_err() {
                tracing::error!("a speech worker had panicked");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queues.close();
    }
}

impl Queues {
    fn close(&self) {
        self.ears.close();
        self.turns.close();
        self.voice.close();
    }
}

/// MiniLM, or a word in the log that it is not there: everything else works without.
fn open_meaning(environment: &ort::environment::Environment, settings: &Settings) -> Option<Arc<Meaning>> {
    let open = || {
        let (model, pieces) = (settings.models.path_of(File::Meaning)?, settings.models.path_of(File::MeaningPieces)?);
        Meaning::open(environment, &model, &pieces)
    };
    match open() {
        Ok(meaning) => Some(Arc::new(meaning)),
        Err(error) => {
            tracing::warn!(%error, "questions are matched by words, not by meaning");
            None
        }
    }
}

/// Workers while they load; all are stopped again when one fails.
struct Starting {
    queues: Arc<Queues>,
    workers: Vec<JoinHandle<()>>,
    ready: Vec<mpsc::Receiver<Result<(), SpeechError>>>,
}

impl Starting {
    /// Starts a thread that makes its tool, tells how that went, and works until its queue closes.
    fn worker<T>(
        &mut self,
        name: &str,
        make: impl FnOnce() -> Result<T, SpeechError> + Send + 'static,
        mut work: impl FnMut(&Queues, &mut T) + Send + 'static,
    ) -> Result<(), SpeechError> {
        let (sender, receiver) = mpsc::channel();
        let queues = Arc::clone(&self.queues);
        let body = move || match make() {
            Ok(mut tool) => {
                // The receiver is gone when another worker failed: the queues are closed then.
                let _ = sender.send(Ok(()));
                work(&queues, &mut tool);
            }
            Err(error) => {
                let _ = sender.send(Err(error));
            }
        };
        let handle = thread::Builder::new().name(format!("offhook-{name}")).spawn(body);
        let handle = handle.map_err(|source| SpeechError::Io { what: format!("thread {name}"), source })?;
        self.workers.push(handle);
        self.ready.push(receiver);
        Ok(())
    }

    fn finish(self) -> Result<Vec<JoinHandle<()>>, SpeechError> {
        for ready in &self.ready {
            let outcome = ready.recv().unwrap_or(Err(SpeechError::Stopped));
            if let Err(error) = outcome {
                self.queues.close();
                return Err(error);
            }
        }
        Ok(self.workers)
    }
}

/// Transcripts that may wait. At 0.3 s each, what is further back is stale when its turn comes.
const EARS_QUEUE_MAX: usize = 32;

/// Turn judgements that may wait, some 50 ms each: later ones would come after the decision.
const TURNS_QUEUE_MAX: usize = 32;

/// Texts that may wait for the voice: all prompts of several businesses rendered ahead.
const VOICE_QUEUE_MAX: usize = 1024;
