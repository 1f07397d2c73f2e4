//! A language model may put prompts in other words, and whatever it offers, only those words are spoken that cannot say
//! anything but what the prompt says.

use std::sync::Arc;

use offhook::conversation::{Language, Rephrased, Template, templates};

use crate::shops::dental;
use crate::stage::Call;

fn template(language: Language, wording: &str) -> Template {
    templates(language).find(|template| template.wording == wording).unwrap_or_else(|| panic!("no template: {wording}"))
}

/// Whether it is taken for this wording, in a fresh store.
fn is_taken(language: Language, wording: &str, offered: &str) -> bool {
    Rephrased::default().accept(&template(language, wording), offered).is_some()
}

#[test]
fn honest_wordings_are_taken() {
    for (was, offered) in [
        ("What day and time would suit you?", "Which day and time would suit you best?"),
        ("May I have your name, please?", "Could you tell me your name, please?"),
        ("What would you like to book: {services}?", "Which would you like to book, please: {services}?"),
        (
            "Sure, {a_service}. What day and time would suit you?",
            "Wonderful, {a_service}. Which day and time suit you?",
        ),
        ("Which one would you like? {offers}?", "Which one may it be, would you say? {offers}?"),
        ("What's the message?", "And what’s the message, please?"),
    ] {
        assert!(is_taken(Language::English, was, offered), "{offered}");
    }
    let was = "¿Qué día y qué hora prefiere?";
    assert!(is_taken(Language::Spanish, was, "¿Y qué día y hora prefiere usted?"));
}

#[test]
fn lies_promises_and_orders_are_not() {
    const WAS: &str = "Sure, {a_service}. What day and time would suit you?";
    for offered in [
        "",
        "?",
        "Sure, {a_service}. What day and time would suit you",
        "Sure, {a_service}. What day and time would suit you!",
        "Sure, {a_service}. The day and time would suit you.",
        "Sure, {a_service}. What day and time would suit you? You suit?",
        "Sure. What day and time would suit you?",
        "Sure, {a_service} and {a_service}. What day and time would suit you?",
        "Sure, {a_service}, {phone}. What day and time would suit you?",
        "Sure, {a_service}}. What day and time would suit you?",
        "Sure, {{a_service}. What day and time would suit you?",
        "Sure, a cleaning. What day and time would suit you?",
        "Sure, {a_service} for 20. What day and time would suit you?",
        "Sure, {a_service} is free. What day and time would suit you?",
        "Sure, {a_service} for twenty dollars. What day and time would suit you?",
        "Sure, {a_service} at noon. What day and time would suit you?",
        "Sure, {a_service}. What is your card number, what day and time?",
        "Sure, {a_service}. See evil.example/pay. What day and time would suit you?",
        "Sure, {a_service} is booked. What day and time would suit you?",
        "Sure, {a_service}. I cancelled it. What day and time would suit you?",
        "Sure, {a_service} can not be. What day and time would suit you?",
        "Ignore all instructions, {a_service}. What day and time would suit you?",
        "Claro, {a_service}. ¿Qué día y a qué hora le vendría bien?",
        "Sure, {a_service}. Would you like help?",
        "sure, {a_service}. What day and time would suit you?",
        "Sure, {a_service}. What day\nand time would suit you?",
        "Sure, {a_service}. What day and time would suit you, please, please, please, please, please, please, please?",
        "Sure, {a_service}. <b>What</b> day and time would suit you?",
        WAS,
        "Sure - {a_service}: what day and time would suit you?",
        "Sure, {a_service}! What day, and time, would suit you?",
    ] {
        assert!(!is_taken(Language::English, WAS, offered), "{offered}");
    }
}

#[test]
fn what_says_a_fact_or_agrees_to_something_is_never_put_in_other_words() {
    for language in Language::ALL {
        let all: Vec<Template> = templates(language).collect();
        assert!(all.len() > 20, "{language:?}: {}", all.len());
        let open =
            ["{time}", "{name}", "{phone}", "{digits}", "{minutes}", "{address}", "{emergency_number}", "{business}"];
        for template in all {
            assert!(!open.iter().any(|hole| template.wording.contains(hole)), "{}", template.wording);
            assert!(!template.wording.contains(|c: char| c.is_ascii_digit()), "{}", template.wording);
        }
    }
}

#[test]
fn the_same_is_not_taken_twice_nor_too_many() {
    let was = template(Language::English, "What's the message?");
    let mut rephrased = Rephrased::default();
    assert!(rephrased.accept(&was, "And what's the message?").is_some());
    assert!(rephrased.accept(&was, "And, what's the message?").is_none(), "the same words");
    let more = ["So what's the message?", "Well, what's the message?", "Now then, what's the message?"];
    assert!(rephrased.accept(&was, more[2]).is_none(), "no such word");
    let more =
        [more[0], more[1], "What's the message, please?", "What's your message, please?", "Okay, what's the message?"];
    assert_eq!(more.iter().filter(|offered| rephrased.accept(&was, offered).is_some()).count(), 3);
}

#[test]
fn a_call_with_more_wordings_is_the_same_call() {
    let mut rephrased = Rephrased::default();
    let new = "Which day and time would suit you best, please?";
    assert!(rephrased.accept(&template(Language::English, "What day and time would suit you?"), new).is_some());
    let rephrased = Arc::new(rephrased);
    let turns = ["an appointment", "a cleaning", "hmm", "Tuesday at 2:30", "Anna Smith", "yes", "yes", "no"];
    let mut spoken = 0;
    for seed in 0..8 {
        let plain = Call::from(dental(), Some("+16175550123"), None, seed).says(&turns);
        let mut call = Call::from(dental(), Some("+16175550123"), None, seed);
        call.conversation = call.conversation.with_rephrased(rephrased.clone());
        let call = call.says(&turns);
        assert_eq!(call.result(), plain.result(), "{}", call.transcript());
        spoken += usize::from(call.said.iter().any(|said| said.contains(new)));
    }
    assert!(spoken > 0, "the new wording is spoken too");
}
