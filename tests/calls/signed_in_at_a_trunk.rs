//! A trunk that wants us to sign in: sipp is its registrar and checks the password itself. Signed in is visible, a wrong
//! password says so with its remedy, and who stops signs out.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Business, Server, rows};

#[test]
fn signed_in_at_a_trunk() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let registrar = Registrar::start(folder.path());
    let trunk = |name: &str, password: &str| {
        format!(
            "[[trunks]]\nname = \"{name}\"\nregistrar = \"127.0.0.1:{}\"\ndomain = \"trunk.example\"\nusername = \"box\"\n\
             number = \"+12125550100\"\npassword = \"{password}\"\n",
            registrar.port
        )
    };
    let extra = trunk("carrier", "open sesame") + &trunk("mistyped", "open says me");
    let server = Server::start_with(Business::Dental, &extra);
    let settled = |trunks: &Value| rows(trunks).iter().all(|trunk| trunk["state"] != "registering");
    let trunks =
        rows(&server.wait("/api/v1/trunks", "both are answered", DEADLINE, |trunks| {
            rows(trunks).len() == 2 && settled(trunks)
        }));
    assert_eq!((&trunks[0]["name"], &trunks[0]["state"]), (&"carrier".into(), &"registered".into()), "{trunks:#?}");
    assert_eq!((&trunks[1]["state"], trunks[1]["problem"].is_string()), (&"failed".into(), true), "{trunks:#?}");
    let problem = trunks[1]["problem"].as_str().unwrap_or_default();
    assert!(problem.contains("401") && problem.contains("check username, password"), "{problem}");
    let metrics = server.text("/metrics");
    assert!(metrics.contains("offhook_trunk_registered{trunk=\"carrier\"} 1"), "{metrics}");
    assert!(metrics.contains("offhook_trunk_registered{trunk=\"mistyped\"} 0"), "{metrics}");
    let told = server.log() + &trunks.iter().map(Value::to_string).collect::<String>();
    assert!(!told.contains("sesame") && !told.contains("open says me"), "a password was told: {told}");

    let _ = Command::new("kill").args(["-TERM", &server.pid().to_string()]).status();
    registrar.hears("Expires: 0");
}

/// A sipp that is a registrar.
struct Registrar {
    child: Child,
    port: u16,
    heard: PathBuf,
}

impl Registrar {
    fn start(folder: &Path) -> Registrar {
        let free = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("bound").port();
        drop(free);
        let heard = folder.join("messages.log");
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls/registrar.xml");
        let child = Command::new("sipp")
            .args(["-i", "127.0.0.1", "-p", &port.to_string(), "-nostdin", "-trace_msg", "-message_file"])
            .arg(&heard)
            .arg("-sf")
            .arg(scenario)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sipp starts: make test installs it");
        Registrar { child, port, heard }
    }

    fn hears(&self, what: &str) {
        let until = Instant::now() + DEADLINE;
        loop {
            let heard = std::fs::read_to_string(&self.heard).unwrap_or_default();
            if heard.contains(what) {
                return;
            }
            assert!(Instant::now() < until, "{what} is not among what the trunk heard:\n{heard}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const DEADLINE: Duration = Duration::from_secs(30);
