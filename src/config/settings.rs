//! The checked configuration: plain values, one struct per section.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::numbers::NumberConfig;
use super::secret::Secret;
use super::trunks::TrunkConfig;
use crate::conversation::Business;
use crate::events::{Door, Kind};
use crate::outbox::{Notify, Pace};
use crate::record::Policy;
use crate::sip::sdp::{Encoding, Security};
use crate::sip::{HeaderSlot, Transport};

/// Everything the process is told at start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it came from: a file name, or "built-in demo".
    pub origin: String,
    /// At least one; ids are unique.
    pub businesses: Vec<Arc<Business>>,
    /// Which called number reaches which business.
    pub routes: Vec<Route>,
    /// `[sip]`
    pub sip: SipConfig,
    /// `[[trunks]]`; names are unique.
    pub trunks: Vec<TrunkConfig>,
    /// `[[numbers]]`; each is listed once.
    pub numbers: Vec<NumberConfig>,
    /// `[media]`
    pub media: MediaConfig,
    /// `[speech]`
    pub speech: SpeechConfig,
    /// `[voice]`
    pub voice: VoiceConfig,
    /// `[model]`; none: every call goes without one.
    pub model: Option<ModelConfig>,
    /// `[calendar]`
    pub calendar: CalendarConfig,
    /// `[crm]`
    pub crm: CrmConfig,
    /// `[crm_policy]`
    pub crm_policy: CrmPolicyConfig,
    /// `[notices]`
    pub notices: NoticesConfig,
    /// `[confirmations]`
    pub confirmations: ConfirmationsConfig,
    /// `[[webhooks]]`; names are unique.
    pub webhooks: Vec<EndpointConfig>,
    /// `[[sources]]`; names are unique.
    pub sources: Vec<SourceConfig>,
    /// `[store]`
    pub store: StoreConfig,
    /// `[http]`
    pub http: HttpConfig,
    /// `[log]`
    pub log: LogConfig,
    /// `[testing]`
    pub testing: TestingConfig,
}

impl Config {
    /// The business that answers a called user part: the one that lists it, else the one that lists none.
    pub fn business_for(&self, called: &str) -> Option<&Arc<Business>> {
        let number = self.numbers.iter().find(|number| number.called == called).map(|number| &number.business);
        let listed = self.routes.iter().find(|route| route.called == called).map(|route| &route.business).or(number);
        match listed {
            Some(id) => self.businesses.iter().find(|business| business.id == *id),
            None => self.open_business(),
        }
    }

    /// The business that answers the numbers nobody lists: it lists none itself, or `[[numbers]]` alone and is alone.
    pub fn open_business(&self) -> Option<&Arc<Business>> {
        self.businesses.iter().find(|business| {
            let routed = self.routes.iter().any(|route| route.business == business.id);
            let alone = self.businesses.len() == 1;
            !routed && (alone || self.numbers.iter().all(|number| number.business != business.id))
        })
    }
}

/// A called number (or user part) and the business it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// User part of the called URI, compared as written.
    pub called: String,
    /// Business id.
    pub business: String,
}

/// Signalling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipConfig {
    /// Sockets to open, at least one.
    pub listen: Vec<Listen>,
    /// Certificate and key for those that speak TLS.
    pub tls: Option<TlsConfig>,
    /// Networks that may call.
    pub allow: Vec<Cidr>,
    /// How long active calls may go on after SIGTERM.
    pub drain: Duration,
    /// Address written into SDP and Contact when it is not the socket's own (a box behind NAT).
    pub advertised: Option<IpAddr>,
    /// Calls at once; the next one is refused with 503.
    pub max_calls: usize,
    /// Called user part at which callers hear themselves, for trying a trunk.
    pub echo: Option<String>,
    /// Calls of one source at once; the next one is refused with 486.
    pub source_max_calls: usize,
    /// New calls a second; the next one is refused with 503.
    pub calls_per_second: u32,
    /// The same of one source: an address, or an IPv6 network of 64 bits.
    pub source_calls_per_second: u32,
    /// Headers that become part of the call's record.
    pub slots: Vec<HeaderSlot>,
    /// Who is asked for addresses; the system's when empty.
    pub name_servers: Vec<SocketAddr>,
    /// Who tells our public address, where `advertised` does not: host and port.
    pub stun: Option<(String, u16)>,
    /// Longest call.
    pub max_call: Duration,
    /// By when a call has to show a sign of life (RFC 4028): what is asked for and granted at most.
    pub session_expires: Duration,
    /// What is granted at least.
    pub min_se: Duration,
}

/// Files of our side of TLS, PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// Our certificate and those that lead to its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Roots of whom we connect to; none: the system's.
    pub roots: Option<PathBuf>,
}

/// A signalling socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// Transport protocol.
    pub transport: Transport,
    /// Address and port; port 0 takes a free one.
    pub addr: SocketAddr,
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.addr)
    }
}

/// A network: address and prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// Any address of the network.
    pub addr: IpAddr,
    /// Leading bits that count, 0..=32 or 0..=128.
    pub prefix: u8,
}

impl Cidr {
    /// Whether `other` lies in this network; an IPv4-mapped IPv6 address counts as its IPv4 one.
    pub fn contains(&self, other: IpAddr) -> bool {
        match (self.addr, other.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                (u64::from(net.to_bits()) >> shift) == (u64::from(other.to_bits()) >> shift)
            }
            (IpAddr::V6(net), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.prefix.min(128));
                net.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.addr, self.prefix)
    }
}

/// Media sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaConfig {
    /// UDP ports for RTP and RTCP, two per call.
    pub rtp_ports: RangeInclusive<u16>,
    /// Codecs, preferred first.
    pub codecs: Vec<Encoding>,
    /// Whether media is protected (SRTP).
    pub srtp: Security,
    /// Whether keys are listened for in the sound; none: when the peer sends them no other way.
    pub key_tones: Option<bool>,
}

/// Ears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechConfig {
    /// Which Whisper.
    pub model: SpeechModel,
    /// Most threads per transcript and of the voice; none lets the machine's cores decide.
    pub threads: Option<usize>,
}

/// A Whisper model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeechModel {
    /// tiny.en when every business speaks English, else base.
    Auto,
    /// English only, fastest.
    TinyEn,
    /// Multilingual.
    Base,
    /// A ggml file of the user's own.
    File(PathBuf),
}

/// Mouth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceConfig {
    /// A Piper `.onnx` file of the user's own (its `.onnx.json` beside it); none takes the fetched voice.
    pub model: Option<PathBuf>,
    /// Command that turns text into phonemes, a separate process.
    pub espeak: String,
}

/// A language model that reads what the grammar cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelConfig {
    /// Where its chat completions are, whole.
    pub url: String,
    /// Its name there.
    pub name: String,
    /// Sent as bearer token.
    pub api_key: Option<Secret>,
    /// Longest time a caller waits for it.
    pub deadline: Duration,
    /// It also puts prompts in other words, while nobody calls.
    pub rephrase: bool,
}

/// Which calendar is booked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarConfig {
    /// Our own tables.
    Builtin,
    /// A calendar on a CalDAV server.
    CalDav(CalDavConfig),
    /// A Google calendar.
    Google(GoogleConfig),
    /// A calendar of Microsoft 365 or Outlook.com.
    Microsoft(MicrosoftConfig),
    /// Calendly.
    Calendly(CalendlyConfig),
    /// Acuity Scheduling.
    Acuity(AcuityConfig),
}

/// A calendar on a CalDAV server, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalDavConfig {
    /// Address of the calendar, or of a server that tells where it is.
    pub url: String,
    /// Name of the calendar, or its path; none where the user has only one.
    pub calendar: Option<String>,
    /// User name; none where the server asks for none.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// E-mail address written as organizer.
    pub organizer: Option<String>,
}

/// The user's permission to use a calendar (OAuth 2.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionConfig {
    /// The provider's name: that of the sealed file.
    pub name: String,
    /// Where tokens are bought.
    pub token_url: String,
    /// Where the user says yes.
    pub authorize_url: String,
    /// What is asked for.
    pub scope: String,
    /// Our name at the provider.
    pub client_id: String,
    /// And our password, where it gives one.
    pub client_secret: Option<Secret>,
    /// A refresh token from elsewhere.
    pub refresh_token: Option<Secret>,
}

/// A Google calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleConfig {
    /// Address of the API.
    pub url: String,
    /// Id of the calendar.
    pub calendar: String,
    /// Calendars that keep us from booking when they are busy.
    pub busy: Vec<String>,
    /// Who we are there.
    pub permission: PermissionConfig,
}

/// A calendar of Microsoft 365 or Outlook.com.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MicrosoftConfig {
    /// Address of the API.
    pub url: String,
    /// Id of the calendar; none for the mailbox's own.
    pub calendar: Option<String>,
    /// Mailbox; none for that of whoever logged in.
    pub user: Option<String>,
    /// Mailboxes that keep us from booking when they are busy.
    pub busy: Vec<String>,
    /// Who we are there.
    pub permission: PermissionConfig,
}

/// Calendly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendlyConfig {
    /// Address of the API.
    pub url: String,
    /// A personal access token.
    pub token: Secret,
    /// The business's own e-mail address.
    pub email: String,
    /// Service keys and the addresses of their event types.
    pub services: BTreeMap<String, String>,
}

/// Acuity Scheduling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcuityConfig {
    /// Address of the API.
    pub url: String,
    /// The account's number.
    pub username: String,
    /// Its API key.
    pub password: Secret,
    /// Number of the calendar; none lets Acuity find one.
    pub calendar: Option<u64>,
    /// The business's own e-mail address.
    pub email: String,
    /// Service keys and the numbers of their appointment types.
    pub services: BTreeMap<String, u64>,
}

/// Which CRM is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrmConfig {
    /// Our own tables.
    Builtin,
    /// Somebody else's.
    Remote(Box<CrmRemoteConfig>),
}

/// A CRM on another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmRemoteConfig {
    /// Which.
    pub kind: CrmKind,
    /// Address of its API.
    pub url: String,
    /// Who we are there.
    pub access: CrmAccess,
    /// A mapping file of one's own; none for the one that comes with offhook.
    pub mapping: Option<PathBuf>,
    /// Requests a second, on average.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
    /// Requests a day.
    pub per_day: u32,
}

/// The CRMs there are connectors for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrmKind {
    /// HubSpot.
    HubSpot,
    /// Salesforce.
    Salesforce,
    /// Pipedrive.
    Pipedrive,
    /// Dynamics 365.
    Dynamics,
    /// Tryton.
    Tryton,
    /// Whoever listens at an address.
    Webhook,
}

/// Who we are to a CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrmAccess {
    /// A token that stays.
    Token(Secret),
    /// A user's permission, or with `machine` the client's own.
    Permission {
        /// Where it is bought.
        permission: PermissionConfig,
        /// There is no user behind it.
        machine: bool,
    },
    /// A database, a name and a password.
    Password {
        /// The database there.
        database: String,
        /// Our name.
        username: String,
        /// Our password.
        password: Secret,
    },
    /// What requests are signed with.
    Signed(Secret),
}

/// Who is told when something waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticesConfig {
    /// By mail.
    pub mail: Option<MailConfig>,
    /// At a Slack-compatible address.
    pub slack: Option<Secret>,
}

/// Who may write what into the CRM, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct CrmPolicyConfig {
    /// The matrix.
    pub policy: Policy,
    /// At once, or in batches.
    pub pace: Pace,
}

/// Where appointments are confirmed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfirmationsConfig {
    /// By mail.
    pub mail: Option<MailConfig>,
    /// By a signed web request.
    pub webhook: Option<WebhookConfig>,
    /// What customers are written about.
    pub customer: Notify,
}

/// A mail server, and who writes to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailConfig {
    /// `smtps://HOST` or `smtp://HOST`.
    pub url: String,
    /// User name and password.
    pub login: Option<(String, Secret)>,
    /// Who writes.
    pub from: String,
    /// Who is written to.
    pub to: Vec<String>,
}

/// A web address that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// The address, which may hold a token.
    pub url: Secret,
    /// What requests are signed with.
    pub secret: Secret,
}

/// Somebody who is told what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointConfig {
    /// Its name: health and replays go by it.
    pub name: String,
    /// The address, which may hold a token.
    pub url: Secret,
    /// What requests are signed with, the newest first.
    pub secrets: Vec<Secret>,
    /// What it is told of.
    pub kinds: Vec<Kind>,
    /// It may be on this machine or in a private network.
    pub allow_private: bool,
}

/// A platform that may tell us of its calls.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// Its name: the end of its address.
    pub name: String,
    /// How it signs.
    pub door: Door,
    /// Its calls are meetings.
    pub meetings: bool,
    /// Business id.
    pub business: String,
    /// Networks it speaks from; none is anywhere.
    pub allow: Option<Vec<Cidr>>,
    /// Hosts artefacts are fetched from; empty is any.
    pub hosts: Vec<String>,
    /// Where it is asked, as whom, with which password.
    pub api: Option<(String, String, Secret)>,
    /// How long a call that is over waits for more.
    pub wait: Duration,
    /// How long sound waits for words.
    pub audio_after: Duration,
    /// Artefacts may be on this machine or in a private network.
    pub allow_private: bool,
}

/// Where calls, bookings and outgoing work are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// As written, "sqlite:PATH".
    pub url: String,
    /// The database file, relative to the working directory.
    pub path: PathBuf,
}

impl StoreConfig {
    /// The folder of the database: what else must survive a restart lives beside it.
    pub fn data_dir(&self) -> &Path {
        match self.path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        }
    }
}

/// The API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Bearer token; none: one is made on first start.
    pub api_token: Option<Secret>,
    /// Proxies in front of it, whose X-Forwarded-For is believed.
    pub proxies: Vec<Cidr>,
    /// Where links from outside reach it.
    pub public_url: String,
    /// How long links to transcripts open, days.
    pub share_days: u32,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Level, or directives as `tracing-subscriber` takes them ("info,offhook::sip=debug").
    pub level: String,
    /// One line of text or one JSON object per event.
    pub format: LogFormat,
}

/// Shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For eyes.
    Text,
    /// For machines.
    Json,
}

/// For tests only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestingConfig {
    /// What the businesses' clock shows at start; it runs on from there.
    pub now: Option<Timestamp>,
}
