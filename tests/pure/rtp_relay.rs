//! Packets on their way from one party to another.

use std::time::Duration;

use offhook::audio::Codec;
use offhook::rtp::{DtmfReceiver, DtmfSender, Packet, Relay, Sender};

use crate::line::start;

fn relay() -> (Sender, Relay) {
    let mut agent = Sender::new(Codec::Pcmu, 1);
    agent.next_packet(&[0; 160], &mut Vec::new());
    let mut relay = Relay::after(&agent);
    relay.set_from(Some(96));
    relay.set_to(Codec::Pcmu, Some(101));
    (agent, relay)
}

#[test]
fn gaps_stay_gaps_and_the_source_stays_ours() {
    let (agent, mut relay) = relay();
    let (mut phone, mut packet, mut out) = (Sender::new(Codec::Pcmu, 2), Vec::new(), Vec::new());
    let mut numbers = Vec::new();
    for n in 0..10 {
        phone.next_packet(&[n; 160], &mut packet);
        if n != 4 && relay.forward(&packet, start() + Duration::from_millis(20), &mut out) {
            let left = Packet::parse(&out).expect("RTP");
            assert_eq!((left.ssrc, left.payload_type, left.payload), (agent.ssrc(), 0, &packet[12..]));
            numbers
                .push((left.sequence.wrapping_sub(agent.sequence()), left.timestamp.wrapping_sub(agent.timestamp())));
        }
    }
    let expected: Vec<(u16, u32)> = (0..10).filter(|n| *n != 4).map(|n| (n, u32::from(n) * 160)).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn another_codec_is_transcoded_and_an_unknown_one_stays_behind() {
    let (_, mut relay) = relay();
    let (mut phone, mut packet, mut out) = (Sender::new(Codec::Pcma, 2), Vec::new(), Vec::new());
    phone.next_packet(&[4_000; 160], &mut packet);
    assert!(relay.forward(&packet, start(), &mut out));
    let left = Packet::parse(&out).expect("RTP");
    let mut heard = Vec::new();
    Codec::Pcmu.decode(left.payload, &mut heard);
    assert!(left.payload_type == 0 && heard.iter().all(|sample| (sample - 4_000).abs() < 200), "{heard:?}");
    packet[1] = 111;
    assert!(!relay.forward(&packet, start(), &mut out));
    assert!(!relay.forward(b"GET / HTTP/1.0", start(), &mut out));
}

#[test]
fn each_key_arrives_once_also_from_a_source_of_its_own() {
    for own in [false, true] {
        let (_, mut relay) = relay();
        let (mut phone, mut other) = (Sender::new(Codec::Pcmu, 2), Sender::new(Codec::Pcmu, 3));
        let (mut keys, mut heard, mut got) = (DtmfSender::new(96), DtmfReceiver::new(), String::new());
        "159#".chars().for_each(|key| assert!(keys.press(key, 100)));
        let mut now = start();
        let mut sequence = None;
        while !keys.is_idle() {
            now += Duration::from_millis(20);
            let (mut audio, mut key, mut out) = (Vec::new(), Vec::new(), Vec::new());
            let sender = if own { &mut other } else { &mut phone };
            let pressed = sender.next_event(&mut keys, &mut key);
            if own && !pressed {
                other.skip(160);
            }
            if own || !pressed {
                phone.next_packet(&[7; 160], &mut audio);
            }
            for packet in [audio, key].iter().filter(|packet| !packet.is_empty()) {
                assert!(relay.forward(packet, now, &mut out));
                let left = Packet::parse(&out).expect("RTP");
                assert_eq!(left.sequence, sequence.map_or(left.sequence, |last: u16| last.wrapping_add(1)));
                sequence = Some(left.sequence);
                if left.payload_type == 101 {
                    got.extend(heard.handle(left.payload, left.timestamp, left.marker, now));
                }
            }
        }
        assert_eq!(got, "159#", "own source {own}");
    }
}
