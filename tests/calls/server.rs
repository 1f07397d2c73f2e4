//! A real `offhook serve` for one test: its own folder, ports, database and clock.

use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The two businesses every behaviour is shown on.
#[derive(Debug, Clone, Copy)]
pub enum Business {
    Dental,
    Garage,
    /// The dentist, in English and Spanish.
    Bilingual,
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub sip: SocketAddr,
    /// What it printed when it was ready.
    ready: String,
    pub http: String,
    pub folder: TempDir,
}

/// API token of every test server.
pub const TOKEN: &str = "test-token-of-twenty-four-chars";
/// Who calls this number hears himself.
pub const ECHO: &str = "9196";
/// Monday, a working day in both businesses, before either opens.
pub const NOW: &str = "2026-11-23T07:00:00Z";
/// What a server does at once, on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);
/// Loading models on a busy two-core machine.
const START_DEADLINE: Duration = Duration::from_secs(120);

impl Server {
    /// Starts one; panics with its output when it does not get ready.
    pub fn start(business: Business) -> Self {
        Self::start_with(business, "")
    }

    /// The same with more configuration: keys of `[media]`, then whole sections.
    pub fn start_with(business: Business, extra: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start_in(folder, business, extra)
    }

    /// Starts on an existing folder: what a restart finds.
    pub fn start_in(folder: TempDir, business: Business, extra: &str) -> Self {
        let child = command(folder.path(), business, extra).spawn().expect("the binary under test starts");
        Self::once_ready(child, folder)
    }

    /// Starts one that listens, TLS too, on this address of this machine.
    pub fn start_at(ip: IpAddr, folder: TempDir, business: Business, extra: &str) -> Self {
        let child = command_at(ip, folder.path(), business, extra).spawn().expect("the binary under test starts");
        Self::once_ready(child, folder)
    }

    /// Waits for a process of [`command`].
    pub fn once_ready(mut child: Child, folder: TempDir) -> Self {
        let ready = wait_for_ready(&mut child, folder.path());
        let sip = told(&ready, "sip=udp:").and_then(|at| at.parse().ok()).expect("ready names a SIP address");
        let http = told(&ready, "http=").expect("ready names an HTTP address");
        Self { child, sip, ready, http, folder }
    }

    /// One that is not waited for: nobody knows its addresses.
    pub fn early(child: Child, folder: TempDir) -> Self {
        Self { child, sip: SocketAddr::from(([127, 0, 0, 1], 0)), ready: String::new(), http: String::new(), folder }
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, then the folder for the next start.
    pub fn kill(mut self) -> TempDir {
        let _ = self.child.kill();
        let _ = self.child.wait();
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a temporary folder"))
    }

    /// Waits until it dies by itself, or kills it; whether it did, and the folder for the next start.
    pub fn dies(mut self, deadline: Duration) -> (bool, TempDir) {
        let until = Instant::now() + deadline;
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        let died = matches!(self.child.try_wait(), Ok(Some(_)));
        (died, self.kill())
    }

    /// A `sip:` URI of this server.
    pub fn uri(&self, user: &str) -> String {
        format!("sip:{user}@{}", self.sip)
    }

    /// The same over "tcp" or "tls", which it has to listen on.
    pub fn uri_over(&self, transport: &str, user: &str) -> String {
        format!("sip:{user}@{};transport={transport}", self.listens(transport))
    }

    /// Where it listens on "tcp" or "tls".
    pub fn listens(&self, transport: &str) -> String {
        told(&self.ready, &format!("sip={transport}:")).expect("it listens there")
    }

    /// GET with the token.
    pub fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.http);
        let answer = block_on(async {
            let response = reqwest::Client::new().get(&url).bearer_auth(TOKEN).send().await.ok()?;
            response.json::<Value>().await.ok()
        });
        answer.unwrap_or(Value::Null)
    }

    /// GET with the token, as it came; empty when nobody answers.
    pub fn text(&self, path: &str) -> String {
        let url = format!("{}{path}", self.http);
        let answer = block_on(async {
            let response = reqwest::Client::new().get(&url).bearer_auth(TOKEN).send().await.ok()?;
            response.text().await.ok()
        });
        answer.unwrap_or_default()
    }

    /// The range of media ports it was given.
    pub fn rtp_ports(&self) -> std::ops::RangeInclusive<u16> {
        let config = std::fs::read_to_string(self.folder.path().join("offhook.toml")).expect("written at the start");
        let line = config.lines().find_map(|line| line.strip_prefix("rtp_ports = ")).expect("the range is configured");
        let (first, last) = line.trim_matches('"').split_once('-').expect("a range");
        first.parse().expect("a port")..=last.parse().expect("a port")
    }

    /// Asks until the answer satisfies, or panics with the last one and the log.
    pub fn wait(&self, path: &str, what: &str, deadline: Duration, fits: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + deadline;
        loop {
            let answer = self.get(path);
            if fits(&answer) {
                return answer;
            }
            assert!(Instant::now() < until, "{what}: {path} is {answer:#}\n{}", self.log());
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// The one call there is, once it is over.
    pub fn ended_call(&self) -> Value {
        let calls = self.wait("/api/v1/calls", "the call ends", Duration::from_secs(30), |calls| {
            rows(calls).first().is_some_and(|call| call["state"] == "ended")
        });
        rows(&calls)[0].clone()
    }

    /// Waits until what ended calls left is delivered; these rows, without those of calls that run.
    pub fn drained(&self) -> Vec<Value> {
        let of_ended = |jobs: &Value| {
            let jobs = rows(jobs).into_iter();
            jobs.filter(|job| !job["key"].as_str().is_some_and(|key| key.contains('@'))).collect::<Vec<_>>()
        };
        let jobs = self.wait("/api/v1/outbox", "the outbox drains", Duration::from_secs(30), |jobs| {
            !of_ended(jobs).is_empty() && rows(jobs).iter().all(|job| job["state"] == "done")
        });
        of_ended(&jobs)
    }

    /// What the server logged.
    pub fn log(&self) -> String {
        let mut text = String::new();
        if let Ok(mut file) = std::fs::File::open(self.folder.path().join("log.txt")) {
            let _ = file.read_to_string(&mut text);
        }
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `offhook serve` on a folder, configured and yet to be started.
pub fn command(folder: &Path, business: Business, extra: &str) -> Command {
    command_at(Ipv4Addr::LOCALHOST.into(), folder, business, extra)
}

/// The same on an address of this machine.
fn command_at(ip: IpAddr, folder: &Path, business: Business, extra: &str) -> Command {
    let text = match business {
        Business::Dental => include_str!("dental.toml"),
        Business::Garage => include_str!("garage.toml"),
        Business::Bilingual => include_str!("bilingual.toml"),
    };
    let at = SocketAddr::new(ip, 0);
    let (streams, allow) = match extra.contains("[sip.tls]") {
        // The rest of this host's addresses are strangers there.
        true => (format!(", \"tcp:{at}\", \"tls:{at}\""), format!("allow = [\"{ip}\"]\n")),
        false => <_>::default(),
    };
    let config = format!(
        "{text}\n[sip]\nlisten = [\"udp:{at}\"{streams}]\n{allow}drain_seconds = 5\necho = \"{ECHO}\"\n[http]\nlisten = \
         \"127.0.0.1:0\"\napi_token = \"{TOKEN}\"\n[store]\nurl = \"sqlite:{}\"\n[testing]\nnow = \"{NOW}\"\n[media]\nrtp_ports = \"{}\"\n{extra}",
        folder.join("offhook.db").display(),
        rtp_ports(),
    );
    std::fs::write(folder.join("offhook.toml"), config).expect("the folder is ours");
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command.args(["serve", "--config"]).arg(folder.join("offhook.toml"));
    command.env("OFFHOOK_MODELS", models()).stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(std::fs::File::create(folder.join("log.txt")).expect("the folder is ours"));
    command
}

/// A certificate of 127.0.0.1 that nobody vouches for, in a folder: its configuration.
pub fn certificate(folder: &Path, name: &str) -> String {
    let (certificate, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"])
        .args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("this test needs openssl").success(), "openssl made no certificate");
    let (certificate, key) = (certificate.display(), key.display());
    format!("[sip.tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\nroots = \"{certificate}\"\n")
}

/// The rows of a list answer, whether bare or wrapped in an object.
pub fn rows(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(rows) => rows.clone(),
        Value::Object(map) => map.values().find_map(|value| value.as_array().cloned()).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Runs a future on a small runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// The folder with the models; `make test` fetches them.
pub fn models() -> PathBuf {
    std::env::var_os("OFFHOOK_MODELS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("models"), PathBuf::from)
}

/// What the line of readiness tells under a key.
fn told(ready: &str, key: &str) -> Option<String> {
    ready.split_whitespace().find_map(|word| word.strip_prefix(key)).map(str::to_owned)
}

fn wait_for_ready(child: &mut Child, folder: &Path) -> String {
    let stdout = child.stdout.take().expect("stdout is piped");
    let (post, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = post.send(line);
        }
    });
    let until = Instant::now() + START_DEADLINE;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else {
            let log = std::fs::read_to_string(folder.join("log.txt")).unwrap_or_default();
            panic!("the server did not get ready:\n{log}");
        };
        if line.starts_with("ready ") {
            return line;
        }
    }
}

/// A range of its own for every server of every test process.
fn rtp_ports() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let slot = (std::process::id().wrapping_mul(7) + NEXT.fetch_add(1, Ordering::Relaxed)) % 100;
    let first = 20_000 + slot * 100;
    format!("{first}-{}", first + 99)
}
