//! Three people call at once and book three different times.

use crate::booked::{appointments, assert_settled, start};
use crate::person::{Person, Wish, story};
use crate::phones::{Baresip, Codec, Pjsua};
use crate::server::{Business, Server, rows};
use crate::voices::Voice;

#[test]
fn three_calls_book_three_slots() {
    let server = Server::start(Business::Dental);
    let wish = |opening, when, when_read_back, name| Wish {
        opening,
        service: "A cleaning.",
        when,
        when_read_back,
        name,
        other_number: None,
        choice: "The first one, please.",
    };
    let wishes = [
        wish(
            "Hi, my name is Mary Johnson, I'd like a cleaning on Tuesday at nine in the morning.",
            "Tuesday at nine in the morning.",
            "Tuesday, November 24th at 9 AM",
            "My name is Mary Johnson.",
        ),
        wish(
            "Hello, this is Peter Miller, can I come for a cleaning on Wednesday at three in the afternoon?",
            "Wednesday at three in the afternoon.",
            "Wednesday, November 25th at 3 PM",
            "My name is Peter Miller.",
        ),
        wish(
            "Hi, my name is Susan Parker, I need a cleaning on Friday at half past ten in the morning.",
            "Friday at half past ten in the morning.",
            "Friday, November 27th at 10:30 AM",
            "My name is Susan Parker.",
        ),
    ];
    let uri = server.uri("desk");
    let people = [
        Person::new(Baresip::call(&uri, NUMBERS[0]), NUMBERS[0], [Voice::Kal, Voice::Slt], wishes[0]),
        Person::new(Pjsua::call(&uri, NUMBERS[1], Codec::Pcmu), NUMBERS[1], [Voice::Awb, Voice::Kal], wishes[1]),
        Person::new(Pjsua::call(&uri, NUMBERS[2], Codec::Pcma), NUMBERS[2], [Voice::Slt, Voice::Ked], wishes[2]),
    ];
    let calls = std::thread::scope(|scope| {
        let talks = people.map(|person| scope.spawn(|| person.talk(&server)));
        talks.map(|talk| talk.join().expect("each call comes to its end"))
    });
    for call in &calls {
        println!("{}", story(call));
        assert_settled(&server, call);
    }
    let made = appointments(&server);
    let starts: Vec<&str> = made.iter().map(start).collect();
    assert_eq!(
        starts,
        ["2026-11-24T09:00:00-05:00", "2026-11-25T15:00:00-05:00", "2026-11-27T10:30:00-05:00"],
        "{made:#?}"
    );
    assert_eq!(rows(&server.get("/api/v1/contacts")).len(), calls.len());
}

const NUMBERS: [&str; 3] = ["+12125550161", "+12125550162", "+12125550163"];
