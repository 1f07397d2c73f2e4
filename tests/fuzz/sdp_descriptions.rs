//! Any bytes through the SDP parser, the negotiation and the answer.

use offhook::sip::sdp::{LocalMedia, Session, accept_answer, negotiate};

use crate::mutate;

/// Descriptions as phones write them.
pub const SEEDS: [&str; 3] = [
    "v=0\no=ann 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 0 8 96\na=rtpmap:0 PCMU/8000\n\
     a=rtpmap:96 telephone-event/8000\na=fmtp:96 0-16\na=ptime:20\na=sendrecv\n",
    "v=0\no=- 9 9 IN IP6 ::1\ns= \nc=IN IP6 ::1\nt=0 0\nm=video 0 RTP/AVP 99\nm=audio 4002/2 RTP/SAVP 8 101\na=crypto:1 \
     AES_CM_128_HMAC_SHA1_80 inline:x\na=rtpmap:101 telephone-event/48000\na=inactive\n",
    "v=0\no=- 1 2 IN IP4 0.0.0.0\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\nm=audio 4004 RTP/AVP 18 0\nc=IN IP4 127.0.0.1\na=sendonly\n",
];

#[test]
fn no_description_panics_the_negotiation() {
    let seeds: Vec<Vec<u8>> = SEEDS.iter().map(|seed| seed.replace('\n', "\r\n").into_bytes()).collect();
    let addr = "127.0.0.1:20000".parse().expect("an address");
    mutate::run("sdp", &seeds, |bytes| {
        if let Ok(session) = Session::parse(bytes) {
            let local = LocalMedia { addr, ptime: 20, session_id: 1, version: 1 };
            if let Ok(negotiated) = negotiate(&session, local) {
                let answer = Session::parse(negotiated.answer.as_bytes());
                assert!(answer.is_ok(), "our own answer does not parse: {}", negotiated.answer);
            }
            let _ = accept_answer(&session);
        }
    });
}
