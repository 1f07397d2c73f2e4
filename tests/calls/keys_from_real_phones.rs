//! Real phones type another number: it is the one that counts.

use serde_json::Value;

use crate::booked::{appointments, assert_settled};
use crate::folk::{OIL_CHANGE, PETER, SUSAN, TYRE_CHANGE};
use crate::person::{Person, story};
use crate::phones::{Baresip, Codec, Phone, Pjsua};
use crate::questions::ENGLISH;
use crate::server::{Business, Server};
use crate::voices::Voice;
use crate::whole_crm::{self, Crm, assert_gained};
use crate::wish::{Told, Wish};

#[test]
fn keys_from_real_phones() {
    let server = Server::start(Business::Garage);
    let before = Crm::of(&server);
    let wish =
        |service, time, name, keys| Wish { other_number: Some(keys), ..Wish::booking(&ENGLISH, service, time, name) };
    let peter = wish(OIL_CHANGE, THURSDAY, PETER, "612345699#");
    let susan = wish(TYRE_CHANGE, FRIDAY, SUSAN, "612345677#");
    let uri = server.uri("taller");
    let pjsua = Pjsua::call(&uri, NUMBERS[0], Codec::Pcmu);
    let baresip = Baresip::call(&uri, NUMBERS[1]);
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| talk(&server, pjsua, NUMBERS[0], peter));
        let second = scope.spawn(|| talk(&server, baresip, NUMBERS[1], susan));
        (first.join().expect("pjsua2's call"), second.join().expect("baresip's call"))
    });
    for call in [&first, &second] {
        println!("{}", story(call));
        assert_settled(&server, call);
        let digits = call["digits"].as_str().unwrap_or_default();
        assert!(digits.starts_with("**********") && digits.chars().all(|key| key == '*'), "{digits}\n{}", story(call));
    }
    let phones: Vec<Value> = appointments(&server).iter().map(|made| made["phone"].clone()).collect();
    assert_eq!(phones, TYPED);
    let left = [(&first, TYPED[0], PETER, NUMBERS[0]), (&second, TYPED[1], SUSAN, NUMBERS[1])];
    let left = left.into_iter().flat_map(|(call, typed, name, from)| {
        let activity = whole_crm::activity(&server, call["id"].as_str().unwrap(), true, &[]);
        let person = whole_crm::contact("talleres-retiro", typed, &[("name", name.back)]);
        [activity, person, whole_crm::note(&format!("Also uses {from}"))]
    });
    assert_gained(&server, &before, left.collect());
}

fn talk(server: &Server, phone: impl Phone + 'static, number: &'static str, wish: Wish) -> Value {
    Person::new(phone, number, [Voice::Kal, Voice::Slt], wish).talk(server)
}

const THURSDAY: Told = Told { said: "Thursday at ten in the morning", back: "Thursday, November 26th at 10 AM" };
const FRIDAY: Told = Told { said: "Friday at nine in the morning", back: "Friday, November 27th at 9 AM" };
const TYPED: [&str; 2] = ["+34612345699", "+34612345677"];
const NUMBERS: [&str; 2] = ["+34612345611", "+34612345612"];
