//! A phone that only signals: what it says beside the call is the test's.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use offhook::sip::{DialogId, Endpoint, Event, FromIdentity, SessionTimers, Settings, Transport};

pub struct Signals {
    endpoint: Endpoint,
    socket: UdpSocket,
    /// Where its media would go.
    media: UdpSocket,
    said: String,
}

impl Signals {
    pub fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a span");
        let media = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let contact = socket.local_addr().expect("bound");
        let allow = vec!["127.0.0.0/8".parse().expect("a network")];
        let session = SessionTimers::default();
        let settings = Settings { contact, transport: Transport::Udp, user_agent: "signals".into(), allow, session };
        let seed = u128::from(contact.port()).to_be_bytes();
        let seed = [seed, seed].concat().try_into().expect("32 bytes");
        Self { endpoint: Endpoint::new(settings, seed), socket, media, said: String::new() }
    }

    /// Calls a user there.
    pub fn call(&mut self, user: &str, at: SocketAddr, from: &str, headers: &[(&str, &str)]) -> DialogId {
        let media = self.media.local_addr().expect("bound").port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {media} RTP/AVP 0 101\r\n\
             a=rtpmap:101 telephone-event/8000\r\n"
        );
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let from = FromIdentity { display: None, uri: format!("sip:{from}@127.0.0.1").parse().expect("a URI") };
        let target = format!("sip:{user}@{at}").parse().expect("a URI");
        self.endpoint.invite(target, at, from, sdp, headers, Instant::now())
    }

    pub fn hang_up(&mut self, dialog: DialogId) {
        self.endpoint.hang_up(dialog, Instant::now());
        self.drain();
    }

    /// Whether a message from there had this in it.
    pub fn heard(&self, what: &str) -> bool {
        self.said.contains(what)
    }

    /// Carries messages until an event says so.
    pub fn until<T>(&mut self, what: &str, mut fits: impl FnMut(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        let mut room = vec![0; 65_535];
        loop {
            self.drain();
            while let Some(event) = self.endpoint.poll_event() {
                if let Some(found) = fits(&event) {
                    return found;
                }
            }
            assert!(Instant::now() < deadline, "{what} did not happen");
            if let Ok((length, from)) = self.socket.recv_from(&mut room) {
                let local = self.socket.local_addr().expect("bound");
                self.said += &String::from_utf8_lossy(&room[..length]);
                self.endpoint.handle_datagram(from, local, &room[..length], Instant::now());
            }
            self.endpoint.handle_timeout(Instant::now());
        }
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            let _ = self.socket.send_to(&transmit.bytes, transmit.to);
        }
    }
}

const DEADLINE: Duration = Duration::from_secs(40);
