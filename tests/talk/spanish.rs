//! A bilingual business: which language is spoken, how it is changed, and that it stays.

use std::sync::Arc;

use offhook::conversation::{Business, Language};

use crate::stage::Call;
use crate::trades::here;

/// The dentist in New York who speaks both.
fn both() -> Arc<Business> {
    let text = std::fs::read_to_string(here("trades/dentista_en.toml")).expect("a configuration");
    let config = offhook::config::parse("dentista_en.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    Arc::clone(config.businesses.first().expect("one business"))
}

#[test]
fn the_greeting_hints_at_the_other_language() {
    let call = Call::new(both());
    assert!(call.said[0].contains("automated assistant"), "{:?}", call.said);
    assert!(call.said[1].contains("español"), "{:?}", call.said);
    let talk = &call.conversation;
    assert_eq!(
        (talk.language_of(&call.said[0]), talk.language_of(&call.said[1])),
        (Language::English, Language::Spanish)
    );
    assert_eq!(talk.expected_languages(), [Language::English, Language::Spanish]);
}

#[test]
fn the_first_words_tell_the_language() {
    for (first, want) in [
        ("Hola, buenas tardes, quisiera pedir una cita", Language::Spanish),
        ("Hola.", Language::Spanish),
        ("Español.", Language::Spanish),
        ("Do you speak Spanish?", Language::Spanish),
        ("Quería una limpieza", Language::Spanish),
        ("Hi, I'd like to make an appointment", Language::English),
        ("Hello.", Language::English),
        ("This is María de la Cruz, I need a cleaning", Language::English),
        ("#2", Language::Spanish),
        ("#1", Language::English),
    ] {
        let call = Call::new(both()).says(&[first]);
        assert_eq!(call.conversation.language(), want, "{first}\n{}", call.transcript());
    }
}

#[test]
fn it_changes_in_the_middle_and_back() {
    let call = Call::new(both()).says(&[
        "I'd like a cleaning",
        "perdón, ¿hablan español?",
        "El martes a las dos y media",
        "English please",
        "Anna Smith",
        "yes",
        "yes",
        "no thanks",
    ]);
    assert_eq!(call.result(), "cleaning 11-24 14:30 Anna Smith +16175550123; Booked", "{}", call.transcript());
    assert!(call.said.iter().any(|line| line.contains("el martes 24 de noviembre")), "{}", call.transcript());
    assert_eq!(call.conversation.language(), Language::English);
}

#[test]
fn a_booking_in_spanish_is_written_in_spanish() {
    let call = Call::new(both()).says(&[
        "Hola, buenos días. Quería hacerme una limpieza el martes a las dos y media.",
        "Me llamo Lucía Fernández Soto.",
        "Sí, ese mismo.",
        "Sí, correcto.",
        "No, nada más, muchas gracias. Adiós.",
    ]);
    assert_eq!(
        call.result(),
        "cleaning 11-24 14:30 Lucía Fernández Soto +16175550123; Booked",
        "{}",
        call.transcript()
    );
    assert_eq!(
        call.booked[0].reason.as_deref(),
        Some("Hola, buenos días. Quería hacerme una limpieza el martes a las dos y media.")
    );
    assert!(
        call.transcript().contains("una limpieza, el martes 24 de noviembre a las dos y media de la tarde"),
        "{}",
        call.transcript()
    );
    let call =
        Call::new(both()).says(&["Hola, ¿venden peces de colores?", "sí", "busco un pez", "Pedro Ruiz", "sí", "no"]);
    assert_eq!(
        call.result(),
        "message from Pedro Ruiz: Preguntó: \"Hola, ¿venden peces de colores?\" busco un pez; Message",
        "{}",
        call.transcript()
    );
}

#[test]
fn one_language_only_never_changes() {
    let call = Call::new(crate::shops::dental()).says(&["Hola, quisiera una cita", "Español por favor"]);
    assert_eq!(call.conversation.language(), Language::English);
    assert_eq!(call.conversation.expected_languages(), [Language::English]);
    assert!(!call.said[1].contains("español"));
}

#[test]
fn no_thanks_is_a_goodbye_whatever_follows_was_misheard_as() {
    for bye in ["No, gracias, el jueves todo.", "No gracias, es el todo."] {
        let mut call = Call::new(both());
        for said in ["Hola, ¿a qué hora abren mañana?", bye] {
            call.hear(said);
        }
        assert!(call.hung_up.is_some(), "{bye}: {:?}", call.said);
    }
}
