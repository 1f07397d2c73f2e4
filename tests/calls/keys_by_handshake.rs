//! A real phone agrees on the keys of its media by a handshake on the media path, is greeted and understood:
//! DTLS-SRTP, where protection is required.

use crate::phones::{Baresip, Phone};
use crate::server::{Business, Server};
use crate::voices::{Voice, speech};
use crate::wideband_and_protected::said;

#[test]
fn keys_by_handshake() {
    let server = Server::start_with(Business::Dental, "srtp = \"required\"\n");
    let account = "audio_codecs=PCMA/8000/1;mediaenc=dtls_srtp";
    let mut phone = Baresip::call_with(&server.uri("desk"), "+12125550173", account, 8_000);
    said(&server, "agent", "dental");
    phone.play(&speech(Voice::Slt, "I would like to leave a message about my invoice, please."));
    said(&server, "caller", "invoice");
    phone.hang_up();
    phone.wait_for_end();
    let call = server.ended_call();
    let media = &call["media"];
    assert_eq!((&media["codec"], &media["protection"]), (&"PCMA".into(), &"DTLS-SRTP".into()), "{media}");
    assert!(media["mos"].as_f64().is_some_and(|mos| mos > 3.9), "{media}");
    let heard = phone.heard();
    assert!(heard.iter().filter(|sample| sample.unsigned_abs() > LOUD).count() > heard.len() / 50, "it was greeted");
}

/// Louder than any line's own noise.
const LOUD: u16 = 1_000;
