//! The echo: callers hear themselves, their keys too, by the media path of every call and with nobody to talk to. For
//! trying a trunk.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::cover::Cover;
use super::handle::Running;
use super::leg::{BATCH_PACKETS, DATAGRAM_BYTES_MAX, MAILBOX_MAX, Mail, Signalling};
use super::line::{Command, Dialog, Line};
use super::media::rtcp_of;
use super::opening::Opened;
use super::ports::{Pair, next_datagram};
use super::random::random;
use super::strain::Strain;
use crate::audio::TELEPHONE_RATE;
use crate::call::{Media, ntp};
use crate::rtp::{DtmfSender, Receiver, Rtcp, Sender, SourceFilter};
use crate::sip::Incoming;
use crate::store::fresh_id;

impl Line {
    /// A call comes in: it is turned away, or goes to the echo or to a business.
    pub(super) async fn called(&mut self, incoming: Incoming) {
        match self.turned_away(&incoming) {
            Some((503, ..)) => return self.too_much(&incoming),
            Some((status, reason, retry_after)) => return self.reject(incoming.dialog, status, reason, retry_after),
            None => {}
        }
        match self.settings.echo.as_ref() == Some(&incoming.to_user) {
            true => self.echo(&incoming).await,
            false => self.incoming(incoming).await,
        }
    }

    /// Takes a call for the echo.
    async fn echo(&mut self, incoming: &Incoming) {
        let dialog = incoming.dialog;
        let Some(opened) = self.open_media(incoming).await else { return };
        let Opened { sockets, filter, cover, media, local, terms, offered, description } = opened;
        self.endpoint.reach_at(dialog, SocketAddr::new(local.addr.ip(), self.local.port()));
        let (mail, mailbox) = mpsc::channel(MAILBOX_MAX);
        let echo = Echo::new(
            Ends {
                sockets,
                filter,
                cover,
                signalling_ip: incoming.source.ip(),
                signalling: Signalling { dialog, commands: self.post.clone() },
                mailbox,
                strain: self.strain.clone(),
                _running: self.handle.enter(&fresh_id()),
            },
            media,
        );
        self.calls.insert(dialog, Dialog { mail, local, terms, offered, leg: None, business: None, again: None });
        tokio::spawn(echo.run(description));
    }
}

/// What ties an echo to the world.
struct Ends {
    sockets: Pair,
    filter: SourceFilter,
    cover: Cover,
    signalling_ip: IpAddr,
    signalling: Signalling,
    mailbox: mpsc::Receiver<Mail>,
    strain: Arc<Strain>,
    _running: Running,
}

impl Ends {
    fn put(&mut self, packet: &[u8], remote: SocketAddr) {
        if let Some(packet) = self.cover.seal_rtp(packet) {
            // A full socket buffer costs this packet, as it would on the wire.
            let _ = self.sockets.rtp.try_send_to(packet, remote);
        }
    }
}

/// One of them.
struct Echo {
    ends: Ends,
    receiver: Receiver,
    sender: Sender,
    /// None: the caller has no RFC 4733.
    keys: Option<DtmfSender>,
    rtcp: Rtcp,
    on_hold: bool,
    frame: Vec<i16>,
    unsent: Vec<i16>,
    packet: Vec<u8>,
}

impl Echo {
    fn new(ends: Ends, media: Media) -> Self {
        let rate = media.format.codec.sample_rate().max(TELEPHONE_RATE);
        let mut receiver = Receiver::at_rate(rate, media.dtmf_pt.as_slice());
        receiver.add_format(media.format.payload_type, media.format.codec);
        let sender = Sender::at_rate(rate, media.format, random());
        let rtcp = Rtcp::new(sender.ssrc(), random());
        let (frame, unsent, packet) = (Vec::new(), Vec::new(), Vec::with_capacity(DATAGRAM_BYTES_MAX));
        let keys = media.dtmf_sender();
        Self { ends, receiver, sender, keys, rtcp, on_hold: false, frame, unsent, packet }
    }

    async fn run(mut self, answer: String) {
        self.ends.signalling.send(Command::Answer(answer));
        // Nothing leaves before the ACK.
        loop {
            match self.ends.mailbox.recv().await {
                Some(Mail::Confirmed) => break,
                Some(Mail::Gone(_)) | None => return,
                Some(mail) => self.read(mail),
            }
        }
        let begun = Instant::now();
        let mut due = begun;
        let timer = sleep_until(due.into());
        tokio::pin!(timer);
        let (mut datagram, mut report) = ([0; DATAGRAM_BYTES_MAX], [0; DATAGRAM_BYTES_MAX]);
        loop {
            tokio::select! {
                biased;
                () = &mut timer => {
                    let now = Instant::now();
                    self.ends.strain.tick(due, now);
                    self.tick(now);
                    // What was missed is not made up for in one burst.
                    due = if now.saturating_duration_since(due) > BACKLOG_MAX { now } else { due } + TICK;
                    timer.as_mut().reset(due.into());
                    let quiet_since = self.receiver.last_packet().unwrap_or(begun);
                    if now - begun > LONGEST || (!self.on_hold && now - quiet_since > QUIET_MAX) {
                        self.ends.signalling.send(Command::HangUp);
                    }
                }
                got = next_datagram(&self.ends.sockets.rtp, &mut datagram) => {
                    self.hear(got.ok(), &mut datagram);
                    self.shake(Instant::now());
                }
                mail = self.ends.mailbox.recv() => match mail {
                    Some(Mail::Gone(_)) | None => return,
                    Some(mail) => self.read(mail),
                },
                got = next_datagram(&self.ends.sockets.rtcp, &mut report) => if let Ok((length, from)) = got {
                    self.reported(from, &mut report[..length]);
                },
            }
        }
    }

    fn hear(&mut self, got: Option<(usize, SocketAddr)>, datagram: &mut [u8; DATAGRAM_BYTES_MAX]) {
        let mut next = got;
        for _ in 0..BATCH_PACKETS {
            let Some((length, from)) = next else { return };
            if self.ends.filter.accepts(from)
                && let Some(length) = self.ends.cover.open_rtp(&mut datagram[..length])
            {
                let _ = self.receiver.handle_packet(&datagram[..length], Instant::now()); // no RTP: no matter
            }
            next = self.ends.sockets.rtp.try_recv_from(datagram).ok();
        }
    }

    fn reported(&mut self, from: SocketAddr, report: &mut [u8]) {
        if self.ends.filter.target().is_none_or(|remote| remote.ip() != from.ip()) {
            return;
        }
        if let Some(length) = self.ends.cover.open_rtcp(report) {
            self.rtcp.handle(&report[..length], Instant::now());
        }
    }

    fn read(&mut self, mail: Mail) {
        let Mail::Renegotiated { remote, media, on_hold, protection } = mail else { return };
        self.sender.set_format(media.format);
        self.receiver.set_event_payload_types(media.dtmf_pt.as_slice());
        self.receiver.add_format(media.format.payload_type, media.format.codec);
        self.keys = media.dtmf_sender();
        self.ends.cover.renew(protection);
        if let Some(remote) = remote {
            self.ends.filter.set_expected(remote, self.ends.signalling_ip);
        }
        self.on_hold = on_hold;
    }

    fn shake(&mut self, now: Instant) {
        self.ends.cover.shake(&self.ends.sockets, self.ends.filter.target(), now);
    }

    /// What was heard 20 ms ago leaves.
    fn tick(&mut self, now: Instant) {
        self.shake(now);
        self.receiver.pull_frame(now, &mut self.frame);
        while let Some(key) = self.receiver.poll_digit() {
            // More keys than a menu takes at once are dropped.
            let _ = self.keys.as_mut().is_some_and(|keys| keys.press(key, KEY_MS));
        }
        let Some(remote) = self.ends.filter.target().filter(|_| !self.on_hold) else { return };
        if self.keys.as_mut().is_some_and(|keys| self.sender.next_event(keys, &mut self.packet)) {
            self.ends.put(&self.packet, remote);
        } else {
            self.say(remote);
        }
        self.report(now, remote);
    }

    fn say(&mut self, remote: SocketAddr) {
        self.unsent.extend_from_slice(&self.frame);
        let samples = self.sender.packet_samples();
        while self.unsent.len() >= samples {
            let worth = self.sender.next_packet(&self.unsent[..samples], &mut self.packet);
            self.unsent.drain(..samples);
            if worth {
                self.ends.put(&self.packet, remote);
            }
        }
    }

    fn report(&mut self, now: Instant, remote: SocketAddr) {
        let report = self.rtcp.poll(now, ntp(Timestamp::now()), &self.sender, &mut self.receiver);
        if let Some(report) = report.as_deref().and_then(|report| self.ends.cover.seal_rtcp(report)) {
            let _ = self.ends.sockets.rtcp.try_send_to(report, rtcp_of(remote));
        }
    }
}

/// How long a key is held.
const KEY_MS: u32 = 100;
/// The beat of the media path.
const TICK: Duration = Duration::from_millis(20);
/// Later than this, ticks are left out.
const BACKLOG_MAX: Duration = Duration::from_millis(100);
/// Nobody listens to himself for longer.
const LONGEST: Duration = Duration::from_secs(600);
/// A caller who sends nothing for so long is gone.
const QUIET_MAX: Duration = Duration::from_secs(30);
