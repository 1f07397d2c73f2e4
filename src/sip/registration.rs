//! Signing in at a trunk: REGISTER, refreshed before it runs out, tried again when it fails (RFC 3261 10.2, RFC 5626 4.5).

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::digest::{CHALLENGES_MAX, Credentials, authorize, strongest};
use super::endpoint::Endpoint;
use super::event::Event;
use super::headers::NameAddr;
use super::message::{Headers, Method, Request, Response};
use super::timers::Wake;
use super::uri::{Uri, decimal};

/// Handle of a registration, never used twice by one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistrationId(u64);

/// An account at a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Request-URI: the registrar's domain, "sip:trunk.example.com".
    pub registrar: Uri,
    /// Where it is: requests go there, and calls from that host are ours.
    pub to: SocketAddr,
    /// Address of record: From and To.
    pub aor: Uri,
    /// User part of the Contact: what calls to us are addressed to.
    pub contact_user: String,
    /// Where the trunk reaches us: Contact and Via.
    pub contact: SocketAddr,
    /// How long a sign-in is asked to last.
    pub expires: Duration,
    /// For the registrar's challenge; none when the address alone is enough.
    pub credentials: Option<Credentials>,
}

/// One account and where its sign-in stands.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) account: Account,
    call_id: String,
    tag: String,
    cseq: u32,
    /// What is asked for, seconds; 0 signs out.
    expires_s: u64,
    /// Challenges answered since the last success, stale ones included.
    answered: u32,
    /// The password was refused under this nonce.
    nonce: Option<String>,
    /// Failures in a row.
    failures: u32,
    /// The next REGISTER; none while one is under way.
    due: Option<Instant>,
}

impl Endpoint {
    /// Signs in and stays signed in. Ends with [`Endpoint::unregister`] only.
    pub fn register(&mut self, account: Account, now: Instant) -> RegistrationId {
        let id = self.new_id();
        let registration = Registration {
            call_id: format!("{}{}", self.random.token(), self.random.token()),
            tag: self.random.token(),
            cseq: 0,
            expires_s: account.expires.as_secs().max(1),
            account,
            answered: 0,
            nonce: None,
            failures: 0,
            due: None,
        };
        self.registrations.insert(id, registration);
        self.send_register(id, None, now);
        RegistrationId(id)
    }

    /// Its registrar moved: requests go there from now on, and at once.
    pub fn registrar_moved(&mut self, registration: RegistrationId, to: SocketAddr, now: Instant) {
        if let Some(found) = self.registrations.get_mut(&registration.0).filter(|found| found.account.to != to) {
            found.account.to = to;
            if found.due.is_some() {
                self.send_register(registration.0, None, now);
            }
        }
    }

    /// Signs out: one REGISTER that asks for nothing, whatever comes back.
    pub fn unregister(&mut self, registration: RegistrationId, now: Instant) {
        if let Some(found) = self.registrations.get_mut(&registration.0) {
            found.expires_s = 0;
            self.send_register(registration.0, None, now);
        }
    }

    pub(super) fn registration_due(&mut self, id: u64, now: Instant) {
        if self.registrations.get(&id).is_some_and(|found| found.due.is_some_and(|due| due <= now)) {
            self.send_register(id, None, now);
        }
    }

    /// The final answer to a REGISTER; none when none came.
    pub(super) fn registered(&mut self, id: u64, response: Option<&Response>, now: Instant) {
        let Some(found) = self.registrations.get_mut(&id) else { return };
        let Some(response) = response else { return self.register_failed(id, 408, "No Answer", None, now) };
        if found.expires_s == 0 && !matches!(response.status, 401 | 407) {
            self.registrations.remove(&id);
            return;
        }
        match response.status {
            200..300 => self.signed_in(id, response, now),
            401 | 407 => self.challenged(id, response, now),
            423 => {
                let least = response.headers.get("Min-Expires").and_then(|v| decimal::<u64>(v.trim()));
                match least.filter(|least| *least > found.expires_s && *least <= EXPIRES_S_MAX) {
                    Some(least) => {
                        found.expires_s = least;
                        self.send_register(id, None, now);
                    }
                    None => self.register_failed(id, 423, &response.reason, None, now),
                }
            }
            status => {
                self.register_failed(id, status, &response.reason, retry_after(&response.headers), now);
            }
        }
    }

    fn signed_in(&mut self, id: u64, response: &Response, now: Instant) {
        let Some(found) = self.registrations.get_mut(&id) else { return };
        let granted = granted_s(&response.headers, &found.account.contact_user).unwrap_or(found.expires_s);
        let granted = Duration::from_secs(granted.clamp(EXPIRES_S_MIN, EXPIRES_S_MAX));
        (found.failures, found.answered, found.nonce) = (0, 0, None);
        let due = now + granted * REFRESH_PERCENT / 100;
        found.due = Some(due);
        self.timers.at(Some(due), Wake::Registration(id));
        self.events.push_back(Event::Registered { registration: RegistrationId(id), expires: granted });
    }

    fn challenged(&mut self, id: u64, response: &Response, now: Instant) {
        let Some(found) = self.registrations.get_mut(&id) else { return };
        let challenge = strongest(&response.headers);
        let Some((challenge, who)) = challenge.zip(found.account.credentials.clone()) else {
            let reason =
                if found.account.credentials.is_none() { "A Password Is Asked For" } else { "Unknown Challenge" };
            return self.register_failed(id, response.status, reason, None, now);
        };
        // A second challenge after an answer means a wrong password, unless only the nonce was old.
        let refused = found.nonce.is_some() && !challenge.stale;
        if refused || found.answered >= CHALLENGES_MAX {
            found.nonce = None;
            if found.expires_s == 0 {
                self.registrations.remove(&id);
                return;
            }
            return self.register_failed(id, response.status, "Wrong Username Or Password", None, now);
        }
        found.answered += 1;
        found.nonce = Some(challenge.nonce.clone());
        let uri = found.account.registrar.to_string();
        let cnonce = self.random.token();
        let value = authorize(&challenge, &who, "REGISTER", &uri, &cnonce, 1);
        self.send_register(id, Some((challenge.answer_in, value)), now);
    }

    fn register_failed(&mut self, id: u64, status: u16, reason: &str, after: Option<Duration>, now: Instant) {
        let Some(found) = self.registrations.get_mut(&id) else { return };
        if found.expires_s == 0 {
            self.registrations.remove(&id);
            return;
        }
        (found.answered, found.nonce) = (0, None);
        let doubled = RETRY_MIN * 2u32.pow(found.failures.min(RETRY_DOUBLINGS));
        // Half of it at least: many boxes behind one trunk do not come back in step (RFC 5626 4.5).
        let spread = doubled.mul_f64(0.5 + (self.random.next() % 1000) as f64 / 2000.0);
        let Some(found) = self.registrations.get_mut(&id) else { return };
        let wait = spread.max(after.unwrap_or_default()).min(RETRY_MAX);
        found.failures += 1;
        found.due = Some(now + wait);
        self.timers.at(Some(now + wait), Wake::Registration(id));
        self.events.push_back(Event::RegistrationFailed {
            registration: RegistrationId(id),
            status,
            reason: reason.into(),
            retry_in: wait,
        });
    }

    fn send_register(&mut self, id: u64, authorization: Option<(&'static str, String)>, now: Instant) {
        let branch = self.new_branch();
        let (agent, transport) = (self.settings.user_agent.clone(), self.settings.transport);
        let Some(found) = self.registrations.get_mut(&id) else { return };
        found.cseq += 1;
        found.due = None;
        let Account { registrar, aor, contact_user, contact, to, .. } = &found.account;
        let mut headers = Headers::default();
        headers.push("Via", format!("SIP/2.0/{} {contact};branch={branch};rport", transport.via()));
        headers.push("Max-Forwards", "70");
        headers.push("From", format!("<{aor}>;tag={}", found.tag));
        headers.push("To", format!("<{aor}>"));
        headers.push("Call-ID", &found.call_id);
        headers.push("CSeq", format!("{} REGISTER", found.cseq));
        headers.push("Contact", format!("<sip:{contact_user}@{contact}{}>", transport.parameter()));
        headers.push("Expires", found.expires_s.to_string());
        if let Some((name, value)) = authorization {
            headers.push(name, value);
        }
        headers.push("User-Agent", agent);
        let uri = registrar.to_string();
        let request = Request { method: Method::Register, uri, version: "SIP/2.0".into(), headers, body: Vec::new() };
        let to = *to;
        let tx = self.open_client(request, to, None, now);
        if let Some(tx) = self.clients.get_mut(&tx) {
            tx.registration = Some(id);
        }
    }

    /// Whether a registrar of ours is there.
    pub(super) fn is_registrar(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.registrations.values().any(|found| found.account.to.ip().to_canonical() == ip)
    }
}

/// What the registrar granted our Contact: its own parameter, else the header (RFC 3261 10.2.4).
fn granted_s(headers: &Headers, user: &str) -> Option<u64> {
    let contacts: Vec<NameAddr> = headers.list("Contact").iter().filter_map(|c| NameAddr::parse(c)).collect();
    let ours = contacts.iter().find(|contact| contact.uri.user() == Some(user)).or(contacts.first());
    let own = ours.and_then(|contact| decimal::<u64>(contact.param("expires")?));
    own.or_else(|| headers.get("Expires").and_then(|value| decimal::<u64>(value.trim())))
}

/// How long we are asked to wait.
pub(super) fn retry_after(headers: &Headers) -> Option<Duration> {
    headers.get("Retry-After").and_then(|value| decimal(leading_digits(&value))).map(Duration::from_secs)
}

/// "120 (maintenance);duration=60": the seconds.
fn leading_digits(text: &str) -> &str {
    let text = text.trim_start();
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

/// A sign-in is refreshed when so much of it is over.
const REFRESH_PERCENT: u32 = 80;
/// Shortest and longest sign-in taken, seconds: below, refreshing would be all we do; above, a lost one stays lost.
const EXPIRES_S_MIN: u64 = 20;
const EXPIRES_S_MAX: u64 = 86_400;
/// Waits after failures: from 30 s, doubled up to half an hour (RFC 5626 4.5).
const RETRY_MIN: Duration = Duration::from_secs(30);
const RETRY_MAX: Duration = Duration::from_secs(1800);
const RETRY_DOUBLINGS: u32 = 6;
