//! The side that answers: RFC 3261 8.2, 9.2, 13.3, 14.2, 15.1.2 and 17.2.

use std::net::SocketAddr;
use std::time::Instant;

use super::dialog::{AwaitAck, Dialog, DialogId, Phase};
use super::endpoint::{Endpoint, TRANSACTIONS_MAX};
use super::event::{EndCause, Event, Incoming, RefusalReason};
use super::headers::{NameAddr, Via, split_outside};
use super::identity;
use super::message::{Headers, Method, Request, Response};
use super::parse::Fault;
use super::screen::{ALLOW, Essentials, SDP_TYPE, description, refuse};
use super::timers::{Backoff, GIVE_UP, T2, Wake};
use super::transaction::{ServerState, ServerTx, server_key};
use super::write::{self, reason_phrase};

impl Endpoint {
    /// 180: it rings. Only before the answer.
    pub fn ring(&mut self, dialog: DialogId, now: Instant) {
        if let Some(tx) = self.incoming_tx(dialog) {
            self.respond(tx, 180, "", self.dialog_headers(), Vec::new(), now);
        }
    }

    /// 200 with our description, repeated until the ACK comes. After 32 s without it the call ends with BYE.
    pub fn answer(&mut self, dialog: DialogId, sdp: String, now: Instant) {
        if let Some(tx) = self.incoming_tx(dialog) {
            self.accept(dialog, tx, sdp, true, now);
        }
    }

    /// A final refusal (300..=699) with extra headers, e.g. 503 with Retry-After. An empty reason is filled in.
    pub fn reject(&mut self, dialog: DialogId, status: u16, reason: &str, extra: Vec<(String, String)>, now: Instant) {
        if let Some(tx) = self.incoming_tx(dialog) {
            self.refuse_incoming(dialog, tx, status.clamp(300, 699), reason, extra, now);
            self.end(dialog, EndCause::Rejected);
        }
    }

    /// 200 to a re-INVITE.
    pub fn answer_reoffer(&mut self, dialog: DialogId, sdp: String, now: Instant) {
        if let Some(tx) = self.dialogs.get_mut(&dialog).and_then(|d| d.reoffer.take()) {
            self.accept(dialog, tx, sdp, false, now);
        }
    }

    /// Refuses a re-INVITE (488 when its description cannot be taken); the call goes on as it was.
    pub fn reject_reoffer(&mut self, dialog: DialogId, status: u16, now: Instant) {
        if let Some(tx) = self.dialogs.get_mut(&dialog).and_then(|d| d.reoffer.take()) {
            self.respond(tx, status.clamp(300, 699), "", Headers::default(), Vec::new(), now);
        }
    }

    pub(super) fn on_request(
        &mut self,
        request: Request,
        fault: Option<Fault>,
        source: SocketAddr,
        size: usize,
        now: Instant,
    ) {
        let read = fault.map_or_else(|| Essentials::read(&request), Err);
        if !self.admits(&request, read.as_ref().ok(), source) {
            return self.refuse_source(&request, source, size, now);
        }
        if !request.version.eq_ignore_ascii_case("SIP/2.0") {
            return self.reply(&request, source, 505, "", &[]);
        }
        let read = match read {
            Ok(read) => read,
            Err(fault) => {
                self.events.push_back(Event::Refused { source, reason: RefusalReason::Malformed(fault) });
                return self.reply(&request, source, 400, &fault.to_string(), &[]);
            }
        };
        if request.method == Method::Ack {
            return self.on_ack(&request, &read, now);
        }
        let known = self.server_keys.get(&server_key(&request, &read, &request.method));
        if let Some(tx) = known.and_then(|id| self.servers.get(id)) {
            if !tx.response.is_empty() {
                let (to, bytes) = (tx.to, tx.response.clone());
                self.send(to, bytes);
            }
            return;
        }
        if request.method == Method::Cancel {
            self.on_cancel(&request, &read, source, now)
        } else {
            self.on_new(request, &read, source, now)
        }
    }

    fn on_new(&mut self, request: Request, read: &Essentials, source: SocketAddr, now: Instant) {
        let dialog = self.find_dialog(read);
        if let Some(refusal) = refuse(&request, read, dialog.is_some()) {
            let extra: Vec<(&str, &str)> = refusal.extra.iter().map(|(n, v)| (*n, v.as_str())).collect();
            return self.reply(&request, source, refusal.status, "", &extra);
        }
        if request.headers.list("Via").iter().any(|via| self.is_our_hop(via)) {
            self.events.push_back(Event::Refused { source, reason: RefusalReason::Loop });
            return self.reply(&request, source, 482, "", &[]);
        }
        match (dialog, read.to.tag()) {
            (Some(id), _) => self.on_in_dialog(id, request, read, source, now),
            (None, Some(_)) => self.reply(&request, source, 481, "", &[]),
            (None, None) => self.on_out_of_dialog(request, read, source, now),
        }
    }

    fn on_out_of_dialog(&mut self, request: Request, read: &Essentials, source: SocketAddr, now: Instant) {
        match request.method {
            Method::Invite => self.on_invite(request, read, source, now),
            Method::Options => self.reply(&request, source, 200, "", &CAPABILITIES),
            _ => self.reply(&request, source, 481, "", &[]),
        }
    }

    fn on_invite(&mut self, request: Request, read: &Essentials, source: SocketAddr, now: Instant) {
        let merge = format!("{} {} {}", read.call_id, read.from.tag().unwrap_or_default(), read.cseq.number);
        if self.merges.contains_key(&merge) {
            return self.reply(&request, source, 482, "", &[]);
        }
        let offer = match description(&request.headers, &request.body) {
            Ok(offer) => offer,
            Err(fault) => return self.reply(&request, source, 400, &fault.to_string(), &[]),
        };
        let id = DialogId(self.new_id());
        let Some(tx) = self.open_server(&request, read, source, Some(id), Some(merge), now) else { return };
        let dialog = self.incoming_dialog(&request, read, source, tx, offer.is_none());
        self.add_dialog(id, dialog);
        self.respond(tx, 100, "", Headers::default(), Vec::new(), now);
        let user = read.uri.tel_number().map(str::to_string).or_else(|| read.uri.user_decoded());
        self.events.push_back(Event::Incoming(Box::new(Incoming {
            dialog: id,
            sip_call_id: read.call_id.clone(),
            from: identity::caller(&request.headers, &read.from),
            to_user: user.unwrap_or_default(),
            source,
            offer,
            headers: identity::selected(&request.headers),
        })));
    }

    fn incoming_dialog(
        &mut self,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        tx: u64,
        no_offer: bool,
    ) -> Dialog {
        let headers = &request.headers;
        let contact = headers.list("Contact").first().and_then(|c| NameAddr::parse(c));
        let base = self.servers.get(&tx).map(|tx| tx.base.clone()).unwrap_or_default();
        let local = base.bytes("To").unwrap_or_default().to_vec();
        let local_tag = NameAddr::parse(&super::message::text(&local)).and_then(|a| a.tag().map(str::to_string));
        Dialog {
            phase: Phase::Incoming(tx),
            ours: false,
            call_id: read.call_id.clone(),
            local_tag: local_tag.unwrap_or_default(),
            remote_tag: read.from.tag().unwrap_or_default().into(),
            local,
            remote: headers.bytes("From").unwrap_or_default().to_vec(),
            target: contact.map_or_else(|| read.from.uri.to_string(), |c| c.uri.to_string()),
            route: headers.list("Record-Route"),
            peer: source,
            local_cseq: 0,
            remote_cseq: Some(read.cseq.number),
            offer_missing: no_offer,
            await_ack: None,
            reoffer: None,
            bye_wanted: false,
        }
    }

    fn on_in_dialog(&mut self, id: DialogId, request: Request, read: &Essentials, source: SocketAddr, now: Instant) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        // RFC 3261 12.2.2: out of order.
        if dialog.remote_cseq.is_some_and(|last| read.cseq.number <= last) {
            return self.reply(&request, source, 500, "CSeq Out Of Order", &[]);
        }
        match request.method {
            Method::Bye => self.on_bye(id, &request, read, source, now),
            Method::Invite => self.on_reinvite(id, &request, read, source, now),
            _ => {
                dialog.remote_cseq = Some(read.cseq.number);
                self.reply(&request, source, 200, "", &CAPABILITIES);
            }
        }
    }

    fn on_bye(&mut self, id: DialogId, request: &Request, read: &Essentials, source: SocketAddr, now: Instant) {
        if let Some(tx) = self.open_server(request, read, source, None, None, now) {
            self.respond(tx, 200, "", Headers::default(), Vec::new(), now);
        }
        let Some(dialog) = self.remove_dialog(id) else { return };
        let early = matches!(dialog.phase, Phase::Incoming(_));
        self.terminate_pending(&dialog, now);
        if !dialog.bye_wanted {
            self.end(id, if early { EndCause::Cancelled } else { EndCause::RemoteHangUp });
        }
    }

    /// RFC 3261 15.1.2: what is still open is answered 487.
    pub(super) fn terminate_pending(&mut self, dialog: &Dialog, now: Instant) {
        let first = if let Phase::Incoming(tx) = dialog.phase { Some(tx) } else { None };
        for tx in first.into_iter().chain(dialog.reoffer) {
            self.respond(tx, 487, "", Headers::default(), Vec::new(), now);
        }
    }

    fn on_reinvite(&mut self, id: DialogId, request: &Request, read: &Essentials, source: SocketAddr, now: Instant) {
        let Some(dialog) = self.dialogs.get(&id) else { return };
        let (phase, busy, unacknowledged) = (dialog.phase, dialog.reoffer.is_some(), dialog.await_ack.is_some());
        if busy || matches!(phase, Phase::Incoming(_)) {
            // RFC 3261 14.2: the one before has no final answer yet.
            let wait = (self.random.next() % 10).to_string();
            return self.reply(request, source, 500, "Request Pending", &[("Retry-After", &wait)]);
        }
        if unacknowledged || phase != Phase::Up || dialog.bye_wanted {
            return self.reply(request, source, 491, "", &[]);
        }
        let offer = match description(&request.headers, &request.body) {
            Ok(offer) => offer,
            Err(fault) => return self.reply(request, source, 400, &fault.to_string(), &[]),
        };
        let Some(tx) = self.open_server(request, read, source, Some(id), None, now) else { return };
        self.respond(tx, 100, "", Headers::default(), Vec::new(), now);
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        dialog.remote_cseq = Some(read.cseq.number);
        dialog.reoffer = Some(tx);
        dialog.offer_missing = offer.is_none();
        if let Some(contact) = request.headers.list("Contact").first().and_then(|c| NameAddr::parse(c)) {
            dialog.target = contact.uri.to_string();
        }
        self.events.push_back(Event::Reoffer { dialog: id, offer });
    }

    fn on_cancel(&mut self, request: &Request, read: &Essentials, source: SocketAddr, now: Instant) {
        let invite = self.server_keys.get(&server_key(request, read, &Method::Invite)).copied();
        let Some(tx) = invite.and_then(|id| self.servers.get(&id)) else {
            return self.reply(request, source, 481, "", &[]);
        };
        let (pending, dialog) = (tx.state == ServerState::Proceeding, tx.dialog);
        self.reply(request, source, 200, "", &[]);
        let (Some(tx), Some(id)) = (invite.filter(|_| pending), dialog) else { return };
        let first = self.dialogs.get(&id).is_some_and(|d| matches!(d.phase, Phase::Incoming(_)));
        self.respond(tx, 487, "", Headers::default(), Vec::new(), now);
        if first {
            self.remove_dialog(id);
            self.end(id, EndCause::Cancelled);
        } else if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.reoffer = None;
        }
    }

    fn on_ack(&mut self, request: &Request, read: &Essentials, now: Instant) {
        let dialog = self.find_dialog(read);
        let waits = |d: &Dialog| d.await_ack.as_ref().is_some_and(|w| w.cseq == read.cseq.number);
        if let Some(id) = dialog.filter(|id| self.dialogs.get(id).is_some_and(waits)) {
            return self.confirm(id, request, now);
        }
        let key = server_key(request, read, &Method::Invite);
        if let Some(id) = self.server_keys.get(&key).copied() {
            if let Some(tx) = self.servers.get_mut(&id) {
                tx.acknowledged(now);
            }
            self.wake_server(id);
        }
    }

    fn confirm(&mut self, id: DialogId, request: &Request, now: Instant) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let Some(waiting) = dialog.await_ack.take() else { return };
        if dialog.bye_wanted {
            return self.bye_and_forget(id, now);
        }
        let answer = description(&request.headers, &request.body).ok().flatten().filter(|_| waiting.answer_in_ack);
        self.events.push_back(if waiting.initial {
            Event::Confirmed { dialog: id, answer }
        } else {
            Event::Reconfirmed { dialog: id, answer }
        });
    }

    fn accept(&mut self, id: DialogId, tx: u64, sdp: String, initial: bool, now: Instant) {
        let mut headers = self.dialog_headers();
        headers.push("Content-Type", SDP_TYPE);
        let Some((to, bytes)) = self.respond(tx, 200, "", headers, sdp.into_bytes(), now) else { return };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        dialog.phase = Phase::Up;
        dialog.await_ack = Some(AwaitAck {
            cseq: dialog.remote_cseq.unwrap_or_default(),
            bytes,
            to,
            // Repeated over reliable transports too: a proxy behind may speak UDP (RFC 3261 13.3.1.4).
            backoff: Backoff::new(now, Some(T2)),
            deadline: now + GIVE_UP,
            initial,
            answer_in_ack: dialog.offer_missing,
        });
        self.wake_dialog(id);
    }

    pub(super) fn refuse_incoming(
        &mut self,
        id: DialogId,
        tx: u64,
        status: u16,
        reason: &str,
        extra: Vec<(String, String)>,
        now: Instant,
    ) {
        let mut headers = Headers::default();
        extra.iter().for_each(|(name, value)| headers.push(name, value));
        self.respond(tx, status, reason, headers, Vec::new(), now);
        self.remove_dialog(id);
    }

    pub(super) fn incoming_tx(&self, dialog: DialogId) -> Option<u64> {
        match self.dialogs.get(&dialog)?.phase {
            Phase::Incoming(tx) => Some(tx),
            _ => None,
        }
    }

    fn find_dialog(&self, read: &Essentials) -> Option<DialogId> {
        let key = (read.call_id.clone(), read.to.tag()?.to_string());
        let id = *self.dialog_keys.get(&key)?;
        let dialog = self.dialogs.get(&id)?;
        (dialog.remote_tag == read.from.tag().unwrap_or_default()).then_some(id)
    }

    fn is_our_hop(&self, via: &str) -> bool {
        Via::parse(via).is_some_and(|via| via.branch().is_some_and(|b| b.starts_with(&self.branch_mark)))
    }

    /// Opens a server transaction; answers 503 itself when there are too many.
    fn open_server(
        &mut self,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        dialog: Option<DialogId>,
        merge: Option<String>,
        now: Instant,
    ) -> Option<u64> {
        if self.transactions() >= TRANSACTIONS_MAX && request.method == Method::Invite {
            self.reply(request, source, 503, "", &[("Retry-After", OVERLOAD_RETRY_AFTER_S)]);
            self.tell_overload(source, now);
            return None;
        }
        let id = self.new_id();
        let key = server_key(request, read, &request.method);
        self.server_keys.insert(key.clone(), id);
        if let Some(merge) = &merge {
            self.merges.insert(merge.clone(), id);
        }
        let tag = self.random.token();
        let mut base = base_headers(request, source, &tag);
        request.headers.bytes_all("Record-Route").for_each(|route| base.push("Record-Route", route));
        let invite = request.method == Method::Invite;
        let (to, state) = (reply_address(Some(&read.via), source), ServerState::Proceeding);
        let (reliable, response, backoff, expires) = (false, Vec::new(), None, None);
        let tx = ServerTx { key, merge, invite, reliable, to, state, response, base, dialog, backoff, expires };
        self.servers.insert(id, tx);
        Some(id)
    }

    fn tell_overload(&mut self, source: SocketAddr, now: Instant) {
        let told = self.overload_told.is_some_and(|at| now.saturating_duration_since(at).as_secs() < 1);
        if !told {
            self.overload_told = Some(now);
            self.events.push_back(Event::Refused { source, reason: RefusalReason::Overload });
        }
    }

    /// Sends a response by its transaction: where it went and what it was.
    fn respond(
        &mut self,
        id: u64,
        status: u16,
        reason: &str,
        extra: Headers,
        body: Vec<u8>,
        now: Instant,
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let tx = self.servers.get_mut(&id).filter(|tx| tx.state == ServerState::Proceeding)?;
        let mut headers = Headers::default();
        let routed = tx.dialog.is_some() && (101..300).contains(&status);
        for field in tx.base.iter().filter(|f| routed || f.name != "Record-Route") {
            headers.push(&field.name, &field.value);
        }
        extra.iter().for_each(|field| headers.push(&field.name, &field.value));
        headers.push("Server", &self.settings.user_agent);
        let reason = if reason.is_empty() { reason_phrase(status) } else { reason };
        let bytes = write::response(&Response { status, reason: reason.into(), headers, body });
        tx.responded(status, bytes.clone(), now);
        let to = tx.to;
        self.send(to, bytes.clone());
        self.wake_server(id);
        Some((to, bytes))
    }

    /// Answers without state: the same answer for the same request (RFC 3261 8.2.7). ACK is never answered.
    fn reply(&mut self, request: &Request, source: SocketAddr, status: u16, reason: &str, extra: &[(&str, &str)]) {
        if let Some((to, bytes)) = self.stateless(request, source, status, reason, extra) {
            self.send(to, bytes);
        }
    }

    fn stateless(
        &self,
        request: &Request,
        source: SocketAddr,
        status: u16,
        reason: &str,
        extra: &[(&str, &str)],
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let vias = request.headers.list("Via");
        if request.method == Method::Ack || vias.is_empty() {
            return None;
        }
        let seen = (request.headers.bytes("Call-ID"), request.headers.bytes("From"), request.headers.bytes("CSeq"));
        let tag = format!("{:016x}", self.random.keyed(&seen));
        let mut headers = base_headers(request, source, &tag);
        extra.iter().for_each(|(name, value)| headers.push(name, value));
        headers.push("Server", &self.settings.user_agent);
        let reason = if reason.is_empty() { reason_phrase(status) } else { reason };
        let response = Response { status, reason: reason.into(), headers, body: Vec::new() };
        let to = reply_address(Via::parse(&vias[0]).as_ref(), source);
        Some((to, write::response(&response)))
    }

    fn admits(&self, request: &Request, read: Option<&Essentials>, source: SocketAddr) -> bool {
        // A peer we called may go on talking to us, and may repeat what it said at the end.
        let known = |read: &Essentials| self.server_keys.contains_key(&server_key(request, read, &request.method));
        self.admission.allows(source.ip()) || self.peers.contains_key(&source.ip()) || read.is_some_and(known)
    }

    /// One 403 a minute, never longer than what was asked: no use as an amplifier.
    fn refuse_source(&mut self, request: &Request, source: SocketAddr, size: usize, now: Instant) {
        if request.method == Method::Ack || !self.admission.may_refuse(source.ip(), now) {
            return;
        }
        self.events.push_back(Event::Refused { source, reason: RefusalReason::NotAllowed });
        if let Some((_, bytes)) = self.stateless(request, source, 403, "", &[]).filter(|(_, b)| b.len() <= size) {
            self.send(source, bytes);
        }
    }

    /// Headers of a response that makes or confirms a dialog.
    fn dialog_headers(&self) -> Headers {
        let mut headers = Headers::default();
        headers.push("Contact", self.contact());
        headers.push("Allow", ALLOW);
        headers
    }

    fn wake_server(&mut self, id: u64) {
        let due = self.servers.get(&id).and_then(ServerTx::next_due);
        self.timers.at(due, Wake::Server(id));
    }

    pub(super) fn server_due(&mut self, id: u64, now: Instant) {
        let Some(tx) = self.servers.get_mut(&id) else { return };
        if tx.expires.is_some_and(|at| at <= now) {
            return self.forget_server(id);
        }
        if tx.backoff.as_mut().is_some_and(|b| b.fire(now)) {
            let (to, bytes) = (tx.to, tx.response.clone());
            self.send(to, bytes);
            self.wake_server(id);
        }
    }

    fn forget_server(&mut self, id: u64) {
        let Some(tx) = self.servers.remove(&id) else { return };
        self.server_keys.remove(&tx.key);
        if let Some(merge) = tx.merge {
            self.merges.remove(&merge);
        }
    }
}

/// Answer to OPTIONS.
const CAPABILITIES: [(&str, &str); 4] =
    [("Allow", ALLOW), ("Accept", SDP_TYPE), ("Accept-Encoding", "identity"), ("Accept-Language", "en")];

/// Seconds a caller is asked to wait when there are too many transactions.
const OVERLOAD_RETRY_AFTER_S: &str = "5";

/// Via (stamped), From, To (tagged), Call-ID, CSeq, Timestamp: what is there is copied (RFC 3261 8.2.6.2).
fn base_headers(request: &Request, source: SocketAddr, tag: &str) -> Headers {
    let mut headers = Headers::default();
    for (at, via) in request.headers.list("Via").iter().enumerate() {
        headers.push("Via", if at == 0 { stamped(via, source) } else { via.clone() });
    }
    for name in ["From", "Call-ID", "CSeq", "Timestamp"] {
        if let Some(value) = request.headers.bytes(name) {
            headers.push(name, value);
        }
    }
    if let Some(to) = request.headers.bytes("To") {
        let tagged = NameAddr::parse(&super::message::text(to)).is_some_and(|to| to.tag().is_some());
        let tag = if tagged { String::new() } else { format!(";tag={tag}") };
        headers.push("To", [to, tag.as_bytes()].concat());
    }
    headers
}

/// received and rport as seen (RFC 3261 18.2.1, RFC 3581 4).
fn stamped(via: &str, source: SocketAddr) -> String {
    let Some(parsed) = Via::parse(via) else { return via.into() };
    let is = |part: &str, name: &str| part.split('=').next().is_some_and(|n| n.trim().eq_ignore_ascii_case(name));
    let mut parts = split_outside(via, ';');
    parts.retain(|part| !is(part, "received"));
    for part in parts.iter_mut().filter(|part| is(part, "rport")) {
        *part = format!("rport={}", source.port());
    }
    if parsed.param("rport").is_some() || !is_host(&parsed.host, source) {
        parts.push(format!("received={}", source.ip().to_canonical()));
    }
    parts.join(";")
}

fn is_host(host: &str, source: SocketAddr) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse().is_ok_and(|ip: std::net::IpAddr| ip.to_canonical() == source.ip().to_canonical())
}

/// Where a response goes: always back to the host that asked, so that nobody is hit by what he did not ask for.
///
/// The port is the one the request came from when rport asks so, or when sent-by names another host (a NAT);
/// an honest sent-by without rport decides its port itself (RFC 3261 18.2.2). maddr is ignored.
fn reply_address(via: Option<&Via>, source: SocketAddr) -> SocketAddr {
    match via {
        Some(via) if via.param("rport").is_none() && is_host(&via.host, source) => {
            SocketAddr::new(source.ip(), via.port_or_default())
        }
        _ => source,
    }
}
