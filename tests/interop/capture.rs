//! What arrives at a UDP port of this machine, as tcpdump sees it: for phones that keep nothing of what they hear.

use std::io::{BufRead, BufReader};
use std::ops::RangeInclusive;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};

use offhook::audio::{Codec, Decoder};
use offhook::rtp::Packet;
use tempfile::TempDir;

use crate::conversation::Heard;
use crate::house::installed;
use crate::likeness::RATE_HZ;

/// Whether it can be seen here: tcpdump has to be installed and wants root.
pub fn possible() -> bool {
    installed("tcpdump") && std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A running tcpdump.
pub struct Capture {
    child: Child,
    ports: RangeInclusive<u16>,
    folder: TempDir,
}

impl Capture {
    /// Begins: from now on nothing is missed.
    pub fn of(ports: RangeInclusive<u16>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new("tcpdump")
            .args(["-U", "-i", "lo", "-w"])
            .arg(folder.path().join(FILE))
            .arg(format!("udp dst portrange {}-{}", ports.start(), ports.end()))
            .stderr(Stdio::piped())
            .spawn()
            .expect("this test needs the package tcpdump");
        let told = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let listens = |line: std::io::Result<String>| line.is_ok_and(|line| line.contains("listening on"));
        assert!(told.lines().any(listens), "tcpdump does not listen: it needs root");
        Self { child, ports, folder }
    }

    /// Ends; the datagrams.
    pub fn datagrams(mut self) -> Vec<Vec<u8>> {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
        let bytes = std::fs::read(self.folder.path().join(FILE)).unwrap_or_default();
        datagrams(&bytes, &self.ports).map(<[u8]>::to_vec).collect()
    }
}

/// What is in them: the sound of the codec, placed by its timestamps, and the keys under that payload type.
pub fn heard(datagrams: &[Vec<u8>], codec: Codec, payload_type: u8, keys: u8) -> Heard {
    let packets: Vec<Packet> = datagrams.iter().filter_map(|datagram| Packet::parse(datagram).ok()).collect();
    let spoken: Vec<Packet> = packets.iter().filter(|packet| packet.payload_type == payload_type).copied().collect();
    Heard { sound: decoded(&spoken, codec), keys: keys_of(&packets, keys), ..Heard::default() }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn decoded(packets: &[Packet], codec: Codec) -> Vec<i16> {
    let (mut decoder, mut frame, mut sound) = (Decoder::new(RATE_HZ), Vec::new(), Vec::new());
    decoder.prepare(codec);
    let Some(first) = packets.first() else { return sound };
    for packet in packets {
        frame.clear();
        decoder.decode(codec, packet.payload, &mut frame);
        let units = packet.timestamp.wrapping_sub(first.timestamp);
        let at = (units / (codec.clock_rate() / RATE_HZ)) as usize;
        if at < LONGEST {
            sound.resize(sound.len().max(at + frame.len()), 0);
            sound[at..at + frame.len()].copy_from_slice(&frame);
        }
    }
    sound
}

/// Each event once: its packets share a timestamp.
fn keys_of(packets: &[Packet], payload_type: u8) -> String {
    let mut pressed: Vec<(u32, u8)> = Vec::new();
    for packet in packets.iter().filter(|packet| packet.payload_type == payload_type) {
        let event = (packet.timestamp, packet.payload.first().copied().unwrap_or(u8::MAX));
        if pressed.last() != Some(&event) {
            pressed.push(event);
        }
    }
    pressed.iter().filter_map(|(_, event)| KEYS.chars().nth(usize::from(*event))).collect()
}

/// The datagrams to these ports in a capture of Ethernet frames with IPv4.
fn datagrams<'a>(file: &'a [u8], ports: &RangeInclusive<u16>) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = file.get(FILE_HEADER..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_le_bytes(rest.get(8..12)?.try_into().ok()?) as usize;
        let frame = rest.get(RECORD_HEADER..RECORD_HEADER + length)?;
        rest = &rest[RECORD_HEADER + length..];
        Some(frame)
    })
    .filter_map(move |frame| {
        let ip = frame.get(ETHERNET_HEADER..)?;
        let udp = ip.get(usize::from(ip.first()? & 0x0F) * 4..)?;
        let port = u16::from_be_bytes(udp.get(2..4)?.try_into().ok()?);
        ports.contains(&port).then(|| udp.get(UDP_HEADER..)).flatten()
    })
}

const FILE: &str = "sent.pcap";
/// In the order of their event codes.
const KEYS: &str = "0123456789*#ABCD";
/// A minute: nothing of ours is later.
const LONGEST: usize = RATE_HZ as usize * 60;
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const ETHERNET_HEADER: usize = 14;
const UDP_HEADER: usize = 8;
