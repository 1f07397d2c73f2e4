//! Any bytes as RTCP to a stream that reports itself.

use std::time::{Duration, Instant};

use offhook::audio::Codec;
use offhook::rtp::{Receiver, Rtcp, Sender};

use crate::mutate;

#[test]
fn no_report_panics_the_reader() {
    let mut sender = Sender::new(Codec::Pcmu, 7);
    let mut receiver = Receiver::new(&[101]);
    let mut rtcp = Rtcp::new(sender.ssrc(), 7);
    let mut now = Instant::now();
    let mut ntp = 0xe000_0000_0000_0000_u64;
    let mut packet = Vec::new();
    let seeds = seeds(sender.ssrc());
    let make = |dice: &mut mutate::Dice| {
        let mut bytes = if dice.roll(2) == 0 { dice.bytes(&seeds) } else { dice.pick::<[u8]>(&seeds).to_vec() };
        for _ in 0..dice.roll(3) {
            dice.field(&mut bytes);
        }
        bytes
    };
    mutate::run("rtcp", make, |bytes| {
        now += Duration::from_millis(11);
        ntp = ntp.wrapping_add(47_244_640);
        let news = rtcp.handle(bytes, now);
        assert!(news.fraction_lost.is_none_or(|lost| (0.0..=1.0).contains(&lost)), "{news:?}");
        assert!(news.round_trip_ms.is_none_or(|ms| ms.is_finite() && ms >= 0.0), "{news:?}");
        packet.clear();
        sender.next_packet(&[0; 160], &mut packet);
        let _ = receiver.handle_packet(bytes, now);
        if let Some(report) = rtcp.poll(now, ntp, &sender, &mut receiver) {
            assert!(!report.is_empty());
            let _ = rtcp.handle(&report, now);
        }
    });
}

/// Reports about us and about others, with none and with 31 blocks, descriptions, goodbyes, compounds.
fn seeds(ours: u32) -> Vec<Vec<u8>> {
    let block = |about: u32| {
        let mut bytes = about.to_be_bytes().to_vec();
        bytes.extend([0x40, 0, 0, 9, 0, 1, 0, 7, 0, 0, 0, 3, 0x12, 0x34, 0, 0, 0, 1, 0, 0]);
        bytes
    };
    let report = |kind: u8, head: usize, blocks: &[u32]| {
        let body: Vec<u8> = [vec![9; head], blocks.iter().flat_map(|about| block(*about)).collect()].concat();
        let words = (body.len() / 4) as u16;
        [vec![0x80 | blocks.len() as u8, kind], words.to_be_bytes().to_vec(), body].concat()
    };
    let sender_report = report(200, 24, &[ours]);
    let mut described = vec![0x81, 202, 0, 3, 1, 2, 3, 4, 1, 2, b'a', b'b', 0, 0, 0, 0];
    described.extend([0x81, 203, 0, 1, 1, 2, 3, 4]);
    let compound = [sender_report.clone(), described.clone()].concat();
    let feedback = vec![0x81, 205, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 0];
    vec![
        sender_report,
        report(201, 4, &[7, ours]),
        report(201, 4, &[ours; 31]),
        report(201, 4, &[]),
        described,
        compound,
        feedback,
    ]
}
