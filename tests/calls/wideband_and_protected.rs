//! Real phones with wideband codecs and protected media are greeted and understood; plain media is refused where it must be.

use std::time::Duration;

use serde_json::Value;

use crate::phones::{Baresip, Phone};
use crate::server::{Business, Server, rows};
use crate::voices::{Voice, speech_at};

#[test]
fn wideband_and_protected() {
    let server = Server::start_with(Business::Dental, "srtp = \"required\"\n");
    let uri = server.uri("desk");
    let mut plain = Baresip::call_with(&uri, NUMBERS[0], "audio_codecs=G722/16000/1", 16_000);
    plain.wait_for_end();
    assert!(rows(&server.get("/api/v1/calls")).is_empty(), "required protection never falls back");

    let secure = "audio_codecs=G722/16000/1;mediaenc=srtp-mand";
    let mut phone = Baresip::call_with(&uri, NUMBERS[1], secure, 16_000);
    said(&server, "agent", "dental");
    phone.play(&speech_at(Voice::Slt, "I would like to leave a message about my invoice, please.", 16_000));
    said(&server, "caller", "invoice");
    phone.hang_up();
    phone.wait_for_end();
    let call = server.ended_call();
    let media = &call["media"];
    assert_eq!((&media["codec"], &media["protection"]), (&"G722".into(), &"AES_CM_128_HMAC_SHA1_80".into()), "{media}");
    assert!(media["mos"].as_f64().is_some_and(|mos| mos > 3.9), "{media}");
    let heard = phone.heard();
    let wide = share_above_4_khz(&heard);
    assert!(wide > 1e-3, "{wide:.6} of what the phone heard is above 4 kHz: {} samples", heard.len());
}

/// Waits until one side is on record with this word.
pub fn said(server: &Server, speaker: &str, word: &str) {
    let fits = |calls: &Value| {
        let Some(call) = rows(calls).first().cloned() else { return false };
        let call = server.get(&format!("/api/v1/calls/{}", call["id"].as_str().unwrap_or_default()));
        let lines = call["transcript"].as_array().cloned().unwrap_or_default();
        lines.iter().any(|line| {
            let text = line["text"].as_str().unwrap_or_default().to_lowercase();
            line["speaker"] == speaker && text.contains(word)
        })
    };
    server.wait("/api/v1/calls", &format!("{speaker} says {word:?}"), Duration::from_secs(30), fits);
}

/// The share of energy that a narrowband line would have cut off.
fn share_above_4_khz(heard: &[i16]) -> f64 {
    let narrow = offhook::audio::resample(&offhook::audio::resample(heard, 16_000, 8_000), 8_000, 16_000);
    let energy = |samples: &mut dyn Iterator<Item = f64>| samples.map(|x| x * x).sum::<f64>();
    let all = energy(&mut heard.iter().map(|&x| f64::from(x)));
    energy(&mut heard.iter().zip(&narrow).map(|(&a, &b)| f64::from(a) - f64::from(b))) / all.max(1.0)
}

const NUMBERS: [&str; 2] = ["+12125550171", "+12125550172"];
