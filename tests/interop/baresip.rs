//! baresip's cells. Its recording of what it hears ends with the first hold, its ears do not: what it is sent from then on
//! is captured, and it tells that it hears a key among it.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use offhook::audio;
use offhook::rtp::{Packet, Profile, Srtp};

use crate::capture::{self, Capture};
use crate::cell::{Cell, Codec, Protection};
use crate::conversation::{Caller, Heard, Later};
use crate::likeness::sound;
use crate::phones::{Baresip, Phone};

/// One in its call.
pub fn dial(cell: &Cell, uri: &str, number: &str) -> impl Caller + use<> {
    let codec = match cell.codec {
        Codec::Pcmu => "PCMU/8000/1",
        Codec::Pcma => "PCMA/8000/1",
        Codec::G722 => "G722/16000/1",
        Codec::Opus => "opus/48000/2",
    };
    let protection = match cell.protection {
        Protection::None => "",
        Protection::Sdes => ";mediaenc=srtp-mand",
        Protection::Dtls => ";mediaenc=dtls_srtp",
    };
    let parameters = format!("audio_codecs={codec}{protection}");
    let phone = Baresip::call_with(uri, number, &parameters, cell.codec.rate());
    phone.wait_for("CALL_ESTABLISHED");
    let listens = cell.hold && cell.protection != Protection::Dtls && capture::possible();
    let capture = listens.then(|| Capture::of(phone.media.clone()));
    Captured { phone, capture, codec: cell.codec }
}

struct Captured {
    phone: Baresip,
    /// None: nobody can listen, for want of tcpdump, of root or of the keys.
    capture: Option<Capture>,
    codec: Codec,
}

impl Caller for Captured {
    fn says(&mut self, speech: &Path) {
        self.phone.play(speech);
    }

    fn presses(&mut self, keys: &str) -> String {
        self.phone.keys(keys);
        keys.chars().map(|_| self.phone.wait_for("CALL_DTMF_START")).collect()
    }

    fn holds(&mut self) {
        self.phone.command("hold", "");
        self.phone.wait_for("CALL_REMOTE_SDP");
    }

    fn resumes(&mut self) {
        self.phone.command("resume", "");
        self.phone.wait_for("CALL_REMOTE_SDP");
        assert_eq!(self.presses("7"), "7", "after a hold");
    }

    fn leaves(mut self) -> Heard {
        self.phone.hang_up();
        self.phone.wait_for_end();
        one_thing_under_each_version(&self.phone.trace());
        let sound = self.phone.recordings().iter().flat_map(|file| sound(file)).collect();
        let later = match self.capture {
            None => Later::Key,
            Some(capture) => {
                let sent = opened(capture.datagrams(), &our_keys(&self.phone.trace()));
                let codec = audio::Codec::from_name(&format!("{:?}", self.codec)).expect("one of ours");
                Later::Sent(capture::heard(&sent, codec, usual(&sent), EVENTS).sound)
            }
        };
        Heard { sound, later, ..Heard::default() }
    }
}

/// RFC 3264 section 8: what changes has another version.
fn one_thing_under_each_version(trace: &str) {
    let mut said = BTreeMap::new();
    for text in trace.split("v=0").skip(1) {
        let lines: Vec<&str> = text.trim_start().lines().take_while(|line| line.contains('=')).collect();
        let Some(origin) = lines.first().filter(|line| line.starts_with("o=offhook")) else { continue };
        let before = said.entry(origin.to_string()).or_insert_with(|| lines.clone());
        assert_eq!(*before, lines, "offhook said two things under one version");
    }
}

/// The payload type of most of them.
fn usual(packets: &[Vec<u8>]) -> u8 {
    let mut counts = BTreeMap::new();
    for packet in packets.iter().filter_map(|packet| Packet::parse(packet).ok()) {
        *counts.entry(packet.payload_type).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(0, |(payload_type, _)| payload_type)
}

/// Suites and keys of what offhook sends, as it said in its answers.
fn our_keys(trace: &str) -> Vec<(Profile, Vec<u8>)> {
    let mut keys = Vec::new();
    let mut ours = false;
    for line in trace.lines() {
        ours = if line.starts_with("o=") { line.starts_with("o=offhook") } else { ours };
        let words =
            line.strip_prefix("a=crypto:").filter(|_| ours).map(|rest| rest.split_whitespace().collect::<Vec<_>>());
        let Some([_, suite, inline, ..]) = words.as_deref() else { continue };
        let key = inline.trim_start_matches("inline:").split('|').next().and_then(|key| STANDARD.decode(key).ok());
        if let (Some(profile), Some(key)) = (Profile::from_name(suite), key)
            && !keys.contains(&(profile, key.clone()))
        {
            keys.push((profile, key));
        }
    }
    keys
}

/// As they are, or opened with the first key that fits.
fn opened(packets: Vec<Vec<u8>>, keys: &[(Profile, Vec<u8>)]) -> Vec<Vec<u8>> {
    if keys.is_empty() {
        return packets;
    }
    let mut locks: Vec<Srtp> = keys.iter().filter_map(|(profile, key)| Srtp::new(*profile, key)).collect();
    let open = |packet: Vec<u8>| {
        locks.iter_mut().find_map(|lock| {
            let mut copy = packet.clone();
            let length = lock.open_rtp(&mut copy).ok()?;
            copy.truncate(length);
            Some(copy)
        })
    };
    packets.into_iter().filter_map(open).collect()
}

/// What baresip calls its keys.
const EVENTS: u8 = 101;
