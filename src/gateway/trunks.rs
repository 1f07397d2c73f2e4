//! Trunks: who they are, where they are, and how that stands.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use utoipa::ToSchema;

use super::handle::Handle;
use super::health::TrunkHealth;
use super::line::{Post, WaysOut};
use super::names::{Host, Names, Target, default_port};
use super::settings::Listen;
use crate::sip::sdp::Security;
use crate::sip::{Account, Credentials, Network, ProbeId, RegistrationId, Transport, Uri};

/// A trunk: a carrier or a PBX, somewhere we sign in, somebody whose addresses we know, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// What the configuration calls it.
    pub name: String,
    /// Host name or address of its registrar or proxy; none of one that only calls us.
    pub host: Option<String>,
    /// Its port, where the configuration says so.
    pub port: Option<u16>,
    /// Whether we sign in there.
    pub signs_in: bool,
    /// Networks its calls come from, beside its host.
    pub peers: Vec<Network>,
    /// What carries messages to it; none: as its name says.
    pub transport: Option<Transport>,
    /// Domain of our address there; mostly the host.
    pub domain: String,
    /// Our name and password there.
    pub credentials: Option<Credentials>,
    /// Our number there: what calls to us are addressed to. None: the user name.
    pub number: Option<String>,
    /// How long a sign-in is asked to last.
    pub expires: Duration,
    /// Whether media with it is protected; none: as with everybody.
    pub security: Option<Security>,
    /// Whether calls of ours may show the caller's number.
    pub show_caller: bool,
    /// The trunk that takes the calls of ours it does not take.
    pub fallback: Option<String>,
    /// Where it is told to send the calls we cannot take: a number there, or a SIP address.
    pub failover: Option<String>,
    /// Whether it is told in Diversion, and in History-Info, through whom a call of ours came.
    pub forwarding: (bool, bool),
    /// Whether its calls have to show our password there.
    pub inbound_auth: bool,
    /// How often it is asked whether it is there; none: never.
    pub health: Option<Duration>,
}

/// How a trunk stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrunkStatus {
    /// What the configuration calls it.
    pub name: String,
    /// Where it stands.
    pub state: TrunkState,
    /// Where the trunk is: host:port, with the address once it is known.
    pub registrar: String,
    /// What went wrong last; none while all is well.
    pub problem: Option<String>,
    /// Since when it stands so.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// What it said when it was asked last; none before that.
    pub health: Option<TrunkHealth>,
}

/// Where signing in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    /// Not answered yet.
    Registering,
    /// Calls come in.
    Registered,
    /// Nobody signs in: calls come from its addresses.
    Open,
    /// No calls come in; it is tried again.
    Failed,
}

/// What the line is asked to do about a trunk.
#[derive(Debug)]
pub(super) enum Ask {
    /// It is there: sign in, or from now on sign in there. The places to try, in order.
    At(usize, Vec<SocketAddr>),
    /// Another line reaches it now.
    Gone(usize),
    /// Hang up and sign out everywhere, and say when that is done.
    Leave(oneshot::Sender<()>),
}

/// A trunk as the line knows it.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) trunk: Trunk,
    /// None until its host was found.
    pub(super) registration: Option<RegistrationId>,
    /// The places to try, in order; empty until its host was found, and where another line reaches it.
    pub(super) places: Vec<SocketAddr>,
    /// The one that is used.
    pub(super) at: Option<SocketAddr>,
    /// Places that did not answer since one did.
    pub(super) failed: usize,
    /// When it is asked next whether it is there, and what is asked now, since when.
    pub(super) probe_at: Option<Instant>,
    pub(super) probe: Option<(ProbeId, Instant)>,
    /// What came of that last.
    pub(super) reachable: Option<bool>,
}

impl Signed {
    pub(super) fn new(trunk: Trunk) -> Signed {
        Signed {
            trunk,
            registration: None,
            places: Vec::new(),
            at: None,
            failed: 0,
            probe_at: None,
            probe: None,
            reachable: None,
        }
    }

    /// The account at that address, reached by `contact`; an error when the configuration makes no address of it.
    pub(super) fn account(&self, to: SocketAddr, contact: SocketAddr) -> Option<Account> {
        let Trunk { domain, number, expires, .. } = &self.trunk;
        let credentials = self.trunk.credentials.as_ref()?;
        let uri = |text: String| text.parse::<Uri>().ok();
        Some(Account {
            registrar: uri(format!("sip:{domain}"))?,
            to,
            aor: uri(format!("sip:{}@{domain}", credentials.username))?,
            contact_user: number.clone().unwrap_or_else(|| credentials.username.clone()),
            contact,
            expires: *expires,
            credentials: Some(credentials.clone()),
        })
    }

    /// Host and, once known, address.
    pub(super) fn place(&self) -> String {
        let place = self.trunk.place();
        let known = self.at.filter(|at| Some(at.ip().to_string()) != self.trunk.host);
        known.map_or_else(|| place.clone(), |at| format!("{place} ({at})"))
    }

    /// Whether its host is there.
    pub(super) fn is_at(&self, ip: IpAddr) -> bool {
        self.places.iter().any(|place| place.ip().to_canonical() == ip.to_canonical())
    }

    /// The places calls of ours are tried at: the one that works first.
    pub(super) fn in_turn(&self) -> Vec<SocketAddr> {
        let others = self.places.iter().filter(|place| Some(**place) != self.at);
        self.at.iter().chain(others).copied().collect()
    }

    /// The one used did not answer: the next; none when all were tried since one answered.
    pub(super) fn next(&mut self) -> Option<SocketAddr> {
        self.failed += 1;
        if self.failed >= self.places.len() {
            self.failed = 0;
            return None;
        }
        let now = self.places.iter().position(|place| Some(*place) == self.at)?;
        self.at = self.places.get((now + 1) % self.places.len()).copied();
        self.at
    }
}

impl Trunk {
    /// Where it is, or the networks it calls from.
    pub(super) fn place(&self) -> String {
        match (&self.host, self.port) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) if host.parse::<IpAddr>().is_ok() => {
                format!("{host}:{}", default_port(self.transport.unwrap_or_default()))
            }
            (Some(host), None) => host.clone(),
            (None, _) => self.peers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }
    }

    /// Our number or name there.
    pub(super) fn own(&self) -> Option<&str> {
        self.number.as_deref().or_else(|| self.credentials.as_ref().map(|who| who.username.as_str()))
    }

    /// Whom a question whether it is there goes to, and who asks; none when the configuration makes no address of them.
    pub(super) fn asked(&self) -> Option<(Uri, Uri)> {
        Some((format!("sip:{}", self.domain).parse().ok()?, self.address(self.own().unwrap_or(NOBODY))?))
    }

    /// An address there.
    pub(super) fn address(&self, user: &str) -> Option<Uri> {
        format!("sip:{user}@{}", self.domain).parse().ok()
    }

    /// Whether its calls come from there.
    pub(super) fn calls_from(&self, ip: IpAddr) -> bool {
        self.peers.iter().any(|network| network.contains(ip))
    }

    /// Its host, as it is looked for.
    pub fn looked_for(&self) -> Option<Host> {
        Some(Host { name: self.host.clone()?, port: self.port, transport: self.transport })
    }
}

/// A line by which trunks can be reached.
pub(super) struct Way {
    pub(super) listen: Listen,
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) post: Post,
}

/// Looks the trunks' hosts up, tells the lines where they are, and looks again from time to time.
pub(super) async fn find(trunks: Vec<Trunk>, ways: Vec<Way>, ways_out: Arc<WaysOut>, handle: Handle) {
    let mut found: Vec<Option<(usize, Vec<SocketAddr>)>> = vec![None; trunks.len()];
    loop {
        let looked = join_all(trunks.iter().map(|trunk| look_up(trunk, &ways_out.names, &ways))).await;
        for (index, (trunk, looked)) in trunks.iter().zip(looked).enumerate() {
            match looked {
                None => {}
                Some(Ok(targets)) => {
                    let first = targets.first().copied();
                    let way = first
                        .and_then(|one| ways.iter().position(|way| way.listen.reaches(one.transport, one.at.ip())));
                    let Some(way) = way else { continue };
                    let places: Vec<SocketAddr> = targets.iter().map(|target| target.at).collect();
                    // Balancers shuffle their addresses: the same ones are no news.
                    let known = found[index].as_ref().is_some_and(|(old, known)| *old == way && same(known, &places));
                    if known {
                        continue;
                    }
                    let old = found[index].replace((way, places.clone()));
                    if let Some((old, _)) = old.filter(|(old, _)| *old != way) {
                        let _ = ways[old].asks.send(Ask::Gone(index)).await; // a line that stopped knows nothing
                    }
                    ways_out.trunks.insert(trunk.name.clone(), ways[way].post.clone());
                    if ways[way].asks.send(Ask::At(index, places)).await.is_err() {
                        return;
                    }
                }
                Some(Err(problem)) => {
                    tracing::warn!(trunk = trunk.name, problem, "trunk not found");
                    if found[index].is_none() {
                        handle.trunk(&trunk.name, trunk.place(), TrunkState::Failed, Some(problem));
                    }
                }
            }
        }
        let all = trunks.iter().zip(&found).all(|(trunk, found)| trunk.host.is_none() || found.is_some());
        tokio::time::sleep(if all { LOOK_AGAIN } else { LOOK_SOON }).await;
    }
}

async fn look_up(trunk: &Trunk, names: &Names, ways: &[Way]) -> Option<Result<Vec<Target>, String>> {
    let host = trunk.looked_for()?;
    let speaks = |transport, ip| ways.iter().any(|way| way.listen.reaches(transport, ip));
    Some(names.targets(&host, speaks).await.map_err(|error| error.to_string()))
}

fn same(some: &[SocketAddr], others: &[SocketAddr]) -> bool {
    some.len() == others.len() && some.iter().all(|one| others.contains(one))
}

/// User part of whoever asks without a name of his own there.
pub(super) const NOBODY: &str = "offhook";
/// How often names are looked up once all are known, and while one is not; answers are kept as long as they say.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
const LOOK_SOON: Duration = Duration::from_secs(15);
