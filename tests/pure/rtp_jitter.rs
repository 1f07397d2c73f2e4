//! The jitter buffer alone: order, loss, silence, jumps, delay.

use std::time::{Duration, Instant};

use offhook::rtp::{Frame, JitterBuffer, Packet};
use proptest::prelude::*;

use crate::line::{Chance, start};

/// Packet `n` of a stream of 20 ms packets that begins at these numbers; its payload tells `n`.
struct Stream {
    sequence: u16,
    timestamp: u32,
}

impl Stream {
    fn insert(&self, buffer: &mut JitterBuffer, n: u32, now: Instant) -> bool {
        let payload = n.to_be_bytes();
        let sequence = self.sequence.wrapping_add(n as u16);
        let timestamp = self.timestamp.wrapping_add(n * 160);
        let packet = Packet { payload_type: 0, marker: false, sequence, timestamp, ssrc: 1, payload: &payload };
        buffer.insert(&packet, 160, now)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Heard {
    Packet(u32),
    Lost,
    Nothing,
}

fn pop(buffer: &mut JitterBuffer, now: Instant) -> Heard {
    match buffer.pop(now) {
        Frame::Audio { payload, .. } => Heard::Packet(u32::from_be_bytes(payload.try_into().unwrap())),
        Frame::Lost { .. } => Heard::Lost,
        Frame::Nothing { .. } => Heard::Nothing,
    }
}

/// Runs `count` packets through the buffer, packet `n` arriving `delay(n)` ms late or not at all, popped every 20 ms.
fn run(stream: &Stream, count: u32, delay: impl Fn(u32) -> Option<u64>) -> Vec<Heard> {
    let begin = start();
    let mut arrivals: Vec<(u64, u32)> =
        (0..count).filter_map(|n| delay(n).map(|d| (u64::from(n) * 20 + d, n))).collect();
    arrivals.sort();
    let (mut buffer, mut heard, mut next) = (JitterBuffer::new(), Vec::new(), 0);
    for ms in (0..u64::from(count) * 20 + 400).step_by(20) {
        while next < arrivals.len() && arrivals[next].0 <= ms {
            stream.insert(&mut buffer, arrivals[next].1, begin + Duration::from_millis(arrivals[next].0));
            next += 1;
        }
        heard.push(pop(&mut buffer, begin + Duration::from_millis(ms)));
    }
    heard
}

fn packets(heard: &[Heard]) -> Vec<u32> {
    heard.iter().filter_map(|h| if let Heard::Packet(n) = h { Some(*n) } else { None }).collect()
}

/// What was heard from the first packet to the last.
fn within(heard: &[Heard]) -> &[Heard] {
    let is_packet = |h: &Heard| matches!(h, Heard::Packet(_));
    let (first, last) = (heard.iter().position(is_packet).unwrap(), heard.iter().rposition(is_packet).unwrap());
    &heard[first..=last]
}

const STREAM: Stream = Stream { sequence: 1_000, timestamp: 50_000 };

#[test]
fn an_even_line_is_played_whole_after_at_most_40_ms() {
    let heard = run(&STREAM, 500, |_| Some(3));
    assert_eq!(packets(&heard), (0..500).collect::<Vec<_>>());
    assert_eq!(within(&heard).len(), 500, "no gaps");
    assert!(heard.iter().position(|h| *h == Heard::Packet(0)).unwrap() <= 2);
}

#[test]
fn sequence_and_timestamp_wrap_unnoticed() {
    let stream = Stream { sequence: 65_500, timestamp: u32::MAX - 3_000 };
    let heard = run(&stream, 200, |_| Some(0));
    assert_eq!(packets(&heard), (0..200).collect::<Vec<_>>());
    assert_eq!(within(&heard).len(), 200);
}

#[test]
fn a_lost_packet_is_one_lost_frame_in_its_place() {
    let heard = run(&STREAM, 100, |n| (n != 40).then_some(2));
    let around: Vec<_> = within(&heard).to_vec();
    assert_eq!(around[39..42], [Heard::Packet(39), Heard::Lost, Heard::Packet(41)]);
    assert_eq!(around.len(), 100, "the delay is what it was");
}

#[test]
fn bursts_of_loss_keep_the_time() {
    for length in [3, 5, 10] {
        let heard = run(&STREAM, 200, |n| (!(60..60 + length).contains(&n)).then_some(2));
        let span = within(&heard).len() as i64;
        assert!((span - 200).abs() <= 2, "burst of {length}: {span} frames for 200");
        assert_eq!(packets(&heard).len(), 200 - length as usize);
    }
}

#[test]
fn jitter_of_80_ms_costs_delay_at_first_and_nothing_later() {
    let mut chance = Chance::new(3);
    let delays: Vec<u64> = (0..1_500).map(|_| chance.next() % 80).collect();
    let heard = run(&STREAM, 1_500, |n| Some(delays[n as usize]));
    let order = packets(&heard);
    assert!(order.is_sorted() && order.len() >= 1_490, "{} of 1500 played", order.len());
    let late = heard[500..1_500].iter().filter(|h| **h == Heard::Lost).count();
    assert!(late <= 10, "{late} of 1000 frames concealed once settled");
}

#[test]
fn duplicates_and_reordering_are_not_heard() {
    let begin = start();
    let mut buffer = JitterBuffer::new();
    let mut heard = Vec::new();
    for pair in 0..50_u32 {
        let now = begin + Duration::from_millis(u64::from(pair) * 40);
        for n in [pair * 2 + 1, pair * 2, pair * 2, pair * 2 + 1] {
            STREAM.insert(&mut buffer, n, now);
        }
        heard.push(pop(&mut buffer, now));
        heard.push(pop(&mut buffer, now + Duration::from_millis(20)));
    }
    let order = packets(&heard);
    assert_eq!(order, (0..order.len() as u32).collect::<Vec<_>>());
    assert!(order.len() >= 97, "{} heard", order.len());
}

#[test]
fn a_pause_of_the_sender_is_silence_and_its_end_is_heard() {
    // Sequence runs on, timestamps jump by the pause: RFC 3551 section 4.1.
    let begin = start();
    let mut buffer = JitterBuffer::new();
    let mut heard = Vec::new();
    for tick in 0..400_u32 {
        let now = begin + Duration::from_millis(u64::from(tick) * 20);
        let talking = !(100..250).contains(&tick);
        if talking {
            let sequence = if tick < 100 { tick } else { tick - 150 } as u16;
            let payload = tick.to_be_bytes();
            let packet =
                Packet { payload_type: 0, marker: false, sequence, timestamp: tick * 160, ssrc: 1, payload: &payload };
            buffer.insert(&packet, 160, now);
        }
        heard.push(pop(&mut buffer, now));
    }
    let lost = heard.iter().filter(|h| **h == Heard::Lost).count();
    assert!(lost <= 5, "{lost} frames called lost: at most the 100 ms until the pause is understood");
    let first_back = heard.iter().position(|h| matches!(h, Heard::Packet(250..))).unwrap();
    assert!(first_back <= 253, "heard again {} frames late", first_back - 250);
    assert_eq!(packets(&heard)[100], 250);
}

#[test]
fn jumps_of_sequence_or_timestamp_lose_at_most_one_packet() {
    let jumps = [(1_000_u16, 160_u32 * 20_000), (40_000, 0), (1_020, 3_000_000_000), (900, 777), (2_000, 50_000)];
    for (sequence, timestamp) in jumps {
        let begin = start();
        let (mut buffer, mut heard) = (JitterBuffer::new(), Vec::new());
        for tick in 0..100_u32 {
            let now = begin + Duration::from_millis(u64::from(tick) * 20);
            if tick < 50 {
                STREAM.insert(&mut buffer, tick, now);
            } else {
                let moved = Stream { sequence: sequence.wrapping_add(50), timestamp };
                moved.insert(&mut buffer, tick, now);
            }
            heard.push(pop(&mut buffer, now));
        }
        let back = heard.iter().position(|h| matches!(h, Heard::Packet(50..))).unwrap();
        assert!(back <= 60, "jump to {sequence}/{timestamp}: back after {} frames", back - 50);
    }
}

#[test]
fn the_target_follows_the_jitter_within_its_bounds() {
    let begin = start();
    let mut buffer = JitterBuffer::new();
    assert!(buffer.target() <= Duration::from_millis(40));
    for n in 0..300_u32 {
        let late = if n % 7 == 0 { 90 } else { 0 };
        STREAM.insert(&mut buffer, n, begin + Duration::from_millis(u64::from(n) * 20 + late));
        pop(&mut buffer, begin + Duration::from_millis(u64::from(n) * 20 + late));
    }
    assert!((100..=130).contains(&buffer.target().as_millis()), "{:?}", buffer.target());
    for n in 300..310 {
        STREAM.insert(&mut buffer, n, begin + Duration::from_millis(u64::from(n) * 20 + 600));
    }
    assert_eq!(buffer.target(), Duration::from_millis(200));
}

proptest! {
    #[test]
    fn on_any_line_packets_play_once_and_in_order(seed in any::<u64>(), loss in 0.0..0.3_f64, jitter in 1..150_u64, first in any::<u16>()) {
        let mut chance = Chance::new(seed);
        let fate: Vec<Option<u64>> = (0..300).map(|_| if chance.hits(loss) { None } else { Some(chance.next() % jitter) }).collect();
        let arrived = fate.iter().flatten().count();
        let heard = run(&Stream { sequence: first, timestamp: seed as u32 }, 300, |n| fate[n as usize]);
        let order = packets(&heard);
        prop_assert!(order.windows(2).all(|w| w[0] < w[1]), "order {:?}", order);
        prop_assert!(order.len() * 20 >= arrived * 17, "{} of {} that arrived", order.len(), arrived);
    }
}
