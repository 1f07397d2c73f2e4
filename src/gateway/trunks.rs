//! Trunks we sign in at: where they are, and how that stands.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::net::lookup_host;
use tokio::sync::{mpsc, oneshot};
use utoipa::ToSchema;

use super::handle::Handle;
use crate::sip::sdp::Security;
use crate::sip::{Account, Credentials, RegistrationId, Transport, Uri};

/// A trunk that wants us to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// What the configuration calls it.
    pub name: String,
    /// Host name or address of the registrar.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What carries messages to it.
    pub transport: Transport,
    /// Domain of our address there; mostly the host.
    pub domain: String,
    /// Our name and password there.
    pub credentials: Credentials,
    /// Our number there: what calls to us are addressed to. None: the user name.
    pub number: Option<String>,
    /// How long a sign-in is asked to last.
    pub expires: Duration,
    /// Whether media with it is protected; none: as with everybody.
    pub security: Option<Security>,
    /// Whether calls of ours may show the caller's number.
    pub show_caller: bool,
}

/// How signing in at a trunk stands.
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
}

/// Where signing in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    /// Not answered yet.
    Registering,
    /// Calls come in.
    Registered,
    /// No calls come in; it is tried again.
    Failed,
}

/// What the line is asked to do about a trunk.
#[derive(Debug)]
pub(super) enum Ask {
    /// It is there: sign in, or from now on sign in there.
    At(usize, SocketAddr),
    /// Hang up and sign out everywhere, and say when that is done.
    Leave(oneshot::Sender<()>),
}

/// A trunk as the line knows it.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) trunk: Trunk,
    /// None until its host was found.
    pub(super) registration: Option<RegistrationId>,
    pub(super) at: Option<SocketAddr>,
}

impl Signed {
    pub(super) fn new(trunk: Trunk) -> Signed {
        Signed { trunk, registration: None, at: None }
    }

    /// The account at that address, reached by `contact`; an error when the configuration makes no address of it.
    pub(super) fn account(&self, to: SocketAddr, contact: SocketAddr) -> Option<Account> {
        let Trunk { domain, credentials, number, expires, .. } = &self.trunk;
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
        let Trunk { host, port, .. } = &self.trunk;
        match self.at {
            Some(at) if at.ip().to_string() != *host => format!("{host}:{port} ({at})"),
            _ => format!("{host}:{port}"),
        }
    }
}

/// Looks the trunks' hosts up, tells the line where they are, and looks again from time to time.
pub(super) async fn find(trunks: Vec<Trunk>, local: IpAddr, line: mpsc::Sender<Ask>, handle: Handle) {
    let mut found: Vec<Option<SocketAddr>> = vec![None; trunks.len()];
    loop {
        for (index, trunk) in trunks.iter().enumerate() {
            match look_up(&trunk.host, trunk.port, local).await {
                // An address that is still among the host's is kept: balancers shuffle them.
                Ok(addresses) if found[index].is_some_and(|known| addresses.contains(&known)) => {}
                Ok(addresses) => {
                    found[index] = addresses.first().copied();
                    let Some(at) = found[index] else { continue };
                    if line.send(Ask::At(index, at)).await.is_err() {
                        return;
                    }
                }
                Err(problem) => {
                    tracing::warn!(trunk = trunk.name, problem, "trunk not found");
                    if found[index].is_none() {
                        let place = format!("{}:{}", trunk.host, trunk.port);
                        handle.trunk(&trunk.name, place, TrunkState::Failed, Some(problem));
                    }
                }
            }
        }
        let all = found.iter().all(Option::is_some);
        tokio::time::sleep(if all { LOOK_AGAIN } else { LOOK_SOON }).await;
    }
}

/// The host's addresses of the family we speak.
async fn look_up(host: &str, port: u16, local: IpAddr) -> Result<Vec<SocketAddr>, String> {
    let answer = tokio::time::timeout(LOOK_UP_MAX, lookup_host((host, port))).await;
    let addresses = match answer {
        Err(_) => return Err(format!("the name server does not answer for {host}; is the network up?")),
        Ok(Err(error)) => return Err(format!("{host} is not found ({error}); check registrar")),
        Ok(Ok(addresses)) => addresses,
    };
    let usable: Vec<SocketAddr> = addresses.filter(|at| at.is_ipv4() == local.is_ipv4()).collect();
    match usable.is_empty() {
        true => Err(format!("{host} has no address of the family [sip] listen uses; listen on the other one as well")),
        false => Ok(usable),
    }
}

/// How often names are looked up once all are known, and while one is not.
const LOOK_AGAIN: Duration = Duration::from_secs(300);
const LOOK_SOON: Duration = Duration::from_secs(15);
/// A name server that takes longer is down.
const LOOK_UP_MAX: Duration = Duration::from_secs(10);
