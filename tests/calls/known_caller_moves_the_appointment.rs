//! Who booked calls again and moves the appointment: the same one, at another time, and no second.

use jiff::civil::Weekday;
use serde_json::Value;

use crate::booked::{appointments, assert_one_contact, assert_settled, start, weekday};
use crate::person::{Person, Wish, story};
use crate::phones::{Baresip, Codec, Pjsua};
use crate::server::{Business, Server};
use crate::voices::Voice;

#[test]
fn known_caller_moves_the_appointment() {
    let server = Server::start(Business::Dental);
    let wish = Wish {
        opening: "Hi, my name is Susan Parker, I'd like a cleaning on Wednesday at eleven in the morning.",
        service: "A cleaning.",
        when: "Wednesday at eleven in the morning.",
        when_read_back: "Wednesday, November 25th at 11 AM",
        name: "My name is Susan Parker.",
        other_number: None,
        choice: "The first one, please.",
    };
    let voices = [Voice::Slt, Voice::Awb];
    let first = Pjsua::call(&server.uri("desk"), NUMBER, Codec::Pcmu);
    let first = Person::new(first, NUMBER, voices, wish).talk(&server);
    assert_settled(&server, &first);
    let [booked] = <[Value; 1]>::try_from(appointments(&server)).expect("one appointment");
    assert_eq!(weekday(start(&booked)), Weekday::Wednesday, "{}", story(&first));

    let other = Wish {
        opening: "I need to reschedule my appointment.",
        when: "Friday at ten in the morning.",
        when_read_back: "Friday, November 27th at 10 AM",
        ..wish
    };
    let again = Baresip::call(&server.uri("desk"), NUMBER);
    let again = Person::new(again, NUMBER, voices, other).talk(&server);
    println!("{}", story(&again));
    assert_eq!(again["disposition"], "rescheduled", "{}\n{}", story(&again), server.log());
    let [moved] = <[Value; 1]>::try_from(appointments(&server)).expect("still one appointment");
    assert_eq!(moved["id"], booked["id"]);
    assert_eq!(weekday(start(&moved)), Weekday::Friday, "{}", story(&again));
    assert_eq!(again["outcome"]["moved"]["appointment_id"], booked["id"]);
    server.drained();
    assert_one_contact(&server, NUMBER);
}

const NUMBER: &str = "+12125550149";
