//! baresip, driven over its control connection: netstrings of JSON.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{DEADLINE, Phone};
use crate::server::certificate;
use crate::voices::{self, SAMPLE_RATE_HZ};

/// One baresip process.
pub struct Baresip {
    child: Child,
    control: TcpStream,
    events: Receiver<Value>,
    folder: TempDir,
    turns: u32,
    /// Where it hears media.
    pub media: RangeInclusive<u16>,
    /// Of its sound files, Hz.
    rate: u32,
}

impl Baresip {
    /// Starts one that calls `uri` as `number`.
    pub fn call(uri: &str, number: &str) -> Self {
        Self::call_with(uri, number, "audio_codecs=PCMU/8000/1", SAMPLE_RATE_HZ)
    }

    /// The same with an account of these parameters; its sound has `rate` Hz.
    pub fn call_with(uri: &str, number: &str, parameters: &str, rate: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_tcp_port();
        let media = media_ports();
        configure(folder.path(), number, port, parameters, rate, &media);
        let log = std::fs::File::create(folder.path().join("log.txt")).expect("the folder is ours");
        let child = Command::new("baresip")
            .arg("-f")
            .arg(folder.path())
            .arg("-s")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file handle"))
            .stderr(log)
            .spawn()
            .expect("this test needs the package baresip-core");
        let control = connect(port, folder.path());
        let events = listen(control.try_clone().expect("a socket handle"));
        let mut phone = Self { child, control, events, folder, turns: 0, media, rate };
        phone.command("dial", uri);
        phone
    }

    /// What it heard, as it decoded it; once it has hung up.
    pub fn heard(&self) -> Vec<i16> {
        self.recordings().first().map(|path| voices::samples(path)).unwrap_or_default()
    }

    /// The files of what it heard, oldest first: it begins another with each change of the call.
    pub fn recordings(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder is ours").filter_map(Result::ok);
        let mut heard: Vec<_> =
            files.map(|file| file.path()).filter(|path| path.to_string_lossy().ends_with("dec.wav")).collect();
        heard.sort();
        heard
    }

    /// Every SIP message it sent or got, and what else it told.
    pub fn trace(&self) -> String {
        log(self.folder.path())
    }

    /// Gives it a command of its menu.
    pub fn command(&mut self, command: &str, params: &str) {
        let text = json!({ "command": command, "params": params, "token": command }).to_string();
        write!(self.control, "{}:{text},", text.len()).expect("baresip listens");
    }

    /// Waits until it tells this; with what it says of it.
    pub fn wait_for(&self, kind: &str) -> String {
        let until = Instant::now() + DEADLINE;
        loop {
            let event = self.events.recv_timeout(until.saturating_duration_since(Instant::now()));
            let Ok(event) = event else { panic!("baresip saw no {kind}:\n{}", log(self.folder.path())) };
            if event["type"] == kind {
                return event["param"].as_str().unwrap_or_default().to_owned();
            }
        }
    }
}

impl Phone for Baresip {
    fn play(&mut self, speech: &Path) {
        // It hangs up at the end of the file: silence keeps it on the line.
        let mut samples = voices::samples(speech);
        samples.resize(samples.len() + SILENCE_SECONDS * self.rate as usize, 0);
        self.turns += 1;
        let file = self.folder.path().join(format!("turn-{}.wav", self.turns));
        write(&file, &samples, self.rate);
        self.command("ausrc", &format!("aufile,{}", file.display()));
    }

    fn keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.command("sndcode", &key.to_string());
        }
    }

    fn hang_up(&mut self) {
        self.command("hangup", "");
    }

    fn wait_for_end(&mut self) {
        self.wait_for("CALL_CLOSED");
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn media_ports() -> RangeInclusive<u16> {
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let first = free.min(u16::MAX - RTP_PORTS) & !1;
    first..=first + RTP_PORTS
}

fn configure(folder: &Path, number: &str, control: u16, parameters: &str, rate: u32, media: &RangeInclusive<u16>) {
    let silence = folder.join("silence.wav");
    write(&silence, &vec![0; SILENCE_SECONDS * rate as usize], rate);
    let config = include_str!("baresip.conf")
        .replace("{certificate}", &own_certificate(folder))
        .replace("{silence}", &silence.display().to_string())
        .replace("{rtp}", &format!("{}-{}", media.start(), media.end()))
        .replace("{folder}", &folder.display().to_string())
        .replace("{control}", &control.to_string());
    let account = format!("<sip:{number}@127.0.0.1>;regint=0;answermode=manual;{parameters}\n");
    for (name, text) in [("config", config.as_str()), ("accounts", &account), ("contacts", "")] {
        std::fs::write(folder.join(name), text).expect("the folder is ours");
    }
}

/// It plays only what is shaped as the codec wants it: Opus has two channels there.
fn write(file: &Path, samples: &[i16], rate: u32) {
    if rate == OPUS_RATE_HZ {
        voices::write_as(file, &samples.iter().flat_map(|&sample| [sample, sample]).collect::<Vec<_>>(), rate, 2);
    } else {
        voices::write_at(file, samples, rate);
    }
}

/// Without one of its own it speaks no TLS.
fn own_certificate(folder: &Path) -> String {
    certificate(folder, "phone");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("openssl wrote it");
    let both = folder.join("phone.pem");
    std::fs::write(&both, read("chain.pem") + &read("key.pem")).expect("the folder is ours");
    both.display().to_string()
}

fn free_tcp_port() -> u16 {
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
    probe.local_addr().expect("a bound socket").port()
}

fn connect(port: u16, folder: &Path) -> TcpStream {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Ok(control) = TcpStream::connect(("127.0.0.1", port)) {
            return control;
        }
        assert!(Instant::now() < until, "baresip did not start:\n{}", log(folder));
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}

/// Its events, as they come.
fn listen(control: TcpStream) -> Receiver<Value> {
    let (post, events) = channel();
    std::thread::spawn(move || {
        let mut control = BufReader::new(control);
        while let Some(event) = netstring(&mut control) {
            let _ = post.send(event);
        }
    });
    events
}

fn netstring(from: &mut impl BufRead) -> Option<Value> {
    let mut length = Vec::new();
    from.read_until(b':', &mut length).ok()?;
    let length: usize = std::str::from_utf8(length.strip_suffix(b":")?).ok()?.parse().ok()?;
    let mut text = vec![0; length + 1];
    from.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text[..length]).ok()
}

fn log(folder: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(folder.join("log.txt")).unwrap_or_default()).into_owned()
}

const OPUS_RATE_HZ: u32 = 48_000;
/// Two minutes: longer than any turn is waited for.
const SILENCE_SECONDS: usize = 120;
/// One call takes two; a few more in case one is taken.
const RTP_PORTS: u16 = 20;
