//! Keys on a bad line: each counts once, whatever its payload type, without the marker bit, at 10 % loss.

use std::time::Duration;

use offhook::caller::{self, Act, BadLine, Settings, Start, Turn};

use crate::person::story;
use crate::server::{Business, Server, block_on, rows};
use crate::voices::{Voice, samples, speech};

#[test]
fn keys_count_once() {
    let server = Server::start(Business::Dental);
    let lines = [("+12125550151", 96), ("+12125550152", 101)];
    std::thread::scope(|scope| {
        for (number, payload_type) in lines {
            let server = &server;
            scope.spawn(move || dial(server, number, payload_type));
        }
    });
    let calls = rows(&server.wait("/api/v1/calls", "both calls end", Duration::from_secs(30), |calls| {
        rows(calls).iter().filter(|call| call["state"] == "ended").count() == lines.len()
    }));
    let typed: usize = turns().iter().map(|turn| if let Act::Keys(keys) = &turn.act { keys.len() } else { 0 }).sum();
    for call in &calls {
        println!("{}", story(call));
        assert_eq!(call["disposition"], "message", "{}\n{}", story(call), server.log());
        assert_eq!(call["digits"].as_str().map(str::len), Some(typed), "{}", story(call));
        assert_eq!(call["outcome"]["phone"], TYPED, "{}", story(call));
        assert!(call["media"]["packets_lost"].as_u64() > Some(20), "the line was bad: {}", call["media"]);
    }
}

fn dial(server: &Server, number: &str, payload_type: u8) {
    let settings = Settings {
        target: server.uri("desk"),
        from: format!("sip:{number}@localhost"),
        turns: turns(),
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

/// A message: the line is too bad for words that have to be understood one by one.
fn turns() -> Vec<Turn> {
    let turn = |label: &str, act| Turn { label: label.into(), act, start: Start::AgentFinished };
    let say = |text: &str| turn(text, Act::Sound(samples(&speech(Voice::Kal, text)).into()));
    let press = |keys: &str| turn(keys, Act::Keys(keys.into()));
    vec![
        // How can I help? A message.
        press("2"),
        say("Please call me back about my invoice."),
        say("My name is Susan Parker."),
        // The number you're calling from? No.
        press("2"),
        // The same key twice and thrice in a row: one lost or doubled would show.
        press("4155550132#"),
        // Is that right? Yes.
        press("1"),
        // Anything else? No.
        press("2"),
    ]
}

const TYPED: &str = "+14155550132";
