//! One SIP endpoint: tables of transactions and dialogs, and the way in and out.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::admission::{Admission, Limits};
use super::challenge::Guards;
use super::dialog::{Dialog, DialogId};
use super::event::{EndCause, Event, RefusalReason};
use super::message::{Message, Method};
use super::parse::parse;
use super::random::Random;
use super::registration::Registration;
use super::settings::{Network, Settings};
use super::timers::{GIVE_UP, Timers, Wake};
use super::transaction::{ClientState, ClientTx, ServerTx, earlier};

/// A SIP user agent, both sides, over one transport.
///
/// After every call: drain [`Self::poll_transmit`] and [`Self::poll_event`], then wait for a datagram or
/// [`Self::poll_timeout`].
#[derive(Debug)]
pub struct Endpoint {
    pub(super) settings: Settings,
    pub(super) admission: Admission,
    pub(super) random: Random,
    /// Begins every branch we make: a request that carries it came back to us.
    pub(super) branch_mark: String,
    pub(super) servers: HashMap<u64, ServerTx>,
    pub(super) server_keys: HashMap<String, u64>,
    pub(super) merges: HashMap<String, u64>,
    pub(super) clients: HashMap<u64, ClientTx>,
    pub(super) client_keys: HashMap<String, u64>,
    pub(super) dialogs: HashMap<DialogId, Dialog>,
    /// By Call-ID and our tag.
    pub(super) dialog_keys: HashMap<(String, String), DialogId>,
    /// How many dialogs we opened towards each address: these may talk to us without being in `allow`.
    pub(super) peers: HashMap<IpAddr, usize>,
    pub(super) registrations: HashMap<u64, Registration>,
    pub(super) timers: Timers,
    pub(super) overload_told: Option<Instant>,
    transmits: VecDeque<Transmit>,
    pub(super) events: VecDeque<Event>,
    next_id: u64,
    /// How long a request that opens something may stay without any answer.
    pub(super) patience: Duration,
    /// Who has to show a password.
    pub(super) guards: Guards,
}

/// A datagram to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// What.
    pub bytes: Vec<u8>,
}

/// Transactions kept at once (about 1.5 KB each); beyond it new calls get 503 with Retry-After.
/// 500 calls a second need 32,000: INVITE and BYE stay for 32 s each.
pub const TRANSACTIONS_MAX: usize = 40_000;

impl Endpoint {
    /// An endpoint. Tags, branches and Call-IDs come from `seed`, which must be secret and random in production.
    pub fn new(settings: Settings, seed: [u8; 32]) -> Self {
        let random = Random::new(seed);
        let branch_mark = format!("z9hG4bK{:016x}", random.keyed(&"branch mark"));
        Self {
            admission: Admission::new(settings.allow.clone()),
            settings,
            random,
            branch_mark,
            servers: HashMap::new(),
            server_keys: HashMap::new(),
            merges: HashMap::new(),
            clients: HashMap::new(),
            client_keys: HashMap::new(),
            dialogs: HashMap::new(),
            dialog_keys: HashMap::new(),
            peers: HashMap::new(),
            registrations: HashMap::new(),
            timers: Timers::default(),
            overload_told: None,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            next_id: 0,
            patience: GIVE_UP,
            guards: Guards::default(),
        }
    }

    /// INVITE, REGISTER and OPTIONS of ours without any answer for so long count as unanswered, instead of after 32 s:
    /// there may be somebody else to ask (RFC 3263 4.3).
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience.min(GIVE_UP);
        self
    }

    /// No connection with this address is to be had: nothing that was just asked there is answered.
    pub fn unreachable(&mut self, at: SocketAddr, now: Instant) {
        let asked =
            self.clients.iter_mut().filter(|(_, tx)| tx.to == at && tx.state == ClientState::Calling && tx.opens());
        for (id, tx) in asked {
            tx.expires = Some(now);
            self.timers.at(Some(now), Wake::Client(*id));
        }
    }

    /// A datagram, or a message cut out of a stream, came from `from` to our address `to_local`.
    pub fn handle_datagram(&mut self, from: SocketAddr, to_local: SocketAddr, bytes: &[u8], now: Instant) {
        if to_local.ip().is_multicast() || !may_send_to(from) {
            return;
        }
        // What a stranger who was told so says again is not even read.
        if self.admission.was_refused(from.ip(), now) && !self.knows(from.ip()) {
            return;
        }
        // Neither keep-alives nor other protocols are answered.
        let Ok(parsed) = parse(bytes) else { return };
        match parsed.message {
            Message::Request(request) => self.on_request(request, parsed.fault, from, bytes.len(), now),
            // A response with a fault is as good as lost.
            Message::Response(response) if parsed.fault.is_none() => self.on_response(response, now),
            Message::Response(_) => {}
        }
    }

    /// Whether this address has business with us: calls from there are served, we signed in there, or we called it.
    /// Nobody else needs a connection.
    pub fn knows(&self, ip: IpAddr) -> bool {
        self.admission.allows(ip) || self.peers.contains_key(&ip) || self.is_registrar(ip)
    }

    /// Takes no more than this.
    pub fn limit(&mut self, limits: Limits) {
        self.admission.limits = limits;
    }

    /// Somebody who is not known wants a connection, and gets none.
    pub fn refuse_connection(&mut self, from: SocketAddr, now: Instant) {
        self.tell_refused(from, RefusalReason::NotAllowed, now);
    }

    /// A security event, unless there are too many of them.
    pub(super) fn tell_refused(&mut self, source: SocketAddr, reason: RefusalReason, now: Instant) {
        if let Some(untold) = self.admission.may_tell(source.ip(), now) {
            self.events.push_back(Event::Refused { source, reason, untold });
        }
    }

    /// The hosts of one carrier: each may go on with a call another of them began.
    pub fn carrier(&mut self, name: &str, hosts: Vec<Network>) {
        self.admission.carrier(name, hosts);
    }

    /// Requests from there are served from now on, beside those of `allow`.
    pub fn trust(&mut self, ip: IpAddr) {
        self.admission.trust(ip);
    }

    /// The connection with this address is gone: its calls go on over a new one, to where the other side says it is.
    pub fn connection_lost(&mut self, with: SocketAddr) {
        let lost = |dialog: &Dialog| dialog.peer == with;
        let ids: Vec<DialogId> = self.dialogs.iter().filter(|(_, d)| lost(d)).map(|(id, _)| *id).collect();
        for id in ids {
            let to = self.dialogs.get(&id).and_then(|dialog| self.addressed(dialog));
            if let (Some(to), Some(dialog)) = (to.filter(|to| to.ip() == with.ip()), self.dialogs.get_mut(&id)) {
                dialog.peer = to;
            }
        }
    }

    /// Time went on: retransmit, give up, forget.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(wake) = self.timers.pop_due(now) {
            match wake {
                Wake::Server(id) => self.server_due(id, now),
                Wake::Client(id) => self.client_due(id, now),
                Wake::Dialog(id) => self.dialog_due(DialogId(id), now),
                Wake::Session(id) => self.session_due(DialogId(id), now),
                Wake::Registration(id) => self.registration_due(id, now),
            }
        }
    }

    /// When [`Self::handle_timeout`] is to be called; it may be early, never late.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// Next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Dialogs that live, those that only wait for their ACK included.
    pub fn dialogs(&self) -> usize {
        self.dialogs.len()
    }

    /// Accounts we are signed in at, or try to be.
    pub fn registrations(&self) -> usize {
        self.registrations.len()
    }

    /// Calls of which we have said that they are over, and wait for the answer.
    pub fn goodbyes(&self) -> usize {
        self.clients.values().filter(|tx| matches!(tx.request.method, Method::Bye | Method::Cancel)).count()
    }

    /// Transactions that live.
    pub fn transactions(&self) -> usize {
        self.servers.len() + self.clients.len()
    }

    pub(super) fn send(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        if may_send_to(to) {
            self.transmits.push_back(Transmit { to, bytes });
        }
    }

    /// A branch that nobody else makes.
    pub(super) fn new_branch(&mut self) -> String {
        format!("{}{}", self.branch_mark, self.random.token())
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn end(&mut self, dialog: DialogId, cause: EndCause) {
        self.events.push_back(Event::Ended { dialog, cause });
    }

    pub(super) fn add_dialog(&mut self, id: DialogId, dialog: Dialog) {
        if dialog.ours {
            *self.peers.entry(dialog.peer.ip()).or_default() += 1;
        }
        self.dialog_keys.insert((dialog.call_id.clone(), dialog.local_tag.clone()), id);
        self.dialogs.insert(id, dialog);
    }

    pub(super) fn remove_dialog(&mut self, id: DialogId) -> Option<Dialog> {
        let dialog = self.dialogs.remove(&id)?;
        self.dialog_keys.remove(&(dialog.call_id.clone(), dialog.local_tag.clone()));
        if let Some(count) = self.peers.get_mut(&dialog.peer.ip()).filter(|_| dialog.ours) {
            *count -= 1;
            if *count == 0 {
                self.peers.remove(&dialog.peer.ip());
            }
        }
        Some(dialog)
    }

    pub(super) fn wake_dialog(&mut self, id: DialogId) {
        let waiting = self.dialogs.get(&id).and_then(|d| d.await_ack.as_ref());
        let due = waiting.and_then(|w| earlier(Some(w.backoff.due), Some(w.deadline)));
        self.timers.at(due, Wake::Dialog(id.0));
        self.wake_reliable(id);
    }

    /// Our answer was not acknowledged: the call ends.
    pub(super) fn unacknowledged(&mut self, id: DialogId, now: Instant) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        dialog.await_ack = None;
        if !dialog.bye_wanted {
            self.end(id, EndCause::NoAck);
        }
        self.bye_and_forget(id, now);
    }

    fn dialog_due(&mut self, id: DialogId, now: Instant) {
        self.reliable_due(id, now);
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let Some(waiting) = dialog.await_ack.as_mut() else { return };
        if waiting.deadline <= now {
            return self.unacknowledged(id, now);
        }
        if waiting.backoff.fire(now) {
            let (to, bytes) = (waiting.to, waiting.bytes.clone());
            self.send(to, bytes);
            self.wake_dialog(id);
        }
    }
}

/// Nothing is ever sent to many, to nobody or to port 0.
fn may_send_to(to: SocketAddr) -> bool {
    let ip = to.ip().to_canonical();
    let broadcast = ip == IpAddr::V4(Ipv4Addr::BROADCAST);
    to.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !broadcast
}
