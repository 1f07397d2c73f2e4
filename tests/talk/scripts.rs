//! Whole calls, turn by turn, and what they came to in the calendar.

use std::sync::Arc;

use offhook::conversation::Business;

use crate::shops::{dental, garage};
use crate::stage::Call;

type Script = (&'static str, &'static [&'static str], &'static str);

fn run(business: fn() -> Arc<Business>, scripts: &[Script]) {
    let mut wrong = Vec::new();
    for (name, turns, want) in scripts {
        let call = Call::new(business()).says(turns);
        if call.result() != *want {
            wrong.push(format!("== {name}\n   want {want}\n   got  {}\n{}", call.result(), call.transcript()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} scripts:\n{}", wrong.len(), scripts.len(), wrong.join("\n\n"));
}

const ANNA: &str = "cleaning 11-24 14:30 Anna Smith +16175550123";

#[test]
fn the_dentist() {
    let anna: &'static str = "cleaning 11-24 14:30 Anna Smith +16175550123; Booked";
    assert!(anna.starts_with(ANNA));
    run(
        dental,
        &[
            (
                "step by step",
                &[
                    "I'd like to book an appointment",
                    "A cleaning please.",
                    "Tuesday at half past two",
                    "Anna Smith",
                    "yes",
                    "yes please",
                    "no thanks",
                ],
                anna,
            ),
            (
                "all at once",
                &[
                    "Hi, this is Anna Smith, I'd like to book a cleaning for Tuesday at 2:30 p.m.",
                    "Yes.",
                    "That's right.",
                    "That's all, thank you.",
                ],
                anna,
            ),
            (
                "whisper noise",
                &[
                    "I need a clean in. on Tuesday. at 2.30.",
                    "Anna Smith.",
                    "Yeah, sure.",
                    "Yes, that's correct.",
                    "No, that's it. Bye.",
                ],
                anna,
            ),
            (
                "correct the day at read-back",
                &[
                    "cleaning on Wednesday at two thirty",
                    "my name is Anna Smith",
                    "yes",
                    "no, Tuesday",
                    "yes",
                    "goodbye",
                ],
                anna,
            ),
            (
                "correct the time at read-back",
                &["a cleaning on Tuesday at two", "Anna Smith", "yes", "No, make it 2:30.", "yes", "bye"],
                anna,
            ),
            (
                "correct the name at read-back",
                &["a cleaning on Tuesday at 2:30", "Hannah Smith", "yes", "no, my name is Anna Smith", "yes", "bye"],
                anna,
            ),
            (
                "correct the service at read-back",
                &["a whitening on Tuesday at 2:30", "Anna Smith", "yes", "no, I meant a cleaning", "yes", "bye"],
                anna,
            ),
            (
                "no, then which part",
                &[
                    "a cleaning on Tuesday at 2",
                    "Anna Smith",
                    "yes",
                    "no",
                    "the time",
                    "Tuesday at two thirty",
                    "yes",
                    "bye",
                ],
                anna,
            ),
            (
                "correction inside a sentence",
                &[
                    "I'd like a cleaning on Monday, no sorry, Tuesday at half past two",
                    "Anna Smith",
                    "yes",
                    "yes",
                    "no",
                ],
                anna,
            ),
            (
                "question in the middle",
                &[
                    "a cleaning on Tuesday please at 2:30",
                    "do you take insurance?",
                    "Anna Smith",
                    "where are you located?",
                    "yes",
                    "what are your hours?",
                    "yes",
                    "no thank you",
                ],
                anna,
            ),
            (
                "service after the time",
                &[
                    "Can I come in on Tuesday at 2:30?",
                    "a cleaning",
                    "it's Anna Smith",
                    "yes that's fine",
                    "correct",
                    "nope",
                ],
                anna,
            ),
            (
                "name first",
                &[
                    "Hello, my name is Anna Smith.",
                    "I want to make an appointment",
                    "teeth cleaning",
                    "next Tuesday at 2:30",
                    "the 24th",
                    "yes",
                    "yes",
                    "no, that's all",
                ],
                anna,
            ),
            (
                "offers, by time",
                &["I need a cleaning", "Tuesday afternoon", "two thirty works", "Anna Smith", "yes", "yes", "no"],
                anna,
            ),
            ("half the answer", &["a cleaning", "on Tuesday", "at 2:30", "Anna Smith", "yes", "yes", "bye"], anna),
            (
                "says repeat",
                &[
                    "a cleaning on Tuesday at 2:30",
                    "sorry, what was that?",
                    "Anna Smith",
                    "can you repeat that?",
                    "yes",
                    "pardon?",
                    "yes",
                    "bye",
                ],
                anna,
            ),
            (
                "nonsense between",
                &["a cleaning", "the purple elephant sings", "Tuesday at 2:30", "Anna Smith", "yes", "yes", "bye"],
                anna,
            ),
            (
                "hostile",
                &[
                    "this is stupid I want a cleaning on Tuesday at 2:30 you idiot",
                    "Anna Smith",
                    "yes",
                    "yes",
                    "whatever, bye",
                ],
                anna,
            ),
            (
                "silence between",
                &[
                    "a cleaning",
                    "<silence>",
                    "Tuesday at 2:30",
                    "<silence>",
                    "Anna Smith",
                    "<noise>",
                    "yes",
                    "yes",
                    "bye",
                ],
                anna,
            ),
            (
                "wait a second",
                &[
                    "a cleaning",
                    "hold on a second",
                    "Tuesday at 2:30",
                    "one moment please",
                    "Anna Smith",
                    "yes",
                    "yes",
                    "bye",
                ],
                anna,
            ),
            ("two yes", &["a cleaning on Tuesday at 2:30", "Anna Smith", "yes", "yes yes", "yes", "no"], anna),
            (
                "goodbye with the yes",
                &["a cleaning on Tuesday at 2:30", "Anna Smith", "yes", "yes please, thank you, bye"],
                anna,
            ),
            ("spelled", &["a cleaning on Tuesday at 2:30", "Anna Smyth, S-M-I-T-H", "yes", "yes", "bye"], anna),
            ("keys", &["#1", "#1", "Tuesday at 2:30", "Anna Smith", "#1", "#1", "no"], anna),
            ("keys to the end", &["#1", "#1", "Tuesday at 2:30", "Anna Smith", "#1", "#1", "#2"], anna),
            ("keys, something else", &["a cleaning on Tuesday at 2:30", "Anna Smith", "#1", "#1", "#1", "no"], anna),
            ("ambiguous day, keys", &["a cleaning next Tuesday at 2:30", "#1", "Anna Smith", "yes", "yes", "no"], anna),
            (
                "a.m. or p.m.",
                &[
                    "a cleaning on Tuesday at seven",
                    "in the evening",
                    "how about half past two then",
                    "Anna Smith",
                    "yes",
                    "yes",
                    "bye",
                ],
                anna,
            ),
            (
                "not Friday",
                &[
                    "a cleaning, any time but not Monday",
                    "the Tuesday one",
                    "no wait, 2:30 please",
                    "Anna Smith",
                    "yes",
                    "yes",
                    "bye",
                ],
                anna,
            ),
        ],
    );
}

#[test]
fn the_dentist_other_ways() {
    run(
        dental,
        &[
            (
                "another number by voice",
                &[
                    "a cleaning on Tuesday at 2:30",
                    "Anna Smith",
                    "no",
                    "six one seven five five five two six seven one",
                    "yes",
                    "yes",
                    "bye",
                ],
                "cleaning 11-24 14:30 Anna Smith +16175552671; Booked",
            ),
            (
                "another number at once",
                &["a cleaning on Tuesday at 2:30", "Anna Smith", "no, use 617-555-2671", "yes", "yes", "bye"],
                "cleaning 11-24 14:30 Anna Smith +16175552671; Booked",
            ),
            (
                "number in pieces",
                &["a cleaning on Tuesday at 2:30", "Anna Smith", "no", "617", "555", "2671", "yes", "yes", "bye"],
                "cleaning 11-24 14:30 Anna Smith +16175552671; Booked",
            ),
            (
                "number by keys",
                &["a cleaning on Tuesday at 2:30", "Anna Smith", "#2", "#6175552671", "#1", "#1", "bye"],
                "cleaning 11-24 14:30 Anna Smith +16175552671; Booked",
            ),
            (
                "number and name together",
                &["a cleaning on Tuesday at 2:30", "Anna Smith, and my number is 617 555 2671", "yes", "bye"],
                "cleaning 11-24 14:30 Anna Smith +16175552671; Booked",
            ),
            (
                "first of the offers",
                &["a consultation", "tomorrow or Monday", "the first one", "Bob Jones", "yes", "yes", "bye"],
                "consultation 11-23 09:00 Bob Jones +16175550123; Booked",
            ),
            (
                "as soon as possible",
                &[
                    "I broke a tooth and need to come in as soon as possible",
                    "the first",
                    "Bob Jones",
                    "yes",
                    "yes",
                    "bye",
                ],
                "emergency-visit 11-23 09:00 Bob Jones +16175550123; Booked",
            ),
            (
                "two bookings",
                &[
                    "a cleaning on Tuesday at 2:30",
                    "Anna Smith",
                    "yes",
                    "yes",
                    "yes, I also need a whitening on Wednesday at ten",
                    "yes",
                    "no",
                ],
                "cleaning 11-24 14:30 Anna Smith +16175550123; whitening 11-25 10:00 Anna Smith +16175550123; Booked",
            ),
            ("hours only", &["What time do you close on Friday?", "no thanks, bye"], "InfoOnly"),
            ("address only", &["where are you located", "no that's all"], "InfoOnly"),
            ("faq only", &["Do you accept my insurance plan?", "Is there somewhere to park?", "no"], "InfoOnly"),
            (
                "unknown question",
                &["do you sell goldfish?", "yes please", "I am looking for goldfish", "Bob Jones", "yes", "no"],
                "message from Bob Jones: Asked: \"do you sell goldfish?\" I am looking for goldfish; Message",
            ),
            (
                "a person",
                &["can I speak to a person please", "please call me about my bill", "Bob Jones", "yes", "no"],
                "message from Bob Jones: Asked for a person. please call me about my bill; Message",
            ),
            (
                "message",
                &[
                    "I'd like to leave a message",
                    "I left my umbrella at your office yesterday",
                    "Bob Jones",
                    "yes",
                    "no thanks",
                ],
                "message from Bob Jones: I left my umbrella at your office yesterday; Message",
            ),
            (
                "reschedule",
                &["I need to reschedule my appointment", "from Monday to Friday please", "Bob Jones", "yes", "bye"],
                "message from Bob Jones: Wants to move an appointment: \"I need to reschedule my appointment\" from Monday to Friday please; Message",
            ),
            ("wrong number", &["oh sorry, I think I have the wrong number"], "NoDisposition"),
            ("only goodbye", &["goodbye"], "NoDisposition"),
            ("changed their mind", &["a cleaning on Tuesday", "never mind, forget it", "no"], "NoDisposition"),
            ("silence only", &["<silence>", "<silence>", "<silence>", "<silence>"], "Abandoned"),
            ("noise only", &["<noise>", "<noise>", "<noise>", "<noise>"], "Abandoned"),
            ("emergency", &["my father has chest pain", "bye"], "InfoOnly"),
            ("hangs up halfway", &["a cleaning on Tuesday at 2:30", "Anna Smith"], "(Abandoned)"),
            (
                "unknown service",
                &[
                    "I'd like to get a haircut",
                    "oh, then a consultation",
                    "Monday at 10",
                    "Bob Jones",
                    "yes",
                    "yes",
                    "no",
                ],
                "consultation 11-23 10:00 Bob Jones +16175550123; Booked",
            ),
            (
                "offered service",
                &["do you do whitening?", "yes please", "Monday at 10", "Bob Jones", "yes", "yes", "no"],
                "whitening 11-23 10:00 Bob Jones +16175550123; Booked",
            ),
            (
                "closed day",
                &["a cleaning on Sunday at 10", "Monday at ten", "Bob Jones", "yes", "yes", "no"],
                "cleaning 11-23 10:00 Bob Jones +16175550123; Booked",
            ),
            (
                "later",
                &["a cleaning on Monday morning", "something later", "Tuesday at 11", "Bob Jones", "yes", "yes", "no"],
                "cleaning 11-24 11:00 Bob Jones +16175550123; Booked",
            ),
            (
                "neither",
                &["a cleaning on Monday", "none of those", "Monday at 3", "Bob Jones", "yes", "yes", "no"],
                "cleaning 11-23 15:00 Bob Jones +16175550123; Booked",
            ),
            (
                "menu to message",
                &["blah blah", "<noise>", "#2", "please call me", "Bob", "yes", "no"],
                "message from Bob: please call me; Message",
            ),
            (
                "done at an offered message",
                &[
                    "do you sell goldfish?",
                    "are you open on Saturdays?",
                    "do you sell goldfish?",
                    "no, that's all I needed",
                ],
                "InfoOnly",
            ),
            (
                "a service from the question before",
                &[
                    "How much is a cleaning?",
                    "okay, can I book one?",
                    "what do you have available?",
                    "this is Emily Clark",
                    "the first one",
                    "uh-huh",
                    "sounds good",
                    "nope, that's everything, thanks a lot",
                ],
                "cleaning 11-23 09:00 Emily Clark +16175550123; Booked",
            ),
            (
                "what time was that",
                &[
                    "a cleaning on Tuesday at 2:30",
                    "Michael, Michael Brown",
                    "yes",
                    "wait, what time was that?",
                    "yes",
                    "bye",
                ],
                "cleaning 11-24 14:30 Michael Brown +16175550123; Booked",
            ),
            (
                "disclosure",
                &["when is my next appointment?", "yes", "please tell me my appointment", "Bob Jones", "yes", "no"],
                "message from Bob Jones: About an appointment: \"when is my next appointment?\" please tell me my appointment; Message",
            ),
        ],
    );
}

#[test]
fn the_garage() {
    run(
        garage,
        &[
            (
                "all at once",
                &["Hello, I want an oil change on Monday at ten", "Pedro Ruiz", "yes", "yes", "no"],
                "oil-change 11-23 10:00 Pedro Ruiz +34612345678; Booked",
            ),
            (
                "american spelling",
                &["I need new tires on Saturday at 11", "the 28th", "Pedro Ruiz", "yes", "yes", "no thanks"],
                "tyre-change 11-28 11:00 Pedro Ruiz +34612345678; Booked",
            ),
            (
                "lunch break",
                &["an inspection on Monday at three", "at five please", "Pedro Ruiz", "yes", "yes", "bye"],
                "inspection 11-23 17:00 Pedro Ruiz +34612345678; Booked",
            ),
            (
                "another number",
                &["oil change Monday at 10 am", "Pedro Ruiz", "no, 699 123 456", "yes", "yes", "bye"],
                "oil-change 11-23 10:00 Pedro Ruiz +34699123456; Booked",
            ),
            ("faqs", &["Do you have courtesy cars?", "how long is the guarantee", "no"], "InfoOnly"),
            (
                "my car's oil",
                &[
                    "could I bring my car in to get the oil changed tomorrow week",
                    "on Tuesday at 9:30",
                    "at 9:40 then",
                    "Pedro Ruiz",
                    "yes",
                    "yes",
                    "bye",
                ],
                "oil-change 11-24 09:40 Pedro Ruiz +34612345678; Booked",
            ),
            (
                "which service",
                &["I need a change", "the oil", "Tuesday at 10", "Pedro Ruiz", "yes", "yes", "bye"],
                "oil-change 11-24 10:00 Pedro Ruiz +34612345678; Booked",
            ),
            (
                "day first date",
                &["inspection on the 1/12 at 10 am", "Pedro Ruiz", "yes", "yes", "bye"],
                "inspection 12-01 10:00 Pedro Ruiz +34612345678; Booked",
            ),
        ],
    );
}
