//! Offers as phones make them, and what they are answered.

use offhook::sip::sdp::{
    Codec, Direction, LocalMedia, Refusal, Session, accept_answer, negotiate, offer, offer_with_dtmf,
};
use proptest::prelude::*;

use crate::line::addr;

fn local() -> LocalMedia {
    LocalMedia { addr: addr("192.0.2.9:20000"), ptime: 20, session_id: 7, version: 3 }
}

fn session(text: &str) -> Session {
    text.parse().expect("a session description")
}

const HEAD: &str = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n";

#[test]
fn the_offered_order_of_codecs_counts() {
    let offer =
        session(&format!("{HEAD}m=audio 4000 RTP/AVP 9 8 0 96\na=rtpmap:96 Telephone-Event/8000\na=ptime:30\n"));
    let done = negotiate(&offer, local()).expect("PCMA is there");
    assert_eq!((done.agreed.codec, done.agreed.dtmf_pt, done.agreed.ptime), (Codec::Pcma(8), Some(96), 30));
    assert_eq!(done.agreed.remote, Some(addr("192.0.2.1:4000")));
    assert!(done.answer.contains("o=offhook 7 3 IN IP4 192.0.2.9\r\n"));
    assert!(done.answer.contains("m=audio 20000 RTP/AVP 8 96\r\n"), "{}", done.answer);
    assert_eq!(accept_answer(&session(&done.answer)).map(|a| a.codec), Ok(Codec::Pcma(8)));
}

#[test]
fn dynamic_numbers_and_other_clocks() {
    let offer = session(&format!(
        "{HEAD}m=audio 4000 RTP/AVP 101 110\r\na=rtpmap:101 pcmu/8000/1\r\na=rtpmap:110 telephone-event/48000\r\n"
    ));
    let agreed = negotiate(&offer, local()).expect("PCMU is there").agreed;
    assert_eq!((agreed.codec, agreed.dtmf_pt, agreed.dtmf_clock), (Codec::Pcmu(101), Some(110), 48_000));
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
    assert_eq!(refused(&format!("{HEAD}m=audio 4000 RTP/SAVP 0\n")), Some(Refusal::NoAudio));
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
        let text = offer_with_dtmf(local(), payload_type);
        assert_eq!(accept_answer(&session(&text)).expect("our own offer").dtmf_pt, Some(payload_type));
    }
}

proptest! {
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
