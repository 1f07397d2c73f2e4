//! The second leg of a call, as the call's task has it: sockets to somebody who is asked to take the caller.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::cover::Cover;
use super::leg::{BATCH_PACKETS, DATAGRAM_BYTES_MAX, Leg, Mail};
use super::line::{Command, WaysOut};
use super::names::Host;
use super::ports::{Pair, next_datagram};
use crate::call::{Input, Media, News};
use crate::conversation::Duty;
use crate::rtp::SourceFilter;
use crate::sip::sdp::Protection;
use crate::sip::{DialogId, Transport, Uri};
use crate::speech::Priority;

/// A dialog of ours, hung up (or cancelled) when this is dropped: however a call's task ends, no phone rings on.
#[derive(Debug)]
pub(super) struct Dialled {
    pub dialog: DialogId,
    pub line: mpsc::UnboundedSender<(DialogId, Command)>,
}

impl Drop for Dialled {
    fn drop(&mut self) {
        // The line outlives its calls; on the way down there is nobody left to tell.
        let _ = self.line.send((self.dialog, Command::HangUp));
    }
}

/// A call that was placed.
#[derive(Debug)]
pub(super) struct Placed {
    /// Keeps it up.
    pub _dialled: Dialled,
    pub sockets: Pair,
    /// Where its signalling comes from.
    pub signalling_ip: IpAddr,
}

/// What the line tells of it.
#[derive(Debug)]
pub(super) enum PersonMail {
    /// The INVITE is out.
    Placed(Box<Placed>),
    /// They picked up: where media goes, what it is, and the URI by which the caller's side takes our place.
    Answered { remote: Option<SocketAddr>, media: Media, replacing: Option<String>, protection: Option<Protection> },
    /// New SDP was agreed.
    Renegotiated { remote: Option<SocketAddr>, media: Media, on_hold: bool, protection: Option<Protection> },
    /// Anything else.
    News(News),
}

/// The leg.
#[derive(Debug)]
pub(super) struct PersonLeg {
    placed: Placed,
    filter: SourceFilter,
    cover: Cover,
    replacing: Option<String>,
}

impl PersonLeg {
    /// Where their packets arrive.
    pub(super) fn socket(&self) -> &UdpSocket {
        &self.placed.sockets.rtp
    }
}

/// What the line is asked to place.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub leg: u32,
    /// The caller's dialog.
    pub own: DialogId,
    pub person: Duty,
    /// The trunk it goes out through, and those that did not take it.
    pub trunk: Option<String>,
    pub tried: Vec<String>,
    /// Without a trunk: where the SIP address was found.
    pub at: Vec<SocketAddr>,
    /// Which of the trunk's, or the address's, places is tried.
    pub place: usize,
    /// Caller's number and name, for the trunk that lets them be shown.
    pub from: Option<String>,
    pub name: Option<String>,
    pub mail: mpsc::Sender<Mail>,
}

impl Leg {
    /// Has somebody called; what comes of it comes by mail.
    pub(super) fn call_person(&mut self, leg: u32, person: Duty) {
        self.person = None;
        self.calling = Some(leg);
        let record = self.call.record();
        let name = self.call.conversation().outcome().name.clone();
        let (from, mail, own) = (record.from.clone(), self.post.clone(), self.signalling.dialog);
        let trunk = person.reach.as_ref().and_then(|reach| reach.trunk.clone());
        let line = match &trunk {
            Some(name) => self.ways_out.trunks.get(name).map(|line| line.clone()),
            None => self.ways_out.direct.as_ref().map(|(line, _)| line.clone()),
        };
        let line = line.unwrap_or_else(|| self.signalling.commands.clone());
        let ways_out = self.ways_out.clone();
        tokio::spawn(async move {
            let at = if trunk.is_some() { Vec::new() } else { find(&person.number, &ways_out).await };
            if at.is_empty() && trunk.is_none() {
                tracing::warn!(person = person.name, "the SIP address of a person is not found");
                let _ = mail.send(Mail::Person { leg, mail: PersonMail::News(News::Failed(404)) }).await;
                return;
            }
            let wanted = Wanted { leg, own, person, trunk, tried: Vec::new(), at, place: 0, from, name, mail };
            let _ = line.send((own, Command::Place(Box::new(wanted))));
        });
    }

    /// Hangs up there, or stops calling.
    pub(super) fn release_person(&mut self, leg: u32) {
        if self.calling == Some(leg) {
            self.calling = None;
            self.person = None;
        }
    }

    /// Has the caller's side call somebody instead of us.
    pub(super) fn refer(&mut self, person: &Duty, replacing: bool) {
        let target = match replacing {
            true => self.person.as_ref().and_then(|person| person.replacing.clone()),
            false => Some(person.number.clone()),
        };
        let trunk = person.reach.as_ref().and_then(|reach| reach.trunk.clone()).filter(|_| !replacing);
        match target {
            Some(target) => self.signalling.send(Command::Refer { target, trunk }),
            None => self.call.handle(Input::Referred(REFER_IMPOSSIBLE), Instant::now()),
        }
    }

    /// What the line tells of the call to somebody.
    pub(super) fn read_person(&mut self, leg: u32, mail: PersonMail) {
        if self.calling != Some(leg) {
            // A call nobody wants any more is hung up as it is dropped.
            return;
        }
        let news = match mail {
            PersonMail::Placed(placed) => {
                self.person = Some(PersonLeg {
                    placed: *placed,
                    filter: SourceFilter::new(),
                    cover: Cover::default(),
                    replacing: None,
                });
                return;
            }
            PersonMail::Answered { remote, media, replacing, protection } => {
                self.expect_person(remote, protection);
                if let Some(person) = &mut self.person {
                    person.replacing = replacing;
                }
                News::Answered(media)
            }
            PersonMail::Renegotiated { remote, media, on_hold, protection } => {
                self.expect_person(remote, protection);
                News::Renegotiated(media, on_hold)
            }
            PersonMail::News(news) => news,
        };
        self.call.handle(Input::Person { leg, news }, Instant::now());
    }

    fn expect_person(&mut self, remote: Option<SocketAddr>, protection: Option<Protection>) {
        let Some(person) = &mut self.person else { return };
        person.cover.renew(protection);
        if let Some(remote) = remote {
            person.filter.set_expected(remote, person.placed.signalling_ip);
        }
    }

    /// A datagram of theirs, and what waits behind it.
    pub(super) fn person_media(
        &mut self,
        got: std::io::Result<(usize, SocketAddr)>,
        datagram: &mut [u8; DATAGRAM_BYTES_MAX],
    ) {
        let mut next = got.ok();
        for _ in 0..BATCH_PACKETS {
            let (Some((length, from)), Some(person)) = (next, &mut self.person) else { return };
            if person.filter.accepts(from)
                && let Some(length) = person.cover.open_rtp(&mut datagram[..length])
            {
                self.call.handle(Input::PersonRtp(&datagram[..length]), Instant::now());
            }
            self.send_media();
            next = self.person.as_ref().and_then(|person| person.placed.sockets.rtp.try_recv_from(datagram).ok());
        }
    }

    /// Sends them what waits for them.
    pub(super) fn send_to_person(&mut self) {
        let (Some(person), Some(packet)) = (&mut self.person, self.call.take_person_packet()) else { return };
        if let (Some(remote), Some(packet)) = (person.filter.target(), person.cover.seal_rtp(packet)) {
            // A full socket buffer or an ICMP error costs this packet, as it would on the wire.
            let _ = person.placed.sockets.rtp.try_send_to(packet, remote);
        }
    }

    /// Speaks to whoever picked up.
    pub(super) fn whisper(&self, leg: u32, say: u32, text: &str, language: &str) {
        let post = self.post.clone();
        let spoken = self.rooms.speech.in_language(language).speak(text, Priority::Live, move |chunk| {
            let _ = post.try_send(Mail::Whispered { leg, say, pcm: chunk.pcm, last: chunk.last });
        });
        if spoken.is_err() {
            tracing::warn!(call = self.call.record().id, "voice overloaded: a whisper was skipped");
        }
    }
}

/// The next datagram of the person; never any without one.
pub(super) async fn heard_from(
    person: Option<&UdpSocket>,
    datagram: &mut [u8; DATAGRAM_BYTES_MAX],
) -> std::io::Result<(usize, SocketAddr)> {
    match person {
        Some(socket) => next_datagram(socket, datagram).await,
        None => std::future::pending().await,
    }
}

/// Where a SIP address is.
async fn find(address: &str, ways_out: &WaysOut) -> Vec<SocketAddr> {
    let Ok(uri) = address.parse::<Uri>() else { return Vec::new() };
    let name = uri.host().trim_matches(['[', ']']).to_owned();
    let host = Host { name, port: uri.port(), transport: Some(Transport::Udp) };
    let local = ways_out.direct.as_ref().map(|(_, ip)| *ip);
    let speaks = |_, ip: IpAddr| local.is_none_or(|local| local.is_ipv4() == ip.is_ipv4());
    let found = tokio::time::timeout(LOOK_UP_MAX, ways_out.names.targets(&host, speaks)).await;
    match found {
        Ok(Ok(targets)) => targets.iter().map(|target| target.at).collect(),
        Ok(Err(problem)) => {
            tracing::warn!(%problem, "a SIP address is not found");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// A name server that takes longer is down, and a caller waits.
const LOOK_UP_MAX: std::time::Duration = std::time::Duration::from_secs(5);
/// Nothing to refer to: as if the other side had said no.
const REFER_IMPOSSIBLE: u16 = 500;
