//! A disk and a line to the CRM that can be told to fail: the shim `disk.c`, preloaded into the real server.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::server::{Business, Server, command, models};

/// The shim's numbers, by their place in the shared file; the same list is in `disk.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Writes, syncs and cuts of the database's files so far.
    DiskOps,
    /// Sends and receives on the line to the CRM so far.
    WireOps,
    /// SIGKILL at that operation; 0 for never.
    DiskAt,
    WireAt,
    /// Before it, in the middle of it, after it.
    How,
    /// The power goes, too: what was not synced is lost.
    Power,
    /// How long each operation of the disk takes longer, microseconds.
    DelayUs,
    /// What each of them fails with; 0 for not at all.
    Errno,
    /// The CRM's port.
    Port,
    /// What it was killed in.
    Struck,
}

/// What a process was killed in.
pub const STRUCK: [&str; 6] = ["nothing", "write", "sync", "cut", "send", "receive"];
/// No room; the disk itself is broken.
pub const ENOSPC: u64 = 28;
pub const EIO: u64 = 5;
const NUMBERS: usize = 10;

/// What is told to one server's shim.
pub struct Harm {
    numbers: File,
    folder: TempDir,
    /// Configuration of the server.
    extra: String,
}

impl Harm {
    /// `crm` is the configuration's section and the CRM's port.
    pub fn new(extra: &str, port: u16) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("numbers");
        std::fs::write(&path, [0; NUMBERS * 8]).expect("the folder is ours");
        let numbers = File::options().read(true).write(true).open(&path).expect("it was just written");
        let ears = folder.path().join("ears.bin");
        deaf(&ears);
        let extra = format!("[speech]\nmodel = \"{}\"\n{extra}", ears.display());
        let harm = Self { numbers, folder, extra };
        harm.set(Number::Port, u64::from(port));
        harm
    }

    pub fn set(&self, number: Number, value: u64) {
        let written = self.numbers.write_all_at(&value.to_ne_bytes(), number as u64 * 8);
        written.expect("the file is as long as that");
    }

    pub fn get(&self, number: Number) -> u64 {
        let mut bytes = [0; 8];
        self.numbers.read_exact_at(&mut bytes, number as u64 * 8).expect("the file is as long as that");
        u64::from_ne_bytes(bytes)
    }

    /// From here on it counts; at the `nth` operation of that kind it dies.
    pub fn aim(&self, aim: Aim) {
        self.disarm();
        self.set(Number::How, aim.how);
        self.set(Number::Power, u64::from(aim.power));
        self.set(if aim.wire { Number::WireAt } else { Number::DiskAt }, aim.nth);
    }

    /// Nothing happens to it.
    pub fn disarm(&self) {
        for number in [Number::DiskAt, Number::WireAt, Number::DiskOps, Number::WireOps, Number::Power, Number::Struck]
        {
            self.set(number, 0);
        }
    }

    /// Starts the server on a folder, without waiting for it.
    pub fn spawn(&self, folder: TempDir) -> Server {
        let child = self.command(folder.path()).spawn().expect("the binary under test starts");
        Server::early(child, folder)
    }

    /// Starts the server and waits until it takes calls.
    pub fn start(&self, folder: TempDir) -> Server {
        let child = self.command(folder.path()).spawn().expect("the binary under test starts");
        Server::once_ready(child, folder)
    }

    /// The same; what is marked is noted in [`Harm::noted`].
    pub fn start_noting(&self, folder: TempDir) -> Server {
        let child = self.command(folder.path()).env("OFFHOOK_HARM_LOG", self.log()).spawn();
        Server::once_ready(child.expect("the binary under test starts"), folder)
    }

    /// What the shim noted, in order.
    pub fn noted(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = command(folder, Business::Dental, &self.extra);
        command.env("LD_PRELOAD", shim()).env("OFFHOOK_HARM", self.folder.path().join("numbers"));
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

/// One moment of death.
#[derive(Debug, Clone, Copy)]
pub struct Aim {
    /// On the line to the CRM, not on the disk.
    pub wire: bool,
    pub nth: u64,
    /// Before, in the middle, after.
    pub how: u64,
    pub power: bool,
}

/// The shim, compiled once.
fn shim() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (path, fresh) = (folder.join("disk.so"), folder.join(format!("disk.{}.so", std::process::id())));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harm/disk.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"]).arg(&fresh).arg(source).arg("-ldl");
        let built = compiler.status().expect("this test needs a C compiler, as the build does");
        assert!(built.success(), "disk.c does not compile");
        std::fs::rename(&fresh, &path).expect("the folder is ours");
        path
    })
}

/// A Whisper model without weights, small enough to load at once: whoever calls here says nothing. The words and the
/// filters are those of tiny.en; whisper.cpp takes a file that ends after them as one for tests.
fn deaf(path: &Path) {
    let mut head = vec![0; HEAD_BYTES_MAX];
    let mut tiny = File::open(models().join("whisper-tiny.en-q8_0.bin")).expect("`make test` fetches the models");
    tiny.read_exact(&mut head).expect("it is some tens of megabytes");
    let number = |head: &[u8], at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes")) as usize;
    let mut end = HYPERPARAMETERS * 4;
    end += 8 + 4 * number(&head, end) * number(&head, end + 4);
    let words = number(&head, end);
    end += 4;
    for _ in 0..words {
        end += 4 + number(&head, end);
    }
    head.truncate(end);
    // Width, heads and layers of the encoder and of the decoder, and whole numbers for weights.
    for (place, value) in [(3, 8_u32), (4, 1), (5, 1), (7, 8), (8, 1), (9, 1), (11, 1)] {
        head[place * 4..place * 4 + 4].copy_from_slice(&value.to_le_bytes());
    }
    std::fs::write(path, head).expect("the folder is ours");
}

/// The magic number and eleven more.
const HYPERPARAMETERS: usize = 12;
/// Filters and words are 586 kB.
const HEAD_BYTES_MAX: usize = 1 << 20;
