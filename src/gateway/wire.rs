//! What carries a line's messages: a datagram socket, or connections (RFC 3261 18, RFC 5626 3.5.1).

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::settings::Listen;
use super::tls::Tls;
use crate::sip::{Frame, Framer, Torn, Transport};

/// One of them.
pub(super) enum Wire {
    /// UDP.
    Datagrams { socket: UdpSocket, room: Vec<u8> },
    /// TCP, or TLS inside it.
    Streams(Streams),
}

/// What a wire brings.
pub(super) enum Heard {
    /// A message, whole.
    Message(SocketAddr, Vec<u8>),
    /// Somebody wants a connection: [`Wire::admit`] it, or drop it.
    Knock(SocketAddr, TcpStream),
    /// A connection is gone.
    Lost(SocketAddr),
    /// Nothing that matters.
    Nothing,
}

impl Wire {
    /// Binds, and reads the certificate where one is needed.
    pub(super) async fn open(listen: Listen, tls: Option<Tls>) -> io::Result<Wire> {
        match listen.transport {
            Transport::Udp => {
                let socket = UdpSocket::bind(listen.address).await?;
                Ok(Wire::Datagrams { socket, room: vec![0; DATAGRAM_BYTES_MAX] })
            }
            Transport::Tcp | Transport::Tls => {
                let (tell, told) = mpsc::channel(MESSAGES_WAITING);
                let listener = TcpListener::bind(listen.address).await?;
                Ok(Wire::Streams(Streams {
                    listener,
                    tls,
                    connections: HashMap::new(),
                    names: HashMap::new(),
                    tell,
                    told,
                    last: 0,
                }))
            }
        }
    }

    /// Our address.
    pub(super) fn local(&self) -> io::Result<SocketAddr> {
        match self {
            Wire::Datagrams { socket, .. } => socket.local_addr(),
            Wire::Streams(streams) => streams.listener.local_addr(),
        }
    }

    /// The next thing heard. May be dropped while it waits.
    pub(super) async fn hear(&mut self) -> Heard {
        match self {
            Wire::Datagrams { socket, room } => match socket.recv_from(room).await {
                Ok((length, from)) => Heard::Message(from, room[..length].to_vec()),
                Err(error) => {
                    // ICMP errors of earlier datagrams surface here; the socket itself is fine.
                    tracing::debug!(%error, "sip socket");
                    Heard::Nothing
                }
            },
            Wire::Streams(streams) => streams.hear().await,
        }
    }

    /// Sends a message; a connection is made where there is none.
    pub(super) async fn say(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        match self {
            Wire::Datagrams { socket, .. } => {
                if let Err(error) = socket.send_to(&bytes, to).await {
                    tracing::debug!(%error, "sip send");
                }
            }
            Wire::Streams(streams) => streams.say(to, bytes),
        }
    }

    /// Takes a connection somebody wanted.
    pub(super) fn admit(&mut self, from: SocketAddr, stream: TcpStream) {
        if let Wire::Streams(streams) = self {
            streams.carry(from, Some(stream));
        }
    }

    /// The name the certificate of whoever is there has to have.
    pub(super) fn expect(&mut self, at: SocketAddr, name: &str) {
        if let Wire::Streams(streams) = self {
            streams.names.insert(at, name.to_owned());
        }
    }
}

/// Connections, those that came and those we made.
pub(super) struct Streams {
    listener: TcpListener,
    tls: Option<Tls>,
    connections: HashMap<SocketAddr, Connection>,
    names: HashMap<SocketAddr, String>,
    tell: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
    last: u64,
}

/// One of them, as the line knows it.
struct Connection {
    /// Tells it from a later one with the same address.
    id: u64,
    says: mpsc::Sender<Vec<u8>>,
}

/// What a connection's task tells.
struct Told {
    id: u64,
    with: SocketAddr,
    /// None: it is over.
    message: Option<Vec<u8>>,
}

impl Streams {
    async fn hear(&mut self) -> Heard {
        tokio::select! {
            knock = self.listener.accept() => match knock {
                Ok((stream, from)) if self.connections.len() < CONNECTIONS_MAX => Heard::Knock(from, stream),
                Ok((_, from)) => {
                    tracing::warn!(%from, "too many connections: one was refused");
                    Heard::Nothing
                }
                Err(error) => {
                    // Mostly no file descriptor is left: accepting again at once would only spin.
                    tracing::warn!(%error, "sip accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    Heard::Nothing
                }
            },
            Some(told) = self.told.recv() => match told.message {
                Some(bytes) => Heard::Message(told.with, bytes),
                None if self.connections.get(&told.with).is_some_and(|one| one.id == told.id) => {
                    self.connections.remove(&told.with);
                    Heard::Lost(told.with)
                }
                None => Heard::Nothing,
            },
        }
    }

    fn say(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        if self.connections.get(&to).is_none_or(|one| one.says.is_closed()) {
            self.carry(to, None);
        }
        // Who reads nothing for so many messages is as good as gone: its connection ends.
        if self.connections.get(&to).is_some_and(|one| one.says.try_send(bytes).is_err()) {
            self.connections.remove(&to);
        }
    }

    /// Starts the task of a connection; without a stream it makes one.
    fn carry(&mut self, with: SocketAddr, stream: Option<TcpStream>) {
        self.last += 1;
        let (id, tell, tls) = (self.last, self.tell.clone(), self.tls.clone());
        let (says, heard) = mpsc::channel(MESSAGES_WAITING);
        let name = self.names.get(&with).cloned();
        self.connections.insert(with, Connection { id, says });
        tokio::spawn(async move {
            let over = Told { id, with, message: None };
            let link = Link { id, with, tell: tell.clone(), heard, ours: stream.is_none() };
            if let Err(error) = link.run(stream, tls, name).await {
                tracing::debug!(%with, %error, "sip connection");
            }
            let _ = tell.send(over).await; // the line stopped: nobody asks
        });
    }
}

/// One connection's task.
struct Link {
    id: u64,
    with: SocketAddr,
    tell: mpsc::Sender<Told>,
    heard: mpsc::Receiver<Vec<u8>>,
    /// We made it, so we keep the way open.
    ours: bool,
}

impl Link {
    async fn run(self, stream: Option<TcpStream>, tls: Option<Tls>, name: Option<String>) -> io::Result<()> {
        let (ours, with) = (self.ours, self.with);
        let stream = match stream {
            Some(stream) => stream,
            None => timeout(CONNECT_MAX, TcpStream::connect(with)).await??,
        };
        stream.set_nodelay(true)?;
        match tls {
            None => self.carry(stream).await,
            Some(tls) if ours => {
                let stream = timeout(HANDSHAKE_MAX, tls.connect(stream, with, name.as_deref())).await??;
                self.carry(stream).await
            }
            Some(tls) => {
                let stream = timeout(HANDSHAKE_MAX, tls.accept(stream)).await??;
                self.carry(stream).await
            }
        }
    }

    /// Until either side ends it.
    async fn carry(mut self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let (mut framer, mut room) = (Framer::default(), vec![0; READ_BYTES]);
        let mut quiet_since = Instant::now();
        let mut ping = Instant::now() + PING_EVERY;
        loop {
            // A message that was begun is ended soon.
            let patience = if framer.is_midway() { MESSAGE_MAX } else { IDLE_MAX };
            tokio::select! {
                read = stream.read(&mut room) => match read? {
                    0 => return Ok(()),
                    length => {
                        quiet_since = Instant::now();
                        framer.push(&room[..length]);
                        if !self.cut(&mut framer, &mut stream).await? {
                            return Ok(());
                        }
                    }
                },
                say = self.heard.recv() => match say {
                    Some(bytes) => {
                        quiet_since = Instant::now();
                        timeout(WRITE_MAX, stream.write_all(&bytes)).await??;
                    }
                    None => return stream.shutdown().await,
                },
                () = sleep_until(ping), if self.ours => {
                    ping = Instant::now() + PING_EVERY;
                    timeout(WRITE_MAX, stream.write_all(PING)).await??;
                }
                () = sleep_until(quiet_since + patience) => return stream.shutdown().await,
            }
        }
    }

    /// Hands on what is whole; false when the stream cannot be read any further.
    async fn cut(&self, framer: &mut Framer, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<bool> {
        loop {
            let message = match framer.next_frame() {
                Ok(None) => return Ok(true),
                Ok(Some(Frame::Ping)) => {
                    timeout(WRITE_MAX, stream.write_all(PONG)).await??;
                    continue;
                }
                Ok(Some(Frame::Message(bytes))) => bytes,
                Err(torn) => {
                    tracing::debug!(with = %self.with, %torn, "sip stream");
                    let Torn::Length(head) = torn else { return Ok(false) };
                    // Its refusal goes out before the connection ends.
                    let _ = self.tell.send(self.told(head)).await;
                    return Ok(false);
                }
            };
            if self.tell.send(self.told(message)).await.is_err() {
                return Ok(false);
            }
        }
    }

    fn told(&self, message: Vec<u8>) -> Told {
        Told { id: self.id, with: self.with, message: Some(message) }
    }
}

/// The largest UDP payload.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Read at once from a stream.
const READ_BYTES: usize = 8 * 1024;
/// Connections at once: each has a task and 8 KB.
const CONNECTIONS_MAX: usize = 4_096;
/// Messages that wait, of one connection and of all.
const MESSAGES_WAITING: usize = 256;
/// Longest wait for a connection, its handshake, and for what is written to be taken.
const CONNECT_MAX: Duration = Duration::from_secs(5);
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
const WRITE_MAX: Duration = Duration::from_secs(10);
/// A message that was begun and is not ended, and a connection without a word, are closed.
const MESSAGE_MAX: Duration = Duration::from_secs(32);
const IDLE_MAX: Duration = Duration::from_secs(3600);
/// The way through a NAT is kept open (RFC 5626 4.4.1: between 95 and 120 s).
const PING_EVERY: Duration = Duration::from_secs(95);
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";
/// After an accept that failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
