//! Handing a call on: REFER, asked and being asked, and the NOTIFYs that tell how it went (RFC 3515, 3892, 5589).

use std::net::SocketAddr;
use std::time::Instant;

use super::dialog::{Dialog, DialogId, Phase, contact};
use super::endpoint::Endpoint;
use super::event::Event;
use super::headers::{NameAddr, split_outside};
use super::message::{Headers, Method, Request, text};
use super::screen::Essentials;
use super::write::reason_phrase;

impl Endpoint {
    /// Asks the other side to call `target` (a URI, with `?Replaces=` or without) instead of us. Ends in a final
    /// [`Event::Referred`], or with the call; of one asked before nothing more is told.
    pub fn refer(&mut self, dialog: DialogId, target: &str, now: Instant) {
        let Some(found) = self.dialogs.get_mut(&dialog).filter(|d| d.phase == Phase::Up) else { return };
        found.refer.waiting = Some(found.local_cseq + 1);
        let by = NameAddr::parse(&text(&found.local)).map(|by| by.uri.to_string()).unwrap_or_default();
        let headers = [("Refer-To", format!("<{target}>")), ("Referred-By", format!("<{by}>"))];
        let Some(tx) = self.ask_in(dialog, Method::Refer, &headers, Vec::new(), now) else { return };
        if let Some(tx) = self.clients.get_mut(&tx) {
            tx.inside = Some(dialog);
        }
    }

    /// The URI by which a third party takes the place of ours in this call (RFC 3891, RFC 5589 7.1).
    pub fn replacing(&self, dialog: DialogId) -> Option<String> {
        let Dialog { target, call_id, local_tag, remote_tag, .. } = self.dialogs.get(&dialog)?;
        let bare = target.split('?').next().unwrap_or_default();
        let replaces = escaped(&format!("{call_id};to-tag={remote_tag};from-tag={local_tag}"));
        Some(format!("{bare}?Replaces={replaces}"))
    }

    /// Answers [`Event::ReferAsked`]: 202, and how it goes is told by [`Self::tell_refer`]; or a refusal.
    pub fn answer_refer(&mut self, dialog: DialogId, status: u16, now: Instant) {
        let Some(tx) = self.dialogs.get_mut(&dialog).and_then(|d| d.refer.asked.take()) else { return };
        let taken = (200..300).contains(&status);
        let headers = if taken { self.dialog_headers(dialog) } else { Headers::default() };
        self.respond(tx, status, "", headers, Vec::new(), now);
        if let Some(found) = self.dialogs.get_mut(&dialog).filter(|_| taken) {
            found.refer.owed = true;
            self.tell_refer(dialog, 100, now);
        }
    }

    /// Tells who asked how the call to whom they named goes; a final status ends it.
    pub fn tell_refer(&mut self, dialog: DialogId, status: u16, now: Instant) {
        let Some(found) = self.dialogs.get_mut(&dialog).filter(|d| d.refer.owed) else { return };
        let over = status >= 200;
        found.refer.owed = !over;
        let state = if over { "terminated;reason=noresource" } else { "active;expires=180" };
        let headers = [
            ("Event", "refer".to_owned()),
            ("Subscription-State", state.to_owned()),
            ("Content-Type", "message/sipfrag;version=2.0".to_owned()),
        ];
        let body = format!("SIP/2.0 {status} {}\r\n", reason_phrase(status)).into_bytes();
        self.ask_in(dialog, Method::Notify, &headers, body, now);
    }

    /// A request of ours inside a dialog.
    fn ask_in(
        &mut self,
        id: DialogId,
        method: Method,
        headers: &[(&str, String)],
        body: Vec<u8>,
        now: Instant,
    ) -> Option<u64> {
        let found = self.dialogs.get_mut(&id)?;
        found.local_cseq += 1;
        let dialog = found.clone();
        let mut request = self.request_in(&dialog, method, dialog.local_cseq);
        request.headers.push("Contact", contact(dialog.contact, self.settings.transport));
        headers.iter().for_each(|(name, value)| request.headers.push(name, value));
        request.body = body;
        let to = self.next_hop(&dialog);
        let tx = self.open_client(request, to, None, now);
        self.may_log_in(tx, &dialog);
        Some(tx)
    }

    /// The final answer to our REFER; a 2xx only says that the other side tries.
    pub(super) fn refer_answered(&mut self, dialog: DialogId, status: u16) {
        let Some(found) = self.dialogs.get_mut(&dialog).filter(|d| d.refer.waiting.is_some()) else { return };
        let taken = (200..300).contains(&status);
        found.refer.waiting = found.refer.waiting.filter(|_| taken);
        self.events.push_back(Event::Referred { dialog, status: if taken { 100 } else { status } });
    }

    /// A NOTIFY inside a dialog: how our REFER goes.
    pub(super) fn on_notify(
        &mut self,
        id: DialogId,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        now: Instant,
    ) {
        let headers = &request.headers;
        let event = split_outside(&headers.get("Event").unwrap_or_default(), ';');
        if event.first().is_none_or(|package| package != "refer") {
            return self.reply(request, source, 489, "", &[("Allow-Events", "refer")]);
        }
        let waiting = self.dialogs.get(&id).and_then(|dialog| dialog.refer.waiting);
        let Some(waiting) = waiting else {
            return self.reply(request, source, 481, "Subscription Does Not Exist", &[]);
        };
        if !self.reply_kept(request, read, source, now) {
            return;
        }
        let of = event.iter().find_map(|part| part.strip_prefix("id=")?.trim().parse::<u32>().ok());
        if of.is_some_and(|of| of != waiting) {
            return;
        }
        let over = headers.get("Subscription-State").is_some_and(|state| state.trim().starts_with("terminated"));
        let status = match fragment(&request.body) {
            // It will not be told any more, so it did not come to anything.
            Some(..200) | None if over => 480,
            Some(status) => status,
            None => 100,
        };
        if let Some(dialog) = self.dialogs.get_mut(&id).filter(|_| status >= 200) {
            dialog.refer.waiting = None;
        }
        self.events.push_back(Event::Referred { dialog: id, status });
    }

    /// A REFER inside a dialog: the application decides.
    pub(super) fn on_refer(
        &mut self,
        id: DialogId,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        now: Instant,
    ) {
        let targets = request.headers.list("Refer-To");
        let target = match targets.as_slice() {
            [one] => NameAddr::parse(one).map(|addr| addr.uri),
            _ => None,
        };
        let Some(target) = target else { return self.reply(request, source, 400, "Missing or Bad Refer-To", &[]) };
        let busy = |d: &Dialog| {
            d.phase != Phase::Up || d.await_ack.is_some() || d.bye_wanted || d.refer.asked.is_some() || d.refer.owed
        };
        if self.dialogs.get(&id).is_none_or(busy) {
            return self.reply(request, source, 491, "", &[]);
        }
        let Some(tx) = self.open_server(request, read, source, None, None, now) else { return };
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.refer.asked = Some(tx);
            self.events.push_back(Event::ReferAsked { dialog: id, target });
        }
    }
}

/// The status of a `message/sipfrag` (RFC 3420).
fn fragment(body: &[u8]) -> Option<u16> {
    let line = text(body.trim_ascii());
    let status = line.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
    (100..700).contains(&status).then_some(status)
}

/// As a URI header's value: everything that is not unreserved (RFC 3261 25.1).
fn escaped(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b);
    value.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
