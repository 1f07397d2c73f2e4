//! Start and stop of the gateway.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::handle::Handle;
use super::line::{Line, WaysOut};
use super::names::Names;
use super::ports::Ports;
use super::random::random;
use super::settings::{Listen, Rooms, Settings};
use super::signing::guard;
use super::strain::Strain;
use super::tls::{Tls, TlsError};
use super::tools::{Limits, Tools};
use super::trunks::{self, Ask, Signed, TrunkState, Way};
use super::wire::Wire;
use crate::sip::{self, Transport};

/// The running gateway.
#[derive(Debug)]
pub struct Gateway {
    handle: Handle,
    lines: Vec<JoinHandle<()>>,
    settings: Arc<Settings>,
    listening: Vec<Listen>,
    /// To the lines.
    asks: Vec<mpsc::Sender<Ask>>,
}

/// Why the gateway did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A SIP address is not to be had.
    #[error("cannot listen on [sip] listen = \"{listen}\": {error}; is another SIP server running there?")]
    Bind {
        /// The address asked for.
        listen: Listen,
        /// The system's word.
        error: io::Error,
    },
    /// No certificate, or none that can be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
        let tls = settings.tls.as_ref().map(Tls::load).transpose()?;
        for trunk in settings.trunks.iter().filter(|trunk| !trunk.signs_in) {
            handle.trunk(&trunk.name, trunk.place(), TrunkState::Open, None);
        }
        let mut wires = Vec::new();
        for &listen in &settings.listen {
            let tls = tls.clone().filter(|_| listen.transport == Transport::Tls);
            let wire = Wire::open(listen, tls).await.map_err(|error| StartError::Bind { listen, error })?;
            let address = wire.local().map_err(|error| StartError::Bind { listen, error })?;
            wires.push((wire, Listen { address, ..listen }));
        }
        let listening: Vec<Listen> = wires.iter().map(|(_, listen)| *listen).collect();
        let settings = Arc::new(settings);
        let strain = Arc::new(Strain::new(Instant::now()));
        let ports = Arc::new(Ports::new(settings.rtp_ports.clone()));
        let tools = Tools::new(rooms.calendar.clone(), rooms.crm.clone(), Limits::default());
        let names = names(&settings.name_servers);
        let (mut lines, mut ways, mut asks) = (Vec::new(), Vec::new(), Vec::new());
        let posts: Vec<_> = wires.iter().map(|_| mpsc::unbounded_channel()).collect();
        let udp = listening.iter().zip(&posts).find(|(listen, _)| listen.transport == Transport::Udp);
        let direct = udp.map(|(listen, (post, _))| (post.clone(), listen.address.ip()));
        let ways_out = Arc::new(WaysOut { trunks: DashMap::new(), direct, names });
        for ((wire, at), (post, commands)) in wires.into_iter().zip(posts) {
            let (ask, trunk_asks) = mpsc::channel(TRUNKS_WAITING);
            asks.push(ask.clone());
            ways.push(Way { listen: at, asks: ask, post: post.clone() });
            let mut endpoint = sip::Endpoint::new(sip_settings(&settings, at), random()).with_patience(ANSWER_WITHIN);
            for trunk in &settings.trunks {
                trunk.peers.iter().for_each(|network| guard(&mut endpoint, trunk, *network));
                endpoint.carrier(&trunk.name, trunk.peers.clone());
            }
            endpoint.limit(settings.limits);
            let line = Line {
                endpoint,
                strain: strain.clone(),
                wire,
                local: at.address,
                settings: settings.clone(),
                ports: ports.clone(),
                rooms: rooms.clone(),
                tools: tools.clone(),
                handle: handle.clone(),
                commands,
                post,
                ways_out: ways_out.clone(),
                calls: HashMap::new(),
                trunks: settings.trunks.iter().cloned().map(Signed::new).collect(),
                trunk_asks,
                resting: HashMap::new(),
                leaving: None,
            };
            lines.push(tokio::spawn(line.run()));
        }
        if settings.trunks.iter().any(|trunk| trunk.host.is_some()) {
            lines.push(tokio::spawn(trunks::find(settings.trunks.clone(), ways, ways_out, handle.clone())));
        }
        Ok(Self { handle, lines, settings, listening, asks })
    }

    /// The SIP addresses in use.
    pub fn listening(&self) -> &[Listen] {
        &self.listening
    }

    /// No new calls; running ones get `drain`, then a BYE; then the sockets close.
    pub async fn stop(self) {
        self.handle.drain();
        let started = Instant::now();
        if tokio::time::timeout(self.settings.drain, self.handle.idle()).await.is_err() {
            tracing::warn!(calls = self.handle.running(), waited = ?started.elapsed(), "calls ended by the stop");
        }
        let leave = self.asks.iter().map(|line| async move {
            let (done, left) = oneshot::channel();
            let _ = line.send(Ask::Leave(done)).await; // a line that failed has nobody to say it to
            let _ = tokio::time::timeout(LEAVE_MAX, left).await; // they forget us by themselves
        });
        futures_util::future::join_all(leave).await;
        let _ = tokio::time::timeout(LEAVE_MAX, self.handle.idle()).await; // what is not on disk yet is in the log
        for line in self.lines {
            line.abort();
        }
    }
}

/// Without name servers only addresses are found.
fn names(servers: &[SocketAddr]) -> Names {
    Names::new(servers).unwrap_or_else(|problem| {
        tracing::warn!(%problem, "no names will be found");
        Names::of_nobody()
    })
}

fn sip_settings(settings: &Settings, at: Listen) -> sip::Settings {
    let ip = settings.advertised.unwrap_or(at.address.ip());
    sip::Settings {
        contact: SocketAddr::new(ip, at.address.port()),
        transport: at.transport,
        user_agent: USER_AGENT.into(),
        allow: settings.allow.iter().chain(settings.trunks.iter().flat_map(|trunk| &trunk.peers)).copied().collect(),
        session: settings.session,
    }
}

/// What we call ourselves.
pub(super) const USER_AGENT: &str = concat!("offhook/", env!("CARGO_PKG_VERSION"));
/// Who says nothing at all to a request of ours for so long is not there: sent four times by then over UDP.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// Who does not answer a BYE or a sign-out is not waited for longer.
const LEAVE_MAX: Duration = Duration::from_secs(2);
/// News of trunks the line has not read yet.
const TRUNKS_WAITING: usize = 16;
