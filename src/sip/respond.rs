//! Responses: by a server transaction, or without state; and what keeps server transactions alive (RFC 3261 17.2).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::dialog::{DialogId, contact};
use super::endpoint::{Endpoint, TRANSACTIONS_MAX};
use super::event::{EndCause, RefusalReason};
use super::headers::{NameAddr, Via, split_outside};
use super::message::{Headers, Method, Request, Response};
use super::screen::{ALLOW, EXTENSIONS, Essentials};
use super::timers::Wake;
use super::transaction::{ServerState, ServerTx, server_key};
use super::write::{self, reason_phrase};

impl Endpoint {
    /// Opens a server transaction; answers 503 itself when there are too many.
    pub(super) fn open_server(
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
        let (to, state) = (self.reply_address(Some(&read.via), source), ServerState::Proceeding);
        let (reliable, response, backoff, expires) =
            (self.settings.transport.is_reliable(), Vec::new(), None, Some(now + ANSWER_MAX));
        let tx = ServerTx { key, merge, invite, reliable, to, state, response, base, dialog, backoff, expires };
        self.servers.insert(id, tx);
        self.wake_server(id);
        Some(id)
    }

    fn tell_overload(&mut self, source: SocketAddr, now: Instant) {
        let told = self.overload_told.is_some_and(|at| now.saturating_duration_since(at).as_secs() < 1);
        if !told {
            self.overload_told = Some(now);
            self.tell_refused(source, RefusalReason::Overload, now);
        }
    }

    /// Sends a response by its transaction: where it went and what it was.
    pub(super) fn respond(
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

    /// 200, kept for repetitions; false when it could not be.
    pub(super) fn reply_kept(
        &mut self,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        now: Instant,
    ) -> bool {
        let Some(tx) = self.open_server(request, read, source, None, None, now) else { return false };
        self.respond(tx, 200, "", Headers::default(), Vec::new(), now);
        true
    }

    /// Answers without state: the same answer for the same request (RFC 3261 8.2.7). ACK is never answered.
    pub(super) fn reply(
        &mut self,
        request: &Request,
        source: SocketAddr,
        status: u16,
        reason: &str,
        extra: &[(&str, &str)],
    ) {
        if let Some((to, bytes)) = self.stateless(request, source, status, reason, extra) {
            self.send(to, bytes);
        }
    }

    pub(super) fn stateless(
        &self,
        request: &Request,
        source: SocketAddr,
        status: u16,
        reason: &str,
        extra: &[(&str, &str)],
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let seen = (request.headers.bytes("Call-ID"), request.headers.bytes("From"), request.headers.bytes("CSeq"));
        let tag = format!("{:016x}", self.random.keyed(&seen));
        self.tagged(request, source, &tag, status, reason, extra)
    }

    /// The same under a given To tag.
    pub(super) fn tagged(
        &self,
        request: &Request,
        source: SocketAddr,
        tag: &str,
        status: u16,
        reason: &str,
        extra: &[(&str, &str)],
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let vias = request.headers.list("Via");
        if request.method == Method::Ack || vias.is_empty() {
            return None;
        }
        let mut headers = base_headers(request, source, tag);
        extra.iter().for_each(|(name, value)| headers.push(name, value));
        headers.push("Server", &self.settings.user_agent);
        let reason = if reason.is_empty() { reason_phrase(status) } else { reason };
        let response = Response { status, reason: reason.into(), headers, body: Vec::new() };
        let to = self.reply_address(Via::parse(&vias[0]).as_ref(), source);
        Some((to, write::response(&response)))
    }

    /// Where a response goes: always back to the host that asked, so that nobody is hit by what he did not ask for; on
    /// a stream by the connection it came by (RFC 3261 18.2.2).
    ///
    /// The port is the one the request came from when rport asks so, or when sent-by names another host (a NAT);
    /// an honest sent-by without rport decides its port itself. maddr is ignored.
    fn reply_address(&self, via: Option<&Via>, source: SocketAddr) -> SocketAddr {
        match via {
            _ if self.settings.transport.is_reliable() => source,
            Some(via) if via.param("rport").is_none() && is_host(&via.host, source) => {
                SocketAddr::new(source.ip(), via.port_or_default())
            }
            _ => source,
        }
    }

    /// Headers of a response that makes or confirms a dialog.
    pub(super) fn dialog_headers(&self, dialog: DialogId) -> Headers {
        let at = self.dialogs.get(&dialog).map_or(self.settings.contact, |dialog| dialog.contact);
        let mut headers = Headers::default();
        headers.push("Contact", contact(at, self.settings.transport));
        headers.push("Allow", ALLOW);
        headers.push("Supported", EXTENSIONS);
        headers
    }

    pub(super) fn wake_server(&mut self, id: u64) {
        let due = self.servers.get(&id).and_then(ServerTx::next_due);
        self.timers.at(due, Wake::Server(id));
    }

    pub(super) fn server_due(&mut self, id: u64, now: Instant) {
        let Some(tx) = self.servers.get_mut(&id) else { return };
        if tx.expires.is_some_and(|at| at <= now) {
            if tx.state == ServerState::Proceeding {
                return self.give_up_answering(id, now);
            }
            return self.forget_server(id);
        }
        if tx.backoff.as_mut().is_some_and(|b| b.fire(now)) {
            let (to, bytes) = (tx.to, tx.response.clone());
            self.send(to, bytes);
            self.wake_server(id);
        }
    }

    /// The application never answered: nobody waits for ever.
    fn give_up_answering(&mut self, id: u64, now: Instant) {
        let dialog = self.servers.get(&id).and_then(|tx| tx.dialog);
        self.respond(id, 480, "", Headers::default(), Vec::new(), now);
        let Some(dialog) = dialog else { return };
        if self.incoming_tx(dialog) == Some(id) {
            self.remove_dialog(dialog);
            self.end(dialog, EndCause::Unanswered);
        } else if let Some(found) = self.dialogs.get_mut(&dialog) {
            found.reoffer = None;
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

/// A call or change the application leaves unanswered this long is refused: 3 minutes, as RFC 3261 timer C.
const ANSWER_MAX: Duration = Duration::from_secs(180);

/// Seconds a caller is asked to wait when there are too many transactions.
pub(super) const OVERLOAD_RETRY_AFTER_S: &str = "5";

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
