//! Phonemes from espeak-ng, kept running as a separate process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::error::SpeechError;

/// The phonemizer: one line in, its clauses' phonemes out.
pub(super) struct Phonemizer {
    language: String,
    running: Option<Running>,
}

struct Running {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Phonemizer {
    /// Starts espeak-ng for a voice of its ("en-us") and checks that it answers.
    pub fn start(language: &str) -> Result<Phonemizer, SpeechError> {
        let mut phonemizer = Phonemizer { language: language.to_owned(), running: None };
        phonemizer.phonemes("ready")?;
        Ok(phonemizer)
    }

    /// IPA of a clause that holds no clause punctuation. A process that died or hangs is replaced, once.
    pub fn phonemes(&mut self, clause: &str) -> Result<String, SpeechError> {
        let clause: String = clause.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if let Ok(answer) = self.ask(&clause) {
            return Ok(answer);
        }
        self.stop();
        self.ask(&clause).inspect_err(|_| self.stop())
    }

    /// The process's id, while one runs.
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().map(|r| r.child.id())
    }

    fn ask(&mut self, clause: &str) -> Result<String, SpeechError> {
        if self.running.is_none() {
            self.running = Some(Running::start(&self.language)?);
        }
        let Some(running) = self.running.as_mut() else { return Err(SpeechError::Stopped) };
        let gone = |e: std::io::Error| SpeechError::Phonemes(e.to_string());
        running.stdin.write_all(format!("{clause}\n{END_WORD}\n").as_bytes()).map_err(gone)?;
        running.stdin.flush().map_err(gone)?;
        let deadline = Instant::now() + ANSWER_MAX;
        let mut answer = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = running.lines.recv_timeout(left).map_err(|e| SpeechError::Phonemes(e.to_string()))?;
            if line.trim() == END_PHONEMES {
                return Ok(answer);
            }
            if !answer.is_empty() {
                answer.push(' ');
            }
            answer.push_str(line.trim());
        }
    }

    fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // Already dead is as good.
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

impl Drop for Phonemizer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Running {
    fn start(language: &str) -> Result<Running, SpeechError> {
        // Into a pipe espeak-ng would write only full blocks; stdbuf makes it write each line.
        let mut child = Command::new("stdbuf")
            .args(["-oL", "espeak-ng", "-q", "--ipa", "-v", language])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| SpeechError::Phonemes(e.to_string()))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(SpeechError::Phonemes("it has no pipes".to_owned()));
        };
        let (sender, lines) = mpsc::channel();
        let reader = move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        };
        let spawned = thread::Builder::new().name("offhook-phonemes".to_owned()).spawn(reader);
        spawned.map_err(|source| SpeechError::Io { what: "thread phonemes".to_owned(), source })?;
        Ok(Running { child, stdin, lines })
    }
}

/// A word nobody says: its phonemes mark the end of an answer, however many lines that has.
const END_WORD: &str = "xyzzyx";

/// What espeak-ng makes of it in English.
const END_PHONEMES: &str = "zˈaɪzɪks";

/// An answer takes about a millisecond; a process that needs longer than this hangs.
const ANSWER_MAX: Duration = Duration::from_millis(1_500);
