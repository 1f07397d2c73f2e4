//! Offers as phones make them, and what they are answered.

use offhook::sip::sdp::{
    self, Agreed, Codec, Crypto, Direction, Encoding, LocalMedia, Negotiated, Protection, Refusal, Secret, Security,
    Session, Suite, Terms,
};
use proptest::prelude::*;

use crate::line::addr;

fn local() -> LocalMedia {
    LocalMedia { addr: addr("192.0.2.9:20000"), ptime: 20, session_id: 7, version: 3 }
}

fn session(text: &str) -> Session {
    text.parse().expect("a session description")
}

fn pcmu(payload_type: u8) -> Codec {
    Codec { encoding: Encoding::Pcmu, payload_type }
}

fn pcma(payload_type: u8) -> Codec {
    Codec { encoding: Encoding::Pcma, payload_type }
}

fn negotiate(offer: &Session, local: LocalMedia) -> Result<Negotiated, Refusal> {
    sdp::negotiate(offer, local, &Terms::narrow())
}

fn accept_answer(answer: &Session) -> Result<Agreed, Refusal> {
    sdp::accept_answer(answer, &Terms::narrow())
}

fn offer(local: LocalMedia) -> String {
    sdp::offer(local, &Terms::narrow())
}

const HEAD: &str = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n";

#[test]
fn the_offered_order_of_codecs_counts() {
    let offer =
        session(&format!("{HEAD}m=audio 4000 RTP/AVP 9 8 0 96\na=rtpmap:96 Telephone-Event/8000\na=ptime:30\n"));
    let done = negotiate(&offer, local()).expect("PCMA is there");
    assert_eq!((done.agreed.codec, done.agreed.dtmf_pt, done.agreed.ptime), (pcma(8), Some(96), 30));
    assert_eq!(done.agreed.remote, Some(addr("192.0.2.1:4000")));
    assert!(done.answer.contains("o=offhook 7 3 IN IP4 192.0.2.9\r\n"));
    assert!(done.answer.contains("m=audio 20000 RTP/AVP 8 96\r\n"), "{}", done.answer);
    assert_eq!(accept_answer(&session(&done.answer)).map(|a| a.codec), Ok(pcma(8)));
}

#[test]
fn dynamic_numbers_and_other_clocks() {
    let offer = session(&format!(
        "{HEAD}m=audio 4000 RTP/AVP 101 110\r\na=rtpmap:101 pcmu/8000/1\r\na=rtpmap:110 telephone-event/48000\r\n"
    ));
    let agreed = negotiate(&offer, local()).expect("PCMU is there").agreed;
    assert_eq!((agreed.codec, agreed.dtmf_pt, agreed.dtmf_clock), (pcmu(101), Some(110), 48_000));
}

#[test]
fn other_streams_are_rejected_in_place() {
    let offer = session(&format!(
        "{HEAD}m=video 5000 RTP/AVP 31\nm=audio 0 RTP/AVP 0\nm=audio 4000 RTP/SAVP 0\nm=audio 4002 RTP/AVP 0\nc=IN IP4 192.0.2.3\n"
    ));
    let done = negotiate(&offer, local()).expect("the last stream fits");
    let answer = session(&done.answer);
    assert_eq!(answer.media.iter().map(|m| m.port).collect::<Vec<_>>(), [0, 0, 0, 20000]);
    assert_eq!(done.agreed.remote, Some(addr("192.0.2.3:4002")));
}

#[test]
fn hold_in_its_three_ways() {
    let held = |c: &str, a: &str| {
        let offer = session(&format!("v=0\no=- 1 1 IN IP4 {c}\ns=-\nt=0 0\nc=IN IP4 {c}\n{a}m=audio 4000 RTP/AVP 0\n"));
        let agreed = negotiate(&offer, local()).expect("hold is an offer").agreed;
        (agreed.remote.is_some(), agreed.direction)
    };
    assert_eq!(held("192.0.2.1", "a=sendonly\n"), (true, Direction::RecvOnly));
    assert_eq!(held("192.0.2.1", "a=inactive\n"), (true, Direction::Inactive));
    assert_eq!(held("0.0.0.0", ""), (false, Direction::SendRecv));
}

#[test]
fn what_cannot_be_spoken_is_refused() {
    let refused = |text: &str| negotiate(&session(text), local()).err();
    assert_eq!(refused(HEAD), Some(Refusal::NoAudio));
    assert_eq!(refused(&format!("{HEAD}m=audio 4000 RTP/AVP 9\n")), Some(Refusal::NoCodec));
    assert_eq!(refused(&format!("{HEAD}m=audio 4000 RTP/AVP 0\nc=IN IP4 224.1.1.1\n")), Some(Refusal::NoAddress));
    assert_eq!(refused(&format!("{HEAD}m=audio 4000 RTP/AVP 0\nc=IN IP4 phone.example\n")), Some(Refusal::NoAddress));
    assert_eq!(refused(&format!("{HEAD}m=audio 4000 RTP/SAVP 0\n")), Some(Refusal::Security));
    assert_eq!(refused(&format!("{HEAD}m=audio 4000 UDP/TLS/RTP/SAVP 0\n")), Some(Refusal::Security));
    assert_eq!(refused(&format!("{HEAD}m=audio 4000 TCP/MRCPv2 1\n")), Some(Refusal::NoAudio));
}

#[test]
fn ipv6_is_written_as_such() {
    let media = LocalMedia { addr: addr("[2001:db8::9]:20000"), ..local() };
    let text = offer(media);
    assert!(text.contains("c=IN IP6 2001:db8::9\r\n"));
    assert_eq!(accept_answer(&session(&text)).expect("our own offer").remote, Some(media.addr));
}

#[test]
fn keys_are_offered_under_the_payload_type_asked_for() {
    for payload_type in [96, 101] {
        let text = sdp::offer_with_dtmf(local(), payload_type, &Terms::narrow());
        assert_eq!(accept_answer(&session(&text)).expect("our own offer").dtmf_pt, Some(payload_type));
    }
}

/// What is chosen of an offer's formats by our list.
fn chosen(formats: &str, codecs: &[Encoding]) -> (Encoding, u8) {
    let maps = "a=rtpmap:96 opus/48000/2\na=rtpmap:97 opus/48000\na=rtpmap:99 G722/16000\n";
    let offer = session(&format!("{HEAD}m=audio 4000 RTP/AVP {formats}\n{maps}"));
    let terms = Terms { codecs: codecs.to_vec(), ..Terms::plain() };
    let codec = sdp::negotiate(&offer, local(), &terms).expect("a codec").agreed.codec;
    (codec.encoding, codec.payload_type)
}

#[test]
fn our_order_chooses_and_theirs_between_the_laws() {
    let all = Encoding::ALL;
    assert_eq!(chosen("0 9 96", &all), (Encoding::Opus, 96));
    assert_eq!(chosen("8 0 9", &all), (Encoding::G722, 9));
    assert_eq!(chosen("8 0", &all), (Encoding::Pcma, 8));
    assert_eq!(chosen("0 8", &all), (Encoding::Pcmu, 0));
    assert_eq!(chosen("99 97 0", &all), (Encoding::Opus, 97));
    assert_eq!(chosen("9 96 0", &[Encoding::Pcmu, Encoding::G722]), (Encoding::Pcmu, 0));
    assert_eq!(chosen("96 9", &[Encoding::Pcmu, Encoding::G722]), (Encoding::G722, 9));
}

#[test]
fn opus_is_answered_with_keys_on_its_clock_and_the_packets_they_can_take() {
    let offer = session(&format!(
        "{HEAD}m=audio 4000 RTP/AVP 96 0 13 101 110\na=rtpmap:96 opus/48000/2\na=fmtp:96 useinbandfec=1; usedtx=1\n\
         a=rtpmap:101 telephone-event/8000\na=rtpmap:110 telephone-event/48000\na=ptime:60\na=maxptime:40\n"
    ));
    let done = sdp::negotiate(&offer, local(), &Terms::plain()).expect("opus is there");
    let agreed = &done.agreed;
    assert_eq!((agreed.dtmf_pt, agreed.dtmf_clock, agreed.ptime), (Some(110), 48_000, 40));
    assert!(agreed.fec && agreed.dtx && agreed.comfort_noise);
    assert!(done.answer.contains("m=audio 20000 RTP/AVP 96 13 110\r\n"), "{}", done.answer);
    assert!(done.answer.contains("a=rtpmap:96 opus/48000/2\r\n") && done.answer.contains("useinbandfec=1"));
    let ours = sdp::offer(local(), &Terms::plain());
    assert_eq!(sdp::accept_answer(&session(&ours), &Terms::plain()).expect("our own").codec.payload_type, 111);
}

fn terms(security: Security) -> Terms {
    Terms { security, secret: Some(Secret::new((0..64).collect())), ..Terms::narrow() }
}

fn protected(lines: &str) -> Session {
    session(&format!("{HEAD}m=audio 4000 RTP/SAVP 0\n{lines}"))
}

const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

#[test]
fn protection_is_as_the_policy_says_and_never_less() {
    let good = protected(&format!("a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20\n"));
    let plain = session(&format!("{HEAD}m=audio 4000 RTP/AVP 0\na=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\n"));
    let both = session(&format!(
        "{HEAD}m=audio 4000 RTP/AVP 0\nm=audio 4002 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\n"
    ));
    let answered = |offer: &Session, security| {
        let done = sdp::negotiate(offer, local(), &terms(security));
        done.map(|done| done.agreed.protection.is_some())
    };
    assert_eq!(answered(&good, Security::Off), Err(Refusal::Security));
    assert_eq!([&good, &plain].map(|offer| answered(offer, Security::Optional)), [Ok(true), Ok(false)]);
    assert_eq!(answered(&plain, Security::Required), Err(Refusal::Security), "required never falls back");
    let both = [Security::Off, Security::Optional, Security::Required].map(|security| answered(&both, security));
    assert_eq!(both, [Ok(false), Ok(true), Ok(true)], "the protected one of two, where there may be one");
    let keyless = Terms { secret: None, ..terms(Security::Optional) };
    assert_eq!(sdp::negotiate(&good, local(), &keyless).err(), Some(Refusal::Security));
    let done = sdp::negotiate(&good, local(), &terms(Security::Required)).expect("a key");
    let line = done.answer.lines().find_map(|line| Crypto::parse(line.strip_prefix("a=")?)).expect("our key");
    assert_eq!((line.tag, line.suite, line.secret.reveal().len()), (7, Suite::AesCm128_80, 30));
    assert!(done.answer.contains("RTP/SAVP 0"), "{}", done.answer);
    assert!(!format!("{done:?}").contains(KEY) && format!("{:?}", line).contains("Secret"));
}

#[test]
fn lines_we_cannot_keep_to_are_passed_over() {
    let bad = [
        format!("crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4"),
        format!("crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4"),
        format!("crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}"),
        format!("crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP"),
        format!("crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1"),
        format!("crypto:1 AEAD_AES_128_GCM inline:{KEY}"),
        format!("crypto:1 F8_128_HMAC_SHA1_80 inline:{KEY}"),
        "crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=".into(),
        format!("crypto:x AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
    ];
    for line in &bad {
        assert_eq!(Crypto::parse(line), None, "{line}");
    }
    let good = format!("crypto:2 aes_cm_128_hmac_sha1_32 inline:{KEY} WSH=64");
    assert_eq!(Crypto::parse(&good).map(|line| (line.tag, line.suite)), Some((2, Suite::AesCm128_32)));
    let lines: String = bad.iter().chain([&good]).map(|line| format!("a={line}\n")).collect();
    let done = sdp::negotiate(&protected(&lines), local(), &terms(Security::Optional)).expect("the last one");
    let Some(Protection::Sdes(taken)) = done.agreed.protection else { panic!("no keys: {:?}", done.agreed) };
    assert_eq!(taken.tag, 2);
}

#[test]
fn our_own_protected_offer_takes_no_plain_answer() {
    let required = terms(Security::Required);
    let ours = sdp::offer(local(), &required);
    assert!(ours.contains("RTP/SAVP") && ours.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), "{ours}");
    let agreed = sdp::accept_answer(&session(&ours), &required).expect("a protected answer");
    assert!(agreed.protection.is_some());
    let plain = session(&format!("{HEAD}m=audio 4000 RTP/AVP 0\n"));
    assert_eq!(sdp::accept_answer(&plain, &required), Err(Refusal::Security));
    assert!(sdp::offer(local(), &terms(Security::Optional)).contains("RTP/AVP "));
}

proptest! {
    #[test]
    fn any_crypto_line_is_read_without_panic(text in "crypto:[0-9]{1,11} ?[A-Z_0-9]{0,24} ?(inline:)?[A-Za-z0-9+/=|:;^]{0,80} ?[A-Z=0-9]{0,9}") {
        let _ = Crypto::parse(&text);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(session) = Session::parse(&bytes) {
            let _ = negotiate(&session, local());
        }
    }

    #[test]
    fn broken_offers_are_answered_or_refused(at in 0usize..200, with in any::<u8>(), cut in 0usize..220) {
        let mut bytes = offer(local()).into_bytes();
        let at = at % bytes.len();
        bytes[at] = with;
        bytes.truncate(bytes.len().min(cut.max(1)));
        if let Ok(parsed) = Session::parse(&bytes)
            && let Ok(done) = negotiate(&parsed, local())
        {
            prop_assert_eq!(session(&done.answer).media.len(), parsed.media.len());
        }
    }
}
