//! What is wrong with a trunk, step by step, and how to mend it: its name, its port, its certificate, our password there,
//! our address as it sees it, and a call.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use super::line::route_to;
use super::names::{Names, Target};
use super::opening::local_media;
use super::random::random;
use super::run::USER_AGENT;
use super::settings::{Listen, Settings};
use super::tls::Tls;
use super::trunks::{NOBODY, Signed, Trunk};
use super::wire::{Heard, Wire};
use crate::sip::{self, Dial, Endpoint, Event, FromIdentity, Transport, Via, sdp};

/// What one step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub what: String,
    /// What to do about it; none: all is well.
    pub remedy: Option<String>,
}

fn good(what: String) -> Finding {
    Finding { what, remedy: None }
}

fn bad(what: String, remedy: impl Into<String>) -> Finding {
    Finding { what, remedy: Some(remedy.into()) }
}

/// Looks at a trunk from this machine; with a number, calls it and hangs up as soon as it rings.
pub async fn check(settings: &Settings, trunk: &Trunk, call: Option<&str>) -> Vec<Finding> {
    let Some(host) = trunk.looked_for() else {
        return vec![good(format!("calls are taken from {}; it has no proxy that could be asked", trunk.place()))];
    };
    let speaks = |transport: Transport, ip: IpAddr| settings.listen.iter().any(|listen| listen.reaches(transport, ip));
    let names = match Names::new(&settings.name_servers) {
        Ok(names) => names,
        Err(error) => return vec![refused(&error.to_string())],
    };
    let targets = match names.targets(&host, speaks).await {
        Ok(targets) => targets,
        Err(error) => return vec![refused(&error.to_string())],
    };
    let places: Vec<String> = targets.iter().map(|one| format!("{}:{}", one.transport, one.at)).collect();
    let mut findings = vec![good(format!("{} is {}", host.name, places.join(", ")))];
    for target in targets.iter().take(TARGETS_MAX) {
        match connects(settings, &host.name, target).await {
            Ok(found) => findings.extend(found),
            Err(found) => {
                findings.push(found);
                continue;
            }
        }
        match Talk::open(settings, trunk, *target).await {
            Ok(mut talk) => findings.extend(talk.whole(settings, trunk, call).await),
            Err(error) => findings.push(bad(format!("no socket: {error}"), "look at [sip] listen")),
        }
    }
    findings
}

/// An error that ends in its remedy.
fn refused(text: &str) -> Finding {
    let (what, remedy) = text.split_once("; ").unwrap_or((text, "correct it"));
    bad(what.to_owned(), remedy)
}

/// Whether a connection is to be had; of UDP nobody can say.
async fn connects(settings: &Settings, host: &str, target: &Target) -> Result<Option<Finding>, Finding> {
    let Target { transport, at } = *target;
    if transport == Transport::Udp {
        return Ok(None);
    }
    let stream = match timeout(ANSWER_MAX, TcpStream::connect(at)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            let remedy =
                "is the port right, and does the trunk speak this transport? Otherwise set transport = \"udp\"";
            return Err(bad(format!("TCP to {at}: {error}"), remedy));
        }
        Err(_) => {
            return Err(bad(format!("TCP to {at}: no answer"), "a firewall between here and there drops it: open it"));
        }
    };
    if transport == Transport::Tcp {
        return Ok(Some(good(format!("TCP to {at}: connected"))));
    }
    let Some(files) = &settings.tls else {
        return Err(bad("no [sip.tls]".to_owned(), "add certificate and key"));
    };
    let tls = Tls::load(files).map_err(|error| refused(&error.to_string()))?;
    let wrong = |problem: String| {
        let remedy = format!(
            "its certificate has to be of {host} and from somebody we trust: correct registrar or proxy, or name the \
             issuer in [sip.tls] roots; a port that speaks no TLS looks the same"
        );
        bad(format!("TLS with {at}: {problem}"), remedy)
    };
    match timeout(ANSWER_MAX, tls.connect(stream, at, Some(host))).await {
        Ok(Ok(_)) => Ok(Some(good(format!("TLS with {at}: its certificate is good")))),
        Ok(Err(error)) => Err(wrong(error.to_string())),
        Err(_) => Err(wrong("no handshake".to_owned())),
    }
}

/// A conversation with one machine of the trunk.
struct Talk {
    endpoint: Endpoint,
    wire: Wire,
    local: SocketAddr,
    contact: SocketAddr,
    target: Target,
    /// Where it sees us, as its answers say.
    seen: Option<IpAddr>,
}

impl Talk {
    async fn open(settings: &Settings, trunk: &Trunk, target: Target) -> std::io::Result<Talk> {
        let Target { transport, at } = target;
        let listen = settings.listen.iter().find(|listen| listen.reaches(transport, at.ip()));
        let ip = listen.map_or(at.ip(), |listen| listen.address.ip());
        let tls = settings.tls.as_ref().filter(|_| transport == Transport::Tls).and_then(|files| Tls::load(files).ok());
        let mut wire = Wire::open(Listen { transport, address: SocketAddr::new(ip, 0) }, tls).await?;
        wire.expect(at, trunk.host.as_deref().unwrap_or_default());
        let local = wire.local()?;
        let own = if ip.is_unspecified() { route_to(at).await.unwrap_or(ip) } else { ip };
        let contact = SocketAddr::new(settings.advertised.unwrap_or(own), local.port());
        let user_agent = USER_AGENT.into();
        let session = settings.session;
        let settings = sip::Settings { contact, transport, user_agent, allow: Vec::new(), session };
        let endpoint = Endpoint::new(settings, random()).with_patience(ANSWER_MAX);
        Ok(Talk { endpoint, wire, local, contact, target, seen: None })
    }

    async fn whole(&mut self, settings: &Settings, trunk: &Trunk, call: Option<&str>) -> Vec<Finding> {
        let mut findings = vec![self.options(trunk).await];
        if trunk.signs_in {
            let found = self.signs_in(trunk).await;
            if found.remedy.is_none() {
                // Who signs us in is there, whatever it thinks of OPTIONS.
                findings.clear();
            }
            findings.push(found);
        }
        if let Some(seen) = self.seen.filter(|seen| *seen != self.contact.ip()) {
            let what = format!("it sees us at {seen}, and is told to reach us at {}", self.contact.ip());
            let remedy = format!(
                "set [sip] advertised = \"{seen}\", and forward the SIP port and those of [media] to this machine"
            );
            findings.push(bad(what, remedy));
        } else if let Some(seen) = self.seen {
            findings.push(good(format!("it sees us at {seen}, as it is told")));
        }
        if let Some(number) = call.filter(|_| findings.iter().all(|found| found.remedy.is_none())) {
            findings.push(self.calls(settings, trunk, number).await);
        }
        findings
    }

    async fn options(&mut self, trunk: &Trunk) -> Finding {
        let at = self.target.at;
        let Some((target, from)) = trunk.asked() else {
            return bad(format!("{} makes no SIP address", trunk.domain), "correct domain, username or number");
        };
        self.endpoint.probe(&target, at, &from, self.contact, std::time::Instant::now());
        let answer =
            self.until(STEP_MAX, |event| if let Event::Probed { status, .. } = event { Some(*status) } else { None });
        match answer.await.flatten() {
            Some(status) => good(format!("{at} answers OPTIONS with {status}")),
            None => bad(
                format!("{at} does not answer"),
                "is host and port right, does a firewall let SIP through, and does the trunk know this machine's address? A \
                 trunk that answers no OPTIONS wants options_seconds = 0",
            ),
        }
    }

    async fn signs_in(&mut self, trunk: &Trunk) -> Finding {
        let at = self.target.at;
        let Some(account) = Signed::new(trunk.clone()).account(at, self.contact) else {
            return bad("no SIP address".to_owned(), "correct domain and username");
        };
        let registration = self.endpoint.register(account, std::time::Instant::now());
        let ended = self.until(STEP_MAX, |event| match event {
            Event::Registered { .. } => Some(None),
            Event::RegistrationFailed { status, reason, .. } => Some(Some((*status, reason.clone()))),
            _ => None,
        });
        let ended = ended.await;
        let Some(Some((status, reason))) = ended else {
            self.endpoint.unregister(registration, std::time::Instant::now());
            self.until(LEAVE_MAX, |_| None::<()>).await;
            return match ended {
                Some(_) => good(format!("{at} signs us in")),
                None => {
                    bad(format!("{at} does not answer to REGISTER"), "is host and port right, and is there a firewall?")
                }
            };
        };
        let remedy = match status {
            401 | 407 => {
                "username or password is wrong: take them from the carrier's SIP settings, not from its web login"
            }
            403 => "the account is blocked, signs in from a forbidden address, or has another domain: ask the carrier",
            404 => "there is no such account: correct username and domain",
            408 => "nobody answers: is host and port right, and does a firewall let SIP through?",
            503 => "the trunk is out of order or wants to be left alone: wait, or take another host of it",
            _ => "ask the carrier what it means",
        };
        bad(format!("{at} does not sign us in: {status} {reason}"), remedy)
    }

    async fn calls(&mut self, settings: &Settings, trunk: &Trunk, number: &str) -> Finding {
        let own = trunk.own().unwrap_or(NOBODY);
        let (Some(target), Some(from)) = (trunk.address(number), trunk.address(own)) else {
            return bad(format!("{number} makes no SIP address"), "write it in digits, like +12125550100");
        };
        let security = trunk.security.unwrap_or(settings.media.security);
        let media = SocketAddr::new(self.contact.ip(), *settings.rtp_ports.start());
        let dialog = self.endpoint.dial(
            Dial {
                target,
                to: self.target.at,
                from: FromIdentity { display: None, uri: from },
                contact: self.contact,
                credentials: trunk.credentials.clone(),
                sdp: sdp::offer(local_media(media), &settings.media.person_terms(security)),
                extra_headers: Vec::new(),
            },
            std::time::Instant::now(),
        );
        let ended = self.until(STEP_MAX, |event| match event {
            Event::Ringing { .. } | Event::Answered { .. } => Some(None),
            Event::Failed { status, reason, .. } => Some(Some((*status, reason.clone()))),
            _ => None,
        });
        let ended = ended.await;
        self.endpoint.hang_up(dialog, std::time::Instant::now());
        let Some(failed) = ended else {
            return bad(
                format!("{number} does not ring"),
                "the trunk takes calls and does nothing with them: ask the carrier",
            );
        };
        let Some((status, reason)) = failed else {
            self.until(LEAVE_MAX, |_| None::<()>).await;
            return good(format!("{number} rings"));
        };
        let remedy = match status {
            401 | 407 => "username or password is wrong for calls",
            403 => "the number we show is not ours there, or calls are not allowed: correct number, ask the carrier",
            404 | 484 => "the carrier wants the number written otherwise: with or without + and country",
            408 => "nobody answers to INVITE",
            415 | 488 | 606 => "no codec or no protection in common: look at [media] codecs and srtp",
            486 | 600 | 603 => "it is only busy: the trunk works",
            _ => "ask the carrier what it means",
        };
        bad(format!("a call to {number} is refused: {status} {reason}"), remedy)
    }

    /// Carries messages until an event says so; none when it takes too long.
    async fn until<T>(&mut self, span: Duration, mut fits: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + span;
        loop {
            while let Some(transmit) = self.endpoint.poll_transmit() {
                self.wire.say(transmit.to, transmit.bytes).await;
            }
            while let Some(event) = self.endpoint.poll_event() {
                if let Some(found) = fits(&event) {
                    return Some(found);
                }
            }
            let wake = self.endpoint.poll_timeout().map_or(deadline, |wake| deadline.min(wake.into()));
            if Instant::now() >= deadline {
                return None;
            }
            tokio::select! {
                heard = self.wire.hear() => match heard {
                    Heard::Message(from, bytes) => {
                        self.seen = seen(&bytes).or(self.seen);
                        self.endpoint.handle_datagram(from, self.local, &bytes, std::time::Instant::now());
                    }
                    Heard::Lost(with) => self.endpoint.unreachable(with, std::time::Instant::now()),
                    Heard::Knock(..) | Heard::Nothing => {}
                },
                () = sleep_until(wake) => self.endpoint.handle_timeout(std::time::Instant::now()),
            }
        }
    }
}

/// Where an answer says that our request came from.
fn seen(bytes: &[u8]) -> Option<IpAddr> {
    let text = String::from_utf8_lossy(bytes);
    let via = text.lines().find(|line| line.to_ascii_lowercase().starts_with("via:"))?;
    let via = Via::parse(via.split_once(':')?.1.trim())?;
    via.param("received")?.trim_matches(['[', ']']).parse().ok()
}

/// Machines of one trunk that are looked at.
const TARGETS_MAX: usize = 4;
/// Who says nothing for so long is not there.
const ANSWER_MAX: Duration = Duration::from_secs(4);
/// One step, a phone that has to be found included; and the goodbye.
const STEP_MAX: Duration = Duration::from_secs(20);
const LEAVE_MAX: Duration = Duration::from_millis(500);
