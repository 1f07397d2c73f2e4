//! Real phones type another number: it is the one that counts.

use serde_json::Value;

use crate::booked::{appointments, assert_settled};
use crate::person::{Person, Wish, story};
use crate::phones::{Baresip, Codec, Phone, Pjsua};
use crate::server::{Business, Server, rows};
use crate::voices::Voice;

#[test]
fn keys_from_real_phones() {
    let server = Server::start(Business::Garage);
    let wish = Wish {
        opening: "Hi, my name is Peter Miller, I need an oil change on Thursday at ten in the morning.",
        service: "An oil change.",
        when: "Thursday at ten in the morning.",
        when_read_back: "Thursday, November 26th at 10 AM",
        name: "My name is Peter Miller.",
        other_number: Some("612345699#"),
        choice: "The first one, please.",
    };
    let other = Wish {
        opening: "Hi, my name is Susan Parker, I need a tyre change on Friday at nine in the morning.",
        service: "A tyre change.",
        when: "Friday at nine in the morning.",
        when_read_back: "Friday, November 27th at 9 AM",
        name: "My name is Susan Parker.",
        other_number: Some("612345677#"),
        ..wish
    };
    let uri = server.uri("taller");
    let pjsua = Pjsua::call(&uri, NUMBERS[0], Codec::Pcmu);
    let baresip = Baresip::call(&uri, NUMBERS[1]);
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| talk(&server, pjsua, NUMBERS[0], wish));
        let second = scope.spawn(|| talk(&server, baresip, NUMBERS[1], other));
        (first.join().expect("pjsua2's call"), second.join().expect("baresip's call"))
    });
    for call in [&first, &second] {
        println!("{}", story(call));
        assert_settled(&server, call);
        assert_eq!(call["digits"], "**********", "{}", story(call));
    }
    let phones: Vec<Value> = appointments(&server).iter().map(|made| made["phone"].clone()).collect();
    assert_eq!(phones, ["+34612345699", "+34612345677"]);
    assert!(!rows(&server.get("/api/v1/contacts")).is_empty());
}

fn talk(server: &Server, phone: impl Phone + 'static, number: &'static str, wish: Wish) -> Value {
    Person::new(phone, number, [Voice::Kal, Voice::Slt], wish).talk(server)
}

const NUMBERS: [&str; 2] = ["+34612345611", "+34612345612"];
