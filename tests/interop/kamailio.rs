//! A Kamailio of our own: registrar with digest, proxy with Record-Route, over UDP, TCP and TLS.

use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cell::Transport;
use crate::server::{ECHO, certificate};

/// A running one; ended when dropped.
pub struct Kamailio {
    child: Child,
    plain: u16,
    tls: u16,
    folder: TempDir,
}

impl Kamailio {
    /// Starts it, and waits until it answers.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        certificate(folder.path(), "proxy");
        let (plain, tls) = (free_port(), free_port());
        let at = folder.path().display().to_string();
        let config = include_str!("kamailio.cfg")
            .replace("{plain}", &plain.to_string())
            .replace("{tls}", &tls.to_string())
            .replace("{folder}", &at)
            .replace("{password}", PASSWORD);
        let server = format!(
            "[server:default]\nmethod = TLSv1.2+\nprivate_key = {at}/key.pem\ncertificate = {at}/chain.pem\n\
             [client:default]\nmethod = TLSv1.2+\nverify_certificate = no\n"
        );
        std::fs::write(folder.path().join("kamailio.cfg"), config).expect("the folder is ours");
        std::fs::write(folder.path().join("tls.cfg"), server).expect("the folder is ours");
        let log = std::fs::File::create(folder.path().join("log.txt")).expect("the folder is ours");
        let child = Command::new("kamailio")
            .args(["-DD", "-m", "64", "-M", "8", "-Y", &at, "-f", &format!("{at}/kamailio.cfg")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("this test needs the packages kamailio and kamailio-tls-modules");
        let kamailio = Self { child, plain, tls, folder };
        assert!(answers(plain), "kamailio does not answer:\n{}", kamailio.log());
        kamailio
    }

    /// What is configured to sign in over each transport.
    pub fn trunks(&self) -> String {
        let trunk = |transport: Transport| {
            let (name, port) = (transport.name(), self.port(transport));
            format!(
                "[[trunks]]\nname = \"{name}\"\nregistrar = \"127.0.0.1:{port}\"\ndomain = \"{name}.test\"\n\
                 username = \"{ECHO}\"\npassword = \"{PASSWORD}\"\ntransport = \"{name}\"\n"
            )
        };
        [Transport::Udp, Transport::Tcp, Transport::Tls].map(trunk).concat()
    }

    /// Where it is called.
    pub fn port(&self, transport: Transport) -> u16 {
        if transport == Transport::Tls { self.tls } else { self.plain }
    }

    /// What it shows over TLS.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("chain.pem")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default()
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // It ends its children itself, if it is asked and not killed.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// Asks whether there is SIP at a port of this machine until there is.
pub fn answers(port: u16) -> bool {
    let us = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let at = us.local_addr().expect("a bound socket");
    us.set_read_timeout(Some(Duration::from_millis(200))).expect("a lawful time");
    us.connect(("127.0.0.1", port)).expect("loopback is there");
    let until = Instant::now() + DEADLINE;
    for number in 1.. {
        let asked = format!(
            "OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{number};rport\r\n\
             From: <sip:test@{at}>;tag=1\r\nTo: <sip:127.0.0.1:{port}>\r\nCall-ID: {number}@{at}\r\n\
             CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContact: <sip:test@{at}>\r\nContent-Length: 0\r\n\r\n"
        );
        let sent = us.send(asked.as_bytes());
        if sent.is_ok() && us.recv(&mut [0; 2_048]).is_ok() {
            return true;
        }
        if Instant::now() > until {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    false
}

/// One that nothing listens on, by UDP or TCP.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

const PASSWORD: &str = "wonderland";
const DEADLINE: Duration = Duration::from_secs(20);
