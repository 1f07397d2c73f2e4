//! What is mutated: RFC 4475's torture texts, INVITEs recorded from real phones, descriptions of browsers and of holds.

use std::path::Path;

/// SIP messages, as they stand on the wire.
pub fn messages() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = torture_texts();
    all.extend([include_str!("seeds/baresip.txt"), include_str!("seeds/pjsua2.txt")].map(crlf));
    all.extend(INVITES.map(|extra| invite(extra, "c1@127.0.0.1", "z9hG4bK77")));
    all.push(crlf(INFO));
    all.extend(SHORT.map(|(line, cseq)| {
        crlf(&format!(
            "{line}\nv: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK78\nf: <tel:+12125550123>;tag=a1\nt: \
             <sip:demo@[::1]:5060>;tag=b2\ni: c1@127.0.0.1\nCSeq: 2 {cseq}\nl: 0\n\n"
        ))
    }));
    all
}

/// Session descriptions: the bodies of recorded INVITEs and the stranger ones.
pub fn descriptions() -> Vec<Vec<u8>> {
    let body = |text: &'static str| text.split_once("\n\n").map_or("", |(_, body)| body);
    let phones = [body(include_str!("seeds/baresip.txt")), body(include_str!("seeds/pjsua2.txt"))];
    let written = [PLAIN, PROTECTED, include_str!("seeds/browser.sdp"), include_str!("seeds/hold.sdp")];
    phones.into_iter().chain(written).map(crlf).collect()
}

/// A call from 127.0.0.1:5070.
pub fn invite(extra: &str, call_id: &str, branch: &str) -> Vec<u8> {
    let body = PLAIN.replace('\n', "\r\n");
    let head = format!(
        "INVITE sip:demo@127.0.0.1:5060;transport=udp SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch={branch};rport\n\
         Max-Forwards: 70\nFrom: \"Ann \\\"<x>\\\" Lee\" <sip:+12125550123@127.0.0.1>;tag=a1\nTo: <sip:demo@127.0.0.1>\n\
         Call-ID: {call_id}\nCSeq: 1 INVITE\nContact: <sip:ann@127.0.0.1:5070>\n{extra}Content-Type: \
         application/sdp\nContent-Length: {}\n\n",
        body.len()
    );
    [crlf(&head), body.into_bytes()].concat()
}

fn torture_texts() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sip/rfc4475");
    let listed = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = listed.map(|entry| entry.expect("a folder that can be read").path()).collect();
    // The folder's own order differs between machines, and with it what a seed throws.
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).expect("a file");
        // `.dat` stands there as it goes over the wire.
        let text = path.extension().is_some_and(|extension| extension == "txt");
        if text { crlf(&String::from_utf8_lossy(&bytes)) } else { bytes }
    };
    paths.iter().map(read).collect()
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

const INFO: &str = "INFO sip:demo@127.0.0.1 SIP/2.0\nv: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK79\nf: \
    <tel:+12125550123>;tag=a1\nt: <sip:demo@[::1]:5060>;tag=b2\ni: c1@127.0.0.1\nCSeq: 2 INFO\nc: \
    application/dtmf-relay\nl: 24\n\nSignal=5\nDuration=160\n";
/// Every kind of codec and key.
const PROTECTED: &str = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 40000 RTP/SAVP 96 9 13 \
    110\na=rtpmap:96 opus/48000/2\na=fmtp:96 useinbandfec=1;usedtx=1\na=rtpmap:110 telephone-event/48000\na=crypto:1 \
    AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4 KDR=1\na=crypto:2 \
    AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^31 WSH=64\na=ptime:30\na=maxptime:60\n";
const INVITES: [&str; 4] = [
    "",
    "Subject: folded\n  line\nX-Lead : a, b, c\nP-Asserted-Identity: <tel:+12125550123>\n",
    "Record-Route: <sip:p1;lr>, <sip:p2;lr>\nDiversion: <sip:1@x>;reason=unconditional\n",
    "Session-Expires: 90;refresher=uac\nMin-SE: 90\nSupported: timer, 100rel, replaces\nRequire: timer\n",
];
const SHORT: [(&str, &str); 9] = [
    ("BYE sip:demo@127.0.0.1 SIP/2.0", "BYE"),
    ("CANCEL sip:demo@127.0.0.1 SIP/2.0", "CANCEL"),
    ("ACK sip:demo@127.0.0.1 SIP/2.0", "ACK"),
    ("OPTIONS sip:demo%20x@127.0.0.1 SIP/2.0", "OPTIONS"),
    ("PRACK sip:demo@127.0.0.1 SIP/2.0", "PRACK"),
    ("SIP/2.0 200 OK", "INVITE"),
    ("SIP/2.0 183 Session Progress", "INVITE"),
    ("SIP/2.0 302 Moved", "INVITE"),
    ("SIP/2.0 401 Unauthorized", "REGISTER"),
];
const PLAIN: &str = "v=0\no=ann 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 0 8 96\n\
                     a=rtpmap:0 PCMU/8000\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-16\na=ptime:20\na=sendrecv\n";
