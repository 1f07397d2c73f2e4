//! sipp's cells: a scenario written for each, sound from a file of payload, keys from a raw socket, and a capture of what
//! it is sent, since it keeps nothing.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use offhook::audio::{self, Encoder};

use crate::capture::{Capture, heard};
use crate::cell::{Cell, Codec, Transport};
use crate::conversation::{FIRST, GREETING, HOLD, Heard, KEYS, ROUND_TRIP, SECOND, UNDERSTOOD, WISH, length, spoken};
use crate::house::free_port;

/// Has the conversation of its cell; what it heard.
pub fn converse(cell: &Cell, uri: &str, number: &str) -> Heard {
    let mut steps = says("first.raw", FIRST, cell.codec);
    if cell.keys {
        steps += &format!("<nop><action><exec play_dtmf=\"{KEYS}\"/></action></nop>\n{}", pause(KEYS_LAST));
    }
    if cell.hold {
        steps += &(invite(cell, number, 2, "sendonly") + &pause(HOLD));
        steps += &(invite(cell, number, 3, "sendrecv") + &says("second.raw", SECOND, cell.codec));
    }
    call(cell, uri, number, &[("first.raw", FIRST), ("second.raw", SECOND)], &steps)
}

/// Is greeted, says what it wants and leaves; what it heard.
pub fn ask(cell: &Cell, uri: &str, number: &str) -> Heard {
    let steps = pause(GREETING) + &says("wish.raw", WISH, cell.codec) + &pause(UNDERSTOOD);
    call(cell, uri, number, &[("wish.raw", WISH)], &steps)
}

fn call(cell: &Cell, uri: &str, number: &str, speech: &[(&str, &str)], steps: &str) -> Heard {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let codec = audio::Codec::from_payload_type(payload_type(cell.codec)).expect("sipp speaks what has a fixed number");
    for (file, text) in speech {
        std::fs::write(folder.path().join(file), encoded(text, cell.codec, codec)).expect("the folder is ours");
    }
    let steps =
        invite(cell, number, 1, "sendrecv") + steps + &send("BYE", number, 4, "") + "<recv response=\"200\"/>\n";
    let scenario = format!("<?xml version=\"1.0\"?>\n<scenario name=\"cell\">\n{steps}</scenario>\n");
    std::fs::write(folder.path().join("scenario.xml"), scenario).expect("the folder is ours");
    let media = free_port() & !1;
    let capture = Capture::of(media..=media);
    run(cell, uri, media, folder.path());
    heard(&capture.datagrams(), codec, codec.payload_type(), EVENTS)
}

fn run(cell: &Cell, uri: &str, media: u16, folder: &Path) {
    let at = uri.trim_start_matches("sip:").split(['@', ';']).nth(1).expect("a URI of ours names a host");
    let transport = if cell.transport == Transport::Tcp { "t1" } else { "u1" };
    let user = uri.trim_start_matches("sip:").split('@').next().unwrap_or_default();
    let status = Command::new("timeout")
        .args([&LONGEST.as_secs().to_string(), "sipp", "-sf", "scenario.xml", "-i", "127.0.0.1", "-mi", "127.0.0.1"])
        .args(["-mp", &media.to_string(), "-t", transport, "-s", user, "-m", "1", "-nostdin", "-trace_err", at])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let errors = || {
        let files = std::fs::read_dir(folder).expect("the folder is ours").filter_map(Result::ok);
        let logs = files.filter(|file| file.file_name().to_string_lossy().ends_with("errors.log"));
        logs.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect::<String>()
    };
    let status = status.expect("this test needs the package sip-tester");
    assert!(status.success(), "sipp: {status}: {}", errors());
}

/// The payload of every packet, one after the other.
fn encoded(text: &str, codec: Codec, to: audio::Codec) -> Vec<u8> {
    let samples = crate::voices::samples(&spoken(text, codec));
    let mut encoder = Encoder::new(to, codec.rate(), false, false);
    let mut payload = Vec::new();
    for frame in samples.chunks_exact(codec.rate() as usize / 50) {
        encoder.encode(frame, &mut payload);
    }
    payload
}

fn says(file: &str, text: &str, codec: Codec) -> String {
    let plays = format!("<nop><action><exec rtp_stream=\"{file},1,{}\"/></action></nop>\n", payload_type(codec));
    plays + &pause(length(&spoken(text, codec)) + ROUND_TRIP)
}

/// An INVITE that changes the direction, its answer and the ACK.
fn invite(cell: &Cell, number: &str, cseq: u32, direction: &str) -> String {
    let (pt, name) = (payload_type(cell.codec), format!("{:?}", cell.codec).to_uppercase());
    // The raw socket of the keys takes its port from a line with the word audio.
    let body = format!(
        "Content-Type: application/sdp\nContact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>\n\
         Content-Length: [len]\n\nv=0\no=sipp 1 {cseq} IN IP4 [media_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n\
         m=audio [rtpstream_audio_port] RTP/AVP {pt} {EVENTS}\na=rtpmap:{pt} {name}/8000\n\
         a=rtpmap:{EVENTS} telephone-event/8000\na=fmtp:{EVENTS} 0-15\na=x-raw-audio:[media_port]\na={direction}\n"
    );
    let answers = ["100", "180", "183"].map(|code| format!("<recv response=\"{code}\" optional=\"true\"/>\n")).concat();
    send("INVITE", number, cseq, &body)
        + &answers
        + "<recv response=\"200\" rrs=\"true\"/>\n"
        + &send("ACK", number, cseq, "")
}

fn send(method: &str, number: &str, cseq: u32, body: &str) -> String {
    let (target, tag) = match (method, cseq) {
        ("INVITE", 1) => ("sip:[service]@[remote_ip]:[remote_port]", ""),
        _ => ("[next_url]", "[peer_tag_param]"),
    };
    let routes = if tag.is_empty() { "" } else { "[routes]\n" };
    let rest = if body.is_empty() { "Content-Length: 0\n\n" } else { body };
    let again = if method == "ACK" { "" } else { " retrans=\"500\"" };
    format!(
        "<send{again}><![CDATA[\n{method} {target} SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
         From: <sip:{number}@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]\n\
         To: <sip:[service]@[remote_ip]:[remote_port]>{tag}\n{routes}Call-ID: [call_id]\nCSeq: {cseq} {method}\n\
         Max-Forwards: 70\n{rest}]]></send>\n"
    )
}

fn pause(time: Duration) -> String {
    format!("<pause milliseconds=\"{}\"/>\n", time.as_millis())
}

fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => panic!("sipp has no payload of Opus"),
    }
}

/// What it calls its keys, always.
const EVENTS: u8 = 96;
/// Three keys, there and back.
const KEYS_LAST: Duration = Duration::from_millis(2_500);
const LONGEST: Duration = Duration::from_secs(60);
