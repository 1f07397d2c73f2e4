//! Each direction by itself: what the receptionist says is understood from what the phone heard, and what the phone says
//! stands in the transcript. An echo would show both only together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cell::{Cell, Codec, Phone, Protection, Transport, Way};
use crate::conversation::{Heard, ask};
use crate::house::{House, missing};
use crate::server::{SOON, Server, models, rows};
use crate::{baresip, linphone, pjsua, sipp, voices};

/// One call of each phone to the receptionist.
pub fn calls() -> Vec<Cell> {
    let cell = |phone, codec, protection| Cell {
        phone,
        way: Way::Direct,
        transport: Transport::Udp,
        codec,
        protection,
        hold: false,
        keys: false,
    };
    vec![
        cell(Phone::Baresip, Codec::Opus, Protection::Sdes),
        cell(Phone::Pjsua2, Codec::G722, Protection::Sdes),
        cell(Phone::Linphone, Codec::Opus, Protection::None),
        cell(Phone::Sipp, Codec::Pcma, Protection::None),
    ]
}

/// Makes such a call; why it does not show what it should.
pub fn shown(cell: &Cell, house: &House, number: usize) -> Result<(), String> {
    if let Some(program) = missing(cell) {
        return Err(format!("no {program} here"));
    }
    let (uri, number, server) = (house.uri(cell, "desk"), format!("+12125553{number:03}"), house.server(cell));
    let understood = || said(server, &number);
    let heard = catch_unwind(AssertUnwindSafe(|| match cell.phone {
        Phone::Baresip => ask(baresip::dial(cell, &uri, &number), cell, understood),
        Phone::Pjsua2 => ask(pjsua::dial(cell, &uri, &number), cell, understood),
        Phone::Linphone => ask(linphone::dial(cell, &uri, &number), cell, understood),
        Phone::Sipp => {
            let heard = sipp::ask(cell, &uri, &number);
            understood();
            heard
        }
    }));
    let heard = heard.map_err(|why| why.downcast_ref::<String>().cloned().unwrap_or_default())?;
    let words = transcript(&heard);
    if words.to_lowercase().contains("dental") { Ok(()) } else { Err(format!("greeted with {words:?}")) }
}

/// Waits until the wish is on record as this caller's words.
fn said(server: &Server, number: &str) {
    server.wait("/api/v1/calls", "the caller is understood", SOON, |calls| {
        let Some(call) = rows(calls).into_iter().find(|call| call["from"] == number) else { return false };
        let call = server.get(&format!("/api/v1/calls/{}", call["id"].as_str().unwrap_or_default()));
        let lines = call["transcript"].as_array().cloned().unwrap_or_default();
        let invoice = |line: &Value| line["text"].as_str().unwrap_or_default().to_lowercase().contains("invoice");
        lines.iter().any(|line| line["speaker"] == "caller" && invoice(line))
    });
}

/// What Whisper makes of what a phone heard.
fn transcript(heard: &Heard) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("heard.wav");
    voices::write(&file, &heard.sound);
    let told = Command::new(Path::new(env!("CARGO_BIN_EXE_offhook")))
        .args(["transcribe", "--language", "en"])
        .arg(&file)
        .env("OFFHOOK_MODELS", models())
        .output();
    String::from_utf8_lossy(&told.expect("the binary under test starts").stdout).into_owned()
}
