//! Where a request goes: admission, faults, repeats, refusals, then the dialog it belongs to (RFC 3261 8.2, 12.2.2).

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::admission::{ACK_OVERDUE, source_of};
use super::dialog::{Dialog, DialogId};
use super::endpoint::Endpoint;
use super::event::RefusalReason;
use super::headers::{NameAddr, Via};
use super::message::{Method, Request};
use super::parse::Fault;
use super::respond::OVERLOAD_RETRY_AFTER_S;
use super::screen::{ALLOW, EXTENSIONS, Essentials, SDP_TYPE, is_scanner, refuse};
use super::timers::GIVE_UP;
use super::transaction::server_key;
use super::uri::Uri;

impl Endpoint {
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
        let inside = read.as_ref().is_ok_and(|read| read.to.tag().is_some());
        if !inside && is_scanner(&request.headers) {
            return self.tell_refused(source, RefusalReason::Scanner, now);
        }
        if !request.version.eq_ignore_ascii_case("SIP/2.0") {
            return self.reply(&request, source, 505, "", &[]);
        }
        let read = match read {
            Ok(read) => read,
            Err(fault) => {
                self.tell_refused(source, RefusalReason::Malformed(fault), now);
                if !self.admission.may_ask(source.ip(), now) {
                    return;
                }
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
        if dialog.is_none() && request.method != Method::Invite && !self.admission.may_ask(source.ip(), now) {
            return self.tell_refused(source, RefusalReason::TooFast, now);
        }
        if let Some(refusal) = refuse(&request, read, dialog.is_some()) {
            let extra: Vec<(&str, &str)> = refusal.extra.iter().map(|(n, v)| (*n, v.as_str())).collect();
            return self.reply(&request, source, refusal.status, "", &extra);
        }
        if request.headers.list("Via").iter().any(|via| self.is_our_hop(via)) {
            self.tell_refused(source, RefusalReason::Loop, now);
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
            Method::Invite if !self.shows_password(&request, source, now) => {}
            Method::Invite => match self.call_refused(source, now) {
                None => self.on_invite(request, read, source, now),
                Some((status, reason)) => {
                    self.tell_refused(source, reason, now);
                    self.reply(&request, source, status, "", &[("Retry-After", OVERLOAD_RETRY_AFTER_S)])
                }
            },
            Method::Options => self.reply(&request, source, 200, "", &CAPABILITIES),
            _ => self.reply(&request, source, 481, "", &[]),
        }
    }

    fn on_in_dialog(&mut self, id: DialogId, request: Request, read: &Essentials, source: SocketAddr, now: Instant) {
        if !self.comes_from(id, source) {
            self.tell_refused(source, RefusalReason::Foreign, now);
            return self.reply(&request, source, 481, "", &[]);
        }
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        // RFC 3261 12.2.2: out of order.
        if dialog.remote_cseq.is_some_and(|last| read.cseq.number <= last) {
            return self.reply(&request, source, 500, "CSeq Out Of Order", &[]);
        }
        if dialog.peer.ip() == source.ip() {
            // A NAT or a new connection moved it.
            dialog.peer = source;
        }
        match request.method {
            Method::Bye => self.on_bye(id, &request, read, source, now),
            Method::Invite => self.on_reinvite(id, &request, read, source, now),
            Method::Info => self.on_info(id, &request, read, source, now),
            _ => {
                dialog.remote_cseq = Some(read.cseq.number);
                match request.method {
                    Method::Refer => self.on_refer(id, &request, read, source, now),
                    Method::Notify => self.on_notify(id, &request, read, source, now),
                    Method::Update => self.on_update(id, &request, read, source, now),
                    Method::Prack => self.on_prack(id, &request, read, source, now),
                    _ => self.reply(&request, source, 200, "", &CAPABILITIES),
                }
            }
        }
    }

    fn admits(&self, request: &Request, read: Option<&Essentials>, source: SocketAddr) -> bool {
        // A peer we called may talk to us inside that call, and may repeat what it said at its end.
        let known = |read: &Essentials| self.server_keys.contains_key(&server_key(request, read, &request.method));
        let peer = |read: &Essentials| read.to.tag().is_some() && self.peers.contains_key(&source.ip());
        self.admission.allows(source.ip())
            || self.is_registrar(source.ip())
            || read.is_some_and(|read| peer(read) || known(read))
    }

    /// One 403 a minute, never longer than what was asked: no use as an amplifier.
    fn refuse_source(&mut self, request: &Request, source: SocketAddr, size: usize, now: Instant) {
        if request.method == Method::Ack || !self.admission.may_refuse(source.ip(), now) {
            return;
        }
        self.tell_refused(source, RefusalReason::NotAllowed, now);
        if let Some((_, bytes)) = self.stateless(request, source, 403, "", &[]).filter(|(_, b)| b.len() <= size) {
            self.send(source, bytes);
        }
    }

    /// Why this source may not begin a call now.
    fn call_refused(&mut self, source: SocketAddr, now: Instant) -> Option<(u16, RefusalReason)> {
        let limits = self.admission.limits;
        let from = source_of(source.ip());
        let theirs = |dialog: &&Dialog| !dialog.ours && source_of(dialog.peer.ip()) == from;
        // Counted only where it is limited.
        if limits.source_calls < usize::MAX && self.dialogs.values().filter(theirs).count() >= limits.source_calls {
            return Some((486, RefusalReason::TooMany));
        }
        if !self.admission.may_call(source.ip(), now) {
            return Some((503, RefusalReason::TooFast));
        }
        (!self.has_room_for(from, now)).then_some((503, RefusalReason::TooMany))
    }

    /// Whoever leaves answers unacknowledged has few of them; the oldest that is overdue makes room for the next.
    fn has_room_for(&mut self, from: IpAddr, now: Instant) -> bool {
        let waits = |dialog: &Dialog| dialog.await_ack.as_ref().is_some_and(|waiting| waiting.initial);
        let dialogs = &self.dialogs;
        self.admission.answered.retain(|id| dialogs.get(id).is_some_and(waits));
        let theirs = |id: &&DialogId| dialogs.get(id).is_some_and(|dialog| source_of(dialog.peer.ip()) == from);
        let mut waiting = self.admission.answered.iter().filter(theirs);
        let (Some(oldest), more) = (waiting.next().copied(), waiting.count()) else { return true };
        if more + 1 < self.admission.limits.source_unacknowledged {
            return true;
        }
        let deadline = dialogs.get(&oldest).and_then(|dialog| Some(dialog.await_ack.as_ref()?.deadline));
        let overdue = deadline.is_some_and(|deadline| deadline + ACK_OVERDUE <= now + GIVE_UP);
        if overdue {
            self.unacknowledged(oldest, now);
        }
        overdue
    }

    /// Whether a request of this dialog may come from there: where the other side or its proxy says it is. Where they
    /// only give names, any admitted source may; and neighbours inside one carrier's network speak for each other.
    fn comes_from(&self, id: DialogId, source: SocketAddr) -> bool {
        let Some(dialog) = self.dialogs.get(&id) else { return false };
        let (peer, ip) = (dialog.peer.ip().to_canonical(), source.ip().to_canonical());
        if peer == ip || self.admission.are_neighbours(peer, ip) {
            return true;
        }
        let routes = dialog.route.iter().filter_map(|route| NameAddr::parse(route)).map(|route| route.uri);
        let mut hosts = routes.chain(dialog.target.parse::<Uri>().ok());
        hosts.any(|uri| uri.socket_addr().is_none_or(|at| at.ip().to_canonical() == ip))
    }

    fn is_our_hop(&self, via: &str) -> bool {
        Via::parse(via).is_some_and(|via| via.branch().is_some_and(|b| b.starts_with(&self.branch_mark)))
    }

    pub(super) fn find_dialog(&self, read: &Essentials) -> Option<DialogId> {
        let key = (read.call_id.clone(), read.to.tag()?.to_string());
        let id = *self.dialog_keys.get(&key)?;
        let dialog = self.dialogs.get(&id)?;
        (dialog.remote_tag == read.from.tag().unwrap_or_default()).then_some(id)
    }
}

/// Answer to OPTIONS.
pub(super) const CAPABILITIES: [(&str, &str); 5] = [
    ("Allow", ALLOW),
    ("Accept", SDP_TYPE),
    ("Accept-Encoding", "identity"),
    ("Accept-Language", "en"),
    ("Supported", EXTENSIONS),
];
