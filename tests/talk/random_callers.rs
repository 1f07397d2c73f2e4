//! Hundreds of callers who know what they want and say it in any order, with questions, silences and second thoughts.

use jiff::ToSpan;
use jiff::civil::{DateTime, date};

use crate::chance::Chance;
use crate::prompts::{Prompts, keys_of, prompts};
use crate::shops::{dental, garage};
use crate::stage::{Call, at};

/// Callers per business.
const CALLERS: u64 = 150;
/// Turns after which a caller who gets on has long been done.
const TURNS_MAX: usize = 40;

/// A caller's wish.
struct Wish {
    service: &'static str,
    id: &'static str,
    when: DateTime,
    name: &'static str,
    number: &'static str,
    digits: &'static str,
}

#[test]
fn every_caller_gets_what_was_wished_or_a_clear_end() {
    let prompts = prompts();
    let mut wrong = Vec::new();
    for seed in 0..CALLERS * 2 {
        if let Err((why, call)) = place(seed, &prompts) {
            wrong.push(format!("== caller {seed}: {why}\n{}", call.transcript()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CALLERS * 2, wrong[..wrong.len().min(8)].join("\n\n"));
}

fn place(seed: u64, prompts: &Prompts) -> Result<(), (String, Box<Call>)> {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1);
    let dentist = seed.is_multiple_of(2);
    let shop = if dentist { dental() } else { garage() };
    let mut wish = wish(&mut chance, dentist);
    let own = if dentist { "+16175550123" } else { "+34612345678" };
    let mut call = Call::from(shop, Some(own), None, seed);
    if chance.below(6) == 0 {
        call.race = 1;
    }
    let mut others = chance.below(3);
    let mut yes_at_read_back = false;
    let mut turns = 0;
    while call.hung_up.is_none() && turns < TURNS_MAX {
        turns += 1;
        let last = call.last_prompt();
        let keys = keys_of(&last, prompts, &call.business);
        let said = if others > 0 && chance.below(3) == 0 && !keys.iter().any(|k| k == "anything_else") {
            others -= 1;
            aside(&mut chance, &keys, &mut wish)
        } else {
            reply(&mut chance, &keys, &wish, &last, !call.booked.is_empty())
        };
        let reading = keys.iter().any(|k| k == "read_back" || k == "really");
        let attempts = call.attempts.len();
        call.hear(&said);
        if call.attempts.len() > attempts {
            yes_at_read_back |= reading;
            if !reading {
                return Err(("booked without a read-back".into(), Box::new(call)));
            }
        }
        if call.last_prompt() == last && !said.contains("again") && call.hung_up.is_none() {
            return Err((format!("the same words twice running: {last}"), Box::new(call)));
        }
    }
    let call = Box::new(call);
    if call.hung_up.is_none() {
        return Err(("no end".into(), call));
    }
    let [booked] = call.booked.as_slice() else { return Err(("not booked once".into(), call)) };
    let start = at(&call.business, wish.when);
    let raced = call.attempts.len() > 1;
    let number = if wish.digits.is_empty() { own } else { wish.number };
    let right = booked.service == wish.id && booked.name == wish.name && booked.phone == number;
    if !right || !raced && booked.slot.starts_at != start || !yes_at_read_back {
        return Err((format!("wished {} {} {} {number}, got {}", wish.id, wish.when, wish.name, call.result()), call));
    }
    Ok(())
}

fn wish(chance: &mut Chance, dentist: bool) -> Wish {
    // Monday to Friday of the next two weeks, at an hour both shops are open.
    let day = date(2026, 11, 23) + (chance.below(2) as i64 * 7 + chance.below(5) as i64).days();
    let hour = [9, 10, 11, 16][chance.below(4) as usize];
    let services: &[(&str, &str)] = if dentist {
        &[("cleaning", "cleaning"), ("consultation", "consultation"), ("whitening", "whitening")]
    } else {
        &[("oil change", "oil-change"), ("tyre change", "tyre-change"), ("inspection", "inspection")]
    };
    let (service, id) = services[chance.below(3) as usize];
    let name = chance.of(&["Ruth Abbott", "Jamal Okafor", "Li Wei", "Kate O'Sullivan", "Pedro Ruiz"]);
    let (number, digits) = match (chance.below(3), dentist) {
        (0, true) => ("+16175552671", "six one seven, five five five, twenty-six seventy-one"),
        (0, false) => ("+34699123456", "six nine nine, one two three, four five six"),
        _ => ("", ""),
    };
    Wish { service, id, when: day.at(hour, 0, 0, 0), name, number, digits }
}

fn day(wish: &Wish) -> String {
    wish.when.strftime("%A, %B %-d").to_string()
}

fn hour(wish: &Wish) -> &'static str {
    match wish.when.hour() {
        9 => "nine in the morning",
        10 => "ten a.m.",
        11 => "11 AM",
        _ => "four in the afternoon",
    }
}

/// What this caller answers to what was just asked.
fn reply(chance: &mut Chance, keys: &[String], wish: &Wish, last: &str, booked: bool) -> String {
    let is = |key: &str| keys.iter().any(|k| k == key);
    let (s, d, h) = (wish.service, day(wish), hour(wish));
    if is("ask_service") || is("which_service") || is("unknown_service") {
        return chance.of(&["{s}", "the {s} please", "uh, {s}"]).replace("{s}", s);
    }
    if is("ask_when") || is("ask_when_service") || is("none_left") || is("none_free") || is("too_far") || is("past") {
        return chance.of(&["{d} at {h}", "{h} on {d}", "um, {d}, {h}, please"]).replace("{d}", &d).replace("{h}", h);
    }
    if is("which_day") {
        return wish.when.strftime("%B %-d").to_string();
    }
    if is("offer") || is("more_offers") || is("which_offer") || is("offer_one") {
        return if last.contains("or") { "the first one".into() } else { "yes please".into() };
    }
    if is("ask_name") || is("ask_message_name") {
        return chance.of(&["{n}", "it's {n}", "my name is {n}", "{n} speaking"]).replace("{n}", wish.name);
    }
    if is("confirm_phone") {
        return if wish.digits.is_empty() {
            chance.of(&["yes", "yeah no that's fine", "use that", "yep that works"]).into()
        } else {
            format!("no, it's {}", wish.digits)
        };
    }
    if is("ask_phone") || is("phone_more") || is("phone_wrong") {
        return if wish.digits.is_empty() { "this number is fine".into() } else { wish.digits.into() };
    }
    if is("read_back") || is("really") {
        let right = last.contains(wish.service) && last.contains(wish.name);
        return if right {
            chance.of(&["yes", "that's all correct", "sounds good", "yes please"]).into()
        } else {
            "no".into()
        };
    }
    if is("phone_back") {
        return "that's right".into();
    }
    if is("ask_change") {
        return format!("it's {s}, {d} at {h}");
    }
    if booked {
        return chance.of(&["no thanks", "that's all", "no, bye"]).into();
    }
    match chance.below(4) {
        0 => format!("I need {s} on {d} at {h}"),
        1 => format!("hi, this is {}, can I get {s} on {d}, {h}", wish.name),
        2 => "I'd like to make an appointment".into(),
        _ => format!("I'm calling about {s}"),
    }
}

/// What comes in between: noise, a question, or another wish from now on.
fn aside(chance: &mut Chance, keys: &[String], wish: &mut Wish) -> String {
    let reading = keys.iter().any(|k| k == "read_back");
    match chance.below(8) {
        0 => "<silence>".into(),
        1 => "<noise>".into(),
        2 => "what time do you close on Fridays?".into(),
        3 => "sorry, can you say that again?".into(),
        4 => "will I have to wait long?".into(),
        5 => "hang on a second".into(),
        6 if reading => {
            wish.when = if wish.when.hour() == 10 { wish.when + 1.hour() } else { wish.when.date().at(10, 0, 0, 0) };
            format!("no, {} please", hour(wish))
        }
        _ => "where are you?".into(),
    }
}
