//! Reports every five seconds, readable by the `rtcp` crate, and what we read from the far end's.

use std::time::{Duration, Instant};

use offhook::audio::Codec;
use offhook::rtp::{Receiver, Rtcp, Sender};
use rtcp::receiver_report::ReceiverReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::SourceDescription;

use crate::line::start;

type Packets = Vec<Box<dyn rtcp::packet::Packet + Send + Sync>>;

fn read(bytes: &[u8]) -> Packets {
    rtcp::packet::unmarshal(&mut &bytes[..]).unwrap()
}

struct Side {
    sender: Sender,
    receiver: Receiver,
    rtcp: Rtcp,
}

fn side(seed: u64) -> Side {
    let sender = Sender::new(Codec::Pcmu, seed);
    let rtcp = Rtcp::new(sender.ssrc(), seed);
    Side { sender, receiver: Receiver::new(&[]), rtcp }
}

impl Side {
    fn poll(&mut self, now: Instant, ntp: u64) -> Option<Vec<u8>> {
        self.rtcp.poll(now, ntp, &self.sender, &mut self.receiver)
    }
}

#[test]
fn reports_come_every_five_seconds_and_carry_the_figures() {
    let begin = start();
    let (mut ours, mut theirs) = (side(1), side(2));
    let (mut out, mut reports) = (Vec::new(), Vec::new());
    for tick in 0..900_u64 {
        let now = begin + Duration::from_millis(tick * 20);
        theirs.sender.next_packet(&[0; 160], &mut out);
        if tick % 10 != 3 {
            ours.receiver.handle_packet(&out, now).unwrap();
        }
        ours.sender.next_packet(&[0; 160], &mut out);
        reports.extend(ours.poll(now, 77 << 32).map(|report| (tick, report)));
    }
    assert_eq!(reports.iter().map(|(tick, _)| *tick).collect::<Vec<_>>(), [125, 375, 625, 875]);
    let packets = read(&reports[1].1);
    let report = packets[0].as_any().downcast_ref::<SenderReport>().unwrap();
    assert_eq!((report.ssrc, report.packet_count, report.octet_count), (ours.sender.ssrc(), 376, 376 * 160));
    assert_eq!((report.ntp_time, report.rtp_time != 0), (77 << 32, true));
    let block = &report.reports[0];
    assert_eq!((block.ssrc, block.total_lost, block.fraction_lost), (theirs.sender.ssrc(), 38, 25));
    assert_eq!(block.jitter, 0, "an even line has no jitter");
    let names = packets[1].as_any().downcast_ref::<SourceDescription>().unwrap();
    assert!(names.chunks[0].items[0].text.len() >= 16);
}

#[test]
fn who_sends_nothing_makes_receiver_reports_and_says_goodbye() {
    let begin = start();
    let mut ours = side(1);
    assert_eq!(ours.poll(begin, 0), None);
    let report = ours.poll(begin + Duration::from_secs(3), 0).unwrap();
    assert!(read(&report)[0].as_any().downcast_ref::<ReceiverReport>().is_some());
    let Side { sender, receiver, rtcp } = &mut ours;
    let bye = rtcp.bye(begin, 0, sender, receiver);
    assert_eq!(read(&bye).len(), 3);
    assert!(side(2).rtcp.handle(&bye, begin).bye);
    assert!(!side(2).rtcp.handle(&report, begin).bye);
}

#[test]
fn round_trip_and_loss_come_from_the_far_ends_blocks() {
    let begin = start();
    let at = |ms| begin + Duration::from_millis(ms);
    let (mut ours, mut theirs) = (side(1), side(2));
    let mut out = Vec::new();
    for n in 0..100 {
        ours.sender.next_packet(&[0; 160], &mut out);
        if n % 4 != 1 {
            theirs.receiver.handle_packet(&out, at(n * 20)).unwrap();
        }
    }
    ours.poll(at(0), 0);
    theirs.poll(at(0), 0);
    let report = ours.poll(at(3_000), 1_234_567_890_123_456_789).unwrap();
    theirs.rtcp.handle(&report, at(3_040));
    let answer = theirs.poll(at(3_540), 5).unwrap();
    let news = ours.rtcp.handle(&answer, at(3_600));
    let trip = news.round_trip_ms.unwrap();
    assert!((trip - 100.0).abs() < 1.0, "{trip} ms for 40 there and 60 back");
    assert!((news.fraction_lost.unwrap() - 0.25).abs() < 0.01);
}
