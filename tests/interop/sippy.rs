//! A Sippy B2BUA: whoever calls it is called for by it, in a call of its own. Signalling alone; media goes past it.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::house::free_port;
use crate::kamailio::answers;

/// A running one; killed when dropped.
pub struct Sippy {
    child: Child,
    /// Where it is called, by UDP.
    pub port: u16,
    _folder: TempDir,
}

impl Sippy {
    /// Starts one that calls `to` for everybody.
    pub fn start(to: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let child = Command::new("b2bua")
            .args(["--auth_enable=off", "--acct_enable=off", "--foreground=on", "--sip_address=127.0.0.1"])
            .args([&format!("--sip_port={port}"), &format!("--static_route={to};cli=alice")])
            .arg(format!("--logfile={}", folder.path().join("log.txt").display()))
            .arg(format!("--b2bua_socket={}", folder.path().join("control").display()))
            .env("SIPLOG_LOGFILE_FILE", folder.path().join("sip.txt"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs sippy (make interop installs it)");
        let sippy = Self { child, port, _folder: folder };
        assert!(answers(port), "the B2BUA does not answer");
        sippy
    }
}

impl Drop for Sippy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
