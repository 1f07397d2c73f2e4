//! Calls 01 and 03 to 07 of the acceptance plan: a new customer books, moves and cancels one appointment in a calendar
//! on a server, leaves a message from another phone, and is one contact with four activities.

use serde_json::Value;

use crate::agenda::Event;
use crate::booked::assert_one_contact;
use crate::books::written;
use crate::dav::{self, Dav};
use crate::folk::{CLEANING, SUSAN};
use crate::person::{Person, agent_lines, path, story};
use crate::phones::{Baresip, Codec, Phone, Pjsua};
use crate::post_office::PostOffice;
use crate::questions::ENGLISH;
use crate::server::{Business, Server, block_on};
use crate::voices::Voice;
use crate::whole_crm::{self, Crm, assert_gained};
use crate::wish::{Told, Wish};

#[test]
fn a_customer_books_moves_and_cancels() {
    let (calendar, office) = (block_on(dav::radicale()), PostOffice::open());
    let server = Server::start_with(Business::Dental, &sections(&calendar, &office));
    let uri = server.uri("desk");

    let before = Crm::of(&server);
    let wish = Wish { email: Some(EMAIL), ..Wish::booking(&ENGLISH, CLEANING, WEDNESDAY, SUSAN) };
    let booked = talk(&server, Pjsua::call(&uri, NUMBER, Codec::Pcmu), wish.clone(), "booked");
    let contact = full_contact(&server, &booked);
    let event = Event::only(&calendar);
    has_all_of_it(&event, &booked);
    let activity = |call: &Value| whole_crm::activity(&server, call["id"].as_str().unwrap(), true, &[]);
    let person = whole_crm::contact("elm-dental", NUMBER, &[("name", SUSAN.back), ("email", ADDRESS)]);
    assert_gained(&server, &before, vec![activity(&booked), person]);
    let before = Crm::of(&server);

    let other = Wish { time: FRIDAY, ..wish.clone() }.opening("I need to reschedule my appointment.");
    let moved = talk(&server, Baresip::call(&uri, NUMBER), other, "rescheduled");
    assert!(agent_lines(&moved)[0].contains("Susan"), "greeted by name: {}", story(&moved));
    let contact = same_contact(&server, &moved, &contact);
    assert_gained(&server, &before, vec![activity(&moved)]);
    let after = Event::only(&calendar);
    assert_eq!(after.value("UID"), event.value("UID"), "the same event");
    assert_eq!((after.value("DTSTART"), after.value("DTEND")), ("20261127T150000Z", "20261127T153000Z"));
    assert_eq!((after.value("SEQUENCE"), after.value("STATUS")), ("1", "CONFIRMED"));
    assert_eq!(after.value("CREATED"), event.value("CREATED"), "changed, not made again");
    assert_eq!(after.reminders(), REMINDERS, "they are kept");

    let off = Wish { time: FRIDAY, ..wish }.opening("I need to cancel my appointment, please.");
    let cancelled = talk(&server, Pjsua::call(&uri, NUMBER, Codec::Pcma), off, "cancelled");
    assert_eq!(cancelled["media"]["codec"], "PCMA");
    let contact = same_contact(&server, &cancelled, &contact);
    let gone = Event::only(&calendar);
    assert_eq!((gone.value("UID"), gone.value("STATUS")), (event.value("UID"), "CANCELLED"));
    customer_was_told(&server, &office, event.value("UID"));

    let message = Wish::message("Hi, I'd like to leave a message.", "Please call me back about my invoice.");
    let message = Wish { name: Some(SUSAN), email: Some(EMAIL), ..message };
    known_by_address(&server, message, &contact);
}

fn sections(calendar: &Dav, office: &PostOffice) -> String {
    let (user, password) = calendar.login.expect("Radicale asks for one");
    format!(
        "[calendar]\nkind = \"caldav\"\nurl = \"{}\"\nusername = \"{user}\"\npassword = \"{password}\"\norganizer = \
         \"{DESK}\"\n[confirmations]\nsmtp = \"{}\"\nfrom = \"Elm Street Dental <{DESK}>\"\nto = [\"{OFFICE}\"]\n\
         webhook = \"{}\"\nwebhook_secret = \"whsec_YSBzZWNyZXQgb2YgdHdlbnR5LWZvdXIh\"\n[flows.book]\nasks = [\"service\", \"time\", \"name\", \
         \"phone\", \"email\"]\n[flows.message]\nasks = [\"message\", \"name\", \"phone\", \"email\"]\n",
        calendar.root,
        office.smtp(),
        office.hook(),
    )
}

fn talk(server: &Server, phone: impl Phone + 'static, wish: Wish, disposition: &str) -> Value {
    let call = Person::new(phone, NUMBER, [Voice::Slt; 2], wish).talk(server);
    println!("{}", story(&call));
    assert_eq!(call["disposition"], disposition, "{}\n{}", story(&call), server.log());
    let (activity, tasks) = written(server, &call);
    assert_eq!((activity.source.as_str(), tasks.len()), ("AI receptionist", 0));
    assert!(activity.subject.ends_with("cleaning") && activity.subject.contains("Inbound call"), "{activity:?}");
    server.get(&path(call["id"].as_str().unwrap()))
}

/// Call 01: everything that was said is in the contact and in its activity.
fn full_contact(server: &Server, call: &Value) -> Value {
    let contact = assert_one_contact(server, NUMBER);
    assert_eq!((&contact["name"], &contact["email"]), (&SUSAN.back.into(), &ADDRESS.into()));
    assert_eq!(contact["notes"], Value::Array(Vec::new()));
    let (activity, _) = written(server, call);
    assert_eq!(activity.contact_id.as_deref(), contact["id"].as_str());
    let booked = "Booked: cleaning, 2026-11-25T16:00:00Z";
    for wanted in ["Outcome: booked", booked, "Name: Susan Parker", NUMBER, ADDRESS, "About: book"] {
        assert!(activity.body.contains(wanted), "{wanted}: {}", activity.body);
    }
    contact
}

/// Call 05: the right length, organizer and reminders, and who comes.
fn has_all_of_it(event: &Event, call: &Value) {
    assert_eq!((event.value("DTSTART"), event.value("DTEND")), ("20261125T160000Z", "20261125T163000Z"), "{event:?}");
    assert_eq!((event.value("ORGANIZER"), event.value("STATUS")), (&*format!("mailto:{DESK}"), "CONFIRMED"));
    assert_eq!(event.reminders(), REMINDERS);
    assert_eq!(event.value("SUMMARY"), "cleaning: Susan Parker");
    assert!(event.values("DESCRIPTION").iter().any(|about| about.contains(NUMBER)), "{event:?}");
    assert_eq!(Some(event.value("X-OFFHOOK-CALL")), call["id"].as_str());
}

/// Call 03: no second contact but the same one, and the call is its own.
fn same_contact(server: &Server, call: &Value, before: &Value) -> Value {
    let contact = assert_one_contact(server, NUMBER);
    assert_eq!((&contact["id"], &contact["name"]), (&before["id"], &before["name"]));
    assert_eq!(call["contact_id"], contact["id"]);
    assert_eq!(written(server, call).0.contact_id.as_deref(), contact["id"].as_str());
    contact
}

/// Call 04: another phone, the same address: no second contact, and the message is this one's.
fn known_by_address(server: &Server, wish: Wish, before: &Value) {
    let phone = Baresip::call(&server.uri("desk"), OTHER_NUMBER);
    let call = Person::new(phone, OTHER_NUMBER, [Voice::Slt; 2], wish).talk(server);
    println!("{}", story(&call));
    assert_eq!(call["disposition"], "message", "{}\n{}", story(&call), server.log());
    let (activity, tasks) = written(server, &call);
    let contact = assert_one_contact(server, NUMBER);
    assert_eq!((&contact["id"], &contact["name"]), (&before["id"], &before["name"]));
    assert!(contact["notes"].to_string().contains(OTHER_NUMBER), "its other number is noted: {contact:#}");
    assert_eq!(activity.contact_id.as_deref(), contact["id"].as_str());
    assert_eq!(tasks.len(), 1, "somebody calls back: {tasks:?}");
}

/// Call 07: the customer by mail, others by web request; each change of the appointment, in order.
fn customer_was_told(server: &Server, office: &PostOffice, id: &str) {
    let mut mails = office.kept("mail");
    mails.retain(|mail| mail["to"][0] == format!("<{ADDRESS}>"));
    let mails: Vec<String> = mails.iter().map(plain_text).collect();
    let methods: Vec<bool> = mails.iter().map(|mail| mail.contains("METHOD:CANCEL")).collect();
    assert_eq!(methods, [false, false, true], "{mails:#?}\n{}", server.log());
    assert!(mails.iter().all(|mail| mail.contains(&format!("UID:{id}@offhook"))), "one appointment: {mails:#?}");
    for wanted in ["Subject: Appointment cancelled: cleaning", "method=CANCEL", "STATUS:CANCELLED"] {
        assert!(mails[2].contains(wanted), "{wanted}: {}", mails[2]);
    }
    assert!(mails[0].contains("TRIGGER:-PT60M") && mails[0].contains("DTEND:20261125T163000Z"), "{}", mails[0]);
    let told: Vec<Value> =
        office.kept("hook").iter().map(|hook| serde_json::from_str(hook["body"].as_str().unwrap()).unwrap()).collect();
    let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["appointment.booked", "appointment.moved", "appointment.cancelled"]);
    assert!(told.iter().all(|event| event["data"]["phone"] == NUMBER && event["data"]["appointment_id"] == id));
}

fn plain_text(mail: &Value) -> String {
    mail["text"].as_str().unwrap_or_default().replace("=\r\n", "").replace("=3D", "=")
}

const WEDNESDAY: Told = Told { said: "Wednesday at eleven in the morning", back: "Wednesday, November 25th at 11 AM" };
const FRIDAY: Told = Told { said: "Friday at ten in the morning", back: "Friday, November 27th at 10 AM" };
const EMAIL: Told = Told { said: "susan at example dot com", back: "S U S A N at E X A M P L E dot com" };
const ADDRESS: &str = "susan@example.com";
const NUMBER: &str = "+12125550149";
const OTHER_NUMBER: &str = "+12125550150";
/// Minutes, as `dental.toml` has them.
const REMINDERS: [f64; 2] = [60.0, 1440.0];
const DESK: &str = "desk@example.com";
const OFFICE: &str = "office@example.com";
