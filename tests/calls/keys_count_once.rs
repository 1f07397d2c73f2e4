//! Keys on a bad line: each counts once, whatever its payload type, without the marker bit, at 10 % loss.

use std::time::Duration;

use offhook::caller::{self, Act, BadLine, Settings, Start, Turn};

use crate::booked::appointments;
use crate::person::story;
use crate::server::{Business, Server, block_on, rows};
use crate::voices::{Voice, samples, speech};

#[test]
fn keys_count_once() {
    let server = Server::start(Business::Dental);
    let lines = [("+12125550151", OPENINGS[0], 96), ("+12125550152", OPENINGS[1], 101)];
    std::thread::scope(|scope| {
        for (number, opening, payload_type) in lines {
            let server = &server;
            scope.spawn(move || dial(server, number, opening, payload_type));
        }
    });
    let calls = rows(&server.wait("/api/v1/calls", "both calls end", Duration::from_secs(60), |calls| {
        rows(calls).iter().filter(|call| call["state"] == "ended").count() == lines.len()
    }));
    for call in &calls {
        println!("{}", story(call));
        assert_eq!(call["disposition"], "booked", "{}\n{}", story(call), server.log());
        let typed: usize = KEYS.iter().map(|keys| keys.len()).sum();
        assert_eq!(call["digits"].as_str().map(str::len), Some(typed), "{}", story(call));
        assert!(call["media"]["packets_lost"].as_u64() > Some(20), "the line was bad: {}", call["media"]);
    }
    let made = appointments(&server);
    assert_eq!(made.len(), lines.len(), "{made:#?}");
    assert!(made.iter().all(|appointment| appointment["phone"] == TYPED), "{made:#?}");
}

/// Says what is wanted; everything else is typed: no, another number; the number; yes, right; yes, book it; no, that's all.
fn dial(server: &Server, number: &str, opening: &str, payload_type: u8) {
    let sound = samples(&speech(Voice::Kal, opening));
    let opening = Turn { label: opening.into(), act: Act::Sound(sound.into()), start: Start::AgentFinished };
    let keys = KEYS.map(|keys| Turn { label: keys.into(), act: Act::Keys(keys.into()), start: Start::AgentFinished });
    let settings = Settings {
        target: server.uri("desk"),
        from: format!("sip:{number}@localhost"),
        turns: std::iter::once(opening).chain(keys).collect(),
        record: None,
        timeline: false,
        line: BadLine {
            loss_percent: 10,
            dtmf_payload_type: payload_type,
            dtmf_marker: false,
            seed: u64::from(payload_type),
        },
        hang_up_after: Duration::from_secs(120),
    };
    let report = block_on(caller::place(settings)).expect("the call is placed");
    assert_eq!((report.status, report.ended_by.as_str()), (200, "agent_hung_up"), "{report:?}");
}

const OPENINGS: [&str; 2] = [
    "Hi, my name is Susan Parker, I'd like a cleaning on Wednesday at eleven in the morning.",
    "Hi, my name is Peter Miller, I'd like a cleaning on Thursday at ten in the morning.",
];
/// The number has the same key twice in a row: a key counted twice would not be seen as one.
const KEYS: [&str; 5] = ["2", "4155550132#", "1", "1", "2"];
const TYPED: &str = "+14155550132";
