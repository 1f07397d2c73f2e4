//! The line to somebody who is asked to take the caller: what they hear, their keys, and both ways once they took it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::call::Media;
use super::menu::Menu;
use super::mouth::Mouth;
use super::sound::receiver;
use crate::audio::TELEPHONE_RATE;
use crate::rtp::{Receiver, Relay, Sender};

/// One leg to a person.
#[derive(Debug)]
pub struct PersonLine {
    sender: Sender,
    receiver: Receiver,
    mouth: Mouth,
    /// Comes before a person does, where there is one.
    menu: Option<Menu>,
    media: Media,
    /// From and to the caller, once they are joined.
    relays: Option<(Relay, Relay)>,
    /// They put us on hold.
    pub on_hold: bool,
    pub last_packet: Instant,
    /// A key of theirs that signalling told of.
    pub told: Option<char>,
    heard: Vec<i16>,
    packet: Vec<u8>,
    ready: bool,
}

impl PersonLine {
    /// They, or a menu that wants these keys, just picked up.
    pub fn new(media: Media, keys: &str, seed: u64, now: Instant) -> Self {
        Self {
            sender: Sender::at_rate(TELEPHONE_RATE, media.format, seed),
            receiver: receiver(TELEPHONE_RATE, media),
            mouth: Mouth::default(),
            menu: Menu::new(keys, &media, now),
            media,
            relays: None,
            on_hold: false,
            last_packet: now,
            told: None,
            heard: Vec::with_capacity(crate::audio::FRAME_SAMPLES),
            packet: Vec::with_capacity(PACKET_BYTES_RESERVED),
            ready: false,
        }
    }

    /// Queues a text; its sound comes later under the returned number.
    pub fn say(&mut self, text: &str) -> u32 {
        self.mouth.say(text.to_owned())
    }

    /// Sound for a saying.
    pub fn voice(&mut self, say: u32, pcm: Arc<[i16]>, last: bool) {
        self.mouth.voice(say, pcm, last);
    }

    /// Whether anything is left to press or to say.
    pub fn is_speaking(&self) -> bool {
        self.pressing().is_some() || self.mouth.is_busy()
    }

    /// How long the menu takes that picked up.
    pub fn menu_lasts(&self) -> Duration {
        self.menu.as_ref().map_or(Duration::ZERO, Menu::lasts)
    }

    /// The menu, while keys are left for it.
    fn pressing(&self) -> Option<&Menu> {
        self.menu.as_ref().filter(|menu| !menu.is_done())
    }

    /// A packet of theirs; true when one for the caller is in `out`.
    pub fn heard(&mut self, datagram: &[u8], now: Instant, out: &mut Vec<u8>) -> bool {
        self.last_packet = now;
        // What is no RTP is counted by nobody.
        let _ = self.receiver.handle_packet(datagram, now);
        match &mut self.relays {
            Some((_, to_caller)) => to_caller.forward(datagram, now, out),
            None => false,
        }
    }

    /// A packet of the caller, for them.
    pub fn caller_said(&mut self, datagram: &[u8], now: Instant) {
        if let Some((from_caller, _)) = self.relays.as_mut().filter(|_| !self.on_hold) {
            self.ready = from_caller.forward(datagram, now, &mut self.packet);
        }
    }

    /// One 20 ms tick: their keys are told, and until they are joined the whisper goes on.
    pub fn tick(&mut self, now: Instant, now_ms: u64) -> Option<char> {
        self.receiver.pull_frame(now, &mut self.heard);
        let key = self.receiver.poll_digit().or(self.told.take());
        if self.relays.is_none() {
            let mut frame = [0; crate::audio::FRAME_SAMPLES];
            self.menu.take_if(|menu| menu.is_done());
            if self.menu.is_none() {
                self.mouth.play(&mut frame, now_ms);
            }
            if !self.on_hold {
                let menu = self.menu.as_mut();
                let pressed = menu.is_some_and(|menu| menu.packet(&mut self.sender, now, &mut self.packet));
                self.ready = pressed || self.sender.next_packet(&frame, &mut self.packet);
            }
        }
        key
    }

    /// From now on caller and person hear each other. `caller` is the stream the caller heard so far.
    pub fn join(&mut self, caller: &Sender, caller_media: Media) {
        let (mut from_caller, mut to_caller) = (Relay::after(&self.sender), Relay::after(caller));
        from_caller.set_to(self.media.format, self.media.dtmf_pt);
        to_caller.set_from(self.media.format, self.media.dtmf_pt);
        from_caller.set_from(caller_media.format, caller_media.dtmf_pt);
        to_caller.set_to(caller_media.format, caller_media.dtmf_pt);
        self.relays = Some((from_caller, to_caller));
    }

    /// New SDP of theirs.
    pub fn renegotiate(&mut self, media: Media) {
        self.media = media;
        self.sender.set_format(media.format);
        self.receiver.add_format(media.format.payload_type, media.format.codec);
        self.receiver.set_event_payload_types(media.dtmf_pt.as_slice());
        if let Some((from_caller, to_caller)) = &mut self.relays {
            from_caller.set_to(media.format, media.dtmf_pt);
            to_caller.set_from(media.format, media.dtmf_pt);
        }
    }

    /// New SDP of the caller's.
    pub fn caller_renegotiated(&mut self, media: Media) {
        if let Some((from_caller, to_caller)) = &mut self.relays {
            from_caller.set_from(media.format, media.dtmf_pt);
            to_caller.set_to(media.format, media.dtmf_pt);
        }
    }

    /// The RTP packet for them, once.
    pub fn take_packet(&mut self) -> Option<&[u8]> {
        std::mem::take(&mut self.ready).then_some(self.packet.as_slice())
    }
}

/// A packet of any codec fits without growing.
const PACKET_BYTES_RESERVED: usize = 1500;
