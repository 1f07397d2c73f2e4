//! What the tests here share: one started [`Speech`], clips, and a word error count.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, mpsc};

use offhook::models::Dir;
use offhook::speech::{Settings, Speech, TranscribeJob, TranscribeKind, Transcript};

/// The models: `OFFHOOK_MODELS`, else `models/` of this repository.
pub fn models() -> Dir {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    Dir::new(std::env::var_os("OFFHOOK_MODELS").map_or(here, PathBuf::from))
}

/// Settings for tests; rendered speech goes into a folder of its own.
pub fn settings(cache: &Path) -> Settings {
    Settings { models: models(), cache_dir: cache.to_owned(), ..Settings::default() }
}

/// One set of workers for all tests.
pub fn speech() -> &'static Speech {
    static SPEECH: LazyLock<Speech> = LazyLock::new(|| {
        let cache = std::env::temp_dir().join(format!("offhook-speech-{}", std::process::id()));
        Speech::start(settings(&cache))
            .unwrap_or_else(|e| panic!("these tests need the models (`offhook models fetch`): {e}"))
    });
    &SPEECH
}

/// Transcribes 16 kHz audio and waits.
pub fn hear(audio: Vec<i16>) -> Transcript {
    let (sender, receiver) = mpsc::channel();
    let job = TranscribeJob {
        audio16k: audio.into(),
        language: Some("en-US".to_owned()),
        kind: TranscribeKind::Final,
        hint: None,
        questions: None,
        cancel: Arc::new(AtomicBool::new(false)),
    };
    speech().transcribe(job, move |t| sender.send(t).expect("the test waits")).expect("the queue has room");
    receiver.recv().expect("a final job is answered")
}

/// A human prompt with its words.
pub struct Prompt {
    pub file: PathBuf,
    pub seconds: f32,
    pub transcript: String,
}

/// Rows of `prompts.tsv`.
pub fn prompts() -> Vec<Prompt> {
    let rows = include_str!("prompts.tsv").lines().filter(|l| !l.starts_with('#')).skip(1);
    rows.map(|row| {
        let fields: Vec<&str> = row.split('\t').collect();
        let seconds = fields[2].parse().expect("seconds are a number");
        Prompt { file: fields[1].into(), seconds, transcript: fields[3].to_owned() }
    })
    .collect()
}

/// A prompt's audio at 16 kHz.
pub fn audio(file: &Path) -> Vec<i16> {
    offhook::speech::files::decode(file, 16_000).unwrap_or_else(|e| {
        panic!("this test needs the package asterisk-core-sounds-en-wav or asterisk-moh-opsound-wav: {e}")
    })
}

/// Words in lower case without punctuation, small numbers as words.
pub fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace('-', " ");
    let bare = lower.split_whitespace().map(|w| w.chars().filter(|c| c.is_alphanumeric()).collect::<String>());
    bare.filter(|w| !w.is_empty())
        .map(|w| NUMBERS.iter().find(|(d, _)| *d == w).map_or(w, |(_, n)| (*n).to_owned()))
        .collect()
}

/// Words to insert, delete or replace to come from `said` to `heard`.
pub fn word_errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in heard.iter().enumerate() {
            let change = diagonal + usize::from(word != other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[heard.len()]
}

const NUMBERS: [(&str, &str); 13] = [
    ("0", "zero"),
    ("1", "one"),
    ("2", "two"),
    ("3", "three"),
    ("4", "four"),
    ("5", "five"),
    ("6", "six"),
    ("7", "seven"),
    ("8", "eight"),
    ("9", "nine"),
    ("10", "ten"),
    ("11", "eleven"),
    ("12", "twelve"),
];
