//! Provisional answers that have to arrive: 100rel and PRACK, on both sides (RFC 3262).

use std::net::SocketAddr;
use std::time::Instant;

use super::dialog::{DialogId, Phase};
use super::endpoint::Endpoint;
use super::event::EndCause;
use super::headers::{CSeq, NameAddr};
use super::message::{Headers, Method, Request, Response};
use super::screen::{Essentials, description};
use super::sdp::Session;
use super::timers::{Backoff, GIVE_UP, Wake};
use super::transaction::earlier;
use super::uac::FORKS_MAX;
use super::uri::decimal;

/// What one dialog knows of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Pracks {
    /// Their INVITE: whether it can have reliable provisional answers, and whether it takes no others.
    can: bool,
    must: bool,
    /// CSeq of their INVITE.
    invite: u32,
    /// Number of our last one, while no PRACK came.
    open: Option<u32>,
    /// Repeats it.
    repeat: Option<Repeat>,
    /// Our INVITE: number of the last one each fork sent.
    heard: Vec<(String, u32)>,
    /// The answer that came with one.
    answer: Option<(String, Session)>,
}

#[derive(Debug, Clone)]
struct Repeat {
    to: SocketAddr,
    bytes: Vec<u8>,
    backoff: Backoff,
    deadline: Instant,
}

impl Pracks {
    /// Of an INVITE that came in.
    pub(super) fn of(headers: &Headers, cseq: u32) -> Self {
        let must = headers.has_tag("Require", RELIABLE);
        Self { can: must || headers.has_tag("Supported", RELIABLE), must, invite: cseq, ..Self::default() }
    }

    /// The answer a fork gave before its 200.
    pub(super) fn answer_of(&self, tag: &str) -> Option<Session> {
        self.answer.as_ref().filter(|(fork, _)| fork == tag).map(|(_, answer)| answer.clone())
    }

    /// Whether our offer was answered before the 200.
    pub(super) fn is_answered(&self) -> bool {
        self.answer.is_some()
    }

    /// When something is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.repeat.as_ref().and_then(|repeat| earlier(Some(repeat.backoff.due), Some(repeat.deadline)))
    }

    /// The final answer is out: nothing is repeated, a late PRACK is still answered.
    pub(super) fn settle(&mut self) {
        self.repeat = None;
    }
}

impl Endpoint {
    /// 180: it rings. Only before the answer; until the PRACK comes it is repeated to who can send one.
    pub fn ring(&mut self, dialog: DialogId, now: Instant) {
        let Some(tx) = self.incoming_tx(dialog) else { return };
        let mut headers = self.dialog_headers(dialog);
        let number = u32::try_from(self.random.next() % u64::from(FIRST_MAX)).unwrap_or_default() + 1;
        let Some(found) = self.dialogs.get_mut(&dialog) else { return };
        // RFC 3262 5: the first reliable answer to an INVITE without offer would have to carry ours.
        let reliable = found.life.pracks.can && !found.offer_missing;
        if found.life.pracks.open.is_some() || (found.life.pracks.must && !reliable) {
            return;
        }
        if reliable {
            found.life.pracks.open = Some(number);
            headers.push("Require", RELIABLE);
            headers.push("RSeq", number.to_string());
        }
        let sent = self.respond(tx, 180, "", headers, Vec::new(), now);
        if let (Some((to, bytes)), Some(found), true) = (sent, self.dialogs.get_mut(&dialog), reliable) {
            let backoff = Backoff::new(now, None);
            found.life.pracks.repeat = Some(Repeat { to, bytes, backoff, deadline: now + GIVE_UP });
            self.wake_dialog(dialog);
        }
    }

    /// Repeats the provisional answer, or gives the call up when nobody confirms it.
    pub(super) fn reliable_due(&mut self, id: DialogId, now: Instant) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let Some(repeat) = dialog.life.pracks.repeat.as_mut() else { return };
        if repeat.deadline <= now {
            dialog.life.pracks.repeat = None;
            if let Phase::Incoming(tx) = dialog.phase {
                self.refuse_incoming(id, tx, 504, "", Vec::new(), now);
                self.end(id, EndCause::NoAck);
            }
        } else if repeat.backoff.fire(now) {
            let (to, bytes) = (repeat.to, repeat.bytes.clone());
            self.send(to, bytes);
            self.wake_dialog(id);
        }
    }

    /// Their PRACK; its body is of no use to us, as our provisional answers carry none.
    pub(super) fn on_prack(
        &mut self,
        id: DialogId,
        request: &Request,
        read: &Essentials,
        source: SocketAddr,
        now: Instant,
    ) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let confirmed = request.headers.get("RAck").and_then(|value| rack(&value));
        let pracks = &mut dialog.life.pracks;
        if confirmed.is_none() || confirmed != pracks.open.map(|number| (number, pracks.invite)) {
            return self.reply(request, source, 481, "", &[]);
        }
        pracks.open = None;
        pracks.repeat = None;
        self.reply_kept(request, read, source, now);
    }

    /// A provisional answer to our INVITE; false when it was heard before or is out of order.
    pub(super) fn confirm_provisional(&mut self, id: DialogId, response: &Response, now: Instant) -> bool {
        let headers = &response.headers;
        let required = headers.has_tag("Require", RELIABLE);
        let number = headers.get("RSeq").and_then(|number| decimal::<u32>(&number)).filter(|_| required);
        let to = headers.get("To").and_then(|to| NameAddr::parse(&to));
        let (Some(number), Some(tag)) = (number, to.and_then(|to| to.tag().map(str::to_owned))) else { return true };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return false };
        let heard = &mut dialog.life.pracks.heard;
        match heard.iter().position(|(fork, _)| *fork == tag) {
            Some(at) if Some(number) == heard[at].1.checked_add(1) => heard[at].1 = number,
            None if heard.len() < FORKS_MAX => heard.push((tag.clone(), number)),
            _ => return false,
        }
        self.enter_early(id, &tag, response);
        self.send_prack(id, number, response, now);
        true
    }

    /// RFC 3261 12.1.2: an early dialog; the last fork heard is the one that counts until the 200.
    fn enter_early(&mut self, id: DialogId, tag: &str, response: &Response) {
        let headers = &response.headers;
        self.move_target(id, headers);
        let updates = Self::takes_update(headers);
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        dialog.remote_tag = tag.to_owned();
        dialog.remote = headers.bytes("To").unwrap_or_default().to_vec();
        dialog.route = headers.list("Record-Route");
        dialog.route.reverse();
        dialog.life.updates = updates;
        if let Ok(Some(answer)) = description(headers, &response.body) {
            dialog.life.pracks.answer = Some((tag.to_owned(), answer));
        }
    }

    fn send_prack(&mut self, id: DialogId, number: u32, response: &Response, now: Instant) {
        let invite = response.headers.get("CSeq").and_then(|cseq| CSeq::parse(&cseq)).map_or(1, |cseq| cseq.number);
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        dialog.local_cseq += 1;
        let dialog = dialog.clone();
        let mut request = self.request_in(&dialog, Method::Prack, dialog.local_cseq);
        request.headers.push("RAck", format!("{number} {invite} INVITE"));
        let to = self.next_hop(&dialog);
        let tx = self.open_client(request, to, None, now);
        self.may_log_in(tx, &dialog);
    }

    pub(super) fn wake_reliable(&mut self, id: DialogId) {
        let due = self.dialogs.get(&id).and_then(|dialog| dialog.life.pracks.next_due());
        self.timers.at(due, Wake::Dialog(id.0));
    }
}

/// RAck: number, and CSeq of the INVITE.
fn rack(value: &str) -> Option<(u32, u32)> {
    let (number, cseq) = value.trim().split_once(|c: char| c.is_ascii_whitespace())?;
    let cseq = CSeq::parse(cseq).filter(|cseq| cseq.method == Method::Invite)?;
    Some((decimal(number)?, cseq.number))
}

/// The option's name.
const RELIABLE: &str = "100rel";

/// RFC 3262 3: the first number is below 2^31; there is room to count on.
const FIRST_MAX: u32 = 1 << 30;
