//! Nothing a network sends makes the stream panic, and rubbish does not stop the call.

use std::time::Duration;

use offhook::audio::Codec;
use offhook::rtp::{DtmfReceiver, FrameKind, Receiver, Rtcp, Sender};
use proptest::prelude::*;

use crate::line::{Chance, start};

/// Half rubbish, half RTP with rubbish fields: plain random bytes rarely get past the version.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let fields = (
        any::<[u8; 12]>(),
        prop::sample::select(vec![0_u8, 8, 13, 101, 0x80, 0xE5]),
        prop::collection::vec(any::<u8>(), 0..300),
    );
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        fields.prop_map(|(mut header, kind, payload)| {
            header[0] = 0x80 | (header[0] & 0x30);
            header[1] = kind;
            header[8..].fill(1);
            [&header[..], &payload].concat()
        }),
    ]
}

proptest! {
    #[test]
    fn a_receiver_survives_any_datagrams(datagrams in prop::collection::vec((datagram(), 0..200_u64), 0..120)) {
        let mut now = start();
        let mut receiver = Receiver::new(&[101]);
        let mut out = Vec::new();
        for (datagram, pause) in datagrams {
            let _ = receiver.handle_packet(&datagram, now);
            now += Duration::from_millis(pause);
            receiver.pull_frame(now, &mut out);
            prop_assert_eq!(out.len(), 160);
            let _ = (receiver.poll_digit(), receiver.stats());
        }
    }

    #[test]
    fn rtcp_survives_any_datagrams(mut bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 195..210_u8, words in 0..60_u16) {
        let now = start();
        let mut rtcp = Rtcp::new(1, 2);
        rtcp.handle(&bytes, now);
        if bytes.len() >= 4 {
            bytes[0] |= 0x80;
            bytes[0] &= 0xBF;
            bytes[1] = kind;
            bytes[2..4].copy_from_slice(&words.to_be_bytes());
        }
        rtcp.handle(&bytes, now);
        let (sender, mut receiver) = (Sender::new(Codec::Pcmu, 3), Receiver::new(&[]));
        prop_assert!(!rtcp.bye(now, 0, &sender, &mut receiver).is_empty());
    }

    #[test]
    fn keys_survive_any_payload(payload in prop::collection::vec(any::<u8>(), 0..9), timestamps in prop::collection::vec(any::<u32>(), 1..20)) {
        let mut keys = DtmfReceiver::new();
        for timestamp in timestamps {
            keys.handle(&payload, timestamp, false, start());
        }
    }
}

#[test]
fn a_good_stream_is_heard_again_after_a_thousand_bad_packets() {
    let mut chance = Chance::new(11);
    let mut receiver = Receiver::new(&[101]);
    let mut now = start();
    for _ in 0..1_000 {
        let length = chance.next() % 100;
        let bytes: Vec<u8> = (0..length).map(|n| if n == 0 { 0x80 } else { chance.next() as u8 }).collect();
        let _ = receiver.handle_packet(&bytes, now);
    }
    let mut sender = Sender::new(Codec::Pcmu, 4);
    let (mut out, mut frame) = (Vec::new(), Vec::new());
    let mut last = FrameKind::Silence;
    for _ in 0..10 {
        sender.next_packet(&[8_000; 160], &mut out);
        receiver.handle_packet(&out, now).unwrap();
        last = receiver.pull_frame(now, &mut frame);
        now += Duration::from_millis(20);
    }
    assert_eq!(last, FrameKind::Audio);
    assert!(frame.iter().all(|&s| s > 7_000));
}
