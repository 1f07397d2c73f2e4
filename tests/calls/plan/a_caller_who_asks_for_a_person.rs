//! Call 08 of the acceptance plan: whoever wants a person is a case for one, and the activity says why.

use serde_json::json;

use crate::booked::assert_one_contact;
use crate::books::written;
use crate::folk::PETER;
use crate::person::{Person, story};
use crate::phones::{Codec, Pjsua};
use crate::server::{Business, Server};
use crate::voices::Voice;
use crate::whole_crm::{self, Crm, assert_gained};
use crate::wish::Wish;

#[test]
fn a_caller_who_asks_for_a_person() {
    let section =
        format!("[escalation]\nafter_hours = true\n[[escalation.duty]]\nname = \"Maria\"\nnumber = \"{ON_DUTY}\"\n");
    let server = Server::start_with(Business::Garage, &section);
    let before = Crm::of(&server);
    let wish = Wish::message("I want to speak to a real person, please.", "My invoice is wrong.");
    let wish = Wish { name: Some(PETER), ..wish };
    let phone = Pjsua::call(&server.uri("taller"), NUMBER, Codec::Pcma);
    let call = Person::new(phone, NUMBER, [Voice::Kal, Voice::Slt], wish).talk(&server);
    println!("{}", story(&call));
    assert_eq!(call["media"]["codec"], "PCMA");
    let handover = &call["outcome"]["handover"];
    assert_eq!((&handover["reason"], &handover["to"]), (&json!("request"), &json!([ON_DUTY])), "{}", story(&call));
    let (activity, tasks) = written(&server, &call);
    let contact = assert_one_contact(&server, NUMBER);
    assert_eq!(activity.contact_id.as_deref(), contact["id"].as_str());
    for wanted in [format!("Escalation: asked for a person; on duty: {ON_DUTY}"), "invoice is wrong".into()] {
        assert!(activity.body.contains(&wanted), "{wanted}: {}", activity.body);
    }
    assert!(activity.body.contains("About: person"), "{}", activity.body);
    assert_eq!(tasks.len(), 1, "somebody has to call back: {tasks:?}");
    let id = call["id"].as_str().unwrap();
    let because = ("more.escalation_reason", json!("asked for a person"));
    let left = [
        whole_crm::activity(&server, id, true, &[because]),
        whole_crm::contact("talleres-retiro", NUMBER, &[("name", PETER.back)]),
        whole_crm::task("talleres-retiro", id, &format!("Call back: {}", PETER.back)),
    ];
    assert_gained(&server, &before, left.into());
}

const NUMBER: &str = "+34612345608";
const ON_DUTY: &str = "+34911234567";
