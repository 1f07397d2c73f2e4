//! Packets leave with a sequence without holes and timestamps that follow the clock.

use offhook::audio::Codec;
use offhook::rtp::{DtmfSender, Packet, Sender};

#[test]
fn sequence_runs_on_timestamps_advance_and_the_marker_follows_silence() {
    let mut sender = Sender::new(Codec::Pcma, 5);
    let mut out = Vec::new();
    let mut seen = Vec::new();
    for tick in 0..70_000_u32 {
        if tick % 100 == 50 {
            sender.skip(160 * 7);
        }
        sender.next_packet(&[100; 160], &mut out);
        let packet = Packet::parse(&out).unwrap();
        assert_eq!((packet.payload_type, packet.payload.len(), packet.ssrc), (8, 160, sender.ssrc()));
        assert_eq!(packet.marker, tick == 0 || tick % 100 == 50, "tick {tick}");
        seen.push((packet.sequence, packet.timestamp));
    }
    for (n, pair) in seen.windows(2).enumerate() {
        assert_eq!(pair[1].0, pair[0].0.wrapping_add(1));
        let step = if (n + 1) % 100 == 50 { 160 * 8 } else { 160 };
        assert_eq!(pair[1].1, pair[0].1.wrapping_add(step));
    }
    assert_eq!((sender.packets(), sender.octets()), (70_000, 70_000 * 160));
}

#[test]
fn streams_differ_by_their_seed() {
    let (a, b) = (Sender::new(Codec::Pcmu, 1), Sender::new(Codec::Pcmu, 2));
    assert_ne!(a.ssrc(), b.ssrc());
    assert_ne!(a.timestamp(), b.timestamp());
    assert_eq!(a.ssrc(), Sender::new(Codec::Pcmu, 1).ssrc());
}

#[test]
fn the_rtp_crate_reads_what_we_send() {
    use webrtc_util::marshal::Unmarshal;
    let mut out = Vec::new();
    Sender::new(Codec::Pcmu, 3).next_packet(&[0; 160], &mut out);
    let packet = rtp::packet::Packet::unmarshal(&mut &out[..]).unwrap();
    assert_eq!((packet.header.version, packet.header.payload_type, packet.payload.len()), (2, 0, 160));
}

#[test]
fn a_key_is_one_timestamp_growing_durations_and_three_ends() {
    let mut sender = Sender::new(Codec::Pcmu, 9);
    let mut keys = DtmfSender::new(101);
    let mut out = Vec::new();
    sender.next_packet(&[0; 160], &mut out);
    assert!(!sender.next_event(&mut keys, &mut out), "no key, the tick is free");
    assert!(keys.press('#', 100));
    let began = sender.timestamp();
    let mut durations = Vec::new();
    let mut ends = 0;
    while sender.next_event(&mut keys, &mut out) {
        let packet = Packet::parse(&out).unwrap();
        assert_eq!((packet.payload_type, packet.timestamp, packet.payload[0]), (101, began, 11));
        assert_eq!(packet.marker, durations.is_empty());
        ends += u32::from(packet.payload[1] & 0x80 != 0);
        durations.push(u16::from_be_bytes([packet.payload[2], packet.payload[3]]));
    }
    assert_eq!((durations, ends), (vec![160, 320, 480, 640, 800, 800, 800], 3));
    assert!(keys.is_idle());
    assert_eq!(sender.timestamp(), began + 7 * 160, "the clock ran on");
    sender.next_packet(&[0; 160], &mut out);
    assert!(Packet::parse(&out).unwrap().marker);
}

#[test]
fn what_is_no_key_is_refused() {
    let mut keys = DtmfSender::new(101);
    assert!(!keys.press('x', 100));
    assert!(keys.press('a', 100));
    assert_eq!((0..200).filter(|_| keys.press('1', 100)).count(), 63, "a bounded queue");
}
