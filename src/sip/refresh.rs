//! Session timers: a call whose other side is gone is ended, though nobody said BYE (RFC 4028).

use std::time::{Duration, Instant};

use super::dialog::{Dialog, DialogId, contact};
use super::endpoint::Endpoint;
use super::event::{EndCause, Event};
use super::headers::{CSeq, NameAddr, split_outside};
use super::login::again;
use super::message::{Headers, Method, Response};
use super::screen::{ALLOW, EXTENSIONS, SDP_TYPE, description};
use super::timers::Wake;
use super::uri::decimal;

/// What both sides agreed: by when one of them has to have refreshed.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionTimer {
    /// From one refresh to the end, seconds.
    interval: u32,
    /// We refresh.
    ours: bool,
    /// When we do, next.
    due: Instant,
    /// When the call is over without one.
    ends: Instant,
}

impl SessionTimer {
    fn new(interval: u32, ours: bool, now: Instant) -> Self {
        let whole = Duration::from_secs(interval.into());
        // RFC 4028 10: who waits for the other's refresh says BYE a little before the end.
        let early = if ours { Duration::ZERO } else { GRACE_MAX.min(whole / 3) };
        Self { interval, ours, due: now + whole / 2, ends: now + whole - early }
    }

    fn next(&self) -> Instant {
        if self.ours { self.due.min(self.ends) } else { self.ends }
    }
}

/// What a message says of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    /// Seconds, and whether the asking side is to refresh, when it says so.
    expires: Option<(u32, Option<bool>)>,
    min: u32,
    supported: bool,
}

impl Said {
    pub(super) fn read(headers: &Headers) -> Self {
        let value = headers.get("Session-Expires").unwrap_or_default();
        let parts = split_outside(&value, ';');
        let refresher = parts.iter().skip(1).find_map(|part| {
            let (name, who) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("refresher").then(|| who.trim().eq_ignore_ascii_case("uac"))
        });
        let min = headers.get("Min-SE").unwrap_or_default();
        let min = decimal(split_outside(&min, ';').first().map_or("", String::as_str)).unwrap_or_default();
        let expires = parts.first().and_then(|seconds| decimal(seconds)).map(|seconds| (seconds, refresher));
        Self { expires, min, supported: headers.has_tag("Supported", TIMER) || headers.has_tag("Require", TIMER) }
    }
}

impl Endpoint {
    /// The interval this request has to ask for at least, when it asks for less (422).
    pub(super) fn too_short(&self, headers: &Headers) -> Option<String> {
        let said = Said::read(headers);
        let least = seconds(self.settings.session.min_se);
        let short = said.supported && said.expires.is_some_and(|(asked, _)| asked < least);
        short.then(|| least.to_string())
    }

    /// What our 2xx says to what their INVITE or UPDATE said; the timer runs from now.
    ///
    /// Who knows nothing of timers gets none, unless something on the way asked for one: then we refresh.
    pub(super) fn agree_timer(&mut self, id: DialogId, said: Said, now: Instant) -> Headers {
        let mut headers = Headers::default();
        let (ours, least) = (seconds(self.settings.session.expires), seconds(self.settings.session.min_se));
        let Some(dialog) = self.dialogs.get_mut(&id) else { return headers };
        if said.expires.is_none() && !said.supported && dialog.life.timer.is_none() {
            return headers;
        }
        let (interval, refresher) = match said.expires {
            Some((asked, refresher)) => (asked.min(ours.max(said.min)), refresher),
            None => (ours.max(said.min), None),
        };
        let interval = interval.clamp(least, INTERVAL_MAX_S);
        let theirs = said.supported && refresher == Some(true);
        headers.push("Session-Expires", format!("{interval};refresher={}", if theirs { "uac" } else { "uas" }));
        if said.supported {
            headers.push("Require", TIMER);
        }
        dialog.life.timer = Some(SessionTimer::new(interval, !theirs, now));
        self.wake_session(id);
        headers
    }

    /// What their 2xx says to what our INVITE or UPDATE said.
    pub(super) fn timer_agreed(&mut self, id: DialogId, headers: &Headers, now: Instant) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let timer = Said::read(headers).expires.map(|(interval, refresher)| {
            SessionTimer::new(interval.clamp(INTERVAL_MIN_S, INTERVAL_MAX_S), refresher != Some(false), now)
        });
        dialog.life.timer = timer;
        self.wake_session(id);
    }

    /// What our INVITE or UPDATE says of it.
    pub(super) fn ask_timer(&self, dialog: &Dialog, headers: &mut Headers) {
        let session = self.settings.session;
        let least = seconds(session.min_se).max(dialog.life.min_se);
        let interval = dialog.life.timer.map_or(seconds(session.expires), |timer| timer.interval).max(least);
        let refresher = if dialog.life.timer.is_some() { ";refresher=uac" } else { "" };
        headers.push("Supported", EXTENSIONS);
        headers.push("Session-Expires", format!("{interval}{refresher}"));
        headers.push("Min-SE", least.to_string());
    }

    /// An INVITE of ours was refused for asking too short an interval: once more with theirs; false when that is no
    /// way out.
    pub(super) fn ask_longer(&mut self, id: u64, response: &Response, now: Instant) -> bool {
        let least = Said::read(&response.headers).min;
        let Some(tx) = self.clients.get(&id) else { return false };
        let (request, to, login) = (tx.request.clone(), tx.to, tx.login.clone());
        let Some(dialog) = tx.dialog else { return false };
        let asked = Said::read(&request.headers);
        if response.status != 422 || least <= asked.min || least > INTERVAL_MAX_S {
            return false;
        }
        let branch = self.new_branch();
        let (mut request, number) = again(request, &branch, ("Min-SE", &least.to_string()));
        let interval = asked.expires.map_or(least, |(asked, _)| asked.max(least));
        request.headers.set("Session-Expires", interval.to_string());
        let next = self.open_client(request, to, Some(dialog), now);
        self.asked_again(id, next, dialog, number);
        if let Some(tx) = self.clients.get_mut(&next) {
            tx.login = login;
        }
        true
    }

    pub(super) fn wake_session(&mut self, id: DialogId) {
        let due = self.dialogs.get(&id).and_then(|dialog| dialog.life.timer).map(|timer| timer.next());
        self.timers.at(due, Wake::Session(id.0));
    }

    pub(super) fn session_due(&mut self, id: DialogId, now: Instant) {
        let Some(dialog) = self.dialogs.get_mut(&id).filter(|dialog| !dialog.bye_wanted) else { return };
        let Some(timer) = dialog.life.timer.as_mut() else { return };
        if timer.ends <= now {
            return self.expire(id, now);
        }
        if timer.ours && timer.due <= now {
            let busy = dialog.life.asking.is_some() || dialog.reoffer.is_some() || dialog.await_ack.is_some();
            timer.due = now + RETRY_AFTER;
            if !busy {
                self.refresh(id, now);
            }
            self.wake_session(id);
        }
    }

    fn expire(&mut self, id: DialogId, now: Instant) {
        self.end(id, EndCause::Expired);
        match self.dialogs.get_mut(&id) {
            Some(dialog) if dialog.await_ack.is_some() => dialog.bye_wanted = true,
            _ => self.bye_and_forget(id, now),
        }
    }

    /// Says that we are still there: by UPDATE where the other side takes one, else by a re-INVITE that changes
    /// nothing.
    fn refresh(&mut self, id: DialogId, now: Instant) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let update = dialog.life.updates || dialog.life.sdp.is_empty();
        dialog.local_cseq += 1;
        let dialog = dialog.clone();
        let method = if update { Method::Update } else { Method::Invite };
        let mut request = self.request_in(&dialog, method, dialog.local_cseq);
        request.headers.push("Contact", contact(dialog.contact, self.settings.transport));
        request.headers.push("Allow", ALLOW);
        self.ask_timer(&dialog, &mut request.headers);
        if !update {
            request.headers.push("Content-Type", SDP_TYPE);
            request.body = dialog.life.sdp.clone().into_bytes();
        }
        let to = self.next_hop(&dialog);
        let tx = self.open_client(request, to, None, now);
        self.may_log_in(tx, &dialog);
        if let Some(tx) = self.clients.get_mut(&tx) {
            tx.inside = Some(id);
        }
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.life.asking = Some(tx);
        }
    }

    /// A re-INVITE of ours was taken: the ACK, again for every repetition.
    pub(super) fn refresh_taken(&mut self, tx: u64, id: DialogId, response: &Response, now: Instant) {
        let Some(found) = self.clients.get_mut(&tx) else { return };
        if let Some((_, hop, ack)) = found.acks.first().cloned() {
            return self.send(hop, ack);
        }
        let number = found.request.headers.get("CSeq").and_then(|cseq| CSeq::parse(&cseq)).map_or(1, |c| c.number);
        let Some(dialog) = self.dialogs.get(&id).cloned() else { return };
        let ack = super::write::request(&self.request_in(&dialog, Method::Ack, number));
        let hop = self.next_hop(&dialog);
        self.send(hop, ack.clone());
        if let Some(found) = self.clients.get_mut(&tx) {
            found.acks.push((String::new(), hop, ack));
        }
        self.refreshed(id, response.status, Some(response), now);
    }

    /// The final answer to our refresh.
    pub(super) fn refreshed(&mut self, id: DialogId, status: u16, response: Option<&Response>, now: Instant) {
        let glare_wait = self.glare_wait(id);
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        dialog.life.asking = None;
        let Some(timer) = dialog.life.timer.as_mut() else { return };
        match status {
            200..300 => {
                if let Some(response) = response {
                    self.refresh_agreed(id, response, now);
                }
                return;
            }
            // They are gone.
            408 | 481 => return self.expire(id, now),
            405 | 501 if dialog.life.updates => {
                dialog.life.updates = false;
                timer.due = now;
            }
            422 => {
                let least = response.map(|response| Said::read(&response.headers).min).unwrap_or_default();
                let more = least > timer.interval && least <= INTERVAL_MAX_S;
                dialog.life.min_se = dialog.life.min_se.max(least.min(INTERVAL_MAX_S));
                timer.due = if more { now } else { now + RETRY_AFTER };
            }
            491 => timer.due = now + glare_wait,
            _ => timer.due = now + RETRY_AFTER,
        }
        self.wake_session(id);
    }

    fn refresh_agreed(&mut self, id: DialogId, response: &Response, now: Instant) {
        self.timer_agreed(id, &response.headers, now);
        self.move_target(id, &response.headers);
        let answer = description(&response.headers, &response.body).ok().flatten();
        let Some((dialog, answer)) = self.dialogs.get_mut(&id).zip(answer) else { return };
        if dialog.life.heard.as_ref().is_some_and(|heard| heard.is_same_as(&answer)) {
            return;
        }
        dialog.life.heard = Some(answer.clone());
        self.events.push_back(Event::Reanswered { dialog: id, answer });
    }

    /// RFC 3261 12.2.1.2 and 12.2.2: where the other side is to be reached from now on.
    pub(super) fn move_target(&mut self, id: DialogId, headers: &Headers) {
        let contact = headers.list("Contact").first().and_then(|contact| NameAddr::parse(contact));
        if let (Some(dialog), Some(contact)) = (self.dialogs.get_mut(&id), contact) {
            dialog.target = contact.uri.to_string();
        }
    }

    /// RFC 3261 14.1: both changed the session at once; who opened the dialog waits longer.
    fn glare_wait(&mut self, id: DialogId) -> Duration {
        let ours = self.dialogs.get(&id).is_some_and(|dialog| dialog.ours);
        let steps = self.random.next() % if ours { 191 } else { 201 };
        Duration::from_millis(steps * 10 + if ours { 2_100 } else { 0 })
    }

    /// Whether a peer that says this takes an UPDATE.
    pub(super) fn takes_update(headers: &Headers) -> bool {
        headers.list("Allow").iter().any(|method| method == "UPDATE")
    }
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(INTERVAL_MAX_S).min(INTERVAL_MAX_S)
}

/// The option's name.
const TIMER: &str = "timer";

/// Nobody is waited for longer than this before the end of an interval.
const GRACE_MAX: Duration = Duration::from_secs(32);

/// A refresh that could not be made is tried again after this.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Longest interval: a day.
const INTERVAL_MAX_S: u32 = 86_400;

/// Whatever the other side says, we do not refresh more often than every other second.
const INTERVAL_MIN_S: u32 = 4;
