//! A process that is told to stop: no new calls, and those that still run after the drain time hear a BYE.

use std::process::Command;

use crate::server::{Business, Server};
use crate::ua::Ua;

#[test]
fn new_calls_are_sent_elsewhere_and_running_ones_hung_up() {
    let server = Server::start(Business::Dental);
    let mut caller = Ua::new(server.sip);
    let (up, _) = caller.call("");
    let _ = Command::new("kill").args(["-TERM", &server.pid().to_string()]).status();
    server.wait("/api/v1/calls", "the call still runs", crate::server::SOON, |calls| {
        crate::server::rows(calls).iter().any(|call| call["state"] == "active")
    });
    let late = Ua::new(server.sip).invited("");
    assert_eq!(late.status(), 503, "{}", late.text);
    assert!(late.header("Retry-After").parse::<u32>().is_ok_and(|seconds| seconds > 0), "{}", late.text);
    let bye = caller.hear("the end of the drain time");
    assert!(bye.text.starts_with("BYE ") && bye.header("Call-ID") == up.call_id(), "{}", bye.text);
    caller.agree(&bye);
    let (left, _) = server.dies(crate::server::SOON);
    assert!(left, "the process went by itself");
}
