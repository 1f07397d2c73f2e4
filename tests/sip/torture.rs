//! Every message of RFC 4475: lawfully answered, or dropped when it is a stray response.
//!
//! The texts stand in `rfc4475/`, one per file: `.txt` with LF, sent with CRLF; `.dat` as it is.

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
fn messages_with_bytes_that_are_no_text() {
    for (name, lawful) in [("intmeth", 501), ("mpart01", 405)] {
        let path = format!("{}/tests/sip/rfc4475/{name}.dat", env!("CARGO_MANIFEST_DIR"));
        check(name, &std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}")), &[lawful]);
    }
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
