//! Every message of RFC 4475: lawfully answered, or dropped when it is a stray response.
//!
//! The texts stand in `rfc4475/`, one per file, with LF; they are sent with CRLF.

use crate::line::{Desk, invite, status};

/// Name and the final statuses that are lawful; none means silence. 200 for INVITE means that a call comes in.
const MESSAGES: [(&str, &[u16]); 47] = [
    ("wsinv", &[481]),
    ("esc01", &[200]),
    ("escnull", &[405]),
    ("esc02", &[501]),
    ("lwsdisp", &[200]),
    ("longreq", &[200]),
    ("dblreq", &[405]),
    ("semiuri", &[200]),
    ("transports", &[200]),
    ("unreason", &[]),
    ("noreason", &[]),
    ("badinv01", &[400]),
    ("clerr", &[400]),
    ("ncl", &[400]),
    ("scalar02", &[400]),
    ("scalarlg", &[]),
    ("quotbal", &[400]),
    ("ltgtruri", &[400]),
    ("lwsruri", &[400]),
    ("lwsstart", &[400]),
    ("trws", &[400]),
    ("escruri", &[400]),
    ("baddate", &[200]),
    ("regbadct", &[400, 405]),
    ("badaspec", &[400]),
    ("baddn", &[200, 400]),
    ("badvers", &[505]),
    ("mismatch01", &[400]),
    ("mismatch02", &[501]),
    ("bigcode", &[]),
    ("badbranch", &[200, 400]),
    ("insuf", &[400]),
    ("unkscm", &[416]),
    ("novelsc", &[416]),
    ("unksm2", &[405]),
    ("bext01", &[420]),
    ("invut", &[415]),
    ("regaut01", &[405]),
    ("multi01", &[400]),
    ("mcl01", &[400]),
    ("bcast", &[]),
    ("zeromf", &[200]),
    ("cparam01", &[405]),
    ("cparam02", &[405]),
    ("regescrt", &[405]),
    ("sdp01", &[406]),
    ("inv2543", &[200]),
];

#[test]
fn every_message_gets_its_lawful_answer() {
    for (name, lawful) in MESSAGES {
        let path = format!("{}/tests/sip/rfc4475/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        check(name, &crlf(&text), lawful);
    }
}

#[test]
fn wide_range_of_characters_intmeth() {
    let uri = "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*";
    let method = "!interesting-Method0123456789_*+`.%indeed'~";
    let message = format!(
        "{method} {uri}:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\r\n\
         Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n\
         To: \"BEL:\\\u{7} NUL:\\\0 DEL:\\\u{7f}\" <{uri}@example.com>\r\n\
         From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.\r\n\
         Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}}{{\r\nCSeq: 139122385 {method}\r\nMax-Forwards: 255\r\n\
         extensionHeader-!.%*+_`'~: \u{feff}大停電\r\nContent-Length: 0\r\n\r\n"
    );
    check("intmeth", message.as_bytes(), &[501]);
}

#[test]
fn multipart_with_binary_part_mpart01() {
    let part = b"--7a9\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9\r\nContent-Type: application/octet-stream\r\n\r\n0\0\x82\r\n\r\n\xff--7a9--\r\n";
    let head = format!(
        "MESSAGE sip:kumiko@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543;rport\r\n\
         Max-Forwards: 70\r\nRoute: <sip:127.0.0.1:5080>\r\nTo: <sip:kumiko@example.org>\r\n\
         From: <sip:fluffy@example.com>;tag=2fb0dcc9\r\nCall-ID: 3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..\r\n\
         CSeq: 1 MESSAGE\r\nContent-Type: multipart/mixed;boundary=7a9\r\nContent-Length: {}\r\n\r\n",
        part.len()
    );
    check("mpart01", &[head.as_bytes(), part].concat(), &[405]);
}

fn check(name: &str, bytes: &[u8], lawful: &[u16]) {
    let mut desk = Desk::new();
    let mut answers = desk.ask(bytes);
    if let Some(call) = desk.incoming() {
        desk.endpoint.answer(call.dialog, crate::line::offer(), desk.now);
        answers.extend(desk.answers());
    }
    let finals: Vec<u16> = answers.iter().map(|a| status(a)).filter(|s| *s >= 200).collect();
    let right = if lawful.is_empty() { answers.is_empty() } else { finals.len() == 1 && lawful.contains(&finals[0]) };
    assert!(right, "{name}: {finals:?} is not one of {lawful:?}");
    // A normal call is served after it.
    desk.ask(invite("after", 1, ""));
    assert!(desk.incoming().is_some(), "{name}: the next call came in");
}

fn crlf(text: &[u8]) -> Vec<u8> {
    text.split_inclusive(|b| *b == b'\n')
        .flat_map(|l| [l.strip_suffix(b"\n").unwrap_or(l), b"\r\n"])
        .flatten()
        .copied()
        .collect()
}
