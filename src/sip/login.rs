//! A request of ours that was challenged is asked again with the password (RFC 3261 22.2 and 22.3, RFC 7616).

use std::time::Instant;

use super::dialog::{Dialog, DialogId, Phase};
use super::digest::{CHALLENGES_MAX, Credentials, authorize, strongest};
use super::endpoint::Endpoint;
use super::headers::{CSeq, Via};
use super::message::{Headers, Method, Request, Response};

/// A password for one request.
#[derive(Debug, Clone)]
pub(super) struct Login {
    credentials: Credentials,
    /// Challenges answered so far.
    answered: u32,
}

impl Endpoint {
    /// A challenge to this request may be answered with the dialog's password.
    pub(super) fn may_log_in(&mut self, tx: u64, dialog: &Dialog) {
        if let (Some(tx), Some(credentials)) = (self.clients.get_mut(&tx), dialog.credentials.clone()) {
            tx.login = Some(Login { credentials, answered: 0 });
        }
    }

    /// Asks again with the password; false when none is asked for, there is none, or it was refused.
    pub(super) fn log_in(&mut self, id: u64, response: &Response, now: Instant) -> bool {
        if !matches!(response.status, 401 | 407) {
            return false;
        }
        let Some(tx) = self.clients.get(&id) else { return false };
        let (Some(login), Some(challenge)) = (tx.login.clone(), strongest(&response.headers)) else { return false };
        // A second challenge after an answer means a wrong password, unless only the nonce was old.
        let refused = tx.request.headers.count(challenge.answer_in) > 0 && !challenge.stale;
        if refused || login.answered >= CHALLENGES_MAX {
            return false;
        }
        let (request, to, dialog, inside) = (tx.request.clone(), tx.to, tx.dialog, tx.inside);
        let cnonce = self.random.token();
        let value = authorize(&challenge, &login.credentials, request.method.name(), &request.uri, &cnonce, 1);
        let branch = self.new_branch();
        let (request, number) = again(request, &branch, (challenge.answer_in, &value));
        let next = self.open_client(request, to, dialog, now);
        if let Some(tx) = self.clients.get_mut(&next) {
            tx.login = Some(Login { answered: login.answered + 1, ..login });
            tx.inside = inside;
        }
        if let Some(dialog) = dialog.or(inside) {
            self.asked_again(id, next, dialog, number);
        }
        true
    }

    /// A request of ours takes the place of one that was refused.
    pub(super) fn asked_again(&mut self, old: u64, next: u64, dialog: DialogId, number: u32) {
        if let Some(tx) = self.clients.get_mut(&old) {
            tx.dialog = None;
        }
        let refer = self.clients.get(&next).is_some_and(|tx| tx.request.method == Method::Refer);
        let Some(dialog) = self.dialogs.get_mut(&dialog) else { return };
        dialog.local_cseq = dialog.local_cseq.max(number);
        // NOTIFYs name the REFER that was taken.
        dialog.refer.waiting = dialog.refer.waiting.map(|asked| if refer { number } else { asked });
        if dialog.phase == Phase::Outgoing(old) {
            dialog.phase = Phase::Outgoing(next);
        }
        dialog.life.asking = dialog.life.asking.map(|asking| if asking == old { next } else { asking });
    }
}

/// The same request anew: next CSeq, a branch of its own, and the answer to the challenge. And its number.
pub(super) fn again(request: Request, branch: &str, (name, value): (&str, &str)) -> (Request, u32) {
    let mut headers = Headers::default();
    let mut number = 1;
    for field in request.headers.iter().filter(|field| field.name != name) {
        let text = super::message::text(&field.value);
        match field.name.as_str() {
            "Via" => {
                let old = Via::parse(&text).and_then(|via| via.branch().map(str::to_owned)).unwrap_or_default();
                headers.push("Via", text.replace(&old, branch));
            }
            "CSeq" => {
                number = CSeq::parse(&text).map_or(1, |cseq| cseq.number + 1);
                headers.push("CSeq", format!("{number} {}", request.method));
            }
            other => headers.push(other, &field.value),
        }
    }
    headers.push(name, value);
    (Request { headers, ..request }, number)
}
