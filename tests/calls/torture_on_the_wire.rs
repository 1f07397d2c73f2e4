//! RFC 4475 and RFC 5118 against a running server: each message by UDP, its answer, and a call after it.
//!
//! The texts stand in `tests/sip/rfc4475` and `rfc5118`: `.txt` with LF, sent with CRLF; `.dat` as they are.

use std::path::Path;

use crate::server::{Business, Server};
use crate::ua::{Message, Ua};

/// What the RFC expects of a user agent that is no registrar: the final statuses, and a header it has to show.
/// No status: a stray response, dropped. 200 for an INVITE is a call that is taken.
type Case = (&'static str, &'static [u16], &'static str);

#[test]
fn all_49_of_rfc_4475_and_12_of_rfc_5118_are_answered_and_calls_go_on() {
    let server = Server::start(Business::Dental);
    let mut ua = Ua::new(server.sip);
    for (folder, cases) in [("rfc4475", &RFC_4475[..]), ("rfc5118", &RFC_5118[..])] {
        for case in cases {
            ask(&mut ua, &read(folder, case.0), case);
        }
    }
    assert_eq!((RFC_4475.len(), RFC_5118.len()), (49, 12));
    let log = server.log();
    assert!(!log.contains("panicked") && !log.contains("a call's task failed"), "{log}");
}

/// One message, what comes of it, and a normal call: nothing else may come in between.
fn ask(ua: &mut Ua, message: &[u8], (name, lawful, header): &Case) {
    ua.send(message);
    if !lawful.is_empty() {
        let answer = ua.hear_final(name);
        assert!(lawful.contains(&answer.status()), "{name}: not one of {lawful:?}:\n{}", answer.text);
        assert!(header.is_empty() || !answer.header(header).is_empty(), "{name}: no {header}:\n{}", answer.text);
        fits(name, message, &answer);
        let invite = answer.header("CSeq").ends_with("INVITE");
        match answer.status() {
            200 if invite => {
                let up = ua.take(&answer);
                ua.hang_up(up);
            }
            300.. if invite => ua.ack_refusal(&answer),
            _ => {}
        }
    }
    // A stray that was answered would be heard here instead.
    let (up, _) = ua.call("");
    ua.hang_up(up);
}

/// The answer is one to this request: what it has to repeat, it repeats (RFC 3261 8.2.6.2).
fn fits(name: &str, request: &[u8], answer: &Message) {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let request = plain(&String::from_utf8_lossy(request));
    for header in ["Call-ID", "CSeq", "From"] {
        assert!(request.contains(&plain(&answer.header(header))), "{name}: another {header}:\n{}", answer.text);
    }
    let has_to = answer.header("To").is_empty() || answer.header("To").contains("tag");
    assert!(has_to, "{name}: an answer without To tag:\n{}", answer.text);
}

fn read(folder: &str, name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sip").join(folder);
    if let Ok(bytes) = std::fs::read(folder.join(format!("{name}.dat"))) {
        return bytes;
    }
    let text = std::fs::read(folder.join(format!("{name}.txt"))).unwrap_or_else(|e| panic!("{name}: {e}"));
    let lines = text.split_inclusive(|b| *b == b'\n');
    lines.flat_map(|l| [l.strip_suffix(b"\n").unwrap_or(l), b"\r\n"]).flatten().copied().collect()
}

const RFC_4475: [Case; 49] = [
    // 3.1.1 valid
    ("wsinv", &[481], ""),
    ("intmeth", &[501], "Allow"),
    ("esc01", &[200], "Contact"),
    ("escnull", &[405], "Allow"),
    ("esc02", &[501], "Allow"),
    ("lwsdisp", &[200], "Allow"),
    ("longreq", &[200], "Contact"),
    ("dblreq", &[405], "Allow"),
    ("semiuri", &[200], "Allow"),
    ("transports", &[200], "Allow"),
    ("mpart01", &[405], "Allow"),
    ("unreason", &[], ""),
    ("noreason", &[], ""),
    // 3.1.2 invalid
    ("badinv01", &[400], ""),
    ("clerr", &[400], ""),
    ("ncl", &[400], ""),
    ("scalar02", &[400], ""),
    ("scalarlg", &[], ""),
    ("quotbal", &[400], ""),
    ("ltgtruri", &[400], ""),
    ("lwsruri", &[400], ""),
    ("lwsstart", &[400], ""),
    ("trws", &[400], ""),
    ("escruri", &[400], ""),
    ("baddate", &[200], "Contact"),
    ("regbadct", &[400, 405], ""),
    ("badaspec", &[400], ""),
    ("baddn", &[200, 400], ""),
    ("badvers", &[505], ""),
    ("mismatch01", &[400], ""),
    ("mismatch02", &[501, 400], ""),
    ("bigcode", &[], ""),
    // 3.2 transactions
    ("badbranch", &[200, 400], ""),
    // 3.3 the application
    ("insuf", &[400], ""),
    ("unkscm", &[416], ""),
    ("novelsc", &[416], ""),
    ("unksm2", &[405, 400], ""),
    ("bext01", &[420], "Unsupported"),
    ("invut", &[415], "Accept"),
    ("regaut01", &[405], "Allow"),
    ("multi01", &[400], ""),
    ("mcl01", &[400], ""),
    ("bcast", &[], ""),
    ("zeromf", &[200, 483], ""),
    ("cparam01", &[405], "Allow"),
    ("cparam02", &[405], "Allow"),
    ("regescrt", &[405], "Allow"),
    ("sdp01", &[406], ""),
    // 3.4 RFC 2543
    ("inv2543", &[200], "Contact"),
];

const RFC_5118: [Case; 12] = [
    ("ipv6-good", &[405], "Allow"),
    ("ipv6-bad", &[400], ""),
    ("port-ambiguous", &[405], "Allow"),
    ("port-unambiguous", &[405], "Allow"),
    ("via-received-param-with-delim", &[481], ""),
    ("via-received-param-no-delim", &[200], "Allow"),
    // No codec of ours in it.
    ("ipv6-in-sdp", &[488], ""),
    ("mult-ip-in-header", &[481], ""),
    ("mult-ip-in-sdp", &[200], "Contact"),
    ("ipv4-mapped-ipv6", &[488], ""),
    // RFC 3261's grammar allowed three colons: tolerated.
    ("ipv6-bug-abnf-3-colons", &[200], "Allow"),
    ("ipv6-correct-abnf-2-colons", &[200], "Allow"),
];
