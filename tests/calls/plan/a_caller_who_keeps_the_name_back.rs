//! Call 02 of the acceptance plan: a new caller says little; what was not said stays empty.

use serde_json::Value;

use crate::booked::assert_one_contact;
use crate::books::written;
use crate::person::{Person, story};
use crate::phones::Baresip;
use crate::server::{Business, Server, rows};
use crate::voices::Voice;
use crate::wish::Wish;

#[test]
fn a_caller_who_keeps_the_name_back() {
    let server = Server::start(Business::Garage);
    let wish = Wish::message("Hi, I'd like to leave a message.", "Please call me back about my invoice.");
    let phone = Baresip::call(&server.uri("taller"), NUMBER);
    let call = Person::new(phone, NUMBER, [Voice::Kal, Voice::Slt], wish).talk(&server);
    println!("{}", story(&call));
    assert_eq!(call["disposition"], "message", "{}\n{}", story(&call), server.log());
    let (activity, tasks) = written(&server, &call);
    let contact = assert_one_contact(&server, NUMBER);
    for unsaid in ["name", "birth_date", "zip", "tier"] {
        assert_eq!(contact[unsaid], Value::Null, "{unsaid} was not said: {contact:#}");
    }
    assert!(rows(&contact["notes"]).is_empty(), "{contact:#}");
    assert_eq!(activity.contact_id.as_deref(), contact["id"].as_str());
    assert!(activity.body.contains("invoice") && !activity.body.contains("Name:"), "{}", activity.body);
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!(tasks[0].subject, format!("Call back: {NUMBER}"));
}

const NUMBER: &str = "+34612345602";
