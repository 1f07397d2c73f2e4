//! A caller who speaks Spanish to a business that greets in English: booked in Spanish, and written down in Spanish.
//! The voice is Italian and often misheard: like a person, the caller hangs up when all is said and nobody else does.

use std::time::{Duration, Instant};

use jiff::civil::Weekday;
use serde_json::Value;

use crate::booked::{appointments, assert_one_contact, assert_settled, start, weekday};
use crate::person::{live_call, path, story};
use crate::phones::{Baresip, Phone};
use crate::server::{Business, Server, rows};
use crate::voices::{Voice, speech};

#[test]
fn a_spanish_caller_books() {
    let server = Server::start(Business::Bilingual);
    let phone = Baresip::call(&server.uri("desk"), NUMBER);
    let call = talk(phone, &server);
    println!("{}", story(&call));
    assert_settled(&server, &call);
    assert_eq!(call["language"], "es");
    let made = appointments(&server);
    assert_eq!(made.len(), 1, "{made:#?}");
    assert_eq!(start(&made[0]), "2026-11-24T16:00:00-05:00");
    assert_eq!(weekday(start(&made[0])), Weekday::Tuesday);
    assert_eq!((&made[0]["service"], &made[0]["call_id"]), (&"cleaning".into(), &call["id"]));
    let lines: Vec<String> = rows(&call["transcript"]).iter().map(|l| l["text"].to_string().to_lowercase()).collect();
    assert!(lines.iter().any(|line| line.contains("el martes 24 de noviembre a las cuatro de la tarde")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("limpieza")), "{lines:?}");
    assert_one_contact(&server, NUMBER);
}

/// Answers each question once it is said, until the agent hangs up; the call's record.
fn talk(mut phone: Baresip, server: &Server) -> Value {
    let id = live_call(server, NUMBER);
    let (mut answered, mut goodbyes) = (None, 0);
    for _ in 0..TURNS_MAX {
        let Some((line, start_ms)) = next_question(server, &id, answered) else { break };
        answered = start_ms;
        phone.play(&speech(Voice::Italiana, reply(&line)));
        let asked_more = ["algo más", "alguna otra cosa"].iter().any(|cue| line.contains(cue));
        goodbyes += usize::from(asked_more);
        if goodbyes >= GOODBYES_MAX {
            phone.hang_up();
            break;
        }
    }
    let call = server.wait(&path(&id), "the call ends", ANSWER_DEADLINE, |call| call["state"] == "ended");
    phone.wait_for_end();
    call
}

/// The agent's next question and when it began; none when the call is over.
fn next_question(server: &Server, id: &str, answered: Option<u64>) -> Option<(String, Option<u64>)> {
    let until = Instant::now() + ANSWER_DEADLINE;
    loop {
        let call = server.get(&path(id));
        if call["state"] == "ended" {
            return None;
        }
        let asked = rows(&call["transcript"]).into_iter().rfind(|line| {
            let fresh = answered.is_none_or(|last| line["start_ms"].as_u64() > Some(last));
            let text = line["text"].as_str().unwrap_or_default();
            fresh
                && line["speaker"] == "agent"
                && (text.ends_with('?') || text.ends_with("el 2.") || text.contains("almohadilla"))
        });
        if let Some(line) = asked {
            return Some((line["text"].as_str().unwrap_or_default().to_lowercase(), line["start_ms"].as_u64()));
        }
        assert!(Instant::now() < until, "the agent asks nothing:\n{}\n{}", story(&call), server.log());
        std::thread::park_timeout(POLL);
    }
}

fn reply(question: &str) -> &'static str {
    let cues = [
        ("algo más", "No, grasias, eso es todo. Adios."),
        ("alguna otra cosa", "No, grasias, eso es todo. Adios."),
        ("la reservo", YES_OR_NOT),
        ("es correcto", YES_OR_NOT),
        ("reservar:", "Una limpiesa, por favor."),
        ("servicio necesita", "Una limpiesa, por favor."),
        ("nombre", "Mi nombre es Carmen Garsia."),
        ("llama, que termina", "Si, correcto, por favor."),
        ("a qué hora", "Para el martes, a las cuatro de la tarde, por favor."),
        ("cuándo le", "Para el martes, a las cuatro de la tarde, por favor."),
        ("qué día", "Para el martes, a las cuatro de la tarde, por favor."),
        ("qué otro día", "Para el martes, a las cuatro de la tarde, por favor."),
        ("cuál", "Para el martes, a las cuatro de la tarde, por favor."),
        ("viene bien", "Para el martes, a las cuatro de la tarde, por favor."),
    ];
    let known = cues.iter().find(|(cue, _)| question.contains(cue)).map(|(_, answer)| *answer);
    match known {
        Some(YES_OR_NOT) if question.contains("a las cuatro de la tarde") => "Si, correcto, por favor.",
        Some(YES_OR_NOT) => "No, no es correcto.",
        Some(answer) => answer,
        None => "Ola, buenos dias. Chiero pedir una sita para una limpiesa.",
    }
}

const NUMBER: &str = "+12125550163";
/// Only what was wished for is agreed to.
const YES_OR_NOT: &str = "?";
/// A booking takes six answers; the rest is patience with words that were misheard.
const TURNS_MAX: usize = 16;
/// Whoever was asked "anything else?" so often has said goodbye as often.
const GOODBYES_MAX: usize = 2;
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(150);
