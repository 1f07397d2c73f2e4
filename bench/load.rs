//! Load for `bench/media.sh`, built by plain rustc: calls a SIP server, sends it media, counts what it costs.
//!
//! load calls HOST:PORT USER RATE SECONDS PID    calls as short as can be: INVITE, 200, ACK, BYE
//! load media HOST:PORT USER CALLS SECONDS PID   calls that last, with G.711 both ways
//! load relay HOST:PORT - CALLS SECONDS PID      sessions of an rtpengine, by its ng protocol
//! Prints one line of key=value.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const FRAME: Duration = Duration::from_millis(20);
/// Packets of a frame are spread over so many moments of it.
const SLOTS: usize = 20;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |n: usize| args[n].parse::<usize>().expect("a number");
    let target: SocketAddr = args[2].parse().expect("an address");
    match args[1].as_str() {
        "calls" => calls(target, &args[3], number(4), number(5), number(6)),
        "media" => media(target, &args[3], number(4), number(5), number(6)),
        "relay" => relay(target, number(4), number(5), number(6)),
        other => panic!("{other}: calls, media or relay"),
    }
}

struct Line {
    socket: UdpSocket,
    at: SocketAddr,
    target: SocketAddr,
    user: String,
}

impl Line {
    fn new(target: SocketAddr, user: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let at = socket.local_addr().expect("bound");
        Self { socket, at, target, user: user.into() }
    }

    fn send(&self, method: &str, call: usize, tag: &str, body: &str) {
        let (at, target, user) = (self.at, self.target, &self.user);
        let cseq = 1 + u32::from(method == "BYE");
        let to = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let text = format!(
            "{method} sip:{user}@{target} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{call}{method};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+12125550123@{at}>;tag={call}\r\nTo: <sip:{user}@{target}>{to}\r\n\
             Call-ID: {call}-{}\r\nCSeq: {cseq} {method}\r\nContact: <sip:load@{at}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            at.port(),
            body.len()
        );
        let _ = self.socket.send_to(text.as_bytes(), self.target);
    }
}

fn offer(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    )
}

/// Status, number of the call, To tag, media port.
fn answer(text: &str) -> Option<(u16, usize, String, u16)> {
    let status = text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let call = line("Call-ID: ")?.split('-').next()?.parse().ok()?;
    let tag = line("To: ")?.split(";tag=").nth(1).unwrap_or_default().trim().to_owned();
    let port = line("m=audio ").and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap_or(0);
    let invite = line("CSeq: ")?.contains("INVITE");
    invite.then_some((status, call, tag, port))
}

fn calls(target: SocketAddr, user: &str, rate: usize, seconds: usize, pid: usize) {
    let line = Arc::new(Line::new(target, user));
    let (all, begun) = (rate * seconds, Instant::now());
    let before = cpu(pid);
    let caller = line.clone();
    let sender = thread::spawn(move || {
        let body = offer(40_000);
        let mut sent = Vec::with_capacity(all);
        for call in 0..all {
            let due = begun + Duration::from_secs_f64(call as f64 / rate as f64);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            sent.push(Instant::now());
            caller.send("INVITE", call, "", &body);
        }
        sent
    });
    line.socket.set_read_timeout(Some(Duration::from_millis(1_000))).expect("a timeout");
    let (mut answered, mut refused, mut room) = (HashMap::new(), 0, [0; 65_535]);
    while let Ok(length) = line.socket.recv(&mut room) {
        let now = Instant::now();
        let text = String::from_utf8_lossy(&room[..length]);
        let Some((status, call, tag, _)) = answer(&text).filter(|answer| answer.0 >= 200) else { continue };
        line.send("ACK", call, &tag, "");
        if status == 200 && !answered.contains_key(&call) {
            answered.insert(call, now);
            line.send("BYE", call, &tag, "");
        }
        refused += usize::from(status != 200);
    }
    let sent = sender.join().expect("it does not panic");
    let cost = cpu(pid) - before;
    let mut waits: Vec<f64> = answered.iter().map(|(call, at)| (*at - sent[*call]).as_secs_f64() * 1e3).collect();
    let (p50, p99) = percentiles(&mut waits);
    println!(
        "calls={all} answered={} refused={refused} p50_ms={p50:.2} p99_ms={p99:.2} cpu_us_per_call={:.0}",
        answered.len(),
        cost * 1e6 / answered.len().max(1) as f64
    );
}

fn media(target: SocketAddr, user: &str, wanted: usize, seconds: usize, pid: usize) {
    let line = Line::new(target, user);
    let ends: Vec<UdpSocket> = (0..4).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port")).collect();
    let ports: Vec<u16> = ends.iter().map(|end| end.local_addr().expect("bound").port()).collect();
    let memory = rss(pid);
    line.socket.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
    let (mut tags, mut room) = (HashMap::new(), [0; 65_535]);
    // A thousand a second; what got lost is asked again.
    for _ in 0..10 {
        for call in 0..wanted {
            if tags.contains_key(&call) {
                continue;
            }
            line.send("INVITE", call, "", &offer(ports[call % ports.len()]));
            while let Ok(length) = line.socket.recv(&mut room) {
                if let Some((200, call, tag, port)) = answer(&String::from_utf8_lossy(&room[..length])) {
                    line.send("ACK", call, &tag, "");
                    tags.insert(call, (tag, SocketAddr::new(target.ip(), port)));
                }
            }
        }
    }
    let mut streams: Vec<(usize, SocketAddr)> = tags.iter().map(|(call, (_, to))| (call % ports.len(), *to)).collect();
    streams.sort();
    measure(streams, ends, seconds, pid, memory);
    for _ in 0..3 {
        for (call, (tag, _)) in &tags {
            line.send("BYE", *call, tag, "");
            thread::sleep(Duration::from_micros(500));
        }
    }
}

/// Sends each stream its packet every 20 ms from its end, and counts what comes back to any.
fn measure(streams: Vec<(usize, SocketAddr)>, ends: Vec<UdpSocket>, seconds: usize, pid: usize, memory: f64) {
    let ends = Arc::new(ends);
    let (counting, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let heard = Arc::new(AtomicU64::new(0));
    let listeners: Vec<_> = (0..ends.len())
        .map(|end| {
            let (ends, counting, over, heard) = (ends.clone(), counting.clone(), over.clone(), heard.clone());
            thread::spawn(move || {
                ends[end].set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
                let (mut room, mut last, mut errors) = ([0; 2_048], HashMap::new(), Vec::new());
                while !over.load(Ordering::Relaxed) {
                    let Ok((length, from)) = ends[end].recv_from(&mut room) else { continue };
                    if length < 100 {
                        continue; // a report
                    }
                    let now = Instant::now();
                    let before: Option<Instant> = last.insert(from, now);
                    if counting.load(Ordering::Relaxed) {
                        heard.fetch_add(1, Ordering::Relaxed);
                        if let Some(before) = before {
                            let gap = now - before;
                            errors.push(gap.abs_diff(FRAME).as_secs_f64() * 1e3);
                        }
                    }
                }
                errors
            })
        })
        .collect();
    let mut packet = [0xd5_u8; 172];
    packet[..2].copy_from_slice(&[0x80, 0]);
    let (begun, warm) = (Instant::now(), 150);
    let (mut before, mut since, mut sent) = (0.0, begun, 0_u64);
    for frame in 0..warm + seconds * 50 {
        if frame == warm {
            counting.store(true, Ordering::Relaxed);
            (before, since, sent) = (cpu(pid), Instant::now(), 0);
        }
        packet[2..4].copy_from_slice(&(frame as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(frame as u32 * 160).to_be_bytes());
        for slot in 0..SLOTS {
            let due = begun + FRAME * frame as u32 + FRAME / SLOTS as u32 * slot as u32;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            for (end, to) in streams.iter().skip(slot).step_by(SLOTS) {
                packet[8..12].copy_from_slice(&u32::from(to.port()).to_be_bytes());
                sent += u64::from(ends[*end].send_to(&packet, to).is_ok());
            }
        }
    }
    let (cost, took) = (cpu(pid) - before, since.elapsed().as_secs_f64());
    let grown = (rss(pid) - memory) / streams.len().max(1) as f64;
    counting.store(false, Ordering::Relaxed);
    over.store(true, Ordering::Relaxed);
    let mut errors: Vec<f64> = listeners.into_iter().flat_map(|one| one.join().expect("no panic")).collect();
    let heard = heard.load(Ordering::Relaxed);
    let (p50, p99) = percentiles(&mut errors);
    println!(
        "streams={} sent={sent} heard={heard} cores={:.3} cpu_us_per_packet={:.2} calls_per_core={:.0} pacing_p50_ms={p50:.2} pacing_p99_ms={p99:.2} kib_per_call={grown:.1}",
        streams.len(),
        cost / took,
        cost * 1e6 / heard.max(1) as f64,
        heard as f64 / (took * 50.0) / (cost / took).max(1e-9)
    );
}

fn relay(control: SocketAddr, wanted: usize, seconds: usize, pid: usize) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let ends: Vec<UdpSocket> = (0..4).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port")).collect();
    let port = |end: usize| ends[end].local_addr().expect("bound").port();
    let memory = rss(pid);
    let ask = |n: usize, pairs: &[(&str, &str)]| {
        let text: String =
            pairs.iter().map(|(key, value)| format!("{}:{key}{}:{value}", key.len(), value.len())).collect();
        socket.send_to(format!("c{n} d{text}e").as_bytes(), control).expect("it listens");
        let mut room = [0; 65_535];
        let length = socket.recv(&mut room).expect("rtpengine answers");
        let text = String::from_utf8_lossy(&room[..length]).into_owned();
        let port = text.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u16>().ok());
        port.unwrap_or_else(|| panic!("no port: {text}"))
    };
    let streams: Vec<(usize, SocketAddr)> = (0..wanted)
        .map(|n| {
            let (id, from) = (format!("call{n}"), n % 2);
            let (one, two) = (offer(port(from)), offer(port(from + 2)));
            // What the offer's answerer is told is where he sends; packets of the offerer go to what the answer says.
            ask(2 * n, &[("call-id", &id), ("command", "offer"), ("from-tag", "a"), ("sdp", &one)]);
            let to = ask(
                2 * n + 1,
                &[("call-id", &id), ("command", "answer"), ("from-tag", "a"), ("sdp", &two), ("to-tag", "b")],
            );
            (from, SocketAddr::new(control.ip(), to))
        })
        .collect();
    measure(streams, ends, seconds, pid, memory);
}

fn percentiles(values: &mut [f64]) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get((values.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    (at(0.5), at(0.99))
}

/// Seconds of processor time so far.
fn cpu(pid: usize) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("a stat").split_whitespace().collect();
    (fields[11].parse::<f64>().expect("ticks") + fields[12].parse::<f64>().expect("ticks")) / 100.0
}

/// KiB.
fn rss(pid: usize) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it has memory");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}
