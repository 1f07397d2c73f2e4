//! Call 09 of the acceptance plan: a caller who speaks Spanish to a business that greets in English is booked in
//! Spanish, and written down in Spanish.

use crate::booked::{appointments, assert_one_contact, assert_settled, start};
use crate::books::written;
use crate::person::{Person, agent_lines, story};
use crate::phones::Baresip;
use crate::questions::SPANISH;
use crate::server::{Business, Server};
use crate::voices::Voice;
use crate::wish::{Told, Wish};

#[test]
fn a_spanish_caller_books() {
    let server = Server::start(Business::Bilingual);
    let phone = Baresip::call(&server.uri("desk"), NUMBER);
    let wish = Wish::booking(&SPANISH, LIMPIEZA, MARTES, ANA);
    let wish = wish.opening("Ola, buenos dias. Chiero pedir una sita para una limpiesa.");
    let call = Person::new(phone, NUMBER, [Voice::Italiana; 2], wish).talk(&server);
    println!("{}", story(&call));
    assert_settled(&server, &call);
    assert_eq!(call["language"], "es");
    let made = appointments(&server);
    assert_eq!(made.len(), 1, "{made:#?}");
    assert_eq!(start(&made[0]), "2026-11-24T16:00:00-05:00");
    assert_eq!((&made[0]["service"], &made[0]["call_id"]), (&"cleaning".into(), &call["id"]));
    let lines = agent_lines(&call).join("\n").to_lowercase();
    assert!(lines.contains(MARTES.back) && lines.contains("limpieza"), "{lines}");
    let contact = assert_one_contact(&server, NUMBER);
    // However the voice was heard: it is the name that was read back and agreed to.
    let name = contact["name"].as_str().unwrap_or_default();
    assert!(
        !name.is_empty() && lines.contains(&format!("a nombre de {}", name.to_lowercase())),
        "{contact:#}\n{lines}"
    );
    let (activity, _) = written(&server, &call);
    assert!(activity.body.contains(&format!("Name: {name}")), "{}", activity.body);
}

const ANA: Told = Told::as_is("Ana Romero");
const LIMPIEZA: Told = Told { said: "Una limpiesa, por favor", back: "una limpieza" };
const MARTES: Told = Told {
    said: "Para el martes, a las cuatro de la tarde, por favor",
    back: "el martes 24 de noviembre a las cuatro de la tarde",
};
const NUMBER: &str = "+12125550163";
