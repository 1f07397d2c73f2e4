//! Callers written blind: they know what they want, listen to what is asked and answer it in words of their own.
//!
//! A line is "kind: words"; it is said when its kind is asked for, a "say" as soon as the line before it was said.
//! `ask:N` is a line that is plainly like the Nth question. What a caller was given no line for is said in the words of
//! [`COMMON`], or what was said before once more.

use std::sync::Arc;

use offhook::conversation::{Business, Disposition};
use serde::Deserialize;

use crate::prompts::{Prompts, keys_of, prompts_in};
use crate::script::{Script, monday, own};
use crate::scripted::{answered, check, likeness};
use crate::stage::Call;
use crate::trades::{Trade, here};

/// One caller.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stranger {
    name: String,
    /// The file of the business.
    shop: String,
    lines: Vec<String>,
    known: Option<String>,
    #[serde(default = "monday")]
    now: String,
    #[serde(default)]
    appointments: Vec<Vec<String>>,
    #[serde(default)]
    busy: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    never: Vec<String>,
    #[serde(default)]
    booked: Vec<String>,
    #[serde(default)]
    moved: Vec<String>,
    #[serde(default)]
    cancelled: Vec<String>,
    name_taken: Option<String>,
    phone: Option<String>,
    #[serde(default)]
    message: Vec<String>,
    /// What the call comes to, where the lists above do not say.
    disposition: Option<Disposition>,
    /// Why this caller does not get what was wished yet: nothing wrong may come of it all the same.
    open: Option<String>,
}

#[derive(Deserialize)]
struct File {
    stranger: Vec<Stranger>,
}

#[test]
fn the_first_strangers_get_what_they_came_for() {
    meet(&["first_en.toml", "first_es.toml"]);
}

#[test]
fn the_second_strangers_get_what_they_came_for() {
    meet(&["second_en.toml", "second_es.toml"]);
}

#[test]
fn the_third_strangers_get_what_they_came_for() {
    meet(&["third_en.toml", "third_es.toml"]);
}

#[test]
fn the_fourth_strangers_get_what_they_came_for() {
    meet(&["fourth_en.toml", "fourth_es.toml"]);
}

#[test]
fn the_fifth_strangers_get_what_they_came_for() {
    meet(&["fifth_en.toml", "fifth_es.toml"]);
}

/// All callers of some files.
fn meet(files: &[&str]) {
    let mut reports = Vec::new();
    let (mut all, mut right, mut harmed) = (0, 0, 0);
    for file in files {
        for stranger in read(file) {
            let (call, faults, harm) = stranger.call();
            all += 1;
            right += usize::from(faults.is_empty());
            harmed += usize::from(harm);
            if harm || faults.is_empty() == stranger.open.is_some() {
                let what = if harm {
                    "WRONG"
                } else if faults.is_empty() {
                    "no longer open"
                } else {
                    "missed"
                };
                let faults = faults.join("\n   ");
                reports.push(format!("== {what}: {file}: {}\n   {faults}\n{}", stranger.name, call.transcript()));
            }
        }
    }
    println!("{right} of {all} served, {harmed} wronged");
    assert!(reports.is_empty(), "{}\n\n{right} of {all} served, {harmed} wronged", reports.join("\n\n"));
}

fn read(file: &str) -> Vec<Stranger> {
    let text = std::fs::read_to_string(here("strangers").join(file)).expect("a set of strangers");
    toml::from_str::<File>(&text).unwrap_or_else(|error| panic!("{file}: {error}")).stranger
}

impl Stranger {
    /// The call as it ended, what is missing, and whether something was done that nobody wished.
    fn call(&self) -> (Call, Vec<String>, bool) {
        let trade = Trade::of_shop(&format!("../strangers/shops/{}.toml", self.shop));
        let business = trade.business();
        let script = self.script(&business);
        let mut call = answered(Arc::clone(&business), &script, &trade);
        let mut faults = Vec::new();
        let before = call.there.clone();
        let prompts = prompts_in(&business.language);
        let mut mind = Mind::new(&self.lines, &business.language);
        for _ in 0..TURNS_MAX {
            if call.hung_up.is_some() {
                break;
            }
            let Some((kind, words)) = mind.reply(&prompts, &call) else {
                faults.push("went round in circles".into());
                break;
            };
            call.answers = likeness(&kind, business.faqs.len());
            call.hear(&words);
        }
        check(&script, &trade, &call, &before, &mut faults);
        let harm = faults.iter().any(|fault| is_harm(fault));
        (call, faults, harm)
    }

    fn script(&self, business: &Business) -> Script {
        let settled = [
            (!self.moved.is_empty(), Disposition::Rescheduled),
            (!self.cancelled.is_empty(), Disposition::Cancelled),
            (!self.booked.is_empty(), Disposition::Booked),
            (!self.message.is_empty(), Disposition::Message),
        ];
        let settled = settled.into_iter().find_map(|(is, disposition)| is.then_some(disposition));
        Script {
            theme: "strangers".into(),
            name: self.name.clone(),
            language: business.language.clone(),
            known: self.known.clone(),
            from: own(),
            now: self.now.clone(),
            appointments: self.appointments.clone(),
            busy: self.busy.clone(),
            down: false,
            race: 0,
            turns: vec![],
            says: self.says.clone(),
            never: self.never.clone(),
            booked: self.booked.clone(),
            moved: self.moved.clone(),
            cancelled: self.cancelled.clone(),
            name_taken: self.name_taken.clone(),
            phone: self.phone.clone(),
            message: self.message.clone(),
            for_whom: None,
            disposition: self.disposition.or(settled).expect("what the call comes to"),
        }
    }
}

/// A calendar entry that is not as wished, rather than one that is missing.
fn is_harm(fault: &str) -> bool {
    let written = ["booked: ", "moved: ", "cancelled: "].iter().any(|what| fault.starts_with(what));
    let Some((want, got)) = fault.split_once("], got [").filter(|_| written) else {
        return fault.starts_with("never: ");
    };
    let items = |list: &str| list.split('"').skip(1).step_by(2).map(str::to_string).collect::<Vec<_>>();
    let want = items(want);
    items(got).iter().any(|got| !want.iter().any(|want| got.starts_with(want.as_str())))
}

/// What a caller still has to say.
struct Mind {
    lines: Vec<(String, String, bool)>,
    language: String,
    last: Option<usize>,
    repeats: usize,
    turns: usize,
}

impl Mind {
    fn new(lines: &[String], language: &str) -> Self {
        let line = |line: &String| {
            let (kind, words) = line.split_once(": ").expect("kind: words");
            (kind.to_string(), words.to_string(), false)
        };
        Self { lines: lines.iter().map(line).collect(), language: language.into(), last: None, repeats: 0, turns: 0 }
    }

    /// The kind of the line and its words.
    fn reply(&mut self, prompts: &Prompts, call: &Call) -> Option<(String, String)> {
        let asked = asked(prompts, call);
        let next = |i: usize| i == 0 || self.last.is_some_and(|last| last + 1 == i);
        let own = (0..self.lines.len()).find(|i| {
            let (kinds, _, said) = &self.lines[*i];
            !said && kinds.split(',').any(|kind| kind == asked || (next(*i) && is_unasked(kind)))
        });
        if let Some(i) = own {
            self.lines[i].2 = true;
            self.last = Some(i);
            return Some((self.lines[i].0.replace(',', " "), self.lines[i].1.clone()));
        }
        self.turns += 1;
        let common = COMMON.iter().find(|(language, kind, _)| *language == self.language && *kind == asked);
        if let Some((_, _, words)) = common {
            return Some((asked, words[self.turns % words.len()].into()));
        }
        self.repeats += 1;
        let of_kind =
            |kind: &str| self.lines.iter().rev().find(|(kinds, _, said)| *said && kinds.split(',').any(|k| k == kind));
        let again = of_kind(&asked).or_else(|| of_kind("say")).or_else(|| of_kind("ask:0"))?;
        (self.repeats <= REPEATS_MAX).then(|| (again.0.replace(',', " "), again.1.clone()))
    }
}

fn is_unasked(kind: &str) -> bool {
    kind == "say" || kind.starts_with("ask:")
}

/// What kind of line the receptionist waits for.
fn asked(prompts: &Prompts, call: &Call) -> String {
    let keys = keys_of(&call.last_prompt(), prompts, &call.business);
    let kind = KINDS.iter().find(|(_, of)| of.iter().any(|key| keys.iter().any(|k| k == key)));
    kind.map_or("?", |(kind, _)| kind).into()
}

/// Turns after which nobody is on the line any more.
const TURNS_MAX: usize = 20;
/// How often a caller says the same again.
const REPEATS_MAX: usize = 2;

/// Which prompts ask for which kind of line.
const KINDS: [(&str, &[&str]); 14] = [
    ("help", &["help_choices", "menu"]),
    ("more", &["anything_else", "confirm_end"]),
    ("right", &["read_back", "read_back_move", "confirm_cancel", "really", "really_move"]),
    ("service", &["ask_service", "which_service", "unknown_service", "offers_service"]),
    ("which", &["which_day", "which_time"]),
    ("offer", &["offer", "offer_one", "more_offers", "which_offer"]),
    (
        "when",
        &[
            "ask_when",
            "ask_when_service",
            "ask_when_move",
            "past",
            "too_far",
            "none_left",
            "none_free",
            "same_time",
            "no_such_day",
        ],
    ),
    ("name", &["ask_name", "ask_message_name"]),
    ("number", &["confirm_phone", "ask_phone", "phone_more", "phone_wrong", "ask_booked_phone"]),
    ("yes", &["phone_back"]),
    ("appointment", &["which_appointment", "move_or_cancel"]),
    ("message", &["ask_message", "message_trouble", "ask_callback"]),
    ("pass", &["offer_message", "offer_pass", "offer_rebook", "unknown_question"]),
    ("change", &["ask_change"]),
];

/// What anybody says who has nothing of their own to say.
const COMMON: [(&str, &str, &[&str]); 12] = [
    ("en", "help", &["it's about an appointment"]),
    ("es", "help", &["es para una cita"]),
    (
        "en",
        "more",
        &["no that's everything thanks bye", "nope that's it, bye now", "I think that's all thank you bye bye"],
    ),
    ("en", "right", &["yep sounds right", "yes that's perfect", "uh huh yes please"]),
    ("en", "yes", &["yes that's it", "correct"]),
    ("en", "number", &["yeah that's fine", "yep this number", "yes that one's good"]),
    ("en", "pass", &["no that's okay", "no thanks"]),
    ("es", "more", &["no eso es todo gracias adiós", "nada más, muchas gracias, hasta luego"]),
    ("es", "right", &["sí así está bien", "sí correcto", "sí perfecto"]),
    ("es", "yes", &["sí ese es", "correcto"]),
    ("es", "number", &["sí a este mismo", "sí claro, ese está bien"]),
    ("es", "pass", &["no gracias", "no hace falta"]),
];
