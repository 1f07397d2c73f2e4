//! Call 10 of the acceptance plan: the contact store is down; the lead waits in the outbox, is seen there, and is
//! written once when the store is back.

use std::time::Duration;

use crate::booked::{appointments, assert_one_contact, start};
use crate::books::{bring_back, take_away, written};
use crate::folk::{OIL_CHANGE, PETER};
use crate::person::{Person, story};
use crate::phones::{Codec, Pjsua};
use crate::questions::ENGLISH;
use crate::server::{Business, Server, rows};
use crate::voices::Voice;
use crate::wish::{Told, Wish};

#[test]
fn a_lead_outlives_the_crm() {
    let server = Server::start(Business::Garage);
    take_away(&server);
    let wish = Wish::booking(&ENGLISH, OIL_CHANGE, THURSDAY, PETER).opening("Hello, I need an oil change for my car.");
    let phone = Pjsua::call(&server.uri("taller"), NUMBER, Codec::Pcma);
    let call = Person::new(phone, NUMBER, [Voice::Awb, Voice::Ked], wish).talk(&server);
    println!("{}", story(&call));
    assert_eq!(call["disposition"], "booked", "{}\n{}", story(&call), server.log());
    let queue =
        server.wait("/api/v1/outbox?state=retrying", "it is tried again", DEADLINE, |jobs| !rows(jobs).is_empty());
    let lead = rows(&queue).into_iter().find(|job| job["kind"] == "contact").expect("the contact is not written yet");
    assert_eq!((&lead["payload"]["phone"], &lead["payload"]["name"]), (&NUMBER.into(), &PETER.back.into()));
    assert!(lead["reason"].as_str().is_some_and(|why| why.contains("contacts")), "it says why: {lead:#}");
    assert!(lead["attempts"].as_u64() >= Some(1));

    bring_back(&server);
    let done = server.drained();
    assert_eq!(done.len(), 2, "the contact and the activity: {done:#?}");
    let contact = assert_one_contact(&server, NUMBER);
    assert_eq!(contact["name"], PETER.back);
    let (activity, _) = written(&server, &call);
    // When it was answered, and when it was over.
    assert_eq!((activity.contact_id.as_deref(), activity.writes), (contact["id"].as_str(), 2));
    let made = appointments(&server);
    assert_eq!((made.len(), start(&made[0])), (1, "2026-11-26T16:00:00+01:00"), "{made:#?}");
    assert_eq!(made[0]["contact_id"], contact["id"], "linked once it is known");
}

const THURSDAY: Told = Told { said: "Thursday at four in the afternoon", back: "Thursday, November 26th at 4 PM" };
const NUMBER: &str = "+34612345610";
const DEADLINE: Duration = Duration::from_secs(30);
