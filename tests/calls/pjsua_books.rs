//! pjsua2 calls the garage in Madrid and books.

use jiff::civil::Weekday;

use crate::booked::{appointments, assert_one_contact, assert_settled, start, weekday};
use crate::person::{Person, Wish, story};
use crate::phones::{Codec, Pjsua};
use crate::server::{Business, Server};
use crate::voices::Voice;

#[test]
fn pjsua_books() {
    let server = Server::start(Business::Garage);
    let wish = Wish {
        opening: "Hello, I need an oil change for my car.",
        service: "An oil change, please.",
        when: "Thursday at four in the afternoon.",
        when_read_back: "Thursday, November 26th at 4 PM",
        name: "My name is Peter Miller.",
        other_number: None,
        choice: "The first one, please.",
    };
    let phone = Pjsua::call(&server.uri("taller"), NUMBER, Codec::Pcma);
    let call = Person::new(phone, NUMBER, [Voice::Awb, Voice::Ked], wish).talk(&server);
    println!("{}", story(&call));
    assert_settled(&server, &call);
    assert_eq!(call["media"]["codec"], "PCMA");
    let made = appointments(&server);
    assert_eq!(made.len(), 1, "{made:#?}");
    assert_eq!(start(&made[0]), "2026-11-26T16:00:00+01:00");
    assert_eq!(weekday(start(&made[0])), Weekday::Thursday);
    assert_eq!((&made[0]["service"], &made[0]["call_id"]), (&"oil-change".into(), &call["id"]));
    let contact = assert_one_contact(&server, NUMBER);
    assert_eq!(made[0]["contact_id"], contact["id"]);
}

const NUMBER: &str = "+34612345678";
