//! Rendered sentences, in memory and on disk.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::error::SpeechError;

/// Sentences by text, voice and rate. Shared by handle and worker.
pub(super) struct Cache {
    folder: PathBuf,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    voice: String,
    clips: HashMap<String, Clip>,
    samples: usize,
    clock: u64,
}

struct Clip {
    pcm: Arc<[i16]>,
    used: u64,
}

impl Cache {
    /// Opens the folder, making it if needed and clearing the oldest clips when it has grown too large.
    pub fn open(folder: &Path) -> Result<Cache, SpeechError> {
        let io = |source| SpeechError::Io { what: format!("voice cache {}", folder.display()), source };
        fs::create_dir_all(folder).map_err(io)?;
        shrink(folder).map_err(io)?;
        Ok(Cache { folder: folder.to_owned(), memory: Mutex::default() })
    }

    /// Names the voice all further clips belong to: its file's hash.
    pub fn set_voice(&self, voice: String) {
        self.lock().voice = voice;
    }

    /// A clip in memory.
    pub fn in_memory(&self, sentence: &str, rate: u32) -> Option<Arc<[i16]>> {
        let mut memory = self.lock();
        let key = memory.key(sentence, rate);
        memory.touch(&key)
    }

    /// A clip in memory or on disk.
    pub fn get(&self, sentence: &str, rate: u32) -> Option<Arc<[i16]>> {
        let key = self.lock().key(sentence, rate);
        if let Some(pcm) = self.lock().touch(&key) {
            return Some(pcm);
        }
        let bytes = fs::read(self.path(&key)).ok().filter(|b| !b.is_empty() && b.len() % 2 == 0)?;
        let pcm: Arc<[i16]> = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        self.lock().insert(key, Arc::clone(&pcm));
        Some(pcm)
    }

    /// Keeps a clip. A full disk only costs the next rendering.
    pub fn put(&self, sentence: &str, rate: u32, pcm: &Arc<[i16]>) {
        let key = self.put_on_disk(sentence, rate, pcm);
        self.lock().insert(key, Arc::clone(pcm));
    }

    /// Keeps a clip that nobody needs yet; under which key.
    pub fn put_on_disk(&self, sentence: &str, rate: u32, pcm: &[i16]) -> String {
        let key = self.lock().key(sentence, rate);
        let bytes: Vec<u8> = pcm.iter().flat_map(|s| s.to_le_bytes()).collect();
        let (path, part) = (self.path(&key), self.folder.join(format!("{key}.part")));
        if let Err(error) = fs::write(&part, bytes).and_then(|()| fs::rename(&part, &path)) {
            tracing::warn!(%error, path = %path.display(), "a rendered sentence could not be kept on disk");
        }
        key
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.pcm"))
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn key(&self, sentence: &str, rate: u32) -> String {
        let digest = Sha256::digest(format!("{VERSION}\n{}\n{rate}\n{sentence}", self.voice));
        digest.iter().take(KEY_BYTES).map(|b| format!("{b:02x}")).collect()
    }

    fn touch(&mut self, key: &str) -> Option<Arc<[i16]>> {
        self.clock += 1;
        let clip = self.clips.get_mut(key)?;
        clip.used = self.clock;
        Some(Arc::clone(&clip.pcm))
    }

    fn insert(&mut self, key: String, pcm: Arc<[i16]>) {
        self.clock += 1;
        self.samples += pcm.len();
        if let Some(old) = self.clips.insert(key, Clip { pcm, used: self.clock }) {
            self.samples -= old.pcm.len();
        }
        while self.samples > MEMORY_SAMPLES_MAX {
            let oldest = self.clips.iter().min_by_key(|(_, clip)| clip.used).map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| self.clips.remove(&key)) else { break };
            self.samples -= gone.pcm.len();
        }
    }
}

/// Removes the clips longest unused until the folder is within its bound.
fn shrink(folder: &Path) -> std::io::Result<()> {
    let mut clips: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "pcm" || e == "part"))
        .filter_map(|entry| {
            let meta = entry.metadata().ok()?;
            Some((meta.modified().ok()?, meta.len(), entry.path()))
        })
        .collect();
    clips.sort();
    let mut total: u64 = clips.iter().map(|clip| clip.1).sum();
    for (_, length, path) in clips {
        if total <= DISK_BYTES_MAX {
            break;
        }
        fs::remove_file(path)?;
        total -= length;
    }
    Ok(())
}

/// Changed whenever the same text would sound different: level, edges, wording.
const VERSION: u32 = 1;

/// Bytes of a key's hash: no two sentences meet by chance.
const KEY_BYTES: usize = 16;

/// Samples kept in memory: 30 minutes at 8 kHz, 29 MB.
const MEMORY_SAMPLES_MAX: usize = 30 * 60 * 8_000;

/// Bytes kept on disk: about 4.5 hours of speech.
const DISK_BYTES_MAX: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_survive_a_restart_and_belong_to_their_voice_and_rate() {
        let folder = tempfile::tempdir().unwrap();
        let pcm: Arc<[i16]> = vec![1, -2, 3].into();
        let cache = Cache::open(folder.path()).unwrap();
        cache.set_voice("a".to_owned());
        cache.put("Hello.", 8_000, &pcm);
        assert_eq!(cache.in_memory("Hello.", 8_000), Some(Arc::clone(&pcm)));

        let again = Cache::open(folder.path()).unwrap();
        again.set_voice("a".to_owned());
        assert_eq!(again.in_memory("Hello.", 8_000), None);
        assert_eq!(again.get("Hello.", 8_000), Some(Arc::clone(&pcm)));
        assert_eq!(again.in_memory("Hello.", 8_000), Some(pcm));
        assert_eq!(again.get("Hello.", 16_000), None);
        again.set_voice("b".to_owned());
        assert_eq!(again.get("Hello.", 8_000), None);
    }

    #[test]
    fn memory_is_bounded_and_the_longest_unused_goes_first() {
        let mut memory = Memory::default();
        let clip: Arc<[i16]> = vec![0; MEMORY_SAMPLES_MAX / 2].into();
        memory.insert("one".to_owned(), Arc::clone(&clip));
        memory.insert("two".to_owned(), Arc::clone(&clip));
        memory.touch("one");
        memory.insert("three".to_owned(), clip);
        assert!(memory.touch("one").is_some() && memory.touch("two").is_none());
        assert!(memory.samples <= MEMORY_SAMPLES_MAX);
    }
}
