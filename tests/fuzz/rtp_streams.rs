//! A stream of RTP, some of it broken, into a receiver that is pulled every 20 ms.

use std::time::{Duration, Instant};

use offhook::audio::Codec;
use offhook::rtp::Receiver;

use crate::mutate;

#[test]
fn no_packet_panics_the_receiver() {
    let mut receiver = Receiver::new(&[101]);
    let mut wide = Receiver::at_rate(16_000, &[101]);
    receiver.add_format(96, Codec::Opus);
    wide.add_format(96, Codec::Opus);
    let mut now = Instant::now();
    let mut frame = Vec::new();
    let mut stream = Stream { sequence: 65_500, timestamp: 0xffff_0000, ssrc: 0x0102_0304 };
    mutate::run(
        "rtp receiver",
        |dice| stream.next(dice),
        |bytes| {
            now += Duration::from_millis(7);
            for (receiver, samples) in [(&mut receiver, 160), (&mut wide, 320)] {
                let _ = receiver.handle_packet(bytes, now);
                frame.clear();
                receiver.pull_frame(now, &mut frame);
                assert_eq!(frame.len(), samples);
                while receiver.poll_digit().is_some() {}
                let _ = receiver.stats();
            }
        },
    );
}

/// A sender whose packets mostly follow each other, so that what is broken meets a running stream.
struct Stream {
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

impl Stream {
    fn next(&mut self, dice: &mut mutate::Dice) -> Vec<u8> {
        match dice.roll(40) {
            0 => self.ssrc = dice.roll(3) as u32,
            1 => self.sequence = dice.roll(65_536) as u16,
            2 => self.timestamp = (dice.roll(65_536) << 16) as u32,
            3 => self.sequence = self.sequence.wrapping_sub(dice.roll(8) as u16),
            _ => {}
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(160);
        let packets = self.packets(dice);
        match dice.roll(3) {
            0 => dice.pick::<[u8]>(&packets).to_vec(),
            1 => dice.bytes(&packets),
            _ => {
                let mut bytes = dice.pick::<[u8]>(&packets).to_vec();
                dice.field(&mut bytes);
                bytes
            }
        }
    }

    /// Sound in several lengths, keys, comfort noise, an unknown payload, padding, a header extension.
    fn packets(&self, dice: &mut mutate::Dice) -> Vec<Vec<u8>> {
        let key = dice.roll(18) as u8;
        let end = if dice.roll(2) == 0 { 0x80 } else { 10 };
        let duration = (dice.roll(65_536) as u16).to_be_bytes();
        vec![
            self.packet(0x80, 0, &[0xff; 160]),
            self.packet(0x80, 0, &[0x55; 80]),
            self.packet(0x80, 0x80 | 8, &[0xd5; 480]),
            self.packet(0x80, 101, &[key, end, duration[0], duration[1]]),
            self.packet(0x80, 0x80 | 101, &[key, end, duration[0], duration[1]].repeat(3)),
            self.packet(0x80, 13, &[30]),
            self.packet(0x80, 77, &[0; 20]),
            self.packet(0x80, 9, &[0xfa; 160]),
            // Opus: 20 ms of SILK, of the hybrid, of CELT; three frames of 20 ms; a pause.
            self.packet(0x80, 96, &[0x48, 0x0b, 0xe4, 0xc1, 0x36, 0xec, 0xc5, 0x80]),
            self.packet(0x80, 96, &[0x78, 0x83, 0x07, 0x11, 0x92, 0x5e, 0x3d, 0x44, 0x10]),
            self.packet(0x80, 96, &[0xf8, 0xff, 0xfe, 0x27, 0x9a]),
            self.packet(0x80, 96, &[0x4b, 0x03, 0x0b, 0xe4, 0xc1, 0x0b, 0xe4, 0xc1, 0x0b, 0xe4, 0xc1]),
            self.packet(0x80, 96, &[0x48]),
            self.packet(0xa0, 0, &[160; 160]),
            self.packet(0x93, 0, &[0x7f; 160]),
            self.packet(0x90, 0, &[0xbe, 0xde, 0, 1, 0x10, 0x85, 0, 0, 0xff, 0xff]),
            self.packet(0x8f, 0, &[]),
        ]
    }

    fn packet(&self, first: u8, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, payload_type];
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(self.ssrc.to_be_bytes());
        bytes.extend(payload);
        bytes
    }
}
