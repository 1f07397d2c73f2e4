//! Settings of this room, and the rooms it drives.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::SignedDuration;

use super::directory::Directory;
use super::media::MediaPolicy;
use super::tls::TlsFiles;
use super::trunks::Trunk;
use crate::calendar::Calendar;
use crate::crm::Crm;
use crate::interpreter::Model;
use crate::outbox::HandOff;
use crate::sip::{HeaderSlot, Limits, Network, SessionTimers, Transport};
use crate::speech::{Questions, Speech};

/// How calls are taken.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where SIP is listened to.
    pub listen: Vec<Listen>,
    /// For those of them that speak TLS.
    pub tls: Option<TlsFiles>,
    /// Address told to peers where the socket's own is not reachable (behind NAT).
    pub advertised: Option<IpAddr>,
    /// Trunks: who they are, and whether we sign in there (from the first address listened on).
    pub trunks: Vec<Trunk>,
    /// Who is asked for addresses; the system's when empty.
    pub name_servers: Vec<SocketAddr>,
    /// Headers that become part of the call's record.
    pub slots: Vec<HeaderSlot>,
    /// Who may call.
    pub allow: Vec<Network>,
    /// Longest call.
    pub longest: Duration,
    /// By when a call has to show a sign of life.
    pub session: SessionTimers,
    /// RTP takes even ports from here, RTCP the odd one above.
    pub rtp_ports: RangeInclusive<u16>,
    /// Codecs and protection.
    pub media: MediaPolicy,
    /// The called user part at which callers hear themselves; none: nowhere.
    pub echo: Option<String>,
    /// Calls at once; more are refused with 503.
    pub calls_max: usize,
    /// New calls a second and of one source; more are refused.
    pub limits: Limits,
    /// How long running calls may go on after a stop was asked for.
    pub drain: Duration,
    /// Added to the real time: the business clock of tests.
    pub clock_offset: SignedDuration,
}

/// An address and what carries messages there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// UDP, TCP or TLS.
    pub transport: Transport,
    /// Address and port; port 0 takes a free one.
    pub address: SocketAddr,
}

impl Listen {
    /// Whether messages of this transport go from here to there.
    pub(super) fn reaches(&self, transport: Transport, ip: IpAddr) -> bool {
        self.transport == transport && self.address.is_ipv4() == ip.is_ipv4()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.address)
    }
}

/// What a call is carried out with.
#[derive(Clone)]
pub struct Rooms {
    /// Ears and voice.
    pub speech: Speech,
    /// Free slots and bookings.
    pub calendar: Arc<dyn Calendar>,
    /// Who is calling.
    pub crm: Arc<dyn Crm>,
    /// What the call leaves behind.
    pub hand_off: HandOff,
    /// Who answers which called number.
    pub directory: Arc<Directory>,
    /// Each business's questions by meaning, by its id; none for a while after the start, or for good.
    pub questions: Arc<OnceLock<HashMap<String, Arc<Questions>>>>,
    /// Reads what the grammar cannot; none: nobody does.
    pub model: Option<Model>,
}

impl std::fmt::Debug for Rooms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rooms").field("directory", &self.directory).finish_non_exhaustive()
    }
}
