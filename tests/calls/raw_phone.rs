//! A phone that says exactly what it is told to, right or wrong: one socket for signalling, one for media.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// One call of it.
pub struct RawPhone {
    signalling: UdpSocket,
    pub media: UdpSocket,
    server: SocketAddr,
    mark: String,
    cseq: u32,
    to_tag: String,
}

/// An answer on loopback, on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(20);

impl RawPhone {
    /// At this address of the host.
    pub fn at(ip: &str, server: SocketAddr) -> Self {
        let (signalling, media) = (bound(ip), bound(ip));
        let mark = format!("{}x{}", std::process::id(), port(&signalling));
        Self { signalling, media, server, mark, cseq: 0, to_tag: String::new() }
    }

    /// INVITE, again where there is a call; its final answer.
    pub fn invite(&mut self, description: &str) -> String {
        self.cseq += 1;
        self.send("INVITE", description);
        let answer = self.answer();
        self.to_tag = tag(&answer);
        answer
    }

    /// ACK of the last answer.
    pub fn acknowledge(&self) {
        self.send("ACK", "");
    }

    /// BYE; its answer.
    pub fn hang_up(&mut self) -> String {
        self.cseq += 1;
        self.send("BYE", "");
        self.answer()
    }

    /// Any request; how many bytes it has.
    pub fn send(&self, method: &str, description: &str) -> usize {
        let at = self.signalling.local_addr().expect("it is bound");
        let tag = if self.to_tag.is_empty() { String::new() } else { format!(";tag={}", self.to_tag) };
        let (mark, cseq, server) = (&self.mark, self.cseq, self.server);
        let kind = if description.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let message = format!(
            "{method} sip:desk@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{mark}{method}{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+12125550199@{at}>;tag=a{mark}\r\nTo: <sip:desk@{server}>{tag}\r\n\
             Call-ID: {mark}\r\nCSeq: {cseq} {method}\r\nContact: <sip:raw@{at}>\r\n{kind}Content-Length: {}\r\n\r\n\
             {description}",
            description.len()
        );
        self.signalling.send_to(message.as_bytes(), server).expect("loopback takes it")
    }

    /// The next final answer; one to an earlier request is passed over.
    pub fn answer(&self) -> String {
        let until = Instant::now() + ANSWER_MAX;
        let mut room = [0; 65_535];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no answer to request {}", self.cseq);
            self.signalling.set_read_timeout(Some(left)).expect("a timeout");
            let Ok(length) = self.signalling.recv(&mut room) else { continue };
            let text = String::from_utf8_lossy(&room[..length]).into_owned();
            let ours = text.contains(&format!("\r\nCSeq: {} ", self.cseq));
            if ours && text.starts_with("SIP/2.0 ") && !text.starts_with("SIP/2.0 1") {
                return text;
            }
        }
    }

    /// What came by now on the signalling socket, bytes.
    pub fn signalled(&self) -> usize {
        arrived(&self.signalling).iter().map(Vec::len).sum()
    }

    /// Where media goes and what it is, as G.711.
    pub fn plain(&self) -> String {
        description(self.media.local_addr().expect("it is bound"), "RTP/AVP", "")
    }

    /// Where the server wants media.
    pub fn media_of(&self, answer: &str) -> SocketAddr {
        let port = answer.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        SocketAddr::new(self.server.ip(), port.expect("an answer names a port"))
    }
}

/// A description with these attributes.
pub fn description(at: SocketAddr, profile: &str, attributes: &str) -> String {
    let (ip, port) = (at.ip(), at.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} {profile} 0 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\n{attributes}"
    )
}

/// A packet of G.711: a loud tone, or silence.
pub fn sound(sequence: u16, ssrc: u32, loud: bool) -> Vec<u8> {
    let payload: Vec<u8> = (0..160).map(|n| if loud { [0x80, 0x00][n / 8 % 2] } else { 0xff }).collect();
    packet(sequence, ssrc, 0, &payload)
}

/// The end of a key.
pub fn key(sequence: u16, ssrc: u32) -> Vec<u8> {
    packet(sequence, ssrc, 101, &[5, 0x8a, 5, 0])
}

fn packet(sequence: u16, ssrc: u32, payload_type: u8, payload: &[u8]) -> Vec<u8> {
    let timestamp = u32::from(sequence) * 160;
    let head = [&[0x80, payload_type][..], &sequence.to_be_bytes(), &timestamp.to_be_bytes(), &ssrc.to_be_bytes()];
    [&head.concat()[..], payload].concat()
}

/// What came by now.
pub fn arrived(socket: &UdpSocket) -> Vec<Vec<u8>> {
    socket.set_nonblocking(true).expect("a socket");
    let mut room = [0; 65_535];
    let all = std::iter::from_fn(|| socket.recv(&mut room).ok().map(|length| room[..length].to_vec())).collect();
    socket.set_nonblocking(false).expect("a socket");
    all
}

/// A free port there.
pub fn bound(ip: &str) -> UdpSocket {
    UdpSocket::bind((ip, 0)).expect("a free port of this host")
}

fn port(socket: &UdpSocket) -> u16 {
    socket.local_addr().expect("it is bound").port()
}

fn tag(answer: &str) -> String {
    let to = answer.lines().find(|line| line.starts_with("To:")).unwrap_or_default();
    to.split(";tag=").nth(1).unwrap_or_default().trim().to_owned()
}
