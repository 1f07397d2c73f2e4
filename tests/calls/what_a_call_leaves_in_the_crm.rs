//! The diff of the whole CRM before and after a call is the list of its fields, nothing else: for a caller who hangs up,
//! and for a call whose process is killed. Booking, message and keys are judged alike in the tests that place them.

use std::time::Duration;

use offhook::caller::{self, Act, BadLine, Settings, Start, Turn};
use serde_json::Value;

use crate::person::{live_call, path};
use crate::server::{Business, Server, block_on, rows};
use crate::voices::{Voice, samples, speech};
use crate::whole_crm::{Crm, activity, assert_gained, contact, task};

#[test]
fn who_hangs_up_and_whose_call_dies_leave_what_is_listed() {
    let server = Server::start(Business::Dental);
    let before = Crm::of(&server);
    let report = block_on(caller::place(settings(&server, HUNG_UP, Vec::new(), Duration::from_secs(2))));
    assert_eq!(report.expect("the call is placed").ended_by, "caller_hung_up");
    let call = server.ended_call();
    server.drained();
    let id = text(&call["id"]);
    assert_eq!(call["disposition"], "abandoned");
    assert_gained(&server, &before, vec![activity(&server, id, true, &[]), contact("elm-dental", HUNG_UP, &[])]);

    let before = Crm::of(&server);
    let words = Act::Sound(samples(&speech(Voice::Kal, "I would like a cleaning, please.")).into());
    let says = Turn { label: "says".into(), act: words, start: Start::AgentFinished };
    let settings = settings(&server, CUT_OFF, vec![says], Duration::from_secs(60));
    let phone = std::thread::spawn(move || block_on(caller::place(settings)));
    let id = live_call(&server, CUT_OFF);
    server.wait(&path(&id), "it hears the caller", DEADLINE, |call| {
        rows(&call["transcript"]).iter().any(|line| line["speaker"] == "caller")
    });
    server.wait("/api/v1/outbox", "the CRM knows of the call", DEADLINE, |jobs| {
        rows(jobs).iter().any(|job| job["key"] == format!("{id}/activity/upsert@started") && job["state"] == "done")
    });
    let live = Crm::of(&server);
    assert_ne!(live, before, "the activity is there while the call runs");
    let server = Server::start_in(server.kill(), Business::Dental, "");
    let _ = phone.join(); // how the phone took it is its own affair
    server.drained();
    let failed = activity(&server, &id, true, &[]);
    let person = contact("elm-dental", CUT_OFF, &[]);
    let follow_up = task("elm-dental", &id, &format!("Call failed, call back: {CUT_OFF}"));
    assert_gained(&server, &before, vec![failed, person, follow_up]);
}

fn settings(server: &Server, number: &str, turns: Vec<Turn>, hang_up_after: Duration) -> Settings {
    Settings {
        target: server.uri("desk"),
        from: format!("sip:{number}@localhost"),
        turns,
        record: None,
        timeline: false,
        line: BadLine::default(),
        hang_up_after,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

const HUNG_UP: &str = "+12125550161";
const CUT_OFF: &str = "+12125550162";
const DEADLINE: Duration = Duration::from_secs(60);
