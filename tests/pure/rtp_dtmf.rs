//! Every key exactly once, on any line.

use std::time::Duration;

use offhook::audio::Codec;
use offhook::rtp::{DtmfReceiver, DtmfSender, Receiver, Sender};
use proptest::prelude::*;

use crate::line::{Badness, carry, start};

/// The datagrams of `digits`, one per tick, audio between them; markers removed when `plain`.
fn dialled(digits: &str, press_ms: u32, payload_type: u8, plain: bool, seed: u64) -> Vec<Vec<u8>> {
    let mut sender = Sender::new(Codec::Pcmu, seed);
    let mut keys = DtmfSender::new(payload_type);
    keys.set_marker(!plain);
    let mut sent = Vec::new();
    let mut out = Vec::new();
    for digit in digits.chars() {
        keys.press(digit, press_ms);
        // A hundred milliseconds of audio after each key.
        let mut audio = 0;
        while audio < 5 {
            if !sender.next_event(&mut keys, &mut out) {
                sender.next_packet(&[0; 160], &mut out);
                audio += u32::from(keys.is_idle());
            }
            sent.push(out.clone());
        }
    }
    sent
}

fn received(datagrams: Vec<(Duration, Vec<u8>)>, payload_types: &[u8]) -> String {
    let begin = start();
    let mut receiver = Receiver::new(payload_types);
    let mut heard = String::new();
    for (at, datagram) in datagrams {
        receiver.handle_packet(&datagram, begin + at).unwrap();
        heard.extend(std::iter::from_fn(|| receiver.poll_digit()));
    }
    heard
}

#[test]
fn a_thousand_keys_at_20_percent_loss_without_markers() {
    let digits: String = (0..1_000).map(|n| char::from(b"0123456789*#55"[n * 7 % 14])).collect();
    for (loss, seed) in [(0.1, 1), (0.2, 2), (0.2, 3)] {
        let sent = dialled(&digits, 100, 101, true, seed);
        let line = Badness { loss, duplicate: 0.05, jitter_ms: 30 };
        let heard = received(carry(&sent, 20, line, seed), &[101]);
        // All seven packets of a key are lost with 0.2^7: none expected in a thousand.
        assert_eq!(heard, digits, "at {loss} loss");
    }
}

#[test]
fn any_payload_type_of_the_negotiated_ones() {
    for payload_type in [96, 97, 101, 127] {
        let sent = dialled("19*", 60, payload_type, false, 4);
        assert_eq!(received(carry(&sent, 20, Badness::default(), 1), &[96, 97, 101, 127]), "19*");
        assert_eq!(received(carry(&sent, 20, Badness::default(), 1), &[]), "", "not negotiated, not heard");
    }
}

#[test]
fn the_first_packet_of_a_key_has_the_marker_unless_told_otherwise() {
    let markers = |plain| dialled("12", 60, 96, plain, 4).iter().filter(|d| d[1] == 0x80 | 96).count();
    assert_eq!((markers(false), markers(true)), (2, 0));
}

#[test]
fn keys_on_an_ssrc_of_their_own_do_not_disturb_the_audio() {
    let mut keys = dialled("42", 100, 96, true, 8).into_iter().filter(|d| d[1] & 0x7F == 96).collect::<Vec<_>>();
    let mut audio = Sender::new(Codec::Pcmu, 77);
    let begin = start();
    let mut receiver = Receiver::new(&[96]);
    let (mut out, mut heard) = (Vec::new(), String::new());
    keys.reverse();
    for tick in 0..50 {
        let now = begin + Duration::from_millis(tick * 20);
        audio.next_packet(&[0; 160], &mut out);
        receiver.handle_packet(&out, now).unwrap();
        if let Some(key) = keys.pop() {
            receiver.handle_packet(&key, now).unwrap();
        }
        heard.extend(receiver.poll_digit());
    }
    assert_eq!(heard, "42");
    assert_eq!((receiver.ssrc(), receiver.stats().packets_lost), (Some(audio.ssrc()), 0));
}

#[test]
fn a_key_without_its_ends_is_up_after_100_ms_and_the_same_key_counts_again() {
    let begin = start();
    let at = |ms| begin + Duration::from_millis(ms);
    let mut keys = DtmfReceiver::new();
    assert_eq!(keys.handle(&[5, 10, 0, 160], 1_000, false, at(0)), Some('5'));
    assert_eq!(keys.handle(&[5, 10, 1, 64], 1_000, false, at(20)), None);
    assert!(keys.is_pressed(at(60)));
    assert!(!keys.is_pressed(at(120)));
    assert_eq!(keys.handle(&[5, 10, 0, 160], 3_000, false, at(250)), Some('5'));
}

#[test]
fn a_late_packet_of_an_older_key_is_no_new_key() {
    let begin = start();
    let mut keys = DtmfReceiver::new();
    assert_eq!(keys.handle(&[1, 10, 0, 160], 1_000, true, begin), Some('1'));
    assert_eq!(keys.handle(&[2, 10, 0, 160], 3_000, true, begin + Duration::from_millis(100)), Some('2'));
    assert_eq!(keys.handle(&[1, 0x8A, 3, 32], 1_000, false, begin + Duration::from_millis(110)), None);
    assert_eq!(keys.handle(&[2, 0x8A, 3, 32], 3_000, false, begin + Duration::from_millis(120)), None);
}

#[test]
fn a_tool_that_reuses_its_timestamps_is_heard_twice() {
    let begin = start();
    let mut keys = DtmfReceiver::new();
    assert_eq!(keys.handle(&[7, 0x8A, 3, 32], 24_000, true, begin), Some('7'));
    assert_eq!(keys.handle(&[7, 0x8A, 3, 32], 24_000, true, begin + Duration::from_secs(3)), Some('7'));
}

#[test]
fn a_key_held_longer_than_the_field_is_one_key() {
    let begin = start();
    let mut keys = DtmfReceiver::new();
    let mut heard = 0;
    for tick in 1..600_u32 {
        let units = tick * 160;
        let (timestamp, duration) = if units <= 0xFFFF { (0, units) } else { (0xFFFF, units - 0xFFFF) };
        let [high, low] = (duration as u16).to_be_bytes();
        let now = begin + Duration::from_millis(u64::from(tick) * 20);
        heard += u32::from(keys.handle(&[3, 10, high, low], 500 + timestamp, tick == 1, now).is_some());
    }
    assert_eq!(heard, 1);
}

#[test]
fn a_sender_that_moves_the_timestamp_within_a_press_is_heard_once() {
    let begin = start();
    let mut keys = DtmfReceiver::new();
    let heard = (1..10_u32).filter(|tick| {
        let [high, low] = ((tick * 160) as u16).to_be_bytes();
        let now = begin + Duration::from_millis(u64::from(*tick) * 20);
        keys.handle(&[3, 10, high, low], 9_000 + tick * 160, *tick == 1, now).is_some()
    });
    assert_eq!(heard.count(), 1);
}

#[test]
fn events_that_are_no_keys_and_short_payloads_are_ignored() {
    let mut keys = DtmfReceiver::new();
    for payload in [&[16, 0, 0, 160][..], &[255, 0x80, 3, 32], &[1, 0, 0], &[]] {
        assert_eq!(keys.handle(payload, 1, true, start()), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn any_number_on_any_line_once_per_press(digits in "[0-9*#A-D]{1,12}", seed in any::<u64>(), loss in 0.0..0.1_f64, press in 60..300_u32) {
        let sent = dialled(&digits, press, 101, seed % 2 == 0, seed);
        let line = Badness { loss, duplicate: 0.1, jitter_ms: 15 };
        let heard = received(carry(&sent, 20, line, seed), &[101]);
        // Six packets or more per press: all lost in fewer than one of a million.
        prop_assert_eq!(heard, digits);
    }
}
