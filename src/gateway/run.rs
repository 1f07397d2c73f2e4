//! Start and stop of the gateway.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::handle::Handle;
use super::line::Line;
use super::ports::Ports;
use super::random::random;
use super::settings::{Rooms, Settings};
use super::tools::{Limits, Tools};
use super::trunks::{self, Ask, Signed};
use crate::sip;

/// The running gateway.
#[derive(Debug)]
pub struct Gateway {
    handle: Handle,
    lines: Vec<JoinHandle<()>>,
    settings: Arc<Settings>,
    listening: Vec<SocketAddr>,
    /// To the line that signed in; none without trunks.
    signed_in: Option<mpsc::Sender<Ask>>,
}

/// Why the gateway did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A SIP address is not to be had.
    #[error("cannot listen on [sip] listen = \"udp:{address}\": {error}; is another SIP server running there?")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// The system's word.
        error: io::Error,
    },
    /// Nothing to answer for.
    #[error("no business is configured: add a [business] section")]
    NoBusiness,
}

impl Gateway {
    /// Binds the SIP sockets and starts taking calls.
    pub async fn start(settings: Settings, rooms: Rooms, handle: Handle) -> Result<Self, StartError> {
        if rooms.directory.businesses().next().is_none() {
            return Err(StartError::NoBusiness);
        }
        let mut sockets = Vec::new();
        for &address in &settings.listen {
            let socket = UdpSocket::bind(address).await.map_err(|error| StartError::Bind { address, error })?;
            sockets.push(socket);
        }
        let listening = sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect();
        let settings = Arc::new(settings);
        let ports = Arc::new(Ports::new(settings.rtp_ports.clone()));
        let tools = Tools::new(rooms.calendar.clone(), rooms.crm.clone(), Limits::default());
        let (mut lines, mut finders, mut signed_in) = (Vec::new(), Vec::new(), None);
        let mut trunk_line = None;
        for (index, socket) in sockets.into_iter().enumerate() {
            let (post, commands) = mpsc::unbounded_channel();
            let trunk_line = trunk_line.get_or_insert_with(|| post.clone()).clone();
            let (found, trunk_asks) = mpsc::channel(TRUNKS_WAITING);
            // Signed in once, from the first address.
            let trunks = if index == 0 { settings.trunks.clone() } else { Vec::new() };
            let local = socket.local_addr().map_or(IpAddr::from([0, 0, 0, 0]), |local| local.ip());
            if !trunks.is_empty() {
                signed_in = Some(found.clone());
                finders.push(tokio::spawn(trunks::find(trunks.clone(), local, found, handle.clone())));
            }
            let line = Line {
                endpoint: sip::Endpoint::new(sip_settings(&settings, &socket), random()),
                socket,
                settings: settings.clone(),
                ports: ports.clone(),
                rooms: rooms.clone(),
                tools: tools.clone(),
                handle: handle.clone(),
                commands,
                post,
                trunk_line,
                calls: HashMap::new(),
                trunks: trunks.into_iter().map(Signed::new).collect(),
                trunk_asks,
                leaving: None,
            };
            lines.push(tokio::spawn(line.run()));
        }
        lines.extend(finders);
        Ok(Self { handle, lines, settings, listening, signed_in })
    }

    /// The SIP addresses in use.
    pub fn listening(&self) -> &[SocketAddr] {
        &self.listening
    }

    /// No new calls; running ones get `drain`, then the sockets close.
    pub async fn stop(self) {
        self.handle.drain();
        let started = Instant::now();
        if tokio::time::timeout(self.settings.drain, self.handle.idle()).await.is_err() {
            tracing::warn!(calls = self.handle.running(), waited = ?started.elapsed(), "calls cut off by the stop");
        }
        if let Some(line) = self.signed_in {
            let (done, signed_out) = oneshot::channel();
            let _ = line.send(Ask::Leave(done)).await; // a line that failed has nothing to sign out
            let _ = tokio::time::timeout(SIGN_OUT_MAX, signed_out).await; // the trunk forgets us by itself
        }
        for line in self.lines {
            line.abort();
        }
    }
}

fn sip_settings(settings: &Settings, socket: &UdpSocket) -> sip::Settings {
    let local = socket.local_addr().unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 5060)));
    let ip = settings.advertised.unwrap_or(local.ip());
    sip::Settings {
        contact: SocketAddr::new(ip, local.port()),
        user_agent: concat!("offhook/", env!("CARGO_PKG_VERSION")).into(),
        allow: settings.allow.clone(),
    }
}

/// A trunk that does not answer a sign-out is not waited for longer.
const SIGN_OUT_MAX: Duration = Duration::from_secs(2);
/// News of trunks the line has not read yet.
const TRUNKS_WAITING: usize = 16;
