//! The side that is called: INVITE, ACK, CANCEL, BYE and what the application says to them (RFC 3261 9.2, 13.3, 14.2, 15.1.2).

use std::net::SocketAddr;
use std::time::Instant;

use super::dialog::{AwaitAck, Dialog, DialogId, Life, Phase, Refer};
use super::endpoint::Endpoint;
use super::event::{EndCause, Event, Incoming, RefusalReason};
use super::headers::{CSeq, NameAddr};
use super::identity;
use super::message::{Headers, Method, Request};
use super::refresh::Said;
use super::reliable::Pracks;
use super::screen::{Essentials, SDP_TYPE, description};
use super::sdp::Session;
use super::timers::{Backoff, GIVE_UP, T2};
use super::transaction::{ServerState, server_key};

impl Endpoint {
    /// This dialog's own address for Contact and Via: on a host of several networks each peer is told the one it
    /// can reach. Before [`Self::ring`] and [`Self::answer`].
    pub fn reach_at(&mut self, dialog: DialogId, contact: SocketAddr) {
        if let Some(dialog) = self.dialogs.get_mut(&dialog) {
            dialog.contact = contact;
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

    /// 200 to a re-INVITE or UPDATE.
    pub fn answer_reoffer(&mut self, dialog: DialogId, sdp: String, now: Instant) {
        if let Some(tx) = self.dialogs.get_mut(&dialog).and_then(|d| d.reoffer.take()) {
            self.accept(dialog, tx, sdp, false, now);
        }
    }

    /// Refuses a re-INVITE or UPDATE (488 when its description cannot be taken); the call goes on as it was.
    pub fn reject_reoffer(&mut self, dialog: DialogId, status: u16, now: Instant) {
        if let Some(tx) = self.dialogs.get_mut(&dialog).and_then(|d| d.reoffer.take()) {
            self.respond(tx, status.clamp(300, 699), "", Headers::default(), Vec::new(), now);
        }
    }

    pub(super) fn on_invite(&mut self, request: Request, read: &Essentials, source: SocketAddr, now: Instant) {
        let merge = format!("{} {} {}", read.call_id, read.from.tag().unwrap_or_default(), read.cseq.number);
        if self.merges.contains_key(&merge) {
            return self.reply(&request, source, 482, "", &[]);
        }
        if let Some(least) = self.too_short(&request.headers) {
            return self.reply(&request, source, 422, "", &[("Min-SE", &least)]);
        }
        let offer = match description(&request.headers, &request.body) {
            Ok(offer) => offer,
            Err(fault) => return self.reply(&request, source, 400, &fault.to_string(), &[]),
        };
        let replaces = match self.replaced(&request, source) {
            Ok(replaces) => replaces,
            Err(status) => return self.reply(&request, source, status, "", &[]),
        };
        let id = DialogId(self.new_id());
        let Some(tx) = self.open_server(&request, read, source, Some(id), Some(merge), now) else { return };
        let dialog = self.incoming_dialog(&request, read, source, tx, offer.as_ref());
        self.add_dialog(id, dialog);
        self.respond(tx, 100, "", Headers::default(), Vec::new(), now);
        let user = read.uri.tel_number().map(str::to_string).or_else(|| read.uri.user_decoded());
        self.events.push_back(Event::Incoming(Box::new(Incoming {
            dialog: id,
            sip_call_id: read.call_id.clone(),
            from: identity::caller(&request.headers, &read.from),
            to_user: user.unwrap_or_default(),
            also_called: identity::also_called(&request.headers, &read.to),
            source,
            offer,
            replaces,
            headers: identity::selected(&request.headers),
        })));
    }

    fn incoming_dialog(
        &mut self,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        tx: u64,
        offer: Option<&Session>,
    ) -> Dialog {
        let headers = &request.headers;
        let life = Life {
            said: Said::read(headers),
            updates: Self::takes_update(headers),
            heard: offer.cloned(),
            pracks: Pracks::of(headers, read.cseq.number),
            ..Life::default()
        };
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
            contact: self.settings.contact,
            credentials: None,
            local_cseq: 0,
            remote_cseq: Some(read.cseq.number),
            offer_missing: offer.is_none(),
            await_ack: None,
            reoffer: None,
            refer: Refer::default(),
            life,
            bye_wanted: false,
        }
    }

    pub(super) fn on_bye(
        &mut self,
        id: DialogId,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        now: Instant,
    ) {
        self.reply_kept(request, read, source, now);
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
        for tx in first.into_iter().chain(dialog.reoffer).chain(dialog.refer.asked) {
            self.respond(tx, 487, "", Headers::default(), Vec::new(), now);
        }
    }

    pub(super) fn on_reinvite(
        &mut self,
        id: DialogId,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        now: Instant,
    ) {
        let Some(dialog) = self.dialogs.get(&id) else { return };
        let (phase, busy, unacknowledged) = (dialog.phase, dialog.reoffer.is_some(), dialog.await_ack.is_some());
        if busy || matches!(phase, Phase::Incoming(_)) {
            // RFC 3261 14.2: the one before has no final answer yet.
            let wait = (self.random.next() % 10).to_string();
            return self.reply(request, source, 500, "Request Pending", &[("Retry-After", &wait)]);
        }
        if unacknowledged || phase != Phase::Up || dialog.bye_wanted || self.is_offering(id) {
            return self.reply(request, source, 491, "", &[]);
        }
        if let Some(least) = self.too_short(&request.headers) {
            return self.reply(request, source, 422, "", &[("Min-SE", &least)]);
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
        dialog.life.said = Said::read(&request.headers);
        dialog.life.heard = offer.clone().or(dialog.life.heard.take());
        self.move_target(id, &request.headers);
        self.events.push_back(Event::Reoffer { dialog: id, offer });
    }

    pub(super) fn on_cancel(&mut self, request: &Request, read: &Essentials, source: SocketAddr, now: Instant) {
        let invite = self.server_keys.get(&server_key(request, read, &Method::Invite)).copied();
        let Some(tx) = invite.and_then(|id| self.servers.get(&id)) else {
            return self.reply(request, source, 481, "", &[]);
        };
        if tx.to.ip() != source.ip() {
            self.tell_refused(source, RefusalReason::Foreign, now);
            return self.reply(request, source, 481, "", &[]);
        }
        let (pending, dialog) = (tx.state == ServerState::Proceeding, tx.dialog);
        // The tag of the INVITE's own answers (RFC 3261 9.2).
        let local = tx.base.get("To").and_then(|to| NameAddr::parse(&to)?.tag().map(str::to_string));
        if let Some((to, bytes)) = self.tagged(request, source, &local.unwrap_or_default(), 200, "", &[]) {
            self.send(to, bytes);
        }
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

    pub(super) fn on_ack(&mut self, request: &Request, read: &Essentials, now: Instant) {
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
        dialog.life.heard = answer.clone().or(dialog.life.heard.take());
        self.events.push_back(if waiting.initial {
            Event::Confirmed { dialog: id, answer }
        } else {
            Event::Reconfirmed { dialog: id, answer }
        });
    }

    fn accept(&mut self, id: DialogId, tx: u64, sdp: String, initial: bool, now: Instant) {
        let Some(asked) = self.servers.get(&tx) else { return };
        let (invite, cseq) = (asked.invite, asked.base.get("CSeq").and_then(|cseq| CSeq::parse(&cseq)));
        let said = self.dialogs.get(&id).map(|dialog| dialog.life.said).unwrap_or_default();
        let mut headers = self.dialog_headers(id);
        self.agree_timer(id, said, now).iter().for_each(|field| headers.push(&field.name, &field.value));
        headers.push("Content-Type", SDP_TYPE);
        let Some((to, bytes)) = self.respond(tx, 200, "", headers, sdp.clone().into_bytes(), now) else { return };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        dialog.life.sdp = sdp;
        dialog.life.pracks.settle();
        if !invite {
            return; // an UPDATE: there is no ACK to wait for
        }
        dialog.phase = Phase::Up;
        dialog.await_ack = Some(AwaitAck {
            cseq: cseq.map_or(0, |cseq| cseq.number),
            bytes,
            to,
            // Repeated over reliable transports too: a proxy behind may speak UDP (RFC 3261 13.3.1.4).
            backoff: Backoff::new(now, Some(T2)),
            deadline: now + GIVE_UP,
            initial,
            answer_in_ack: dialog.offer_missing,
        });
        self.wake_dialog(id);
        if initial {
            self.admission.answered.push_back(id);
        }
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
}
