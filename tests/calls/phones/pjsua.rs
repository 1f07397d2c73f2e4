//! pjsua2, driven by lines on the stdin of `pjsua.py`, which prints what happens.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use super::{DEADLINE, Phone};

/// What it offers.
#[derive(Debug, Clone, Copy)]
pub enum Codec {
    Pcmu,
    Pcma,
    G722,
}

/// One pjsua2 process.
pub struct Pjsua {
    child: Child,
    controls: ChildStdin,
    events: Receiver<String>,
}

impl Pjsua {
    /// Starts one that calls `uri` as `number`.
    pub fn call(uri: &str, number: &str, codec: Codec) -> Self {
        let phone = Self::start(uri, number, codec, None);
        phone.wait_for("answered");
        phone
    }

    /// The same, and all it hears is written to a WAV file.
    pub fn call_recorded(uri: &str, number: &str, codec: Codec, heard: &Path) -> Self {
        let phone = Self::start(uri, number, codec, Some(heard));
        phone.wait_for("answered");
        phone
    }

    /// Starts one that waits to be called, and its SIP address.
    pub fn waiting(name: &str, codec: Codec, heard: &Path) -> (Self, String) {
        let phone = Self::start("wait", name, codec, Some(heard));
        let at = phone.wait_for("waiting");
        (phone, at)
    }

    /// The same, and the call is protected or fails.
    pub fn call_protected(uri: &str, number: &str, codec: Codec, heard: &Path) -> Self {
        let phone = Self::start_with(uri, number, codec, &[heard, Path::new("srtp")]);
        phone.wait_for("answered");
        phone
    }

    fn start(uri: &str, number: &str, codec: Codec, heard: Option<&Path>) -> Self {
        Self::start_with(uri, number, codec, heard.as_slice())
    }

    fn start_with(uri: &str, number: &str, codec: Codec, more: &[&Path]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/phones/pjsua.py");
        let mut child = Command::new("python3")
            .args([script, uri, number, &format!("{codec:?}").to_uppercase()])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs python3 with pjsua2 (make test installs it)");
        let controls = child.stdin.take().expect("stdin is piped");
        let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let (post, events) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = post.send(line);
            }
        });
        Self { child, controls, events }
    }

    /// Tells it to do something: `answer 200`, `hold`, `resume`.
    pub fn command(&mut self, line: &str) {
        writeln!(self.controls, "{line}").expect("pjsua.py listens");
    }

    /// Leaves: what it heard is on the disk then.
    pub fn leave(mut self) {
        // One whose call is over may have left by itself.
        let _ = writeln!(self.controls, "leave");
        let _ = self.child.wait();
    }

    /// Waits until it tells this; what it says of it.
    pub fn wait_for(&self, kind: &str) -> String {
        let until = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        while let Ok(line) = self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if line.split(' ').next() == Some(kind) {
                return line[kind.len()..].trim().to_owned();
            }
            seen.push(line);
        }
        panic!("pjsua2 saw no {kind}, but {seen:?}");
    }
}

impl Phone for Pjsua {
    fn play(&mut self, speech: &Path) {
        self.command(&format!("play {}", speech.display()));
    }

    fn keys(&mut self, keys: &str) {
        self.command(&format!("keys {keys}"));
    }

    fn hang_up(&mut self) {
        self.command("hangup");
    }

    fn wait_for_end(&mut self) {
        self.wait_for("ended");
    }
}

impl Drop for Pjsua {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
