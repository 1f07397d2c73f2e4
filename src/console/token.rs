//! The bearer token: given, or made once and kept beside the database.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file could not be read or written.
    #[error("the API token in {}: {source}; make the folder writable or set OFFHOOK_API_TOKEN", path.display())]
    File {
        /// Where the token is kept.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds no token.
    #[error("{} holds no API token; delete it and a new one is made at start", path.display())]
    Empty {
        /// Where the token is kept.
        path: PathBuf,
    },
}

/// What a bearer token is compared with: its hash, so that neither memory nor time gives the token away.
#[derive(Clone)]
pub struct ApiToken {
    hash: [u8; 32],
}

impl ApiToken {
    /// A token set by the configuration.
    pub fn given(token: &str) -> Self {
        Self { hash: Sha256::digest(token.as_bytes()).into() }
    }

    /// The token kept in `dir`, made there on first start with mode 0600; with the place it is kept.
    pub fn kept_in(dir: &Path) -> Result<(Self, PathBuf), TokenError> {
        let path = dir.join(FILE);
        let token = keep(dir, &path).map_err(|source| TokenError::File { path: path.clone(), source })?;
        match token.is_empty() {
            true => Err(TokenError::Empty { path }),
            false => Ok((Self::given(&token), path)),
        }
    }

    /// Whether `presented` is the token. Compares hashes in full: time tells nothing about the token.
    pub fn accepts(&self, presented: &str) -> bool {
        let other: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        let difference = self.hash.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(difference) == 0
    }
}

/// A secret of this name kept in `dir`, made there on first use with mode 0600.
pub fn kept_secret(dir: &Path, name: &str) -> Result<String, TokenError> {
    let path = dir.join(name);
    match keep(dir, &path) {
        Ok(secret) if secret.is_empty() => Err(TokenError::Empty { path }),
        Ok(secret) => Ok(secret),
        Err(source) => Err(TokenError::File { path, source }),
    }
}

/// Reads the token file, or makes it.
fn keep(dir: &Path, path: &Path) -> std::io::Result<String> {
    std::fs::create_dir_all(dir)?;
    match OpenOptions::new().write(true).create_new(true).mode(MODE).open(path) {
        Ok(mut file) => {
            let token = fresh()?;
            writeln!(file, "{token}")?;
            file.sync_all()?;
            Ok(token)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let mut text = String::new();
            let mut file = File::open(path)?;
            if file.metadata()?.permissions().mode() & OTHERS != 0 {
                tracing::warn!(path = %path.display(), "the API token was readable by others; mended, consider a new one");
                file.set_permissions(Permissions::from_mode(MODE))?;
            }
            file.read_to_string(&mut text)?;
            Ok(text.trim().to_string())
        }
        Err(error) => Err(error),
    }
}

/// 32 bytes of the kernel's randomness, as hex.
fn fresh() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

const FILE: &str = "api-token";
/// Owner only.
const MODE: u32 = 0o600;
/// Bits that let anybody else in.
const OTHERS: u32 = 0o077;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let (first, path) = ApiToken::kept_in(&data).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.trim().len(), 64);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (second, _) = ApiToken::kept_in(&data).unwrap();
        assert!(first.accepts(text.trim()) && second.accepts(text.trim()));
        assert!(!first.accepts(text.trim_end_matches('\n').get(1..).unwrap()) && !first.accepts(""));
    }

    #[test]
    fn a_token_others_can_read_is_closed_and_an_empty_one_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        std::fs::write(&path, "a-token\n").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(ApiToken::kept_in(dir.path()).unwrap().0.accepts("a-token"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(ApiToken::kept_in(dir.path()), Err(TokenError::Empty { .. })));
    }
}
