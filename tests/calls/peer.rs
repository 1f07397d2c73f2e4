//! The other side of a trunk, as a script: what it answers to each method, and what it heard.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub struct Peer {
    pub at: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

/// Answers to one request: status lines with further header lines below, "503 Busy\r\nRetry-After: 9\r\n". None: silence.
pub type Script = fn(&str) -> Vec<&'static str>;

impl Peer {
    /// Answers until the test ends.
    pub fn start(script: Script) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let (at, heard) = (socket.local_addr().expect("bound"), Arc::<Mutex<Vec<String>>>::default());
        let log = heard.clone();
        std::thread::spawn(move || {
            let mut room = [0; 65_535];
            while let Ok((length, from)) = socket.recv_from(&mut room) {
                let text = String::from_utf8_lossy(&room[..length]).into_owned();
                log.lock().expect("nobody panics with it").push(text.clone());
                for status in script(&text) {
                    let _ = socket.send_to(answer(&text, status).as_bytes(), from);
                }
            }
        });
        Self { at, heard }
    }

    /// Requests whose first line begins so, retransmissions once.
    pub fn heard(&self, start: &str) -> Vec<String> {
        let mut all: Vec<String> = self.heard.lock().expect("nobody panics with it").clone();
        all.retain(|text| text.starts_with(start));
        all.dedup();
        all
    }

    /// Waits until so many requests that begin so were heard.
    pub fn hears(&self, start: &str, count: usize) -> Vec<String> {
        let until = Instant::now() + DEADLINE;
        loop {
            let heard = self.heard(start);
            if heard.len() >= count {
                return heard;
            }
            let all = self.heard.lock().expect("nobody panics with it").clone();
            assert!(Instant::now() < until, "{start} is not heard {count} times: {all:#?}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

/// The header's value in a message.
pub fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let named = |line: &&'a str| line.split(':').next().is_some_and(|n| n.trim().eq_ignore_ascii_case(name));
    text.split("\r\n").skip(1).find(named).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
}

fn answer(request: &str, status: &str) -> String {
    let (line, more) = status.split_once("\r\n").unwrap_or((status, ""));
    // "seen 203.0.113.9 200 OK": where the request came from, as this side sees it.
    let (seen, line) = match line.strip_prefix("seen ").and_then(|rest| rest.split_once(' ')) {
        Some((ip, line)) => (format!(";received={ip}"), line),
        None => (String::new(), line),
    };
    let copied = ["Via", "From", "Call-ID", "CSeq"]
        .map(|name| format!("{name}: {}\r\n", header(request, name).unwrap_or_default()));
    let copied = copied.concat().replacen("\r\n", &format!("{seen}\r\n"), 1);
    let to = header(request, "To").unwrap_or_default();
    let tag = if to.contains(";tag=") || line.starts_with("100") { "" } else { ";tag=peer" };
    format!("SIP/2.0 {line}\r\n{}To: {to}{tag}\r\n{more}Content-Length: 0\r\n\r\n", copied)
}

const DEADLINE: Duration = Duration::from_secs(40);
