//! Three people want the same time at the same moment: one gets it, the others are offered another and take it.

use std::collections::BTreeSet;

use crate::booked::{appointments, assert_settled, start};
use crate::folk::{CLEANING, MARY, PETER, SUSAN};
use crate::person::{Person, Rendezvous, agent_lines, story};
use crate::phones::{Baresip, Codec, Pjsua};
use crate::questions::ENGLISH;
use crate::server::{Business, Server, rows};
use crate::voices::Voice;
use crate::wish::{Told, Wish};

#[test]
fn one_slot_for_three_callers() {
    let server = Server::start(Business::Dental);
    let wish = |name, choice| Wish { choice, ..Wish::booking(&ENGLISH, CLEANING, TUESDAY, name) };
    let uri = server.uri("desk");
    let together = Rendezvous::of(NUMBERS.len());
    let first = wish(MARY, "The first one, please.");
    let second = wish(PETER, "The second one, please.");
    let third = wish(SUSAN, "The first one, please.");
    let people = [
        Person::new(Baresip::call(&uri, NUMBERS[0]), NUMBERS[0], [Voice::Kal, Voice::Slt], first),
        Person::new(Pjsua::call(&uri, NUMBERS[1], Codec::Pcmu), NUMBERS[1], [Voice::Slt, Voice::Kal], second),
        Person::new(Pjsua::call(&uri, NUMBERS[2], Codec::Pcmu), NUMBERS[2], [Voice::Kal, Voice::Ked], third),
    ];
    let calls = std::thread::scope(|scope| {
        let talks = people.map(|person| {
            let person = person.together(&together);
            scope.spawn(|| person.talk(&server))
        });
        talks.map(|talk| talk.join().expect("each call comes to its end"))
    });
    let made = appointments(&server);
    let starts: BTreeSet<&str> = made.iter().map(start).collect();
    assert_eq!((made.len(), starts.len()), (3, 3), "three bookings at three times: {made:#?}");
    let mut refused = 0;
    for call in &calls {
        println!("{}", story(call));
        assert_settled(&server, call);
        let got = made.iter().find(|appointment| appointment["call_id"] == call["id"]).map(start);
        let told = agent_lines(call).iter().any(|line| ENGLISH.says_taken(line));
        assert_eq!(got == Some(WANTED), !told, "told that it is taken when it is, and only then:\n{}", story(call));
        refused += usize::from(told);
    }
    assert_eq!(refused, 2, "one got the wanted time");
    assert_eq!(rows(&server.get("/api/v1/contacts")).len(), 3);
}

const TUESDAY: Told = Told { said: "Tuesday at half past two", back: "Tuesday, November 24th at 2:30 PM" };
const WANTED: &str = "2026-11-24T14:30:00-05:00";
const NUMBERS: [&str; 3] = ["+12125550171", "+12125550172", "+12125550173"];
