//! baresip calls the dental practice and books.

use jiff::civil::Weekday;

use crate::booked::{appointments, assert_one_contact, assert_settled, start, weekday};
use crate::person::{Person, Wish, story};
use crate::phones::Baresip;
use crate::server::{Business, Server};
use crate::voices::Voice;

#[test]
fn baresip_books() {
    let server = Server::start(Business::Dental);
    let wish = Wish {
        opening: "Hi, I'd like to book a cleaning, please.",
        service: "A cleaning.",
        when: "Tuesday at half past two.",
        when_read_back: "Tuesday, November 24th at 2:30 PM",
        name: "My name is Anna Bell.",
        other_number: None,
        choice: "The first one, please.",
    };
    let phone = Baresip::call(&server.uri("desk"), NUMBER);
    let call = Person::new(phone, NUMBER, [Voice::Kal, Voice::Slt], wish).talk(&server);
    println!("{}", story(&call));
    assert_settled(&server, &call);
    let made = appointments(&server);
    assert_eq!(made.len(), 1, "{made:#?}");
    assert_eq!(start(&made[0]), "2026-11-24T14:30:00-05:00");
    assert_eq!(weekday(start(&made[0])), Weekday::Tuesday);
    assert_eq!((&made[0]["service"], &made[0]["call_id"]), (&"cleaning".into(), &call["id"]));
    let contact = assert_one_contact(&server, NUMBER);
    assert_eq!(made[0]["contact_id"], contact["id"]);
}

const NUMBER: &str = "+12125550147";
