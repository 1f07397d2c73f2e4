//! Streams of any codec and packet length through the arriving half, at 16 kHz.

use std::time::{Duration, Instant};

use offhook::audio::{Codec, level_dbfs, resample};
use offhook::rtp::{DtmfReceiver, DtmfSender, Format, FrameKind, Packet, Receiver, Sender};

use crate::babble::babble;
use crate::line::{Chance, sine, start};

struct House {
    begin: Instant,
    ticks: u64,
    receiver: Receiver,
    heard: Vec<i16>,
    kinds: Vec<FrameKind>,
}

impl House {
    fn new() -> Self {
        let mut receiver = Receiver::at_rate(16_000, &[101]);
        receiver.add_format(96, Codec::Opus);
        Self { begin: start(), ticks: 0, receiver, heard: Vec::new(), kinds: Vec::new() }
    }

    fn now(&self) -> Instant {
        self.begin + Duration::from_millis(self.ticks * 20)
    }

    fn take(&mut self, datagram: &[u8]) {
        let now = self.now();
        self.receiver.handle_packet(datagram, now).unwrap();
    }

    fn tick(&mut self) {
        let mut frame = Vec::new();
        self.kinds.push(self.receiver.pull_frame(self.now(), &mut frame));
        assert_eq!(frame.len(), 320);
        self.heard.extend(frame);
        self.ticks += 1;
    }

    fn count(&self, kind: FrameKind) -> usize {
        self.kinds.iter().filter(|k| **k == kind).count()
    }
}

fn format(codec: Codec, packet_ms: u16) -> Format {
    let payload_type = if codec == Codec::Opus { 96 } else { codec.payload_type() };
    Format { payload_type, packet_ms, ..Format::of(codec) }
}

#[test]
fn packets_of_10_to_60_ms_of_every_codec_play_without_gaps_over_the_end_of_sequence_and_timestamps() {
    for codec in Codec::ALL {
        for ms in [10_u16, 20, 30, 40, 60] {
            let mut house = House::new();
            let mut sender = Sender::at_rate(16_000, format(codec, ms), u64::from(ms));
            let samples = sender.packet_samples();
            let tone = sine(400.0, 16_000.0, 8_000.0, 320 * 100);
            let (mut sent, mut out) = (0, Vec::new());
            let (mut sequence, mut timestamp) = (65_500_u16, u32::MAX - 48_000);
            let units = samples as u32 * codec.clock_rate() / 16_000;
            for tick in 1..=100 {
                while (sent + 1) * samples <= tick * 320 {
                    sender.next_packet(&tone[sent * samples..(sent + 1) * samples], &mut out);
                    out[2..4].copy_from_slice(&sequence.to_be_bytes());
                    out[4..8].copy_from_slice(&timestamp.to_be_bytes());
                    (sequence, timestamp) = (sequence.wrapping_add(1), timestamp.wrapping_add(units));
                    house.take(&out);
                    sent += 1;
                }
                house.tick();
            }
            let what = format!("{} in {ms} ms: {:?}", codec.name(), house.receiver.stats());
            assert!(house.count(FrameKind::Audio) >= 92, "{what}: {} frames", house.count(FrameKind::Audio));
            assert!(house.count(FrameKind::Concealed) <= 3, "{what}");
            assert_eq!(house.receiver.stats().packets_lost, 0, "{what}");
            let level = level_dbfs(&house.heard[320 * 25..320 * 90]);
            assert!((level - level_dbfs(&tone)).abs() < 2.0, "{what}: {level} dBFS");
        }
    }
}

#[test]
fn loss_leaves_no_holes_whatever_the_codec() {
    let voice = resample(&babble(10, 9_000.0), 8_000, 16_000);
    for codec in Codec::ALL {
        let (whole, none) = heard(codec, &voice, 0.0);
        let (lossy, lost) = heard(codec, &voice, 0.05);
        assert!(none == 0 && lost > 15, "{lost} packets lost");
        let pairs = whole.chunks_exact(160).zip(lossy.chunks_exact(160));
        let holes =
            pairs.filter(|(whole, lossy)| level_dbfs(whole) > -35.0 && level_dbfs(lossy) < level_dbfs(whole) - 12.0);
        let holes = holes.count() as u64;
        assert!(holes * 4 <= lost * 2, "{}: {holes} holes of 10 ms for {lost} packets of 20 ms", codec.name());
    }
}

/// What is heard of a stream, and how many packets the receiver missed.
fn heard(codec: Codec, voice: &[i16], loss: f64) -> (Vec<i16>, u64) {
    let (mut house, mut chance, mut out) = (House::new(), Chance::new(5), Vec::new());
    let mut sender = Sender::at_rate(16_000, format(codec, 20), 1);
    sender.expect_loss(0.2);
    let last = voice.len() / 320 - 1;
    for (n, frame) in voice.chunks_exact(320).enumerate() {
        sender.next_packet(frame, &mut out);
        if n == 0 || n == last || !chance.hits(loss) {
            house.take(&out);
        }
        house.tick();
    }
    (house.heard, house.receiver.stats().packets_lost)
}

#[test]
fn another_negotiated_codec_in_mid_stream_is_heard_at_once() {
    let (mut house, mut out) = (House::new(), Vec::new());
    let mut sender = Sender::at_rate(16_000, format(Codec::G722, 20), 3);
    for (turn, codec) in [Codec::Opus, Codec::Pcma, Codec::G722, Codec::Opus].into_iter().enumerate() {
        let hz = 300.0 + 100.0 * turn as f64;
        sender.set_format(format(codec, 20));
        for _ in 0..50 {
            sender.next_packet(&sine(hz, 16_000.0, 8_000.0, 320), &mut out);
            house.take(&out);
            house.tick();
        }
        assert_eq!(house.receiver.codec(), Some(codec));
    }
    let quiet = house.heard[320 * 5..].chunks_exact(320).filter(|frame| level_dbfs(frame) < -25.0).count();
    assert!(quiet <= 6, "{quiet} of 195 frames are holes");
    assert_eq!(house.receiver.stats().packets_lost, 0);
}

#[test]
fn a_pause_that_opus_leaves_out_is_no_loss() {
    let (mut house, mut out) = (House::new(), Vec::new());
    let mut sender = Sender::at_rate(16_000, Format { dtx: true, ..format(Codec::Opus, 20) }, 3);
    let mut left_out = 0;
    for n in 0..300 {
        let loud = n % 100 < 40;
        let frame = if loud { sine(300.0, 16_000.0, 8_000.0, 320) } else { vec![0; 320] };
        if sender.next_packet(&frame, &mut out) {
            house.take(&out);
        } else {
            left_out += 1;
        }
        house.tick();
    }
    assert!(left_out > 60, "{left_out} packets left out");
    assert_eq!(house.receiver.stats().packets_lost, 0);
    let loud = house.heard.chunks_exact(320).filter(|frame| level_dbfs(frame) > -25.0).count();
    assert!((112..=135).contains(&loud), "{loud} of 120 loud frames");
}

#[test]
fn keys_on_the_clock_of_opus_count_once_each() {
    let (mut sender, mut keys, mut out) =
        (Sender::at_rate(16_000, format(Codec::Opus, 20), 9), DtmfSender::new(101), Vec::new());
    keys.set_clock(48_000);
    "15#".chars().for_each(|key| assert!(keys.press(key, 100)));
    let (mut house, mut plain) = (House::new(), DtmfReceiver::new());
    let (mut heard, mut longest) = (String::new(), 0);
    for tick in 0..100 {
        if !sender.next_event(&mut keys, &mut out) {
            sender.next_packet(&sine(200.0, 16_000.0, 6_000.0, 320), &mut out);
        } else {
            let packet = Packet::parse(&out).unwrap();
            longest = longest.max(u16::from_be_bytes([packet.payload[2], packet.payload[3]]));
            plain.handle(packet.payload, packet.timestamp, packet.marker, house.now());
        }
        if tick % 4 != 1 {
            house.take(&out);
        }
        house.tick();
        heard.extend(house.receiver.poll_digit());
    }
    assert_eq!((heard.as_str(), longest), ("15#", 4_800));
}
