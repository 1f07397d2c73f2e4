//! Any bytes as RTP into a receiver that is pulled every 20 ms.

use std::time::{Duration, Instant};

use offhook::rtp::Receiver;

use crate::mutate;

#[test]
fn no_packet_panics_the_receiver() {
    let mut receiver = Receiver::new(&[101]);
    let mut now = Instant::now();
    let mut frame = Vec::new();
    mutate::run("rtp receiver", &seeds(), |bytes| {
        now += Duration::from_millis(7);
        let _ = receiver.handle_packet(bytes, now);
        frame.clear();
        receiver.pull_frame(now, &mut frame);
        assert!(frame.len() <= 160, "a frame of {} samples", frame.len());
        while receiver.poll_digit().is_some() {}
    });
}

fn seeds() -> Vec<Vec<u8>> {
    let packet = |payload_type: u8, sequence: u16, payload: &[u8]| {
        let mut bytes = vec![0x80, payload_type];
        bytes.extend(sequence.to_be_bytes());
        bytes.extend((u32::from(sequence) * 160).to_be_bytes());
        bytes.extend([1, 2, 3, 4]);
        bytes.extend(payload);
        bytes
    };
    let mut extended = packet(0, 9, &[0x7f; 160]);
    extended[0] = 0x93;
    vec![
        packet(0, 1, &[0xff; 160]),
        packet(0, 65_535, &[0x55; 80]),
        packet(0x80 | 8, 2, &[0xd5; 480]),
        packet(101, 3, &[5, 10, 1, 64]),
        packet(101, 4, &[5, 0x8a, 5, 0]),
        packet(13, 5, &[30]),
        extended,
    ]
}
