//! `offhook serve` with a calendar that cannot be used: it says so, and answers the phone.

use std::process::Command;
use std::time::Duration;

use crate::dav;
use crate::server::{Business, Server, rows};

#[test]
fn a_calendar_that_is_down_is_said_at_start_and_calls_are_answered() {
    let port = dav::free_port();
    let section = format!("[calendar]\nkind = \"caldav\"\nurl = \"http://127.0.0.1:{port}/\"\n");
    let server = Server::start_with(Business::Dental, &section);
    server.wait("/api/v1/calls", "it says what is wrong", DEADLINE, |_| server.log().contains("[calendar]"));
    let log = server.log();
    let line = log.lines().find(|line| line.contains("[calendar]")).unwrap();
    assert!(line.contains("ERROR") && line.contains("start the server or correct url"), "{line}");

    let mut call = Command::new(env!("CARGO_BIN_EXE_offhook"));
    call.args(["call", &server.uri("demo"), "--say", "I would like to book a cleaning on Tuesday at ten."]);
    let said = call.env("OFFHOOK_MODELS", crate::server::models()).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let calls = server.wait("/api/v1/calls", "the call is over", DEADLINE, |calls| {
        rows(calls).first().is_some_and(|call| call["state"] == "ended")
    });
    let heard = rows(&rows(&calls)[0]["transcript"]);
    assert!(heard.iter().filter(|line| line["speaker"] == "agent").count() >= 2, "it went on talking: {calls:#}");
}

#[test]
fn a_password_that_is_refused_is_said_and_not_shown() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let calendar = runtime.block_on(dav::radicale());
    let section = format!(
        "[calendar]\nkind = \"caldav\"\nurl = \"{}\"\nusername = \"desk\"\npassword = \"not-this-one\"\n",
        calendar.root
    );
    let server = Server::start_with(Business::Garage, &section);
    server.wait("/api/v1/calls", "it says what is wrong", DEADLINE, |_| server.log().contains("[calendar]"));
    let log = server.log();
    assert!(log.contains("does not accept this user name and password") && log.contains("start again"), "{log}");
    assert!(!log.contains("not-this-one"), "{log}");
}

/// A call and a refused connection on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
