//! In steady state a packet in and a packet out touch no heap.

use std::time::Duration;

use offhook::call::Input;

use crate::call_stage::Stage;

#[test]
fn a_second_of_listening_and_a_second_of_speech_allocate_nothing_per_packet() {
    let mut stage = Stage::greeted();
    stage.quiet(2_000);
    assert_eq!(allocations(&mut stage, 0), 0, "listening");
    let mut stage = Stage::answered();
    stage.quiet(2_000);
    assert_eq!(allocations(&mut stage, 0), 0, "speaking");
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
