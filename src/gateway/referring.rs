//! Somebody's phone asks us to call somebody else (REFER): whom we call, only the configuration says.

use std::time::Instant;

use super::leg::{Leg, Mail};
use super::line::{Command, Line};
use crate::conversation::{Business, Duty, e164};
use crate::sip::{DialogId, Uri};

impl Line {
    /// Who is on duty is called as if the caller had asked for them; nobody else ever is.
    pub(super) fn refer_asked(&mut self, dialog: DialogId, target: &Uri) {
        let business = self.calls.get(&dialog).and_then(|call| call.business.as_ref());
        let whom = business.and_then(|business| on_duty(business, target)).map(|duty| duty.name.clone());
        let status = if whom.is_some() { ACCEPTED } else { DECLINE };
        self.endpoint.answer_refer(dialog, status, Instant::now());
        match whom {
            Some(whom) => self.mail(dialog, Mail::ReferAsked(whom)),
            None => tracing::warn!(host = target.host(), "refused: a REFER to somebody who is not on duty"),
        }
    }
}

impl Leg {
    /// Tells their phone, once, what became of the call it asked for.
    pub(super) fn tell_refer(&mut self, status: u16) {
        self.referred = false;
        self.signalling.send(Command::TellRefer(status));
    }
}

/// Whoever on duty this address is. It is only compared: what is dialled stands in the configuration.
fn on_duty<'a>(business: &'a Business, target: &Uri) -> Option<&'a Duty> {
    if target.has_headers() {
        return None; // to take another call's place
    }
    let called = target.tel_number().map(str::to_owned).or_else(|| target.user_decoded())?;
    let number = |text: &str| e164(text, &business.country).unwrap_or_else(|| text.to_owned());
    let is = |duty: &&Duty| match duty.number.parse::<Uri>() {
        Ok(theirs) if theirs.is_sip() => {
            theirs.user_decoded().as_ref() == Some(&called)
                && theirs.host().eq_ignore_ascii_case(target.host())
                && theirs.port() == target.port()
        }
        _ => number(&duty.number) == number(&called),
    };
    business.policy.escalation.duty.iter().filter(|duty| duty.reach.is_some()).find(is)
}

/// The REFER is taken.
const ACCEPTED: u16 = 202;
/// RFC 3261's word for "no".
const DECLINE: u16 = 603;
/// They talk.
pub(super) const TAKEN: u16 = 200;
/// Nobody took the caller.
pub(super) const NOBODY_TOOK: u16 = 480;
