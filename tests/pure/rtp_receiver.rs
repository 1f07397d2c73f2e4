//! From datagrams to frames, the whole arriving half.

use std::time::{Duration, Instant};

use offhook::audio::{Codec, level_dbfs};
use offhook::rtp::{DtmfSender, FrameKind, Receiver, Sender};

use crate::line::{Chance, sine, start};

struct Call {
    begin: Instant,
    ticks: u64,
    receiver: Receiver,
    heard: Vec<i16>,
    kinds: Vec<FrameKind>,
}

impl Call {
    fn new() -> Self {
        Self { begin: start(), ticks: 0, receiver: Receiver::new(&[101]), heard: Vec::new(), kinds: Vec::new() }
    }

    fn now(&self) -> Instant {
        self.begin + Duration::from_millis(self.ticks * 20)
    }

    fn take(&mut self, datagram: &[u8]) {
        let now = self.now();
        self.receiver.handle_packet(datagram, now).unwrap();
    }

    fn tick(&mut self) -> FrameKind {
        let mut frame = Vec::new();
        let kind = self.receiver.pull_frame(self.now(), &mut frame);
        assert_eq!(frame.len(), 160);
        self.heard.extend(frame);
        self.kinds.push(kind);
        self.ticks += 1;
        kind
    }

    fn count(&self, kind: FrameKind) -> usize {
        self.kinds.iter().filter(|k| **k == kind).count()
    }
}

#[test]
fn a_clean_stream_of_either_law_is_heard_as_it_was_sent() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let tone = sine(400.0, 8_000.0, 8_000.0, 16_000);
        let (mut call, mut sender, mut out) = (Call::new(), Sender::new(codec, 6), Vec::new());
        for frame in tone.chunks_exact(160) {
            sender.next_packet(frame, &mut out);
            call.take(&out);
            call.tick();
        }
        assert_eq!(call.receiver.codec(), Some(codec));
        let begun = call.kinds.iter().position(|k| *k == FrameKind::Audio).unwrap();
        assert!(begun <= 2 && call.count(FrameKind::Concealed) == 0);
        for (heard, sent) in call.heard[begun * 160..].iter().zip(&tone) {
            assert!((i32::from(*heard) - i32::from(*sent)).abs() < 400);
        }
        let stats = call.receiver.stats();
        assert_eq!((stats.packets_received, stats.packets_lost), (100, 0));
    }
}

#[test]
fn packets_of_10_to_60_ms_play_without_gaps() {
    for ms in [10_u64, 20, 30, 40, 60] {
        let (mut call, mut sender, mut out) = (Call::new(), Sender::new(Codec::Pcmu, ms), Vec::new());
        let tone = sine(300.0, 8_000.0, 8_000.0, 48_000);
        let mut sent = 0;
        for tick in 0..300_u64 {
            while sent * ms <= tick * 20 && (sent as usize + 1) * ms as usize * 8 <= tone.len() {
                let (from, to) = (sent as usize * ms as usize * 8, (sent as usize + 1) * ms as usize * 8);
                sender.next_packet(&tone[from..to], &mut out);
                call.take(&out);
                sent += 1;
            }
            call.tick();
        }
        assert!(call.count(FrameKind::Audio) >= 294, "{ms} ms packets: {} frames", call.count(FrameKind::Audio));
        assert!(
            call.count(FrameKind::Concealed) <= 3,
            "{ms} ms packets: concealed {}",
            call.count(FrameKind::Concealed)
        );
    }
}

#[test]
fn loss_is_counted_and_concealed() {
    let (mut call, mut sender, mut out) = (Call::new(), Sender::new(Codec::Pcmu, 1), Vec::new());
    let mut chance = Chance::new(5);
    let mut lost = 0;
    for n in 0..2_000_usize {
        sender.next_packet(&sine(250.0, 8_000.0, 6_000.0, 160), &mut out);
        if n > 0 && n < 1_999 && chance.hits(0.05) {
            lost += 1;
        } else {
            call.take(&out);
        }
        call.tick();
    }
    assert_eq!(call.receiver.stats().packets_lost, lost);
    let concealed = call.count(FrameKind::Concealed) as u64;
    assert!((lost..=lost + 20).contains(&concealed), "{concealed} concealed for {lost} lost");
    let quiet = call.heard[1_600..].chunks_exact(80).filter(|chunk| level_dbfs(chunk) < -30.0).count();
    assert!(quiet <= 8, "{quiet} of 4000 chunks of 10 ms are holes");
}

#[test]
fn a_new_ssrc_is_heard_within_100_ms_and_an_intruding_packet_changes_nothing() {
    let (mut call, mut out) = (Call::new(), Vec::new());
    let (mut first, mut second) = (Sender::new(Codec::Pcmu, 1), Sender::new(Codec::Pcma, 2));
    for tick in 0..50 {
        first.next_packet(&[3_000; 160], &mut out);
        call.take(&out);
        if tick == 25 {
            Sender::new(Codec::Pcmu, 99).next_packet(&[-9_000; 160], &mut out);
            call.take(&out);
        }
        call.tick();
    }
    assert!(call.heard.iter().all(|&s| s >= 0), "the intruder is not heard");
    for _ in 0..50 {
        second.next_packet(&[-3_000; 160], &mut out);
        call.take(&out);
        call.tick();
    }
    let back = call.heard[8_000..].iter().position(|&s| s < -2_500).unwrap();
    assert!(back <= 800, "heard after {} ms", back / 8);
    assert_eq!(call.receiver.ssrc(), Some(second.ssrc()));
    assert_eq!(call.receiver.codec(), Some(Codec::Pcma));
    assert_eq!(call.receiver.stats().packets_lost, 0);
}

#[test]
fn comfort_noise_fills_the_pause_at_its_level() {
    let (mut call, mut sender, mut out) = (Call::new(), Sender::new(Codec::Pcmu, 1), Vec::new());
    for tick in 0..150 {
        if !(50..100).contains(&tick) {
            sender.next_packet(&[2_000; 160], &mut out);
            call.take(&out);
        } else if tick == 50 {
            sender.next_packet(&[0; 1], &mut out);
            (out[1], out[12]) = (13, 50);
            out.truncate(13);
            call.take(&out);
            sender.skip(159);
        } else {
            sender.skip(160);
        }
        call.tick();
    }
    assert!(call.count(FrameKind::ComfortNoise) >= 45, "{:?}", call.kinds);
    let level = level_dbfs(&call.heard[60 * 160..95 * 160]);
    assert!((-53.0..-47.0).contains(&level), "{level} dBFS for -50");
    assert!(call.kinds[105..].iter().all(|k| *k == FrameKind::Audio), "and audio follows");
}

#[test]
fn while_a_key_is_sent_nothing_is_made_up() {
    let (mut call, mut sender, mut out) = (Call::new(), Sender::new(Codec::Pcmu, 1), Vec::new());
    let mut keys = DtmfSender::new(101);
    for tick in 0..80 {
        if tick == 30 {
            keys.press('5', 400);
        }
        if !sender.next_event(&mut keys, &mut out) {
            sender.next_packet(&sine(200.0, 8_000.0, 6_000.0, 160), &mut out);
        }
        call.take(&out);
        call.tick();
    }
    assert_eq!(call.receiver.poll_digit(), Some('5'));
    assert_eq!(call.count(FrameKind::Concealed), 0, "{:?}", call.kinds);
    assert!(call.kinds[58..].iter().all(|kind| *kind == FrameKind::Audio), "audio is back after the key");
    assert_eq!(call.receiver.stats().packets_lost, 0);
}

#[test]
fn a_drifting_clock_never_runs_the_buffer_over_or_dry_for_long() {
    for drift_ppm in [-300_i64, 300] {
        let begin = start();
        let (mut receiver, mut sender) = (Receiver::new(&[]), Sender::new(Codec::Pcmu, 1));
        let (mut out, mut frame, mut sent, mut concealed, mut silent) = (Vec::new(), Vec::new(), 0_i64, 0, 0);
        for tick in 0..30_000_i64 {
            let now_us = tick * 20_000;
            while sent * (20_000 + 20 * drift_ppm / 1_000) + 7_000 <= now_us {
                sender.next_packet(&[0; 160], &mut out);
                receiver.handle_packet(&out, begin + Duration::from_micros(now_us as u64)).unwrap();
                sent += 1;
            }
            match receiver.pull_frame(begin + Duration::from_micros(now_us as u64), &mut frame) {
                FrameKind::Concealed => concealed += 1,
                FrameKind::Silence => silent += 1,
                _ => {}
            }
        }
        // 300 ppm of ten minutes are nine frames.
        assert!(concealed <= 15 && silent <= 10, "{drift_ppm} ppm: {concealed} concealed, {silent} silent");
        assert!(receiver.delay_ms() <= 100, "{drift_ppm} ppm: {} ms of delay at the end", receiver.delay_ms());
    }
}

#[test]
fn a_stall_of_the_network_loses_no_words_and_its_delay_goes_away() {
    let (mut call, mut sender, mut out) = (Call::new(), Sender::new(Codec::Pcmu, 1), Vec::new());
    let mut held = Vec::new();
    for tick in 0..800_usize {
        // Half a second of tone, half a second of quiet.
        let frame = if tick % 50 < 25 { sine(300.0, 8_000.0, 6_000.0, 160) } else { vec![0; 160] };
        sender.next_packet(&frame, &mut out);
        held.push(out.clone());
        if !(100..115).contains(&tick) {
            held.drain(..).for_each(|datagram| call.take(&datagram));
        }
        call.tick();
        if tick == 130 {
            assert!(call.receiver.delay_ms() >= 100, "nothing was thrown away while it was audible");
        }
    }
    let loud = call.heard.chunks_exact(160).filter(|frame| level_dbfs(frame) > -25.0).count();
    assert!(loud >= 398, "{loud} of 400 loud frames heard");
    assert!(call.receiver.delay_ms() <= 80, "{} ms of delay left", call.receiver.delay_ms());
}

#[test]
fn jitter_is_reported_in_milliseconds() {
    let begin = start();
    let (mut receiver, mut sender, mut out) = (Receiver::new(&[]), Sender::new(Codec::Pcmu, 1), Vec::new());
    for n in 0..500_u64 {
        sender.next_packet(&[0; 160], &mut out);
        receiver.handle_packet(&out, begin + Duration::from_millis(n * 20 + n % 2 * 10)).unwrap();
    }
    let jitter = receiver.stats().jitter_ms;
    assert!((jitter - 10.0).abs() < 0.5, "{jitter} ms: each transit differs by 10 from the one before");
}

#[test]
fn silence_before_the_first_packet_is_silence() {
    let mut call = Call::new();
    for _ in 0..10 {
        assert_eq!(call.tick(), FrameKind::Silence);
    }
    assert_eq!(call.heard, vec![0; 1_600]);
}
