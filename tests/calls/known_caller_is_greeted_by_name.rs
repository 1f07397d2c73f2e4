//! Who called before is greeted by name and stays one contact.

use crate::booked::{assert_one_contact, assert_settled};
use crate::person::{Person, Wish, agent_lines, story};
use crate::phones::{Baresip, Codec, Pjsua};
use crate::server::{Business, Server};
use crate::voices::Voice;

#[test]
fn known_caller_is_greeted_by_name() {
    let server = Server::start(Business::Dental);
    let wish = Wish {
        // Everything in one breath.
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
    println!("{}", story(&first));
    assert_settled(&server, &first);
    let contact = assert_one_contact(&server, NUMBER);

    let again = Person::new(Baresip::call(&server.uri("desk"), NUMBER), NUMBER, voices, wish).hear_greeting(&server);
    let name = contact["name"].as_str().expect("the first call gave a name");
    let given = name.split(' ').next().expect("a name has a first word");
    let greeting = &agent_lines(&again)[0];
    let opening: Vec<&str> =
        greeting.split_whitespace().take(3).map(|word| word.trim_end_matches([',', '.'])).collect();
    assert!(opening.contains(&given), "{greeting}");
    assert_eq!(given, "Susan", "{}", story(&first));
    assert_eq!(again["contact_id"], contact["id"]);
    server.drained();
    assert_one_contact(&server, NUMBER);
}

const NUMBER: &str = "+12125550148";
