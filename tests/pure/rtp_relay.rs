//! Packets on their way from one party to another.

use std::time::Duration;

use offhook::audio::{Codec, Decoder, level_dbfs};
use offhook::rtp::{DtmfReceiver, DtmfSender, Format, Packet, Relay, Sender};

use crate::line::{sine, start};

fn relay() -> (Sender, Relay) {
    let mut agent = Sender::new(Codec::Pcmu, 1);
    agent.next_packet(&[0; 160], &mut Vec::new());
    let mut relay = Relay::after(&agent);
    relay.set_from(Format::of(Codec::Pcmu), Some(96));
    relay.set_to(Format::of(Codec::Pcmu), Some(101));
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
    Decoder::new(8_000).decode(Codec::Pcmu, left.payload, &mut heard);
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

#[test]
fn a_wideband_caller_and_a_telephone_hear_each_other() {
    let opus = Format { payload_type: 96, ..Format::of(Codec::Opus) };
    for (from, to) in
        [(opus, Format::of(Codec::Pcma)), (Format::of(Codec::Pcma), opus), (Format::of(Codec::G722), opus)]
    {
        let mut relay = Relay::after(&Sender::at_rate(8_000, to, 1));
        relay.set_from(from, Some(101));
        relay.set_to(to, Some(110));
        let (mut phone, mut heard, mut decoder) = (Sender::at_rate(8_000, from, 2), Vec::new(), Decoder::new(8_000));
        decoder.prepare(to.codec);
        let (mut packet, mut out, mut stamps) = (Vec::new(), Vec::new(), Vec::new());
        for frame in sine(400.0, 8_000.0, 8_000.0, 8_000).chunks_exact(160) {
            phone.next_packet(frame, &mut packet);
            assert!(relay.forward(&packet, start(), &mut out));
            let left = Packet::parse(&out).expect("RTP");
            assert_eq!(left.payload_type, to.payload_type);
            stamps.push(left.timestamp);
            decoder.decode(to.codec, left.payload, &mut heard);
        }
        let step = to.codec.clock_rate() / 50;
        assert!(stamps.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step), "{stamps:?}");
        let level = level_dbfs(&heard[2_000..]);
        assert!((-17.0..-14.0).contains(&level), "{} to {}: {level} dBFS", from.codec.name(), to.codec.name());
    }
}
