//! A figure for README: what a bad line costs. Human prompts as G.711 through every kind of badness in virtual time, into
//! the receiver of a call, and what comes out to Whisper. Run by `bench/bad_line.sh`.

use std::time::{Duration, Instant};

use offhook::audio::{Codec, FRAME_SAMPLES, SPEECH_RATE, TELEPHONE_RATE, resample};
use offhook::rtp::{FrameKind, Quality, Receiver, Sender};

use crate::common::{audio, hear, prompts, word_errors, words};

/// A kind of badness.
#[derive(Clone, Copy, Default)]
struct Line {
    name: &'static str,
    loss_percent: u64,
    /// A burst of this length is lost every five seconds.
    burst_ms: u64,
    jitter_ms: u64,
    /// So many packets of a hundred come after the one behind them, or twice.
    reordered: u64,
    doubled: u64,
    drift_ppm: f64,
    /// Every ten seconds.
    new_ssrc: bool,
    new_payload_type: bool,
    wraps: bool,
}

const CLEAN: Line = Line {
    name: "clean",
    loss_percent: 0,
    burst_ms: 0,
    jitter_ms: 0,
    reordered: 0,
    doubled: 0,
    drift_ppm: 0.0,
    new_ssrc: false,
    new_payload_type: false,
    wraps: false,
};

const LINES: [Line; 16] = [
    CLEAN,
    Line { name: "1 % lost", loss_percent: 1, ..CLEAN },
    Line { name: "3 % lost", loss_percent: 3, ..CLEAN },
    Line { name: "5 % lost", loss_percent: 5, ..CLEAN },
    Line { name: "10 % lost", loss_percent: 10, ..CLEAN },
    Line { name: "60 ms lost every 5 s", burst_ms: 60, ..CLEAN },
    Line { name: "100 ms lost every 5 s", burst_ms: 100, ..CLEAN },
    Line { name: "200 ms lost every 5 s", burst_ms: 200, ..CLEAN },
    Line { name: "jitter of 80 ms", jitter_ms: 80, ..CLEAN },
    Line { name: "20 % reordered", reordered: 20, ..CLEAN },
    Line { name: "20 % twice", doubled: 20, ..CLEAN },
    Line { name: "clock 200 ppm fast", drift_ppm: 200.0, ..CLEAN },
    Line { name: "clock 200 ppm slow", drift_ppm: -200.0, ..CLEAN },
    Line { name: "new SSRC every 10 s", new_ssrc: true, ..CLEAN },
    Line { name: "new payload type every 10 s", new_payload_type: true, ..CLEAN },
    Line { name: "sequence and timestamp wrap", wraps: true, ..CLEAN },
];

#[test]
#[ignore = "a figure: bench/bad_line.sh"]
fn what_a_bad_line_costs() {
    let every = std::env::var("EVERY").ok().and_then(|every| every.parse().ok()).unwrap_or(4);
    let spoken: Vec<_> = prompts().into_iter().filter(|p| (2.0..12.0).contains(&p.seconds)).step_by(every).collect();
    let mut sent = vec![0; PAUSE_SAMPLES];
    let spans: Vec<_> = spoken
        .iter()
        .map(|prompt| {
            let begin = sent.len();
            sent.extend(resample(&audio(&prompt.file), SPEECH_RATE, TELEPHONE_RATE));
            let end = sent.len();
            sent.resize(end + PAUSE_SAMPLES, 0);
            begin..end
        })
        .collect();
    let expected: Vec<_> = spoken.iter().map(|prompt| words(&prompt.transcript)).collect();
    let said: usize = expected.iter().map(Vec::len).sum();
    println!("figure words {said}");
    let mut clean = None;
    for line in LINES {
        let heard = carried(&sent, line);
        let wrong: usize = spans
            .iter()
            .zip(&expected)
            .map(|(span, expected)| {
                let piece =
                    &heard.sound[span.start.min(heard.sound.len())..(span.end + LATE_SAMPLES).min(heard.sound.len())];
                word_errors(expected, &words(&hear(resample(piece, TELEPHONE_RATE, SPEECH_RATE)).text))
            })
            .sum();
        let rate = 100.0 * wrong as f64 / said as f64;
        let clean = *clean.get_or_insert(rate);
        println!(
            "figure | {} | {} | {:.1} | {:.2} | {rate:.1} | {:+.1} |",
            line.name,
            heard.gap_ms,
            heard.made_up_percent,
            heard.mos,
            rate - clean
        );
    }
}

struct Heard {
    sound: Vec<i16>,
    /// The longest stretch of frames that were not received.
    gap_ms: usize,
    made_up_percent: f64,
    mos: f32,
}

/// Sends it over the line and plays what arrives.
fn carried(sent: &[i16], line: Line) -> Heard {
    let begin = Instant::now();
    let arrivals = arrivals(sent, line);
    let mut receiver = Receiver::new(&[]);
    let (mut sound, mut frame, mut next) = (Vec::new(), Vec::new(), 0);
    let (mut gap, mut longest, mut made_up, mut frames) = (0, 0, 0, 0);
    for tick in 0..sent.len() / FRAME_SAMPLES {
        let at_us = tick as u64 * FRAME_US;
        while next < arrivals.len() && arrivals[next].0 <= at_us {
            let now = begin + Duration::from_micros(arrivals[next].0);
            receiver.handle_packet(&arrivals[next].1, now).expect("our own packet");
            next += 1;
        }
        let kind = receiver.pull_frame(begin + Duration::from_micros(at_us), &mut frame);
        sound.extend_from_slice(&frame);
        if tick > STARTED_FRAMES {
            frames += 1;
            let missing = kind != FrameKind::Audio;
            gap = if missing { gap + 20 } else { 0 };
            made_up += usize::from(missing);
            longest = longest.max(gap);
        }
    }
    let mos = Quality::default().mos(&receiver.stats()).unwrap_or(1.0);
    Heard { sound, gap_ms: longest, made_up_percent: 100.0 * made_up as f64 / frames as f64, mos }
}

/// Microseconds and datagram, in order of arrival.
fn arrivals(sent: &[i16], line: Line) -> Vec<(u64, Vec<u8>)> {
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    let mut roll = |below: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 11) % below.max(1)
    };
    let mut senders = [Sender::new(Codec::Pcmu, 1), Sender::new(Codec::Pcmu, 2)];
    let (mut out, mut packet) = (Vec::new(), Vec::new());
    for (n, samples) in sent.chunks_exact(FRAME_SAMPLES).enumerate() {
        let (n, part) = (n as u64, n / 500);
        let sender = &mut senders[usize::from(line.new_ssrc && part % 2 == 1)];
        sender.set_codec(if line.new_payload_type && part % 2 == 1 { Codec::Pcma } else { Codec::Pcmu });
        sender.next_packet(samples, &mut packet);
        if line.wraps {
            // Both wrap in the middle of the first prompt.
            let at = (65_400_u64 + n) as u16;
            packet[2..4].copy_from_slice(&at.to_be_bytes());
            packet[4..8].copy_from_slice(&(u32::MAX - 20_000).wrapping_add(n as u32 * 160).to_be_bytes());
        }
        let in_burst = (n * 20) % 5_000 < line.burst_ms;
        let lost = roll(100) < line.loss_percent || in_burst;
        let drifted = (n as f64 * FRAME_US as f64 * (1.0 - line.drift_ppm / 1e6)) as u64;
        let mut at = drifted + 3_000 + roll(line.jitter_ms * 1_000 + 1);
        at += if roll(100) < line.reordered { FRAME_US + 5_000 } else { 0 };
        if !lost {
            out.push((at, packet.clone()));
            if roll(100) < line.doubled {
                out.push((at + 8_000, packet.clone()));
            }
        }
    }
    out.sort_by_key(|(at, _)| *at);
    out
}

const FRAME_US: u64 = 20_000;
/// Between prompts.
const PAUSE_SAMPLES: usize = 8_000;
/// What the jitter buffer may delay, and a little.
const LATE_SAMPLES: usize = 3_200;
/// Not counted: the beginning is silence before the first packet.
const STARTED_FRAMES: usize = 10;
