//! One SIP address: drives the signalling core and starts a task for every call.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use jiff::Timestamp;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;

use super::directory::Found;
use super::handle::Handle;
use super::leg::{Leg, MAILBOX_MAX, Mail, Signalling};
use super::names::Names;
use super::opening::{Opened, stay_protected};
use super::person::{PersonMail, Wanted};
use super::ports::Ports;
use super::random::random;
use super::settings::{Rooms, Settings};
use super::signing::called;
use super::strain::Strain;
use super::tools::Tools;
use super::trunks::{Ask, Signed};
use super::wire::{Heard, Wire};
use crate::call::{self, Call, Gone, News};
use crate::conversation::{Business, e164};
use crate::sip::sdp;
use crate::sip::{DialogId, EndCause, Endpoint, Event, Incoming};
use crate::store::fresh_id;

/// What a call's task asks of the line.
#[derive(Debug)]
pub(super) enum Command {
    /// 200 with this SDP.
    Answer(String),
    /// BYE, CANCEL or a refusal, as the dialog stands.
    HangUp,
    /// Call somebody for this dialog's caller.
    Place(Box<Wanted>),
    /// REFER to a URI, or to a number as the trunk writes it.
    Refer { target: String, trunk: Option<String> },
    /// How the call goes that their phone asked for.
    TellRefer(u16),
}

/// To a line.
pub(super) type Post = mpsc::UnboundedSender<(DialogId, Command)>;

/// The lines by which calls of ours go out.
pub(super) struct WaysOut {
    /// The one that reaches the trunk of that name, once the trunk was found.
    pub trunks: DashMap<String, Post>,
    /// The one for whoever is called without a trunk: over UDP; and its address.
    pub direct: Option<(Post, IpAddr)>,
    /// Who knows where they are.
    pub names: Names,
}

/// The line's state.
pub(super) struct Line {
    pub wire: Wire,
    pub local: SocketAddr,
    pub endpoint: Endpoint,
    pub settings: Arc<Settings>,
    pub ports: Arc<Ports>,
    pub rooms: Rooms,
    pub tools: Tools,
    pub handle: Handle,
    pub commands: mpsc::UnboundedReceiver<(DialogId, Command)>,
    pub post: Post,
    /// The lines by which calls of ours go out.
    pub ways_out: Arc<WaysOut>,
    /// How the calls there are fare.
    pub strain: Arc<Strain>,
    pub calls: HashMap<DialogId, Dialog>,
    /// By their place in the settings.
    pub trunks: Vec<Signed>,
    pub trunk_asks: mpsc::Receiver<Ask>,
    /// Places that asked to be left alone, and until when (RFC 3261 21.5.4).
    pub resting: HashMap<SocketAddr, Instant>,
    /// Told when we have said goodbye everywhere.
    pub leaving: Option<oneshot::Sender<()>>,
}

/// What the line keeps of a call.
pub(super) struct Dialog {
    pub mail: mpsc::Sender<Mail>,
    pub local: sdp::LocalMedia,
    pub terms: sdp::Terms,
    /// Our description was the offer: the answer comes with the ACK (RFC 3264, 4).
    pub offered: bool,
    /// Number of a call of ours to somebody; none: the caller's.
    pub leg: Option<u32>,
    /// A call of ours that nobody has answered to yet: what was wanted, and where it was tried.
    pub again: Option<(Box<Wanted>, SocketAddr)>,
    /// Who is called; none: we call.
    pub business: Option<Arc<Business>>,
}

impl Line {
    /// Takes calls until the task is dropped.
    pub async fn run(mut self) {
        loop {
            let wakes = self.endpoint.poll_timeout().into_iter().chain(self.next_probe());
            let wake = wakes.min().unwrap_or_else(|| Instant::now() + IDLE);
            tokio::select! {
                heard = self.wire.hear() => self.heard(heard),
                Some((dialog, command)) = self.commands.recv() => self.obey(dialog, command).await,
                Some(ask) = self.trunk_asks.recv() => self.asked(ask).await,
                () = sleep_until(wake.into()) => {
                    self.endpoint.handle_timeout(Instant::now());
                    self.probe_trunks().await;
                }
            }
            self.drain().await;
            if let Some(done) =
                self.leaving.take_if(|_| self.endpoint.registrations() == 0 && self.endpoint.goodbyes() == 0)
            {
                let _ = done.send(()); // whoever asked stopped waiting: fine
            }
        }
    }

    fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Message(from, bytes) => self.endpoint.handle_datagram(from, self.local, &bytes, Instant::now()),
            // A stranger gets neither a handshake nor a word.
            Heard::Knock(from, _) if !self.endpoint.knows(from.ip()) => {
                self.endpoint.refuse_connection(from, Instant::now());
            }
            Heard::Knock(from, stream) => self.wire.admit(from, stream),
            Heard::Lost(with) => {
                self.endpoint.connection_lost(with);
                self.endpoint.unreachable(with, Instant::now());
            }
            Heard::Nothing => {}
        }
    }

    async fn obey(&mut self, dialog: DialogId, command: Command) {
        match command {
            Command::Answer(sdp) => self.endpoint.answer(dialog, sdp, Instant::now()),
            Command::HangUp => self.endpoint.hang_up(dialog, Instant::now()),
            Command::Place(wanted) => self.place(*wanted).await,
            Command::Refer { target, trunk } => self.refer(dialog, &target, trunk.as_deref()),
            Command::TellRefer(status) => self.endpoint.tell_refer(dialog, status, Instant::now()),
        }
    }

    async fn drain(&mut self) {
        loop {
            while let Some(transmit) = self.endpoint.poll_transmit() {
                self.wire.say(transmit.to, transmit.bytes).await;
            }
            match self.endpoint.poll_event() {
                Some(event) => self.happened(event).await,
                None => return,
            }
        }
    }

    async fn happened(&mut self, event: Event) {
        match event {
            Event::Incoming(incoming) => self.called(*incoming).await,
            Event::Confirmed { dialog, answer } => {
                if self.answered(dialog, answer.as_ref()) {
                    self.mail(dialog, Mail::Confirmed);
                } else {
                    self.endpoint.hang_up(dialog, Instant::now());
                }
            }
            Event::Reconfirmed { dialog, answer } => {
                self.answered(dialog, answer.as_ref());
            }
            Event::Reoffer { dialog, offer } => self.reoffered(dialog, offer),
            Event::Reanswered { dialog, answer } => self.reanswered(dialog, &answer),
            Event::Key { dialog, key } => self.key(dialog, key),
            Event::Ended { dialog, cause } => {
                let gone = match cause {
                    EndCause::RemoteHangUp | EndCause::Cancelled | EndCause::Expired => Gone::Caller,
                    EndCause::LocalHangUp | EndCause::Rejected => Gone::Shutdown,
                    EndCause::NoAck | EndCause::Unanswered => Gone::Failure,
                };
                match self.calls.get(&dialog).and_then(|call| call.leg) {
                    Some(_) => self.person_mail(dialog, PersonMail::News(News::Ended)),
                    None => self.mail(dialog, Mail::Gone(gone)),
                }
                self.calls.remove(&dialog);
            }
            Event::Refused { source, reason, untold } => tracing::warn!(%source, ?reason, untold, "refused"),
            Event::Probed { probe, status } => self.probed(probe, status),
            Event::Registered { registration, expires } => self.signed_in(registration, expires),
            Event::RegistrationFailed { registration, status, reason, retry_in } => {
                self.sign_in_failed(registration, status, &reason, retry_in);
            }
            Event::Ringing { dialog, .. } => {
                if let Some(call) = self.calls.get_mut(&dialog) {
                    call.again = None;
                }
                self.person_mail(dialog, PersonMail::News(News::Ringing));
            }
            Event::Answered { dialog, answer } => self.person_answered(dialog, &answer),
            Event::Failed { dialog, status, reason, retry_after } => {
                tracing::info!(status, reason, "somebody who was called did not take it");
                self.not_taken(dialog, status, retry_after);
            }
            Event::Referred { dialog, status } => self.mail(dialog, Mail::Referred(status)),
            Event::ReferAsked { dialog, target } => self.refer_asked(dialog, &target),
        }
    }

    pub(super) fn mail(&self, dialog: DialogId, mail: Mail) {
        // A closed mailbox is a call that is over already.
        if let Some(call) = self.calls.get(&dialog)
            && let Err(TrySendError::Full(_)) = call.mail.try_send(mail)
        {
            // What it was is not told: it may be a key.
            tracing::warn!("a call's mailbox is full: signalling was lost");
        }
    }

    /// Why a call is not taken at all, and what a trunk that asks is told to wait.
    pub(super) fn turned_away(&self, incoming: &Incoming) -> Option<(u16, &'static str, Option<&'static str>)> {
        let full = self.handle.is_draining() || self.handle.running() >= self.settings.calls_max;
        match () {
            // Nobody takes over a call of ours from outside it.
            () if incoming.replaces.is_some() => Some((603, "Decline", None)),
            () if self.strain.is_high(Instant::now()) => {
                tracing::warn!(source = %incoming.source, "packets are late: a call more is refused");
                Some((503, "Service Unavailable", RETRY_AFTER_SECS))
            }
            () if full => Some((503, "Service Unavailable", RETRY_AFTER_SECS)),
            () => None,
        }
    }

    pub(super) async fn incoming(&mut self, incoming: Incoming) {
        let (dialog, now) = (incoming.dialog, Instant::now());
        let Some(found) = self.belongs(&incoming) else {
            return self.reject(dialog, 404, "Not Found", None);
        };
        let Some(opened) = self.open_media(&incoming).await else { return };
        let Opened { sockets, filter, cover, media, local, terms, offered, description } = opened;
        let business = found.business.clone();
        let settings = self.call_settings(&incoming, found);
        let running = self.handle.enter(&settings.call_id);
        let call = self.call(settings, media, now);
        if self.rooms.hand_off.opened(call.record().clone()).is_err() {
            tracing::error!("the store does not keep up: call refused");
            return self.too_much(&incoming);
        }
        self.endpoint.reach_at(dialog, SocketAddr::new(local.addr.ip(), self.local.port()));
        self.endpoint.ring(dialog, now);
        let (post, mailbox) = mpsc::channel(MAILBOX_MAX);
        let (mail, called) = (post.clone(), Some(business.clone()));
        let call_of = Dialog { mail, local, terms, offered, leg: None, business: called, again: None };
        self.calls.insert(dialog, call_of);
        let leg = Leg {
            call,
            business,
            sockets,
            filter,
            cover,
            keyless_since: None,
            signalling_ip: incoming.source.ip(),
            rooms: self.rooms.clone(),
            tools: self.tools.clone(),
            handle: self.handle.clone(),
            signalling: Signalling { dialog, commands: self.post.clone() },
            mailbox,
            post,
            _running: running,
            known: None,
            coming: None,
            keeping: None,
            asked: (0, 0),
            stale: Arc::new(AtomicBool::new(false)),
            ways_out: self.ways_out.clone(),
            strain: self.strain.clone(),
            calling: None,
            person: None,
            referred: false,
        };
        self.start(leg, description);
    }

    /// Runs the call; one that panics is still ended and recorded.
    fn start(&self, leg: Leg, answer: String) {
        let (signalling, hand_off) = (leg.signalling.clone(), self.rooms.hand_off.clone());
        let (handle, id) = (self.handle.clone(), leg.call.record().id.clone());
        let offset = self.settings.clock_offset;
        let task = tokio::spawn(async move { leg.run(answer).await });
        tokio::spawn(async move {
            let before = handle.live_call(&id);
            let Err(error) = task.await else { return };
            tracing::error!(call = id, %error, "a call's task failed");
            let _ = signalling.commands.send((signalling.dialog, Command::HangUp));
            if let Some(mut record) = handle.live_call(&id).or(before) {
                record.state = call::CallState::Ended;
                record.disposition = Some(call::Disposition::Failed);
                record.ended_at = Timestamp::now().checked_add(offset).ok();
                hand_off.ended(record);
            }
        });
    }

    /// Takes the answer that came with an ACK; false when one was due and is missing or cannot be taken.
    fn answered(&mut self, dialog: DialogId, answer: Option<&sdp::Session>) -> bool {
        let Some(call) = self.calls.get_mut(&dialog) else { return false };
        if !std::mem::take(&mut call.offered) {
            return true;
        }
        let Some(agreed) = answer.and_then(|answer| sdp::accept_answer(answer, &call.terms).ok()) else { return false };
        let leg = call.leg;
        self.mail(dialog, self.settings.media.renegotiated(leg, &agreed));
        true
    }

    fn reoffered(&mut self, dialog: DialogId, offer: Option<sdp::Session>) {
        let now = Instant::now();
        let Some(call) = self.calls.get_mut(&dialog) else { return };
        // Under one version only one thing is ever said (RFC 3264 section 8).
        let local = sdp::LocalMedia { version: call.local.version + 1, ..call.local };
        let Some(offer) = offer else {
            // A re-INVITE without SDP asks for our offer: what we have.
            (call.offered, call.local) = (true, local);
            let sdp = sdp::offer(local, &call.terms);
            return self.endpoint.answer_reoffer(dialog, sdp, now);
        };
        match sdp::negotiate(&offer, local, &call.terms) {
            Ok(negotiated) => {
                call.local = local;
                stay_protected(&mut call.terms, Some(&negotiated.agreed));
                let leg = call.leg;
                self.mail(dialog, self.settings.media.renegotiated(leg, &negotiated.agreed));
                self.endpoint.answer_reoffer(dialog, negotiated.answer, now);
            }
            Err(_) => self.endpoint.reject_reoffer(dialog, 488, now),
        }
    }

    /// A call that nobody here can take goes where its trunk has it go, else it may come again.
    pub(super) fn too_much(&mut self, incoming: &Incoming) {
        let trunk = self.trunk_at(incoming.source.ip(), &called(incoming));
        let Some((trunk, to)) = trunk.and_then(|trunk| Some((trunk, trunk.failover.clone()?))) else {
            return self.reject(incoming.dialog, 503, "Service Unavailable", RETRY_AFTER_SECS);
        };
        let host = if trunk.domain.is_empty() { incoming.source.to_string() } else { trunk.domain.clone() };
        let to = if to.contains(':') { to } else { format!("sip:{to}@{host}") };
        tracing::warn!(trunk = trunk.name, "a call that cannot be taken here is sent on");
        let contact = vec![("Contact".to_owned(), format!("<{to}>"))];
        self.endpoint.reject(incoming.dialog, 302, "Moved Temporarily", contact, Instant::now());
    }

    /// Their side changed while we only said that we are still there.
    fn reanswered(&mut self, dialog: DialogId, answer: &sdp::Session) {
        let Some(call) = self.calls.get(&dialog) else { return };
        match sdp::accept_answer(answer, &call.terms) {
            Ok(agreed) => self.mail(dialog, self.settings.media.renegotiated(call.leg, &agreed)),
            Err(refusal) => {
                tracing::warn!(%refusal, "the answer to a refresh changes the media to what cannot be taken")
            }
        }
    }

    pub(super) fn reject(&mut self, dialog: DialogId, status: u16, reason: &str, retry_after: Option<&str>) {
        let extra = retry_after.map(|seconds| ("Retry-After".to_owned(), seconds.to_owned()));
        self.endpoint.reject(dialog, status, reason, extra.into_iter().collect(), Instant::now());
    }

    fn call(&self, settings: call::Settings, media: call::Media, now: Instant) -> Call {
        let call = Call::new(settings, media, now).lasting(self.settings.longest);
        match &self.rooms.model {
            Some(model) => call.with_model().with_rephrased(model.rephrased()),
            None => call,
        }
    }

    fn call_settings(&self, incoming: &Incoming, found: Found) -> call::Settings {
        let Found { business, called, arrival } = found;
        let number = incoming.from.number.as_deref();
        call::Settings {
            call_id: fresh_id(),
            sip_call_id: incoming.sip_call_id.clone(),
            from: number.map(|number| e164(number, &business.country).unwrap_or_else(|| number.to_owned())),
            to: called,
            arrival,
            seed: random(),
            started_at: Timestamp::now().saturating_add(self.settings.clock_offset).unwrap_or_default(),
            business,
        }
    }

    /// A key told by signalling.
    fn key(&self, dialog: DialogId, key: char) {
        match self.calls.get(&dialog).and_then(|call| call.leg) {
            Some(leg) => self.mail(dialog, Mail::Person { leg, mail: PersonMail::News(News::Key(key)) }),
            None => self.mail(dialog, Mail::Key(key)),
        }
    }

    /// The address media is asked to come to: the advertised one, or the one this host reaches the peer from.
    pub(super) async fn media_ip(&self, peer: SocketAddr) -> IpAddr {
        if let Some(ip) = self.settings.advertised {
            return ip;
        }
        let local = self.local.ip();
        if local.is_unspecified() { route_to(peer).await.unwrap_or(local) } else { local }
    }
}

/// The source address the kernel picks towards `peer`; nothing is sent.
pub(super) async fn route_to(peer: SocketAddr) -> Option<IpAddr> {
    let any = if peer.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let probe = UdpSocket::bind(any).await.ok()?;
    probe.connect(peer).await.ok()?;
    Some(probe.local_addr().ok()?.ip())
}

/// With no timer pending the line still wakes now and then.
const IDLE: Duration = Duration::from_secs(60);
/// What a refused trunk is told to wait, seconds.
pub(super) const RETRY_AFTER_SECS: Option<&str> = Some("5");
