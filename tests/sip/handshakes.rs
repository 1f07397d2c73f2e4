//! DTLS-SRTP in descriptions (RFC 5763): which offers are taken, who begins, and what our own offers keep to.

use offhook::sip::sdp::{self, Fingerprint, LocalMedia, Protection, Refusal, Secret, Security, Session, Setup, Terms};

use crate::line::addr;

const HEAD: &str = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n";

fn local() -> LocalMedia {
    LocalMedia { addr: addr("192.0.2.9:20000"), ptime: 20, session_id: 7, version: 1 }
}

fn terms(security: Security) -> Terms {
    let (secret, fingerprint) = (Some(Secret::new((0..64).collect())), Some(Fingerprint::of(b"ours")));
    Terms { security, secret, fingerprint, ..Terms::narrow() }
}

fn session(text: &str) -> Session {
    text.parse().expect("a description")
}

fn theirs() -> String {
    Fingerprint::of(b"theirs").to_string()
}

fn offer(protocol: &str, lines: &str) -> Session {
    session(&format!("{HEAD}m=audio 4000 {protocol} 0\na={}\n{lines}", theirs()))
}

/// What we do, as it was agreed and as the answer says it.
fn setup(offer: &Session, terms: &Terms) -> Result<Setup, Refusal> {
    let done = sdp::negotiate(offer, local(), terms)?;
    let Some(Protection::Dtls(dtls)) = &done.agreed.protection else { panic!("no handshake: {:?}", done.agreed) };
    assert!(dtls.theirs.fits(b"theirs") && !dtls.theirs.fits(b"ours"));
    let said = done.answer.lines().find_map(|line| line.strip_prefix("a=setup:"));
    assert_eq!(said, Some(dtls.setup.name()), "{}", done.answer);
    assert!(done.answer.contains(&format!("a={}\r\n", Fingerprint::of(b"ours"))), "{}", done.answer);
    Ok(dtls.setup)
}

#[test]
fn they_begin_unless_they_want_us_to() {
    let terms = terms(Security::Required);
    for protocol in ["UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "RTP/SAVP", "RTP/SAVPF"] {
        let said = |line: &str| setup(&offer(protocol, line), &terms);
        assert_eq!(said("a=setup:actpass\n"), Ok(Setup::Passive), "{protocol}");
        assert_eq!(said("a=setup:active\n"), Ok(Setup::Passive));
        assert_eq!(said("a=setup:passive\n"), Ok(Setup::Active));
        assert_eq!(said(""), Ok(Setup::Passive));
        assert_eq!(said("a=setup:holdconn\n"), Err(Refusal::Security));
    }
    let above = session(&format!(
        "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\na={}\na=setup:passive\nm=audio 4000 UDP/TLS/RTP/SAVP 0\n",
        theirs()
    ));
    assert_eq!(setup(&above, &terms), Ok(Setup::Active), "what is said above all streams counts");
}

#[test]
fn no_certificate_no_handshake() {
    let good = offer("UDP/TLS/RTP/SAVP", "a=setup:actpass\n");
    let refused = |offer: &Session, terms: &Terms| sdp::negotiate(offer, local(), terms).err();
    assert_eq!(refused(&good, &terms(Security::Off)), Some(Refusal::Security));
    let bare = Terms { fingerprint: None, ..terms(Security::Optional) };
    assert_eq!(refused(&good, &bare), Some(Refusal::Security));
    for named in ["a=setup:actpass\n", "a=fingerprint:sha-1 AA:BB\na=setup:actpass\n", "a=fingerprint:sha-256 zz\n"] {
        let unnamed = session(&format!("{HEAD}m=audio 4000 UDP/TLS/RTP/SAVP 0\n{named}"));
        assert_eq!(refused(&unnamed, &terms(Security::Optional)), Some(Refusal::Security), "{named}");
    }
}

#[test]
fn a_call_keeps_to_its_handshake() {
    let terms = Terms { setup: Some(Setup::Active), ..terms(Security::Required) };
    assert_eq!(setup(&offer("UDP/TLS/RTP/SAVP", "a=setup:actpass\n"), &terms), Ok(Setup::Active), "who began before");
    let ours = sdp::offer(local(), &terms);
    assert!(ours.contains("UDP/TLS/RTP/SAVP ") && ours.contains("a=setup:actpass\r\n"), "{ours}");
    assert!(!ours.contains("a=crypto"), "{ours}");
    let answer = |protocol: &str, line: &str| sdp::accept_answer(&offer(protocol, line), &terms);
    let agreed = answer("UDP/TLS/RTP/SAVP", "a=setup:active\n").expect("a handshake").protection;
    assert!(matches!(agreed, Some(Protection::Dtls(dtls)) if dtls.setup == Setup::Passive));
    assert_eq!(answer("RTP/AVP", "").err(), Some(Refusal::Security), "never back to plain media");
}
