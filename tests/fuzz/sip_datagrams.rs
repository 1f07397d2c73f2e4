//! Any bytes through the SIP parser, and what was read through the writer.

use offhook::sip::{Uri, parse};

use crate::mutate;

#[test]
fn no_datagram_panics_the_parser() {
    mutate::run("sip parser", &seeds(), |bytes| {
        if let Ok(parsed) = parse(bytes) {
            let _ = format!("{parsed:?}").len();
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            let _ = text.parse::<Uri>().map(|uri| uri.to_string());
        }
    });
}

/// Requests and responses with the shapes that trip parsers: compact, folded, quoted, many headers.
pub fn seeds() -> Vec<Vec<u8>> {
    let sdp = crate::sdp_descriptions::SEEDS[0].replace('\n', "\r\n");
    let invite = |extra: &str| {
        format!(
            "INVITE sip:demo@127.0.0.1:5060;transport=udp SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK77;rport\r\n\
             Max-Forwards: 70\r\nFrom: \"Ann \\\"<x>\\\" Lee\" <sip:+12125550123@127.0.0.1>;tag=a1\r\nTo: <sip:demo@127.0.0.1>\r\n\
             Call-ID: c1@127.0.0.1\r\nCSeq: 1 INVITE\r\nContact: <sip:ann@127.0.0.1:5070>\r\n{extra}Content-Type: \
             application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        )
        .into_bytes()
    };
    let plain = |line: &str, cseq: &str| {
        format!(
            "{line}\r\nv: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK78\r\nf: <tel:+12125550123>;tag=a1\r\nt: \
             <sip:demo@[::1]:5060>;tag=b2\r\ni: c1@127.0.0.1\r\nCSeq: 2 {cseq}\r\nl: 0\r\n\r\n"
        )
        .into_bytes()
    };
    vec![
        invite(""),
        invite("Subject: folded\r\n  line\r\nX-Lead : a, b, c\r\nP-Asserted-Identity: <tel:+12125550123>\r\n"),
        invite("Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\nDiversion: <sip:1@x>;reason=unconditional\r\n"),
        plain("BYE sip:demo@127.0.0.1 SIP/2.0", "BYE"),
        plain("CANCEL sip:demo@127.0.0.1 SIP/2.0", "CANCEL"),
        plain("ACK sip:demo@127.0.0.1 SIP/2.0", "ACK"),
        plain("OPTIONS sip:demo%20x@127.0.0.1 SIP/2.0", "OPTIONS"),
        plain("SIP/2.0 200 OK", "INVITE"),
        plain("SIP/2.0 401 Unauthorized", "REGISTER"),
    ]
}
