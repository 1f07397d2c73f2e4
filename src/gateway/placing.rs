//! Calls of ours: through which trunk, under whose number, and what the line makes of their answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::leg::Mail;
use super::line::{Command, Dialog, Line};
use super::opening::local_media;
use super::person::{Dialled, PersonMail, Placed, Wanted};
use super::signing::may_be_tried_elsewhere;
use super::trunks::{Signed, Trunk};
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
        let mut wanted = Box::new(wanted);
        if let Err(status) = self.try_place(&mut wanted).await {
            self.place_elsewhere(wanted, status);
        }
    }

    async fn try_place(&mut self, wanted: &mut Wanted) -> Result<(), u16> {
        if wanted.person.reach.is_none() {
            return Err(404);
        }
        let places = self.places(wanted);
        let now = Instant::now();
        let named = wanted.trunk.as_deref().and_then(|name| self.named(name));
        if named.is_some_and(|signed| signed.reachable == Some(false) && signed.trunk.fallback.is_some()) {
            // It is known not to be there: nobody waits to find out.
            wanted.place = places.len();
            return Err(503);
        }
        let awake = |place: &SocketAddr| self.resting.get(place).is_none_or(|until| *until <= now);
        let next = places.iter().enumerate().skip(wanted.place).find(|(_, place)| awake(place));
        let (place, to) = next.map(|(at, to)| (at, *to)).ok_or(503_u16)?;
        wanted.place = place;
        let ip = self.media_ip(to).await;
        let contact = SocketAddr::new(ip, self.local.port());
        let trunk = wanted.trunk.as_deref().and_then(|name| self.named(name)).map(|signed| &signed.trunk);
        let route = route(wanted, trunk, to, contact).ok_or(404_u16)?;
        let sockets = self.ports.bind(self.local.ip()).await.map_err(|_| 503_u16)?;
        let local = local_media(sockets.address(ip));
        let terms = self.settings.media.person_terms(self.security(to.ip()));
        let Route { target, to, from, credentials, extra_headers } = route;
        let call = Dial { target, to, from, contact, credentials, sdp: sdp::offer(local, &terms), extra_headers };
        let dialog = self.endpoint.dial(call, Instant::now());
        let (leg, mail) = (wanted.leg, wanted.mail.clone());
        let again = Some((Box::new(wanted.clone()), to));
        let call = Dialog { mail: mail.clone(), local, terms, offered: false, leg: Some(leg), business: None, again };
        self.calls.insert(dialog, call);
        let dialled = Dialled { dialog, line: self.post.clone() };
        let placed = Box::new(Placed { _dialled: dialled, sockets, signalling_ip: to.ip() });
        // A call whose task is gone drops it, and with it the dialog.
        let _ = mail.try_send(Mail::Person { leg, mail: PersonMail::Placed(placed) });
        Ok(())
    }

    /// A call of ours was not taken: by somebody, or only by this machine of theirs.
    pub(super) fn not_taken(&mut self, dialog: DialogId, status: u16, retry_after: Option<Duration>) {
        let Some(call) = self.calls.remove(&dialog) else { return };
        if let (Some((_, place)), Some(wait)) = (&call.again, retry_after) {
            let now = Instant::now();
            self.resting.retain(|_, until| *until > now);
            if self.resting.len() < RESTING_MAX {
                self.resting.insert(*place, now + wait.min(RESTING_LONGEST));
            }
        }
        match (call.again, call.leg) {
            (Some((wanted, _)), _) => self.place_elsewhere(wanted, status),
            (None, Some(leg)) => {
                // A call whose task is gone is not told.
                let _ = call.mail.try_send(Mail::Person { leg, mail: PersonMail::News(News::Failed(status)) });
            }
            (None, None) => {}
        }
    }

    /// The next machine of the same trunk, else the trunk that stands in for it, else nobody.
    fn place_elsewhere(&mut self, mut wanted: Box<Wanted>, status: u16) {
        let own = wanted.own;
        if may_be_tried_elsewhere(status) && !wanted.mail.is_closed() {
            if wanted.place + 1 < self.places(&wanted).len() {
                wanted.place += 1;
                tracing::info!(person = wanted.person.name, status, "called at the next address");
                let _ = self.post.send((own, Command::Place(wanted))); // to ourselves
                return;
            }
            let fallback = wanted.trunk.as_deref().and_then(|name| self.named(name)?.trunk.fallback.clone());
            let fallback = fallback.filter(|name| !wanted.tried.contains(name));
            let way = fallback.as_ref().and_then(|name| Some(self.ways_out.trunks.get(name)?.clone()));
            if let (Some(name), Some(way)) = (fallback, way) {
                tracing::warn!(person = wanted.person.name, status, trunk = name, "called through another trunk");
                wanted.tried.extend(wanted.trunk.replace(name));
                wanted.place = 0;
                let _ = way.send((own, Command::Place(wanted))); // a line that stopped places nothing
                return;
            }
        }
        let (leg, mail) = (wanted.leg, wanted.mail);
        let _ = mail.try_send(Mail::Person { leg, mail: PersonMail::News(News::Failed(status)) });
    }

    fn named(&self, name: &str) -> Option<&Signed> {
        self.trunks.iter().find(|signed| signed.trunk.name == name)
    }

    fn places(&self, wanted: &Wanted) -> Vec<SocketAddr> {
        match &wanted.trunk {
            Some(name) => self.named(name).map(Signed::in_turn).unwrap_or_default(),
            None => wanted.at.clone(),
        }
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
    let own = trunk.and_then(Trunk::own);
    let number = wanted.from.as_deref().filter(|number| is_number(number));
    let shown = number.filter(|_| trunk.is_none_or(|trunk| trunk.show_caller));
    let uri = |user: &str| format!("sip:{user}@{host}").parse::<Uri>().ok();
    let from = uri(shown.or(own).unwrap_or(ANONYMOUS))?;
    let mut extra_headers = Vec::new();
    if shown.is_some() {
        extra_headers.push(("P-Asserted-Identity".to_owned(), format!("<{from}>")));
        // Through whom the call came: some carriers take a foreign number only so (RFC 5806, RFC 7044).
        let (diversion, history) = trunk.map_or((true, false), |trunk| trunk.forwarding);
        let own = own.and_then(uri);
        if let Some(own) = own.as_ref().filter(|_| diversion) {
            extra_headers.push(("Diversion".to_owned(), format!("<{own}>;reason=follow-me;counter=1")));
        }
        if let (Some(own), Ok(target)) = (own.filter(|_| history), &target) {
            let value = format!("<{own}>;index=1, <{target}?Reason=SIP%3Bcause%3D302>;index=1.1;mp=1");
            extra_headers.push(("History-Info".to_owned(), value));
        }
    } else if trunk.is_some_and(|trunk| trunk.show_caller) && wanted.from.is_none() {
        // A caller who withholds the number has it withheld here, too (RFC 3323).
        extra_headers.push(("Privacy".to_owned(), "id".to_owned()));
    }
    let display = wanted.name.clone().filter(|_| shown.is_some());
    let credentials = trunk.and_then(|trunk| trunk.credentials.clone());
    Some(Route { target: target.ok()?, to, from: FromIdentity { display, uri: from }, credentials, extra_headers })
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Places that are left alone, at most, and for how long at most.
const RESTING_MAX: usize = 256;
const RESTING_LONGEST: Duration = Duration::from_secs(600);
/// Who withholds the number.
const ANONYMOUS: &str = "anonymous";
