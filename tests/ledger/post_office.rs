//! A mail server and a web address in a process of their own: `post_office.py`.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::dav::free_port;

/// Where confirmations go, and are kept. It goes with its folder.
pub struct PostOffice {
    child: Child,
    folder: tempfile::TempDir,
    smtp: u16,
    http: u16,
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        let _ = self.child.kill(); // gone already: nothing to do
        let _ = self.child.wait();
    }
}

impl PostOffice {
    pub fn open() -> PostOffice {
        let (smtp, http, folder) = (free_port(), free_port(), tempfile::tempdir().unwrap());
        let mut command = Command::new("python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ledger/post_office.py"));
        command.args([smtp.to_string(), http.to_string()]).arg(folder.path());
        let child = command.stdin(Stdio::null()).spawn().expect("python3");
        let until = Instant::now() + Duration::from_secs(60);
        while [smtp, http].iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()) {
            assert!(Instant::now() < until, "the post office does not open");
            std::thread::park_timeout(Duration::from_millis(20));
        }
        PostOffice { child, folder, smtp, http }
    }

    /// The mail server's address.
    pub fn smtp(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.smtp)
    }

    /// The web address.
    pub fn hook(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.http)
    }

    /// What was kept of a kind, in order.
    pub fn kept(&self, kind: &str) -> Vec<Value> {
        let mut files: Vec<_> =
            std::fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        files.retain(|file| {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(kind) && name.ends_with(".json")
        });
        files.sort();
        files.iter().map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect()
    }
}
