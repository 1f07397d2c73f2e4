//! A telephone written out by hand: every message it sends is in the test that uses it.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// One UDP socket that talks to one server.
pub struct Ua {
    socket: UdpSocket,
    /// Where its sound comes to; nobody listens.
    media: UdpSocket,
    server: SocketAddr,
    /// Calls made so far: names of branches, tags and Call-IDs.
    calls: u32,
}

/// An answer of the server, or a request of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub text: String,
}

/// A call that is up.
pub struct Up {
    call_id: String,
    from: String,
    to: String,
    target: String,
    cseq: u32,
}

impl Ua {
    pub fn new(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.connect(server).expect("loopback");
        socket.set_read_timeout(Some(ANSWER_DEADLINE)).expect("a span that is not zero");
        let media = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        Self { socket, media, server, calls: 0 }
    }

    pub fn send(&self, bytes: &[u8]) {
        self.socket.send(bytes).expect("loopback takes it");
    }

    /// The next message; panics when none comes.
    pub fn hear(&self, why: &str) -> Message {
        let mut datagram = [0; 65_535];
        let length = self.socket.recv(&mut datagram).unwrap_or_else(|e| panic!("{why}: nothing came ({e})"));
        Message { text: String::from_utf8_lossy(&datagram[..length]).into_owned() }
    }

    /// The next final answer.
    pub fn hear_final(&self, why: &str) -> Message {
        loop {
            let message = self.hear(why);
            if message.status() >= 200 {
                return message;
            }
        }
    }

    /// Calls, and is answered; the ACK is sent.
    pub fn call(&mut self, lines: &str) -> (Up, Message) {
        let answer = self.invited(lines);
        assert_eq!((answer.status(), answer.header("Call-ID")), (200, self.call_id()), "{}", answer.text);
        (self.take(&answer), answer)
    }

    /// Calls; the final answer.
    pub fn invited(&mut self, lines: &str) -> Message {
        self.calls += 1;
        let at = self.socket.local_addr().expect("bound");
        let body = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\n",
            self.media.local_addr().expect("bound").port()
        );
        let (server, length, number, call_id) = (self.server, body.len(), self.calls, self.call_id());
        self.send(
            format!(
                "INVITE sip:desk@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bKi{number};rport\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:+12015550123@{at}>;tag=f{number}\r\nTo: <sip:desk@{server}>\r\n\
                 Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:ua@{at}>\r\n{lines}\
                 Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .as_bytes(),
        );
        self.hear_final("the answer to an INVITE")
    }

    /// Of the last call.
    fn call_id(&self) -> String {
        format!("plain-{}@{}", self.calls, self.socket.local_addr().expect("bound"))
    }

    /// A request inside a call, and its final answer.
    pub fn ask(&self, up: &mut Up, method: &str, lines: &str) -> Message {
        up.cseq += 1;
        self.request(up, method, lines);
        self.hear_final(method)
    }

    /// 200 to a request of the server.
    pub fn agree(&self, asked: &Message) {
        let [via, from, to, call_id, cseq] = ["Via", "From", "To", "Call-ID", "CSeq"].map(|name| asked.header(name));
        let ok = format!(
            "SIP/2.0 200 OK\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n\
             Content-Length: 0\r\n\r\n"
        );
        self.send(ok.as_bytes());
    }

    /// Confirms an answer to an INVITE that was not made by [`Self::call`].
    pub fn take(&self, answer: &Message) -> Up {
        let number = answer.header("CSeq").split(' ').next().and_then(|n| n.parse().ok()).expect("a CSeq");
        let [call_id, from, to] = ["Call-ID", "From", "To"].map(|name| answer.header(name));
        let up = Up { call_id, from, to, target: answer.target(), cseq: number };
        self.request(&up, "ACK", "");
        up
    }

    /// BYE and its 200.
    pub fn hang_up(&self, mut up: Up) {
        let answer = self.ask(&mut up, "BYE", "");
        assert_eq!((answer.status(), answer.header("Call-ID")), (200, up.call_id), "{}", answer.text);
    }

    /// ACK of a refusal: hop by hop, so that it is not repeated.
    pub fn ack_refusal(&self, answer: &Message) {
        let number = answer.header("CSeq").split(' ').next().map(str::to_owned).unwrap_or_default();
        let [via, from, to, call_id] = ["Via", "From", "To", "Call-ID"].map(|name| answer.header(name));
        let server = self.server;
        let ack = format!(
            "ACK sip:desk@{server} SIP/2.0\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {number} ACK\r\n\r\n"
        );
        self.send(ack.as_bytes());
    }

    fn request(&self, up: &Up, method: &str, lines: &str) {
        let at = self.socket.local_addr().expect("bound");
        let Up { call_id, from, to, target, cseq } = up;
        let message = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{method}{cseq}x{};rport\r\nMax-Forwards: 70\r\n\
             From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:ua@{at}>\r\n{lines}Content-Length: 0\r\n\r\n",
            self.calls
        );
        self.send(message.as_bytes());
    }
}

impl Up {
    pub fn call_id(&self) -> &str {
        &self.call_id
    }
}

impl Message {
    /// Status of an answer; 0 for a request.
    pub fn status(&self) -> u16 {
        let mut words = self.text.split(' ');
        match words.next() {
            Some("SIP/2.0") => words.next().and_then(|status| status.parse().ok()).expect("a status"),
            _ => 0,
        }
    }

    /// First value of that name; empty without.
    pub fn header(&self, name: &str) -> String {
        let line = self.text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        line.unwrap_or_default()
    }

    fn target(&self) -> String {
        self.header("Contact").trim_matches(['<', '>']).to_owned()
    }
}

/// A busy machine.
const ANSWER_DEADLINE: Duration = Duration::from_secs(20);
