//! Three people call at once and book three different times.

use crate::booked::{appointments, assert_settled, start};
use crate::folk::{CLEANING, MARY, PETER, SUSAN};
use crate::person::{Person, story};
use crate::phones::{Baresip, Codec, Pjsua};
use crate::questions::ENGLISH;
use crate::server::{Business, Server, rows};
use crate::voices::Voice;
use crate::wish::{Told, Wish};

#[test]
fn three_calls_book_three_slots() {
    let server = Server::start(Business::Dental);
    let wish = |time, name| Wish::booking(&ENGLISH, CLEANING, time, name);
    let asks = "Hello, this is Peter Miller, can I come for a cleaning on Wednesday at three in the afternoon?";
    let [mary, peter, susan] = [wish(TUESDAY, MARY), wish(WEDNESDAY, PETER).opening(asks), wish(FRIDAY, SUSAN)];
    let uri = server.uri("desk");
    let people = [
        Person::new(Baresip::call(&uri, NUMBERS[0]), NUMBERS[0], [Voice::Kal, Voice::Slt], mary),
        Person::new(Pjsua::call(&uri, NUMBERS[1], Codec::Pcmu), NUMBERS[1], [Voice::Awb, Voice::Kal], peter),
        Person::new(Pjsua::call(&uri, NUMBERS[2], Codec::Pcma), NUMBERS[2], [Voice::Slt, Voice::Ked], susan),
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

const TUESDAY: Told = Told { said: "Tuesday at nine in the morning", back: "Tuesday, November 24th at 9 AM" };
const WEDNESDAY: Told = Told { said: "Wednesday at three in the afternoon", back: "Wednesday, November 25th at 3 PM" };
const FRIDAY: Told = Told { said: "Friday at half past ten in the morning", back: "Friday, November 27th at 10:30 AM" };
const NUMBERS: [&str; 3] = ["+12125550161", "+12125550162", "+12125550163"];
