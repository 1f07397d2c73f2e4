//! Sound files: decoded to what the ears take, and transcribed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};

use serde::Serialize;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::service::Speech;
use super::transcript::{TranscribeJob, TranscribeKind};
use crate::audio::resample;

/// What is said in a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileTranscript {
    /// The file as named.
    pub file: PathBuf,
    /// The words; empty when there are none.
    pub text: String,
    /// Language transcribed in.
    pub language: String,
    /// Length of the audio, seconds.
    pub seconds: f32,
    /// CPU time it took, milliseconds.
    pub cpu_ms: u32,
    /// Mean probability of the tokens, 0..=1.
    pub confidence: f32,
}

/// A piece of a file in which something was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// Where it begins, milliseconds.
    pub start_ms: u64,
    /// Where it ends.
    pub end_ms: u64,
    /// The words.
    pub text: String,
}

/// A file that could not be transcribed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Not there, or not for us.
    #[error("{file}: {source}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// No sound in a format we know.
    #[error("{file}: {reason} (known are WAV, FLAC, MP3, Ogg Vorbis, AAC, ALAC)")]
    Format {
        /// The file.
        file: PathBuf,
        /// The decoder's words.
        reason: String,
    },
    /// Longer than anything a call leaves behind.
    #[error("{file}: longer than {} hours", FILE_SECONDS_MAX / 3600)]
    TooLong {
        /// The file.
        file: PathBuf,
    },
    /// The ears stopped or are overloaded.
    #[error("{file}: speech recognition is not available")]
    NoEars {
        /// The file.
        file: PathBuf,
    },
}

/// Transcribes files one after the other; an unreadable one does not stop the rest.
pub fn transcribe_files(
    speech: &Speech,
    files: &[PathBuf],
    language: Option<&str>,
    mut on_result: impl FnMut(Result<FileTranscript, FileError>),
) {
    for file in files {
        on_result(decode(file, EARS_RATE).and_then(|audio| transcribe(speech, file, audio, language)));
    }
}

/// Hears a whole file piece by piece, cut where it is quietest; pieces without words are left out.
///
/// # Errors
/// See [`FileError`].
pub fn listen(speech: &Speech, file: &Path, language: &str) -> Result<Vec<Spoken>, FileError> {
    let audio = decode(file, EARS_RATE)?;
    let ms = |samples: usize| samples as u64 * 1000 / u64::from(EARS_RATE);
    let (mut from, mut heard) = (0, Vec::new());
    while from < audio.len() {
        let to = from + cut(&audio[from..]);
        let found = transcribe(speech, file, audio[from..to].to_vec(), Some(language))?;
        if !found.text.trim().is_empty() {
            heard.push(Spoken { start_ms: ms(from), end_ms: ms(to), text: found.text });
        }
        from = to;
    }
    Ok(heard)
}

/// Where to cut: the end, or the quietest moment of the last seconds of what the ears take at once.
fn cut(audio: &[i16]) -> usize {
    if audio.len() <= PIECE_MAX {
        return audio.len();
    }
    let loudness =
        |at: &usize| audio[*at..*at + FRAME].iter().map(|sample| i64::from(sample.unsigned_abs())).sum::<i64>();
    let quietest = (PIECE_MIN..PIECE_MAX - FRAME).step_by(FRAME).min_by_key(loudness);
    quietest.unwrap_or(PIECE_MAX) + FRAME / 2
}

/// Any sound file as mono at `rate` Hz: channels are averaged.
///
/// # Errors
/// See [`FileError`].
pub fn decode(file: &Path, rate: u32) -> Result<Vec<i16>, FileError> {
    let source = fs::File::open(file).map_err(|source| FileError::Unreadable { file: file.to_owned(), source })?;
    let bad = |reason: String| FileError::Format { file: file.to_owned(), reason };
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let mut hint = Hint::new();
    if let Some(extension) = file.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|e| bad(e.to_string()))?;
    let track = format.default_track(TrackType::Audio).ok_or_else(|| bad("there is no sound in it".to_owned()))?;
    let id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|p| p.audio());
    let parameters = parameters.ok_or_else(|| bad("its sound is not described".to_owned()))?.clone();
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
        .map_err(|e| bad(e.to_string()))?;
    let mut mono: Vec<i16> = Vec::new();
    let mut own_rate = parameters.sample_rate.unwrap_or(0);
    let mut interleaved: Vec<i16> = Vec::new();
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // A file cut short is transcribed as far as it goes.
            Err(_) if !mono.is_empty() => break,
            Err(error) => return Err(bad(error.to_string())),
        };
        if packet.track_id != id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(decoded) => {
                own_rate = decoded.spec().rate();
                decoded.copy_to_vec_interleaved(&mut interleaved);
                let channels = decoded.spec().channels().count().max(1);
                mono.extend(interleaved.chunks_exact(channels).map(mean));
            }
            Err(Error::DecodeError(_) | Error::IoError(_)) => {}
            Err(error) => return Err(bad(error.to_string())),
        }
        if mono.len() as u64 > FILE_SECONDS_MAX * u64::from(own_rate.max(1)) {
            return Err(FileError::TooLong { file: file.to_owned() });
        }
    }
    if mono.is_empty() || own_rate == 0 {
        return Err(bad("there is no sound in it".to_owned()));
    }
    Ok(resample(&mono, own_rate, rate))
}

fn mean(channels: &[i16]) -> i16 {
    let sum: i32 = channels.iter().map(|&s| i32::from(s)).sum();
    // The mean of 16-bit values is one.
    (sum / channels.len().max(1) as i32) as i16
}

fn transcribe(
    speech: &Speech,
    file: &Path,
    audio: Vec<i16>,
    language: Option<&str>,
) -> Result<FileTranscript, FileError> {
    let none = || FileError::NoEars { file: file.to_owned() };
    let (sender, receiver) = mpsc::channel();
    let job = TranscribeJob {
        audio16k: audio.into(),
        language: language.map(str::to_owned),
        kind: TranscribeKind::Final,
        questions: None,
        hint: None,
        cancel: Arc::new(AtomicBool::new(false)),
    };
    speech
        .transcribe(job, move |transcript| {
            // The receiver only goes away with this function.
            let _ = sender.send(transcript);
        })
        .map_err(|_| none())?;
    let transcript = receiver.recv().map_err(|_| none())?;
    Ok(FileTranscript {
        file: file.to_owned(),
        text: transcript.text,
        language: transcript.language,
        seconds: transcript.audio_seconds,
        cpu_ms: transcript.cpu_ms,
        confidence: transcript.confidence,
    })
}

/// Hz the ears take.
const EARS_RATE: u32 = 16_000;
/// Most samples heard at once: Whisper's window is 30 s.
const PIECE_MAX: usize = 28 * EARS_RATE as usize;
/// Fewest, where there is more to come.
const PIECE_MIN: usize = 18 * EARS_RATE as usize;
/// Loudness is looked at in steps of 30 ms.
const FRAME: usize = EARS_RATE as usize * 3 / 100;

/// Longest file, seconds: it is held in memory.
const FILE_SECONDS_MAX: u64 = 4 * 3600;
