//! A call's sound, in and out: 20 ms at a time inside, packets as agreed outside.

use std::time::Instant;

use super::call::{Call, Media, Phase, ntp};
use super::ears::Ears;
use super::keys::Origin;
use super::mouth::Mouth;
use super::record::MediaStats;
use crate::audio::{FRAME_SAMPLES, TELEPHONE_RATE};
use crate::rtp;

impl Call {
    /// The next RTP packet that is full: none, one or two a tick, as packets are longer or shorter than it.
    pub fn take_packet(&mut self) -> Option<&[u8]> {
        let samples = self.sender.packet_samples();
        while self.unsent.len() >= samples {
            let worth = self.sender.next_packet(&self.unsent[..samples], &mut self.packet);
            self.unsent.drain(..samples);
            if worth {
                return Some(self.packet.as_slice());
            }
        }
        None
    }

    /// Samples per second of the sound that is wanted for [`Output::Speak`].
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// New SDP was agreed: in the middle of the call, or with the ACK when the first offer was ours.
    pub fn renegotiate(&mut self, media: Media) {
        let format = media.format;
        if self.phase == Phase::Ringing && format.codec.sample_rate() != self.rate {
            self.retune(format.codec.sample_rate(), media);
        }
        self.sender.set_format(format);
        self.receiver.set_event_payload_types(media.dtmf_pt.as_slice());
        self.receiver.add_format(format.payload_type, format.codec);
        self.key_tones = media.key_tones.then(|| self.key_tones.take().unwrap_or_default());
        note_codec(&mut self.record.media, media);
    }

    /// Nothing was heard or said yet: all of it works at another rate from now on.
    fn retune(&mut self, rate: u32, media: Media) {
        self.rate = rate;
        self.sender.set_rate(rate);
        self.receiver = receiver(rate, media);
        self.ears = Ears::new(rate);
        self.mouth = Mouth::new(rate);
        self.spoken_frame.resize(frame_samples(rate), 0);
    }

    pub(super) fn hear(&mut self, now: Instant) {
        self.heard_frame.clear();
        self.receiver.pull_frame(now, &mut self.heard_frame);
        while let Some(key) = self.receiver.poll_digit() {
            self.press(key, Origin::Event, now);
        }
        let wary = self.mouth.is_audible();
        let sense = self.ears.listen(&self.heard_frame, wary);
        if let Some(key) = self.key_tones.as_mut().and_then(|tones| tones.push(self.ears.narrow())) {
            self.press(key, Origin::Tone, now);
        }
        self.sensed(sense, now);
        if let Some(keys) = self.keys.pause_over(now) {
            self.typed(keys, now);
        }
    }

    pub(super) fn speak(&mut self, now: Instant) {
        let now_ms = self.now_ms(now);
        let played = self.mouth.play(&mut self.spoken_frame, now_ms);
        self.played(played, now);
        if self.on_hold {
            return;
        }
        // Nobody took the last ones: the line is blocked, and old sound is worth nothing.
        if self.unsent.len() > UNSENT_FRAMES_MAX * self.spoken_frame.len() {
            self.unsent.clear();
        }
        self.unsent.extend_from_slice(&self.spoken_frame);
        let ntp = ntp(self.wall(now));
        self.report = self.rtcp.poll(now, ntp, &self.sender, &mut self.receiver).or(self.report.take());
    }

    /// Brings the media account up to date.
    pub(super) fn note_media(&mut self) {
        let stats = self.receiver.stats();
        self.record.media.packets_received = stats.packets_received;
        self.record.media.packets_lost = stats.packets_lost;
        self.record.media.jitter_ms = stats.jitter_ms;
        self.record.media.round_trip_ms = self.quality.round_trip_ms();
        self.record.media.far_loss = self.quality.far_loss();
        self.record.media.mos = self.quality.mos(&stats);
    }
}

/// The arriving half at the house's rate.
pub(super) fn receiver(rate: u32, media: Media) -> rtp::Receiver {
    let mut receiver = rtp::Receiver::at_rate(rate, media.dtmf_pt.as_slice());
    receiver.add_format(media.format.payload_type, media.format.codec);
    receiver
}

/// Samples of 20 ms.
pub(super) fn frame_samples(rate: u32) -> usize {
    FRAME_SAMPLES * (rate / TELEPHONE_RATE) as usize
}

pub(super) fn note_codec(stats: &mut MediaStats, media: Media) {
    stats.codec = media.format.codec.name().into();
    stats.protection = media.protection.map(Into::into);
}

/// The longest packet is three frames.
const UNSENT_FRAMES_MAX: usize = 3;
