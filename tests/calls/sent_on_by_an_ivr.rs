//! A call that an IVR sends on begins without a menu: its headers become slots of the record, its number says where it
//! belongs, and all of it reaches the CRM and whoever is told of events.

use std::time::Duration;

use offhook::sip::Event;
use serde_json::{Value, json};

use crate::person::{live_call, path};
use crate::server::{Business, Server, rows};
use crate::signals::Signals;
use crate::whole_crm::{Crm, activity, assert_gained, contact};

#[test]
fn sent_on_by_an_ivr() {
    let server = Server::start_with(Business::Dental, CONFIG);
    let before = Crm::of(&server);
    let mut ivr = Signals::new();
    let headers = [
        ("X-Account", "\t 4711 <b>\"'; DROP TABLE calls;-- "),
        ("X-Secret", "nobody asked for this"),
        ("x-long", &"z".repeat(3_000)[..]),
        ("Diversion", "<sip:+12125550188@pbx.example>;reason=no-answer;counter=1"),
        ("User-to-User", "007469636B65743D3432;encoding=hex"),
    ];
    // As a carrier writes it that knows no plus sign.
    let dialog = ivr.call("2125550100", server.sip, CALLER, &headers);
    ivr.until("the call is answered", |event| matches!(event, Event::Answered { .. }).then_some(()));
    let id = live_call(&server, CALLER);
    let live = server.wait(&path(&id), "the first question is asked", DEADLINE, |call| {
        let asks = ["pass on", "your message", "What's the message"];
        let asked = |line: &Value| line["text"].as_str().is_some_and(|text| asks.iter().any(|one| text.contains(one)));
        rows(&call["transcript"]).iter().any(asked)
    });
    let greeting = live["transcript"][0]["text"].as_str().unwrap_or_default();
    assert!(!greeting.contains("help") && !greeting.contains("do for you"), "{greeting}");
    ivr.hang_up(dialog);
    ivr.until("it is over", |event| matches!(event, Event::Ended { .. }).then_some(()));

    let call = server.ended_call();
    server.drained();
    let slots = json!({
        "account": "4711 <b>\"'; DROP TABLE calls;--",
        "forwarded_by": "+12125550188",
        "long": "z".repeat(256),
        "ticket": "ticket=42",
        "why": "no-answer",
    });
    let arrival = json!({
        "trunk": "ivr", "location": "Brooklyn", "campaign": "spring", "lead_source": "radio", "flow": "message",
        "slots": slots,
    });
    assert_eq!((&call["arrival"], &call["to"]), (&arrival, &json!("+12125550100")), "{call:#}");
    let special = [
        ("more.location", json!("Brooklyn")),
        ("more.campaign", json!("spring")),
        ("more.lead_source", json!("radio")),
        ("more.slot_account", slots["account"].clone()),
        ("more.slot_forwarded_by", slots["forwarded_by"].clone()),
        ("more.slot_long", slots["long"].clone()),
        ("more.slot_ticket", slots["ticket"].clone()),
        ("more.slot_why", slots["why"].clone()),
    ];
    let brought = [("more.lead_source", "radio"), ("more.campaign", "spring")];
    let gained = vec![activity(&server, &id, true, &special), contact("elm-dental", CALLER, &brought)];
    assert_gained(&server, &before, gained);

    // A stranger's number: nothing is known of the call, and it is answered as ever.
    let dialog = ivr.call("desk", server.sip, CALLER, &[]);
    ivr.until("the call is answered", |event| matches!(event, Event::Answered { .. }).then_some(()));
    ivr.hang_up(dialog);
    ivr.until("it is over", |event| matches!(event, Event::Ended { .. }).then_some(()));
    let calls = server.wait("/api/v1/calls", "both are over", DEADLINE, |calls| {
        rows(calls).len() == 2 && rows(calls).iter().all(|call| call["state"] == "ended")
    });
    let plain = rows(&calls).into_iter().find(|call| call["id"] != id.as_str()).expect("the other one");
    assert_eq!(plain["arrival"], json!({ "trunk": "ivr" }), "{plain:#}");
}

const CONFIG: &str = r#"
[sip.slots]
account = "X-Account"
long = "X-Long"
forwarded_by = "Diversion"
why = "Diversion;reason"
ticket = "User-to-User"
absent = "X-Absent"
[[trunks]]
name = "other"
peers = ["192.0.2.0/24", "2001:db8::1"]
[[trunks]]
name = "ivr"
peers = ["198.51.100.7", "127.0.0.0/8"]
[[numbers]]
number = "+12125550100"
flow = "message"
location = "Brooklyn"
campaign = "spring"
lead_source = "radio"
"#;
const CALLER: &str = "+12125550177";
const DEADLINE: Duration = Duration::from_secs(40);
