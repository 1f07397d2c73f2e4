//! Every scripted conversation, on two businesses of different trade and zone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use offhook::conversation::{Business, Slot};

use crate::script::{Script, all};
use crate::stage::Call;
use crate::trades::{Trade, here};

#[test]
fn every_script_comes_to_its_result() {
    let scripts = all();
    let mut wrong = Vec::new();
    let mut runs = 0;
    for script in &scripts {
        let trades = Trade::of(&script.language);
        for trade in &trades {
            runs += 1;
            let (call, faults) = run(script, trade);
            if !faults.is_empty() {
                let title = format!("== {}: {} at {}", script.theme, script.name, call.business.name);
                wrong.push(format!("{title}\n   {}\n{}", faults.join("\n   "), call.transcript()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n\n{} of {runs} wrong", wrong.join("\n\n"), wrong.len());
}

#[test]
fn there_are_enough_of_every_kind() {
    let scripts = all();
    let count = |kind: fn(&Script) -> bool| scripts.iter().filter(|script| kind(script)).count();
    assert!(count(|s| s.language == "en") >= 140);
    let kinds =
        [count(Script::corrects), count(Script::asks_midway), count(Script::doubles), count(Script::is_hostile)];
    assert!(scripts.len() >= 200 && kinds[0] >= 40 && kinds.iter().all(|n| *n >= 20), "{} {kinds:?}", scripts.len());
    let names: BTreeSet<&String> = scripts.iter().map(|s| &s.name).collect();
    assert_eq!(names.len(), scripts.len(), "two scripts of one name");
}

#[test]
fn two_businesses_of_different_zone_for_each_language() {
    for language in all().iter().map(|s| s.language.clone()).collect::<BTreeSet<_>>() {
        let businesses: Vec<_> = Trade::of(&language).iter().map(Trade::business).collect();
        let zones: BTreeSet<_> = businesses.iter().filter_map(|b| b.timezone.iana_name().map(str::to_string)).collect();
        assert_eq!((businesses.len(), zones.len()), (2, 2), "{language}");
    }
}

#[test]
fn no_two_scripts_take_the_same_way() {
    let mut ways: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for script in all() {
        assert_eq!(script.unknown_acts(), Vec::<&str>::new(), "{}", script.name);
        ways.entry(format!("{}: {}", script.language, script.sequence()))
            .or_default()
            .push(format!("{}/{}", script.theme, script.name));
    }
    ways.retain(|_, names| names.len() > 1);
    assert!(ways.is_empty(), "{ways:#?}");
}

#[test]
fn nobody_speaks_like_the_lexicon() {
    let mut known = BTreeSet::new();
    let folder = std::fs::read_dir(here("../../src/conversation")).expect("the room of the conversation");
    for file in folder.map(|entry| entry.expect("a file").path()) {
        if file.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(&file).expect("data");
            strings(&toml::from_str(&text).expect("TOML"), &mut known);
        }
    }
    let mut copied = Vec::new();
    for script in all() {
        for (_, words) in &script.turns {
            if !is_event(words) && known.contains(&plain(words)) {
                copied.push(format!("{}: {words}", script.name));
            }
        }
    }
    assert!(copied.is_empty(), "{} copied:\n{}", copied.len(), copied.join("\n"));
}

/// Plays a script; the call as it ended and what is wrong with it.
pub fn run(script: &Script, trade: &Trade) -> (Call, Vec<String>) {
    run_on(trade.business(), script, trade)
}

/// The same on a business that differs in something.
pub fn run_on(business: Arc<Business>, script: &Script, trade: &Trade) -> (Call, Vec<String>) {
    let mut call = answered(business, script, trade);
    let before = call.there.clone();
    let mut faults = Vec::new();
    for (acts, words) in &script.turns {
        if call.hung_up.is_some() {
            faults.push(format!("hung up before {words:?}"));
            break;
        }
        call.answers = likeness(acts, call.business.faqs.len());
        call.hear(&trade.fill(words));
    }
    check(script, trade, &call, &before, &mut faults);
    (call, faults)
}

/// The call as it begins.
pub fn answered(business: Arc<Business>, script: &Script, trade: &Trade) -> Call {
    let number = match script.from.as_str() {
        "own" => Some(trade.caller.clone()),
        "withheld" => None,
        other => Some(trade.fill(other)),
    };
    let mut call = Call::at(business, number.as_deref(), script.known.as_deref(), seed(script), local(&script.now));
    for there in &script.appointments {
        let service = service(&call.business, &there[0]);
        let number = there.get(2).map_or_else(|| trade.caller.clone(), |n| trade.fill(n));
        call = call.with_under(&number, &service, local(&there[1]));
    }
    for at in &script.busy {
        call = call.block(local(at), 60);
    }
    call.down = script.down;
    call.race = script.race;
    call
}

/// Appointments and their numbers.
pub type There = [(String, offhook::conversation::Appointment)];

/// What is not as the script has it.
pub fn check(script: &Script, trade: &Trade, call: &Call, before: &There, faults: &mut Vec<String>) {
    let mut told = |what: &str, want: &dyn std::fmt::Debug, got: &dyn std::fmt::Debug| {
        faults.push(format!("{what}: want {want:?}, got {got:?}"));
    };
    let zone = &call.business.timezone;
    let show = |service: &str, slot: &Slot| {
        format!("{service} {}", slot.starts_at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M"))
    };
    let old = |id: &str| before.iter().find(|(_, a)| a.id == id).map(|(_, a)| a);
    let new = call.there.iter().filter(|(_, a)| old(&a.id).is_none());
    let booked: Vec<String> = new.map(|(_, a)| show(&a.service, &a.slot)).collect();
    let moved = call.there.iter().filter(|(_, a)| old(&a.id).is_some_and(|o| o.slot != a.slot));
    let moved: Vec<String> = moved.map(|(_, a)| show(&a.service, &a.slot)).collect();
    let gone = before.iter().filter(|(_, a)| call.there.iter().all(|(_, b)| b.id != a.id));
    let gone: Vec<String> = gone.map(|(_, a)| show(&a.service, &a.slot)).collect();
    for (what, want, got) in
        [("booked", &script.booked, booked), ("moved", &script.moved, moved), ("cancelled", &script.cancelled, gone)]
    {
        let want: Vec<String> = want.iter().map(|w| expected(&call.business, w)).collect();
        if want.len() != got.len() || !want.iter().all(|w| got.iter().any(|g| g.starts_with(w.as_str()))) {
            told(what, &want, &got);
        }
    }
    record(script, trade, call, &mut told);
    let agent: Vec<&String> = call.said.iter().filter(|line| !line.starts_with('>')).collect();
    let spoken = |part: &String| agent.iter().any(|line| plain(line).contains(&plain(&trade.fill(part))));
    for part in script.says.iter().filter(|part| !spoken(part)) {
        told("says", &trade.fill(part), &"nothing of it");
    }
    for part in script.never.iter().filter(|part| spoken(part)) {
        told("never", &trade.fill(part), &"said");
    }
    let leaves = script.acts().last().is_some_and(|acts| acts.contains(&"bye"));
    if leaves && call.hung_up.is_none() {
        told("goodbye", &"hung up", &call.last_prompt());
    }
}

fn record(script: &Script, trade: &Trade, call: &Call, told: &mut dyn FnMut(&str, &dyn Debug, &dyn Debug)) {
    let outcome = call.conversation.outcome();
    let disposition = call.hung_up.unwrap_or_else(|| call.conversation.disposition());
    if disposition != script.disposition {
        told("disposition", &script.disposition, &disposition);
    }
    if script.name_taken.is_some() && script.name_taken != outcome.name {
        told("name", &script.name_taken, &outcome.name);
    }
    let phone = script.phone.as_ref().map(|p| trade.fill(p));
    if phone.is_some() && phone != outcome.phone {
        told("phone", &phone, &outcome.phone);
    }
    let text = outcome.message.as_ref().map(|m| plain(&m.text));
    let parts: Vec<String> = script.message.iter().map(|part| plain(&trade.fill(part))).collect();
    if text.is_some() == parts.is_empty() || !parts.iter().all(|p| text.as_ref().is_some_and(|t| t.contains(p))) {
        told("message", &parts, &outcome.message);
    }
    let whom = outcome.message.as_ref().and_then(|m| m.for_whom.as_ref()).map(|w| plain(w));
    if script.for_whom.as_ref().is_some_and(|w| whom != Some(plain(&trade.fill(w)))) {
        told("for whom", &script.for_whom, &whom);
    }
    for act in script.acts().flatten() {
        if let Some(intent) = intent(act).filter(|intent| outcome.intents.iter().all(|i| i != intent)) {
            told("intents", &intent, &outcome.intents);
        }
    }
}

/// What the record calls it.
fn intent(act: &str) -> Option<&'static str> {
    Some(match act {
        "book" => "book",
        "move" => "reschedule",
        "cancel" => "cancel",
        "when" | "records" => "existing",
        "message" => "message",
        "callback" => "callback",
        "person" | "department" => "person",
        "emergency" => "emergency",
        "wrong" => "wrong_number",
        "sales" | "robot" => "sales",
        "late" => "late",
        "ask:hours" => "hours",
        "ask:place" => "address",
        "ask:unknown" => "question",
        "ask:0" | "ask:1" | "ask:2" | "ask:3" => "faq",
        _ => return None,
    })
}

/// "0 2026-11-24 10:00" with the service's key for its place.
fn expected(business: &Business, text: &str) -> String {
    let (first, rest) = text.split_once(' ').expect("a service and a time");
    format!("{} {rest}", service(business, first))
}

fn service(business: &Business, text: &str) -> String {
    let place = text.parse::<usize>().ok().and_then(|i| business.services.get(i));
    place.map_or_else(|| text.to_string(), |service| service.id.clone())
}

fn local(text: &str) -> DateTime {
    strtime::parse("%Y-%m-%d %H:%M", text).and_then(|t| t.to_datetime()).expect("a local time, 2026-11-24 10:00")
}

/// What the comparison by meaning makes of a turn, which is measured elsewhere: plainly like the question it asks, and
/// like none otherwise.
pub fn likeness(acts: &str, faqs: usize) -> Vec<(usize, f32)> {
    let asked = acts.split_whitespace().find_map(|act| act.strip_prefix("ask:")?.parse::<usize>().ok());
    let mut like: Vec<(usize, f32)> =
        (0..faqs).map(|i| (i, if asked == Some(i) { PLAINLY_LIKE } else { 0.0 })).collect();
    like.sort_by(|a, b| b.1.total_cmp(&a.1));
    like
}

/// The likeness of a plain paraphrase.
const PLAINLY_LIKE: f32 = 0.7;

/// Each script hears its own wordings.
fn seed(script: &Script) -> u64 {
    script.name.bytes().fold(7, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

fn is_event(words: &str) -> bool {
    words.starts_with(['<', '#'])
}

/// Letters and digits, lower case.
fn plain(text: &str) -> String {
    let kept: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    kept.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn strings(value: &toml::Value, found: &mut BTreeSet<String>) {
    match value {
        toml::Value::String(text) => drop(found.insert(plain(text))),
        toml::Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        toml::Value::Table(table) => table.values().for_each(|item| strings(item, found)),
        _ => {}
    }
}
