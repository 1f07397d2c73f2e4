//! Linphone's cells: linphonec, driven by lines on its stdin.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cell::{Cell, Codec, Protection};
use crate::conversation::{Caller, Heard};
use crate::house::free_port;
use crate::likeness::sound;
use crate::voices;

/// One in its call.
pub fn dial(cell: &Cell, uri: &str, number: &str) -> impl Caller + use<> {
    let mut phone = Linphone::start(cell, number);
    let heard = phone.folder.path().join("heard.wav");
    phone.tell("soundcard use files");
    voices::write(&phone.silence, &vec![0; SILENCE]);
    phone.tell(&format!("play {}", phone.silence.display()));
    phone.tell(&format!("record {}", heard.display()));
    phone.tell("ipv6 disable");
    for codec in 0..CODECS {
        phone.tell(&format!("codec disable {codec}"));
    }
    let codec = match cell.codec {
        Codec::Opus => 0,
        Codec::Pcmu => 3,
        Codec::Pcma => 4,
        Codec::G722 => 6,
    };
    phone.tell(&format!("codec enable {codec}"));
    phone.tell(&format!("call {uri}"));
    phone.wait_for("Media streams established");
    phone
}

struct Linphone {
    child: Child,
    controls: ChildStdin,
    lines: Receiver<String>,
    seen: Vec<String>,
    silence: PathBuf,
    folder: TempDir,
}

impl Linphone {
    fn start(cell: &Cell, number: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        configure(folder.path(), cell, number);
        let mut child = Command::new("linphonec")
            .arg("-c")
            .arg(folder.path().join(".linphonerc"))
            .env("HOME", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs the package linphone-cli");
        let controls = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (post, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = post.send(line);
            }
        });
        Self { child, controls, lines, seen: Vec::new(), silence: folder.path().join("silence.wav"), folder }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.controls, "{line}").expect("linphonec listens");
    }

    /// Waits for a line with these words; the line.
    fn wait_for(&mut self, words: &str) -> String {
        let until = Instant::now() + DEADLINE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if line.contains(words) {
                return line;
            }
            self.seen.push(line);
        }
        let told: Vec<_> = self.seen.iter().filter(|line| !line.contains("codec") && !line.contains(": ")).collect();
        panic!("linphonec said no {words:?}, but {told:?}");
    }
}

impl Caller for Linphone {
    fn says(&mut self, speech: &Path) {
        self.tell(&format!("play {}", speech.display()));
    }

    fn presses(&mut self, keys: &str) -> String {
        self.tell(keys);
        let heard = |line: String| line.split("tone ").nth(1).and_then(|rest| rest.chars().next());
        keys.chars().filter_map(|_| heard(self.wait_for("Receiving tone"))).collect()
    }

    fn holds(&mut self) {
        self.tell("pause");
        self.wait_for("is now paused");
    }

    fn resumes(&mut self) {
        // It would begin with the file it played last, and play the next one over it.
        self.tell(&format!("play {}", self.silence.display()));
        self.tell("resume 1");
        self.wait_for("Media streams established");
    }

    fn leaves(mut self) -> Heard {
        self.tell("terminate");
        self.wait_for("ended");
        self.tell("quit");
        self.wait_for("Terminating");
        let _ = self.child.wait();
        Heard { sound: sound(&self.folder.path().join("heard.wav")), ..Heard::default() }
    }
}

impl Drop for Linphone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(folder: &Path, cell: &Cell, number: &str) {
    let protection = match cell.protection {
        Protection::None => "none",
        Protection::Sdes => "srtp",
        Protection::Dtls => "dtls",
    };
    let required = i32::from(cell.protection != Protection::None);
    let config = include_str!("linphone.conf")
        .replace("{sip}", &free_port().to_string())
        .replace("{tls}", &free_port().to_string())
        .replace("{rtp}", &(free_port() & !1).to_string())
        .replace("{number}", number)
        .replace("{protection}", protection)
        .replace("{required}", &required.to_string());
    // It reads the first, and writes its state beside the second.
    for file in [".linphonerc", ".config/linphone/linphonerc", ".local/share/linphone/none"] {
        let file = folder.join(file);
        std::fs::create_dir_all(file.parent().expect("it has a folder")).expect("the folder is ours");
        std::fs::write(file, &config).expect("the folder is ours");
    }
}

/// A minute, at 8 kHz: without a file it sends nothing, not even keys.
const SILENCE: usize = 8_000 * 60;
/// How many it knows, by their numbers.
const CODECS: u32 = 19;
const DEADLINE: Duration = Duration::from_secs(30);
