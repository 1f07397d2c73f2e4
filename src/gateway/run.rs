//! Start and stop of the gateway.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use thiserror::Error;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::handle::Handle;
use super::line::Line;
use super::ports::Ports;
use super::random::random;
use super::settings::{Rooms, Settings};
use super::tools::{Limits, Tools};
use crate::sip;

/// The running gateway.
#[derive(Debug)]
pub struct Gateway {
    handle: Handle,
    lines: Vec<JoinHandle<()>>,
    settings: Arc<Settings>,
    listening: Vec<SocketAddr>,
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
        let mut lines = Vec::new();
        for socket in sockets {
            let (post, commands) = mpsc::unbounded_channel();
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
                calls: HashMap::new(),
            };
            lines.push(tokio::spawn(line.run()));
        }
        Ok(Self { handle, lines, settings, listening })
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
