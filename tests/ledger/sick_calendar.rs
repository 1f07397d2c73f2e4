//! A real call to a real server whose calendar is slow, or answers nonsense: a bridge, a fallback, nothing lost.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::dav;
use crate::server::{Business, Server, rows};

const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn the_caller_hears_a_bridge_and_a_promise_and_the_office_gets_the_task() {
    for health in ["slow", "broken"] {
        let port = dav::free_port();
        let mut command = Command::new("python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ledger/sick_dav.py")).args([health, &port.to_string()]);
        let mut calendar = command.stdin(Stdio::null()).spawn().expect("python3");
        let section = format!("[calendar]\nkind = \"caldav\"\nurl = \"http://127.0.0.1:{port}/\"\n");
        let server = Server::start_with(Business::Dental, &section);
        let mut call = Command::new(env!("CARGO_BIN_EXE_offhook"));
        call.args(["call", &server.uri("demo"), "--say", "I would like to book a cleaning on Tuesday at ten."]);
        call.args(["--say", "My name is Anna Bell.", "--say", "Thank you, goodbye."]);
        let said = call.env("OFFHOOK_MODELS", crate::server::models()).output().unwrap();
        let _ = calendar.kill(); // gone already: joined below
        let _ = calendar.wait();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let call = server.wait("/api/v1/calls", "the call is over", DEADLINE, |calls| {
            rows(calls).first().is_some_and(|call| call["state"] == "ended")
        });
        let call = rows(&call)[0].clone();
        let lines: Vec<String> = rows(&call["transcript"])
            .iter()
            .filter(|line| line["speaker"] == "agent")
            .map(|line| line["text"].as_str().unwrap_or_default().to_owned())
            .collect();
        let position = |words: &[&str]| lines.iter().position(|line| words.iter().any(|w| line.contains(w)));
        let fallback = position(&["reach the calendar", "calendar isn't answering"]);
        let message = call["outcome"]["message"].clone();
        assert!(message["text"].as_str().is_some_and(|text| text.contains("cleaning")), "{health}: {call:#}");
        if health == "slow" {
            let bridge = position(&["checking the calendar", "Just a moment", "Bear with me"]);
            assert!(bridge.is_some(), "{lines:#?}");
            assert!(fallback.is_none_or(|fallback| bridge < Some(fallback)), "{lines:#?}");
        } else {
            assert!(fallback.is_some(), "{lines:#?}");
        }
        let jobs = server.drained();
        assert!(jobs.iter().any(|job| job["kind"] == "task"), "{health}: {jobs:#?}");
    }
}
