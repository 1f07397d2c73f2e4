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
    /// Phonemes of [`END_WORD`] in this language.
    end: String,
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
        self.running = None;
        let answer = self.ask(&clause);
        if answer.is_err() {
            self.running = None;
        }
        answer
    }

    fn ask(&mut self, clause: &str) -> Result<String, SpeechError> {
        let running = match &mut self.running {
            Some(running) => running,
            none => none.insert(Running::start(&self.language)?),
        };
        running.write(&format!("{clause}\n{END_WORD}\n"))?;
        let deadline = Instant::now() + ANSWER_MAX;
        let mut answer: Vec<String> = Vec::new();
        loop {
            let line = running.read(deadline)?;
            if line == running.end {
                return Ok(answer.join(" "));
            }
            answer.push(line);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already dead is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
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
        let mut running = Running { child, stdin, lines, end: String::new() };
        running.write(&format!("{END_WORD}\n"))?;
        running.end = running.read(Instant::now() + START_MAX)?;
        Ok(running)
    }

    fn write(&mut self, text: &str) -> Result<(), SpeechError> {
        let written = self.stdin.write_all(text.as_bytes()).and_then(|()| self.stdin.flush());
        written.map_err(|e| SpeechError::Phonemes(e.to_string()))
    }

    fn read(&self, deadline: Instant) -> Result<String, SpeechError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = self.lines.recv_timeout(left).map_err(|e| SpeechError::Phonemes(e.to_string()))?;
        Ok(line.trim().to_owned())
    }
}

/// A word nobody says: its phonemes mark the end of an answer, however many lines that has.
const END_WORD: &str = "xyzzyx";

/// Starting takes some 20 ms; more on a machine that is busy.
const START_MAX: Duration = Duration::from_secs(5);

/// An answer takes about a millisecond; a process that needs longer than this hangs.
const ANSWER_MAX: Duration = Duration::from_millis(1_500);
