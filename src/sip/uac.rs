//! The side that asks: RFC 3261 8.1, 9.1, 13.2, 15.1.1 and 17.1.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::dialog::{Dialog, DialogId, Life, Phase, Refer, contact};
use super::endpoint::Endpoint;
use super::event::{Dial, EndCause, Event, FromIdentity};
use super::headers::{CSeq, NameAddr, Via, quote};
use super::message::{Headers, Method, Request, Response, text};
use super::registration::retry_after;
use super::screen::{ALLOW, SDP_TYPE, description};
use super::timers::{GIVE_UP, Wake};
use super::transaction::{Cancel, ClientState, ClientTx};
use super::uri::Uri;
use super::write;

impl Endpoint {
    /// Calls `target` by sending to `to`. Ends in [`Event::Answered`] or [`Event::Failed`].
    pub fn invite(
        &mut self,
        target: Uri,
        to: SocketAddr,
        from: FromIdentity,
        sdp: String,
        extra_headers: Vec<(String, String)>,
        now: Instant,
    ) -> DialogId {
        let contact = self.settings.contact;
        self.dial(Dial { target, to, from, contact, credentials: None, sdp, extra_headers }, now)
    }

    /// The same in full: from an address of its own, and with a password where one is asked for.
    pub fn dial(&mut self, call: Dial, now: Instant) -> DialogId {
        let Dial { target, to, from, contact: reached_at, credentials, sdp, extra_headers } = call;
        let id = DialogId(self.new_id());
        let (tag, call_id) = (self.random.token(), format!("{}{}", self.random.token(), self.random.token()));
        let name = from.display.as_deref().map(|d| format!("{} ", quote(d))).unwrap_or_default();
        let dialog = Dialog {
            phase: Phase::Up,
            ours: true,
            call_id,
            local: format!("{name}<{}>;tag={tag}", from.uri).into_bytes(),
            local_tag: tag,
            remote_tag: String::new(),
            remote: format!("<{target}>").into_bytes(),
            target: target.to_string(),
            route: Vec::new(),
            peer: to,
            contact: reached_at,
            credentials,
            local_cseq: 1,
            remote_cseq: None,
            offer_missing: false,
            await_ack: None,
            reoffer: None,
            refer: Refer::default(),
            life: Life { sdp: sdp.clone(), ..Life::default() },
            bye_wanted: false,
        };
        let mut request = self.request_in(&dialog, Method::Invite, 1);
        request.headers.push("Contact", contact(dialog.contact, self.settings.transport));
        request.headers.push("Allow", ALLOW);
        self.ask_timer(&dialog, &mut request.headers);
        extra_headers.iter().for_each(|(name, value)| request.headers.push(name, value));
        request.headers.push("Content-Type", SDP_TYPE);
        request.body = sdp.into_bytes();
        let tx = self.open_client(request, to, Some(id), now);
        self.may_log_in(tx, &dialog);
        self.add_dialog(id, Dialog { phase: Phase::Outgoing(tx), ..dialog });
        id
    }

    /// Ends a call whatever its state: refuses (480), cancels, or says BYE (after the ACK when that is still out).
    pub fn hang_up(&mut self, dialog: DialogId, now: Instant) {
        let Some(found) = self.dialogs.get_mut(&dialog).filter(|d| !d.bye_wanted) else { return };
        match found.phase {
            Phase::Incoming(tx) => self.refuse_incoming(dialog, tx, 480, "", Vec::new(), now),
            Phase::Outgoing(tx) => {
                self.remove_dialog(dialog);
                self.cancel(tx, now);
            }
            Phase::Up if found.await_ack.is_some() => found.bye_wanted = true,
            Phase::Up => self.bye_and_forget(dialog, now),
        }
        self.end(dialog, EndCause::LocalHangUp);
    }

    /// BYE by a transaction of its own; the dialog is gone.
    pub(super) fn bye_and_forget(&mut self, id: DialogId, now: Instant) {
        if let Some(dialog) = self.remove_dialog(id) {
            self.terminate_pending(&dialog, now);
            self.send_bye(&dialog, now);
        }
    }

    fn send_bye(&mut self, dialog: &Dialog, now: Instant) {
        let request = self.request_in(dialog, Method::Bye, dialog.local_cseq + 1);
        let to = self.next_hop(dialog);
        let tx = self.open_client(request, to, None, now);
        self.may_log_in(tx, dialog);
    }

    pub(super) fn on_response(&mut self, response: Response, now: Instant) {
        let vias = response.headers.list("Via");
        let [via] = vias.as_slice() else { return };
        let branch = Via::parse(via).and_then(|via| via.branch().map(str::to_string));
        let cseq = response.headers.get("CSeq").and_then(|value| CSeq::parse(&value));
        let (Some(branch), Some(cseq)) = (branch, cseq) else { return };
        let Some(id) = self.client_keys.get(&client_key(&branch, &cseq.method)).copied() else { return };
        match (cseq.method == Method::Invite, response.status) {
            (true, ..200) => self.on_provisional(id, &response, now),
            (true, 200..300) => self.on_taken(id, &response, now),
            (true, _) => self.on_refused(id, &response, now),
            (false, ..200) => {
                if let Some(backoff) = self.clients.get_mut(&id).and_then(|tx| tx.backoff.as_mut()) {
                    backoff.slow_down();
                }
            }
            (false, _) => {
                let (registration, inside) =
                    self.clients.get(&id).map(|tx| (tx.registration, tx.inside)).unwrap_or_default();
                let probe = self.clients.get(&id).and_then(|tx| tx.probe);
                let again = self.log_in(id, &response, now);
                self.forget_client(id);
                self.probed(probe, Some(response.status));
                if let Some(registration) = registration {
                    self.registered(registration, Some(&response), now);
                }
                if let Some(dialog) = inside.filter(|_| !again) {
                    self.answered_inside(dialog, &cseq.method, response.status, Some(&response), now);
                }
            }
        }
    }

    /// The end of a request of ours that a dialog waits for.
    fn answered_inside(
        &mut self,
        dialog: DialogId,
        method: &Method,
        status: u16,
        response: Option<&Response>,
        now: Instant,
    ) {
        match method {
            Method::Refer => self.refer_answered(dialog, status),
            _ => self.refreshed(dialog, status, response, now),
        }
    }

    fn on_provisional(&mut self, id: u64, response: &Response, now: Instant) {
        let status = response.status;
        let Some(tx) = self.clients.get_mut(&id) else { return };
        if tx.state == ClientState::Calling {
            tx.state = ClientState::Proceeding;
            tx.backoff = None;
            tx.expires = Some(now + RINGING_MAX);
        }
        if tx.state != ClientState::Proceeding {
            return;
        }
        if tx.cancel == Cancel::Wanted {
            self.send_cancel(id, now);
        } else if let Some(dialog) = tx.dialog.filter(|_| status > 100 && tx.cancel == Cancel::No)
            && self.confirm_provisional(dialog, response, now)
        {
            self.events.push_back(Event::Ringing { dialog, status });
        }
        self.wake_client(id);
    }

    fn on_taken(&mut self, id: u64, response: &Response, now: Instant) {
        let Some(tx) = self.clients.get_mut(&id).filter(|tx| tx.state != ClientState::Completed) else { return };
        if tx.state != ClientState::Accepted {
            tx.state = ClientState::Accepted;
            tx.backoff = None;
            tx.expires = Some(now + GIVE_UP);
        }
        if let Some(dialog) = tx.inside {
            return self.refresh_taken(id, dialog, response, now);
        }
        let to = response.headers.get("To").and_then(|to| NameAddr::parse(&to));
        let tag = to.and_then(|to| to.tag().map(str::to_string)).unwrap_or_default();
        if let Some((_, hop, ack)) = tx.acks.iter().find(|(known, ..)| *known == tag) {
            let (hop, ack) = (*hop, ack.clone());
            return self.send(hop, ack);
        }
        let (first, dialog) = (tx.acks.is_empty(), tx.dialog);
        if tx.acks.len() < FORKS_MAX {
            self.acknowledge(id, response, &tag, dialog.filter(|_| first), now);
        }
        self.wake_client(id);
    }

    /// First 2xx of a fork: ACK. Only the first fork of a call still wanted becomes the dialog, others get BYE.
    fn acknowledge(&mut self, id: u64, response: &Response, tag: &str, dialog: Option<DialogId>, now: Instant) {
        let Some(tx) = self.clients.get(&id) else { return };
        let stored = dialog.and_then(|d| self.dialogs.get(&d));
        let wanted = dialog.filter(|_| stored.is_some());
        let contact = stored.map_or(self.settings.contact, |d| d.contact);
        let credentials = stored.and_then(|d| d.credentials.clone());
        let life = stored.map(|d| d.life.clone()).unwrap_or_default();
        let used = stored.map_or(0, |d| d.local_cseq);
        let mut up = Dialog { credentials, life, ..answered_dialog(tx, response, tag, contact) };
        up.life.updates = Self::takes_update(&response.headers);
        let ack = write::request(&self.request_in(&up, Method::Ack, up.local_cseq));
        let hop = self.next_hop(&up);
        self.send(hop, ack.clone());
        if let Some(tx) = self.clients.get_mut(&id) {
            tx.acks.push((tag.into(), hop, ack));
        }
        // A PRACK has used numbers up.
        up.local_cseq = up.local_cseq.max(used);
        let Some(dialog) = wanted else { return self.send_bye(&up, now) };
        let early = up.life.pracks.answer_of(tag);
        // The stored one is replaced whole: names, route and target are known only now.
        if let Some(stored) = self.dialogs.get_mut(&dialog) {
            *stored = up;
        }
        self.timer_agreed(dialog, &response.headers, now);
        match description(&response.headers, &response.body).map(|answer| answer.or(early)) {
            Ok(Some(answer)) => {
                if let Some(stored) = self.dialogs.get_mut(&dialog) {
                    stored.life.heard = Some(answer.clone());
                }
                self.events.push_back(Event::Answered { dialog, answer });
            }
            _ => {
                self.bye_and_forget(dialog, now);
                self.fail(dialog, 488, "Answer Without Usable Session Description");
            }
        }
    }

    fn on_refused(&mut self, id: u64, response: &Response, now: Instant) {
        let Some(tx) = self.clients.get_mut(&id).filter(|tx| tx.state != ClientState::Accepted) else { return };
        if tx.state == ClientState::Completed {
            if let Some((_, hop, ack)) = tx.acks.first().cloned() {
                self.send(hop, ack);
            }
            return;
        }
        let (ack, hop) = (write::request(&refusal_ack(&tx.request, response)), tx.to);
        tx.acks.push((String::new(), hop, ack.clone()));
        tx.state = ClientState::Completed;
        tx.backoff = None;
        tx.expires = Some(now + GIVE_UP);
        let (dialog, inside) = (tx.dialog.filter(|d| self.dialogs.contains_key(d)), tx.inside);
        self.send(hop, ack);
        self.wake_client(id);
        if dialog.or(inside).is_some() && self.log_in(id, response, now) {
            return;
        }
        if let Some(dialog) = inside {
            return self.refreshed(dialog, response.status, Some(response), now);
        }
        if self.ask_longer(id, response, now) {
            return;
        }
        if let Some(dialog) = dialog.filter(|d| self.remove_dialog(*d).is_some()) {
            let (status, reason, retry_after) =
                (response.status, response.reason.clone(), retry_after(&response.headers));
            self.events.push_back(Event::Failed { dialog, status, reason, retry_after });
        }
    }

    fn fail(&mut self, dialog: DialogId, status: u16, reason: &str) {
        self.events.push_back(Event::Failed { dialog, status, reason: reason.into(), retry_after: None });
    }

    fn cancel(&mut self, id: u64, now: Instant) {
        let Some(tx) = self.clients.get_mut(&id).filter(|tx| tx.cancel == Cancel::No) else { return };
        tx.cancel = Cancel::Wanted;
        if tx.state == ClientState::Proceeding {
            self.send_cancel(id, now);
        }
    }

    fn send_cancel(&mut self, id: u64, now: Instant) {
        let Some(tx) = self.clients.get_mut(&id) else { return };
        tx.cancel = Cancel::Sent;
        // RFC 3261 9.1: after 64*T1 without a final answer it counts as cancelled.
        tx.expires = Some(now + GIVE_UP);
        let (request, to) = (same_branch(&tx.request, Method::Cancel), tx.to);
        self.wake_client(id);
        self.open_client(request, to, None, now);
    }

    pub(super) fn open_client(
        &mut self,
        request: Request,
        to: SocketAddr,
        dialog: Option<DialogId>,
        now: Instant,
    ) -> u64 {
        let id = self.new_id();
        let branch = request.headers.get("Via").and_then(|via| Via::parse(&via)?.branch().map(str::to_string));
        let key = client_key(&branch.unwrap_or_default(), &request.method);
        let mut tx = ClientTx::new(key.clone(), request, to, self.settings.transport.is_reliable(), now);
        tx.dialog = dialog;
        if tx.opens() {
            tx.expires = Some(now + self.patience);
        }
        let bytes = tx.bytes.clone();
        self.client_keys.insert(key, id);
        self.clients.insert(id, tx);
        self.send(to, bytes);
        self.wake_client(id);
        id
    }

    fn wake_client(&mut self, id: u64) {
        let due = self.clients.get(&id).and_then(ClientTx::next_due);
        self.timers.at(due, Wake::Client(id));
    }

    pub(super) fn client_due(&mut self, id: u64, now: Instant) {
        let Some(tx) = self.clients.get_mut(&id) else { return };
        if tx.expires.is_some_and(|at| at <= now) {
            return self.client_expired(id, now);
        }
        if tx.backoff.as_mut().is_some_and(|b| b.fire(now)) {
            let (to, bytes) = (tx.to, tx.bytes.clone());
            self.send(to, bytes);
            self.wake_client(id);
        }
    }

    fn client_expired(&mut self, id: u64, now: Instant) {
        let Some(tx) = self.clients.get(&id) else { return };
        let (state, dialog, cancelled) = (tx.state, tx.dialog, tx.cancel == Cancel::Sent);
        let unanswered = matches!(state, ClientState::Calling | ClientState::Proceeding);
        if let Some(dialog) = dialog.filter(|d| unanswered && self.remove_dialog(*d).is_some()) {
            self.fail(dialog, 408, "No Answer");
        }
        let hasty = self.patience < GIVE_UP;
        let invite = self.clients.get_mut(&id).filter(|tx| hasty && tx.request.method == Method::Invite && tx.opens());
        if let Some(tx) = invite.filter(|tx| state == ClientState::Calling && tx.cancel == Cancel::No) {
            // Should it still be heard somewhere, it is taken back there.
            (tx.dialog, tx.cancel, tx.backoff) = (None, Cancel::Wanted, None);
            tx.expires = Some(now + GIVE_UP);
            return self.wake_client(id);
        }
        if state == ClientState::Proceeding
            && !cancelled
            && self.clients.get(&id).is_some_and(|tx| tx.request.method == Method::Invite)
        {
            return self.cancel(id, now);
        }
        let Some(tx) = self.clients.get(&id) else { return };
        let (registration, probe, method) = (tx.registration, tx.probe, tx.request.method.clone());
        let inside = tx.inside.filter(|_| unanswered);
        self.forget_client(id);
        self.probed(probe, None);
        if let Some(registration) = registration {
            self.registered(registration, None, now);
        }
        if let Some(dialog) = inside {
            self.answered_inside(dialog, &method, 408, None, now);
        }
    }

    fn forget_client(&mut self, id: u64) {
        if let Some(tx) = self.clients.remove(&id) {
            self.client_keys.remove(&tx.key);
        }
    }

    pub(super) fn request_in(&mut self, dialog: &Dialog, method: Method, cseq: u32) -> Request {
        let branch = self.new_branch();
        let mut headers = Headers::default();
        let via = self.settings.transport.via();
        headers.push("Via", format!("SIP/2.0/{via} {};branch={branch};rport", dialog.contact));
        dialog.route.iter().for_each(|route| headers.push("Route", route));
        headers.push("Max-Forwards", "70");
        headers.push("From", &dialog.local);
        headers.push("To", &dialog.remote);
        headers.push("Call-ID", &dialog.call_id);
        headers.push("CSeq", format!("{cseq} {method}"));
        headers.push("User-Agent", &self.settings.user_agent);
        Request { method, uri: dialog.target.clone(), version: "SIP/2.0".into(), headers, body: Vec::new() }
    }

    /// First route or remote target when it is an address we may talk to; else where its messages come from.
    ///
    /// Names are not resolved here, and a Contact may not make us send to strangers.
    ///
    /// A connection is kept to: who is behind a NAT is reached over no other.
    pub(super) fn next_hop(&self, dialog: &Dialog) -> SocketAddr {
        match self.settings.transport.is_reliable() {
            true => dialog.peer,
            false => self.addressed(dialog).unwrap_or(dialog.peer),
        }
    }

    /// Where the other side says it is, when we may talk there.
    pub(super) fn addressed(&self, dialog: &Dialog) -> Option<SocketAddr> {
        let route = dialog.route.first().and_then(|route| NameAddr::parse(route)).map(|route| route.uri);
        let uri = route.or_else(|| dialog.target.parse().ok());
        let known = |to: &SocketAddr| to.ip() == dialog.peer.ip() || self.admission.allows(to.ip());
        uri.and_then(|uri: Uri| uri.socket_addr()).filter(known)
    }
}

/// A call that rings longer is cancelled: 3 minutes, as RFC 3261 timer C.
const RINGING_MAX: Duration = Duration::from_secs(180);

/// Forks of one call that are acknowledged and hung up.
pub(super) const FORKS_MAX: usize = 8;

fn client_key(branch: &str, method: &Method) -> String {
    format!("{branch} {method}")
}

/// The dialog a 2xx makes (RFC 3261 12.1.2).
fn answered_dialog(tx: &ClientTx, response: &Response, tag: &str, contact: SocketAddr) -> Dialog {
    let (asked, said) = (&tx.request.headers, &response.headers);
    let from = asked.get("From").and_then(|from| NameAddr::parse(&from));
    let target = said.list("Contact").first().and_then(|c| NameAddr::parse(c));
    let mut route = said.list("Record-Route");
    route.reverse();
    Dialog {
        phase: Phase::Up,
        ours: true,
        call_id: asked.get("Call-ID").unwrap_or_default().into_owned(),
        local_tag: from.and_then(|from| from.tag().map(str::to_string)).unwrap_or_default(),
        remote_tag: tag.into(),
        local: asked.bytes("From").unwrap_or_default().to_vec(),
        remote: said.bytes("To").unwrap_or_default().to_vec(),
        target: target.map_or_else(|| tx.request.uri.clone(), |c| c.uri.to_string()),
        route,
        peer: tx.to,
        contact,
        credentials: None,
        local_cseq: asked.get("CSeq").and_then(|c| CSeq::parse(&c)).map_or(1, |c| c.number),
        remote_cseq: None,
        offer_missing: false,
        await_ack: None,
        reoffer: None,
        refer: Refer::default(),
        life: Life::default(),
        bye_wanted: false,
    }
}

/// ACK of a refusal: same branch, To of the answer (RFC 3261 17.1.1.3).
fn refusal_ack(invite: &Request, response: &Response) -> Request {
    let mut ack = same_branch(invite, Method::Ack);
    let fields: Vec<_> = ack.headers.iter().cloned().collect();
    ack.headers = Headers::default();
    for field in fields {
        let to = response.headers.bytes("To").filter(|_| field.name == "To");
        ack.headers.push(&field.name, to.unwrap_or(&field.value));
    }
    ack
}

/// CANCEL or ACK that belongs to an INVITE hop by hop.
fn same_branch(invite: &Request, method: Method) -> Request {
    let mut headers = Headers::default();
    for name in ["Via", "Route", "Max-Forwards", "From", "To", "Call-ID"] {
        invite.headers.bytes_all(name).for_each(|value| headers.push(name, value));
    }
    let number = invite.headers.get("CSeq").map(|c| text(c.as_bytes()).into_owned()).unwrap_or_default();
    let number = number.split(' ').next().unwrap_or_default();
    headers.push("CSeq", format!("{number} {method}"));
    Request { method, uri: invite.uri.clone(), version: invite.version.clone(), headers, body: Vec::new() }
}
