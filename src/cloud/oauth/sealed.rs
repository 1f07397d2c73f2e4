//! A small secret on disk: AES-256-GCM, in a file only its owner reads, replaced in one step.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};

/// A file whose content nobody reads or changes without the key.
pub(super) struct Vault {
    path: PathBuf,
    key: RandomizedNonceKey,
}

impl Vault {
    /// The vault of a name in a folder. Without a key of 64 hexadecimal digits the folder's own is taken, made at the
    /// first use.
    pub(super) fn open(folder: &Path, name: &str, key: Option<&str>) -> Result<Vault, String> {
        let key = match key {
            Some(given) => bytes(given)
                .ok_or_else(|| format!("{KEY_VARIABLE} is no key; set it to {} hexadecimal digits", 2 * KEY_BYTES))?,
            None => {
                let path = folder.join(KEY_FILE);
                let text = kept_key(folder, &path).map_err(|e| format!("`{}` cannot be used: {e}", path.display()))?;
                bytes(text.trim()).ok_or_else(|| {
                    format!("`{}` holds no key; put the old one back, or remove it and log in again", path.display())
                })?
            }
        };
        let key = RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| "the key is not usable".to_owned())?;
        Ok(Vault { path: folder.join(format!("{name}.sealed")), key })
    }

    /// What was put in last, if anything.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, String> {
        let mut sealed = match std::fs::read(&self.path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("`{}` cannot be read: {error}", self.path.display())),
        };
        let broken = || {
            format!("`{}` was sealed with another key or is damaged; remove it and log in again", self.path.display())
        };
        let nonce = sealed.get(..NONCE_BYTES).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let opened = self.key.open_in_place(nonce, self.aad(), &mut sealed[NONCE_BYTES..]).map_err(|_| broken())?;
        Ok(Some(opened.to_vec()))
    }

    /// Puts a secret in; the old one is there until the new one is whole.
    pub(super) fn write(&self, secret: &[u8]) -> Result<(), String> {
        let mut sealed = secret.to_vec();
        let nonce = self.key.seal_in_place_append_tag(self.aad(), &mut sealed);
        let nonce = nonce.map_err(|_| "it cannot be sealed".to_owned())?;
        let whole = [nonce.as_ref().as_slice(), &sealed].concat();
        replace(&self.path, &whole).map_err(|e| format!("`{}` cannot be written: {e}", self.path.display()))
    }

    /// A file of another name is not taken for this one.
    fn aad(&self) -> Aad<Vec<u8>> {
        Aad::from(self.path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default())
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("path", &self.path).finish_non_exhaustive()
    }
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let written = owners(&fresh).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.and_then(|()| std::fs::rename(&fresh, path)).inspect_err(|_| {
        let _ = std::fs::remove_file(&fresh); // it may not even exist
    })?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// A new file for its owner only.
fn owners(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path)
}

/// The folder's key; made whole before it has its name, so that two that begin at once end with the same.
fn kept_key(folder: &Path, path: &Path) -> io::Result<String> {
    std::fs::create_dir_all(folder)?;
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        other => return other,
    }
    let mut key = [0_u8; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = owners(&fresh)?;
    file.write_all(key.iter().map(|byte| format!("{byte:02x}")).collect::<String>().as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&fresh, path);
    std::fs::remove_file(&fresh)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => std::fs::read_to_string(path),
    }
}

fn bytes(hex: &str) -> Option<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    if hex.len() != 2 * KEY_BYTES || !hex.is_ascii() {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

const KEY_FILE: &str = "seal.key";
pub(super) const KEY_VARIABLE: &str = "OFFHOOK_SEAL_KEY";
const KEY_BYTES: usize = 32;
/// As AES-GCM has it.
const NONCE_BYTES: usize = 12;
/// Its owner, and nobody else.
const MODE: u32 = 0o600;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_sealed_is_read_again_and_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path(), "google", None).unwrap();
        assert_eq!(vault.read(), Ok(None));
        for secret in ["first-secret", "second-secret"] {
            vault.write(secret.as_bytes()).unwrap();
            let again = Vault::open(folder.path(), "google", None).unwrap();
            assert_eq!(again.read(), Ok(Some(secret.as_bytes().to_vec())));
        }
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
            let content = std::fs::read(&path).unwrap();
            assert!(!String::from_utf8_lossy(&content).contains("secret"), "{path:?}");
        }
        let other = "ab".repeat(KEY_BYTES);
        let stranger = Vault::open(folder.path(), "google", Some(&other)).unwrap();
        assert!(stranger.read().unwrap_err().contains("another key"));
        assert!(Vault::open(folder.path(), "google", Some("short")).unwrap_err().contains("hexadecimal"));
    }

    #[test]
    fn a_changed_or_renamed_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path(), "google", None).unwrap();
        vault.write(b"secret").unwrap();
        let path = folder.path().join("google.sealed");
        std::fs::copy(&path, folder.path().join("microsoft.sealed")).unwrap();
        assert!(Vault::open(folder.path(), "microsoft", None).unwrap().read().is_err());
        let mut content = std::fs::read(&path).unwrap();
        *content.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &content[..]).unwrap();
        assert!(vault.read().is_err());
        std::fs::write(&path, "cut").unwrap();
        assert!(vault.read().is_err());
    }
}
