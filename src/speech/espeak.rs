//! A voice of espeak-ng, run once a sentence as a separate process: text in, a WAV file out.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::error::SpeechError;

/// The sentence as samples, and their rate in Hz.
pub(super) fn speak(voice: &str, sentence: &str) -> Result<(Vec<f32>, u32), SpeechError> {
    let failed = |what: String| SpeechError::Phonemes(what);
    let mut child = Command::new("espeak-ng")
        .args(["-v", voice, "-s", WORDS_PER_MINUTE, "--stdin", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| failed(e.to_string()))?;
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("espeak-ng has no pipes".into()));
    };
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut wav = Vec::new();
        // The receiver is gone when the answer came too late.
        let _ = sender.send(stdout.read_to_end(&mut wav).map(|_| wav));
    });
    let written = stdin.write_all(sentence.as_bytes());
    drop(stdin);
    let wav = receiver.recv_timeout(ANSWER_MAX);
    // Already gone is as good.
    let _ = child.kill();
    let _ = child.wait();
    let _ = reader.join();
    written.map_err(|e| failed(e.to_string()))?;
    let wav = wav.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))?;
    samples(&wav).ok_or_else(|| failed(format!("espeak-ng made no sound of {sentence:?}")))
}

/// What stands behind the fixed header espeak-ng writes: 16 bit mono.
fn samples(wav: &[u8]) -> Option<(Vec<f32>, u32)> {
    let rate = u32::from_le_bytes(wav.get(24..28)?.try_into().ok()?);
    let sound = wav.get(HEADER_BYTES..).filter(|sound| !sound.is_empty() && rate > 0)?;
    let sample = |pair: &[u8]| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0;
    Some((sound.chunks_exact(2).map(sample).collect(), rate))
}

/// A little slower than its own 175: on a telephone every word counts.
const WORDS_PER_MINUTE: &str = "150";

/// A sentence takes some 30 ms; a process that needs longer than this hangs.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// RIFF, fmt and data.
const HEADER_BYTES: usize = 44;
