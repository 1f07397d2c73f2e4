//! The models directory.

use std::env;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{FetchError, Missing};
use super::fetch;
use super::manifest::{File, Manifest, ModelKind};
use super::progress::Progress;

/// Where model files lie. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dir {
    path: PathBuf,
}

/// One file's state.
#[derive(Debug, Clone)]
pub struct Status {
    /// Which.
    pub file: File,
    /// Fetched together with its kind.
    pub kind: ModelKind,
    /// Where it is or belongs.
    pub path: PathBuf,
    /// Size, bytes.
    pub bytes: u64,
    /// SPDX expression.
    pub licence: String,
    /// "name version" of the package it comes out of.
    pub package: String,
    /// Is it there.
    pub state: State,
}

/// Whether a file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There, of the right size ([`Dir::list`]) or of the right SHA-256 ([`Dir::verify`]).
    Present,
    /// Not there.
    Missing,
    /// There, but not what was pinned.
    Damaged,
}

impl Default for Dir {
    /// `OFFHOOK_MODELS`, else `models` in the working directory.
    fn default() -> Dir {
        Dir::new(env::var_os("OFFHOOK_MODELS").map_or_else(|| PathBuf::from("models"), PathBuf::from))
    }
}

impl Dir {
    /// The directory at `path`; nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Dir {
        Dir { path: path.into() }
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file that is there and of the right size.
    ///
    /// # Errors
    /// [`Missing`] says where it was looked for and how to get it.
    pub fn path_of(&self, file: File) -> Result<PathBuf, Missing> {
        let status = self.status(file, size_state);
        match status.state {
            State::Present => Ok(status.path),
            State::Missing | State::Damaged => Err(Missing { path: status.path }),
        }
    }

    /// Every file, checked by presence and size: quick.
    pub fn list(&self) -> Vec<Status> {
        File::ALL.map(|file| self.status(file, size_state)).to_vec()
    }

    /// Every file, checked by SHA-256: about a second.
    pub fn verify(&self) -> Vec<Status> {
        File::ALL.map(|file| self.status(file, hash_state)).to_vec()
    }

    /// Fetches what `kinds` need and is not yet there and whole. Blocking; may be interrupted and run again.
    ///
    /// # Errors
    /// See [`FetchError`]; files already in place stay.
    pub fn fetch(&self, kinds: &[ModelKind], progress: &dyn Progress) -> Result<(), FetchError> {
        fetch::fetch(self, kinds, progress)
    }

    /// Whether the file is there with the right SHA-256.
    pub(super) fn is_whole(&self, file: File) -> bool {
        self.status(file, hash_state).state == State::Present
    }

    fn status(&self, file: File, check: fn(&Path, u64, &str) -> State) -> Status {
        let path = self.path.join(file.name());
        // Every File is in the manifest: its own test holds it to that.
        let pinned = Manifest::get().pinned(file).expect("every File is pinned");
        Status {
            file,
            kind: pinned.kind,
            bytes: pinned.bytes,
            licence: pinned.licence.to_owned(),
            package: format!("{} {}", pinned.package.name, pinned.package.version),
            state: check(&path, pinned.bytes, pinned.sha256),
            path,
        }
    }
}

/// SHA-256 of a file, lowercase hex.
pub(super) fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn size_state(path: &Path, bytes: u64, _sha256: &str) -> State {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() == bytes => State::Present,
        Ok(_) => State::Damaged,
        Err(_) => State::Missing,
    }
}

fn hash_state(path: &Path, bytes: u64, sha256: &str) -> State {
    match size_state(path, bytes, sha256) {
        State::Present if sha256_of(path).is_ok_and(|found| found == sha256) => State::Present,
        State::Missing => State::Missing,
        State::Present | State::Damaged => State::Damaged,
    }
}

/// Bytes read at a time: large enough that the hash, not the reading, sets the pace.
const READ_BYTES: usize = 1 << 20;
