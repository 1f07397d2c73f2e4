//! In steady state a packet in and a packet out touch no heap.

use std::time::Duration;

use offhook::audio::Codec;
use offhook::call::Input;
use offhook::rtp::{Profile, Srtp};

use crate::call_stage::Stage;

#[test]
fn a_second_of_listening_and_a_second_of_speech_allocate_nothing_per_packet_whatever_the_codec() {
    for codec in Codec::ALL {
        let mut stage = Stage::greeted();
        // The phone changes its codec: what that takes is taken once.
        stage.change_codec(codec);
        stage.quiet(2_000);
        assert_eq!(allocations(&mut stage, 0), 0, "listening to {}", codec.name());
    }
    let mut stage = Stage::answered();
    stage.quiet(2_000);
    assert_eq!(allocations(&mut stage, 0), 0, "speaking");
    let mut stage = Stage::answered();
    stage.change_codec(Codec::Opus);
    stage.quiet(2_000);
    assert_eq!(allocations(&mut stage, 0), 0, "speaking Opus");
}

#[test]
fn sealing_and_opening_allocate_nothing() {
    for profile in Profile::ALL {
        let key = vec![5; profile.key_bytes() + profile.salt_bytes()];
        let (mut here, mut there) = (Srtp::new(profile, &key).unwrap(), Srtp::new(profile, &key).unwrap());
        let mut packet = Vec::with_capacity(300);
        for sequence in 0..50_u16 {
            packet.clear();
            packet.extend_from_slice(&[0x80, 0]);
            packet.extend_from_slice(&sequence.to_be_bytes());
            packet.extend_from_slice(&[7; 168]);
            let counted = allocation_counter::measure(|| {
                here.seal_rtp(&mut packet);
                there.open_rtp(&mut packet).unwrap();
            });
            assert_eq!(counted.count_total, 0, "{} packet {sequence}", profile.name());
        }
    }
}

/// Heap allocations of one second of media, worst of its packets.
fn allocations(stage: &mut Stage, level: i16) -> u64 {
    let mut packet = Vec::with_capacity(200);
    let mut worst = 0;
    for _ in 0..SECOND_FRAMES {
        stage.now += Duration::from_millis(20);
        stage.phone.next_packet(&[level; 160], &mut packet);
        let now = stage.now;
        let call = &mut stage.call;
        let counted = allocation_counter::measure(|| {
            call.handle(Input::Rtp(&packet), now);
            call.handle(Input::Tick, now);
            while call.poll_output().is_some() {}
            std::hint::black_box(call.take_packet());
        });
        // Every five seconds an RTCP report is written: not a packet's business.
        if call.take_report().is_none() {
            worst = worst.max(counted.count_total);
        }
    }
    worst
}

const SECOND_FRAMES: usize = 50;
