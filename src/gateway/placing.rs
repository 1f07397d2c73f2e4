//! Calls of ours: through which trunk, under whose number, and what the line makes of their answers.

use std::net::SocketAddr;
use std::time::Instant;

use super::leg::Mail;
use super::line::{Dialog, Line, PTIME_MS};
use super::person::{Dialled, PersonMail, Placed, Wanted};
use super::random::random;
use super::trunks::Trunk;
use crate::call::News;
use crate::sip::sdp;
use crate::sip::{Credentials, Dial, DialogId, FromIdentity, Uri};

/// Where a call of ours goes and who we say we are.
struct Route {
    target: Uri,
    to: SocketAddr,
    from: FromIdentity,
    credentials: Option<Credentials>,
    extra_headers: Vec<(String, String)>,
}

impl Line {
    /// Calls somebody for a caller. Whom, comes from the configuration.
    pub(super) async fn place(&mut self, wanted: Wanted) {
        let Wanted { leg, mail, .. } = &wanted;
        let (leg, mail) = (*leg, mail.clone());
        if let Err(status) = self.try_place(wanted).await {
            let _ = mail.try_send(Mail::Person { leg, mail: PersonMail::News(News::Failed(status)) });
        }
    }

    async fn try_place(&mut self, wanted: Wanted) -> Result<(), u16> {
        let reach = wanted.person.reach.as_ref().ok_or(404_u16)?;
        let trunk = reach.trunk.as_deref().map(|name| self.trunks.iter().find(|signed| signed.trunk.name == name));
        let to = match trunk {
            Some(signed) => signed.and_then(|signed| signed.at).ok_or(503_u16)?,
            None => wanted.at.ok_or(404_u16)?,
        };
        let ip = self.media_ip(to).await;
        let contact = SocketAddr::new(ip, self.local.port());
        let trunk = trunk.flatten().map(|signed| &signed.trunk);
        let route = route(&wanted, trunk, to, contact).ok_or(404_u16)?;
        let sockets = self.ports.bind(self.local.ip()).await.map_err(|_| 503_u16)?;
        let port = sockets.rtp.local_addr().map_or(0, |local| local.port());
        let addr = SocketAddr::new(ip, port);
        let local = sdp::LocalMedia { addr, ptime: PTIME_MS, session_id: random::<u64>() >> 2, version: 1 };
        let terms = self.settings.media.person_terms(self.security(to.ip()));
        let Route { target, to, from, credentials, extra_headers } = route;
        let call = Dial { target, to, from, contact, credentials, sdp: sdp::offer(local, &terms), extra_headers };
        let dialog = self.endpoint.dial(call, Instant::now());
        let Wanted { leg, mail, .. } = wanted;
        self.calls.insert(
            dialog,
            Dialog { mail: mail.clone(), local, terms, offered: false, leg: Some(leg), business: None },
        );
        let dialled = Dialled { dialog, line: self.post.clone() };
        let placed = Box::new(Placed { _dialled: dialled, sockets, signalling_ip: to.ip() });
        // A call whose task is gone drops it, and with it the dialog.
        let _ = mail.try_send(Mail::Person { leg, mail: PersonMail::Placed(placed) });
        Ok(())
    }

    /// They picked up.
    pub(super) fn person_answered(&mut self, dialog: DialogId, answer: &sdp::Session) {
        let replacing = self.endpoint.replacing(dialog);
        let Some(call) = self.calls.get(&dialog) else { return };
        match sdp::accept_answer(answer, &call.terms) {
            Ok(agreed) => {
                let (remote, media) = (agreed.remote, self.settings.media.media(&agreed));
                let protection = agreed.protection;
                self.person_mail(dialog, PersonMail::Answered { remote, media, replacing, protection });
            }
            Err(_) => {
                self.person_mail(dialog, PersonMail::News(News::Failed(488)));
                self.endpoint.hang_up(dialog, Instant::now());
            }
        }
    }

    /// News of a call of ours.
    pub(super) fn person_mail(&self, dialog: DialogId, mail: PersonMail) {
        if let Some(leg) = self.calls.get(&dialog).and_then(|call| call.leg) {
            self.mail(dialog, Mail::Person { leg, mail });
        }
    }

    /// Has a caller's side call somebody instead of us.
    pub(super) fn refer(&mut self, dialog: DialogId, target: &str, trunk: Option<&str>) {
        let trunk = trunk.and_then(|name| self.settings.trunks.iter().find(|trunk| trunk.name == name));
        let target = match trunk {
            Some(trunk) if !target.contains(':') => format!("sip:{target}@{}", trunk.domain),
            _ => target.to_owned(),
        };
        self.endpoint.refer(dialog, &target, Instant::now());
    }
}

fn route(wanted: &Wanted, trunk: Option<&Trunk>, to: SocketAddr, contact: SocketAddr) -> Option<Route> {
    let dialled = &wanted.person.number;
    let host = trunk.map_or_else(|| contact.to_string(), |trunk| trunk.domain.clone());
    let target = if dialled.contains(':') { dialled.parse() } else { format!("sip:{dialled}@{host}").parse() };
    let own = trunk.map(|trunk| trunk.number.as_deref().unwrap_or(&trunk.credentials.username));
    let number = wanted.from.as_deref().filter(|number| is_number(number));
    let shown = number.filter(|_| trunk.is_none_or(|trunk| trunk.show_caller));
    let uri = |user: &str| format!("sip:{user}@{host}").parse::<Uri>().ok();
    let from = uri(shown.or(own).unwrap_or(ANONYMOUS))?;
    let mut extra_headers = Vec::new();
    if shown.is_some() {
        extra_headers.push(("P-Asserted-Identity".to_owned(), format!("<{from}>")));
        // Through whom the call came: some carriers take a foreign number only so (RFC 5806).
        if let Some(own) = own.and_then(uri) {
            extra_headers.push(("Diversion".to_owned(), format!("<{own}>;reason=follow-me;counter=1")));
        }
    }
    let display = wanted.name.clone().filter(|_| shown.is_some());
    let credentials = trunk.map(|trunk| trunk.credentials.clone());
    Some(Route { target: target.ok()?, to, from: FromIdentity { display, uri: from }, credentials, extra_headers })
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Who withholds the number.
const ANONYMOUS: &str = "anonymous";
