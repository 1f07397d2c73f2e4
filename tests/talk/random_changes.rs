//! Hundreds of callers who have appointments and want one moved or cancelled, with questions, silences, impatience and
//! second thoughts.

use jiff::ToSpan;
use jiff::civil::{DateTime, date};
use offhook::conversation::Disposition;

use crate::chance::Chance;
use crate::prompts::{keys_of, prompts};
use crate::shops::{dental, garage};
use crate::stage::Call;

/// Callers over both businesses.
const CALLERS: u64 = 300;
/// Turns after which a caller who gets on has long been done.
const TURNS_MAX: usize = 40;

/// What a caller wants of which appointment.
struct Plan {
    id: &'static str,
    old_day: &'static str,
    cancels: bool,
    to: DateTime,
    /// Says no at the first question before the change.
    wavers: bool,
}

#[test]
fn every_change_is_the_one_agreed_on() {
    let prompts = prompts();
    let mut wrong = Vec::new();
    for seed in 0..CALLERS {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 3);
        let dentist = seed.is_multiple_of(2);
        let (shop, services) =
            if dentist { (dental(), ["cleaning", "whitening"]) } else { (garage(), ["oil-change", "inspection"]) };
        let own = if dentist { "+16175550123" } else { "+34612345678" };
        let mut call = Call::from(shop, Some(own), None, seed);
        call = call.with(services[0], date(2026, 11, 24).at(10, 0, 0, 0));
        let two = chance.below(2) == 0;
        if two {
            call = call.with(services[1], date(2026, 11, 26).at(11, 0, 0, 0));
        }
        let second = two && chance.below(2) == 0;
        let day = date(2026, 11, 30) + (chance.below(5) as i64).days();
        let plan = Plan {
            id: if second { "old2" } else { "old1" },
            old_day: if second { "Thursday" } else { "Tuesday" },
            cancels: chance.below(2) == 0,
            to: day.at([9, 10, 11][chance.below(3) as usize], 0, 0, 0),
            wavers: chance.below(4) == 0,
        };
        if let Err(why) = talk(&mut call, &mut chance, &plan, &prompts) {
            wrong.push(format!("== caller {seed}: {why}\n{}", call.transcript()));
        }
    }
    assert!(wrong.is_empty(), "{} of {CALLERS}:\n{}", wrong.len(), wrong[..wrong.len().min(8)].join("\n\n"));
}

fn talk(call: &mut Call, chance: &mut Chance, plan: &Plan, prompts: &crate::prompts::Prompts) -> Result<(), String> {
    let mut wavers = plan.wavers;
    let mut asides = chance.below(3);
    let mut keys: Vec<String> = Vec::new();
    for _ in 0..TURNS_MAX {
        if call.hung_up.is_some() {
            break;
        }
        let heard = keys_of(&call.last_prompt(), prompts, &call.business);
        // "Take your time" leaves the question as it was.
        if !heard.iter().any(|k| k == "hold") {
            keys = heard;
        }
        let is = |key: &str| keys.iter().any(|k| k == key);
        let confirming = is("read_back_move") || is("really_move") || is("confirm_cancel");
        let open = is("help") || is("anything_else") || keys.iter().any(|k| k.starts_with("greeting"));
        let said = if asides > 0 && !open && chance.below(3) == 0 {
            asides -= 1;
            chance.of(&["<silence>", "<noise>", "where are you?", "hang on a second", "can you say that again?"]).into()
        } else if confirming && wavers {
            wavers = false;
            if is("confirm_cancel") { "no, leave it as it is".into() } else { "no".into() }
        } else {
            reply(chance, plan, &is, !call.changes.is_empty())
        };
        let before = call.writes.len();
        call.hear(&said);
        if call.writes.len() > before && (!confirming || !agrees(&said)) {
            return Err(format!("changed at {said:?}"));
        }
    }
    let to = plan.to.strftime("%m-%d %H:%M");
    let wanted = if plan.cancels { format!("{} off", plan.id) } else { format!("{} {to}", plan.id) };
    let disposition = if plan.cancels { Disposition::Cancelled } else { Disposition::Rescheduled };
    match call.changes == [wanted.clone()] && call.hung_up == Some(disposition) {
        true => Ok(()),
        false => Err(format!("wanted {wanted}, got {}", call.result())),
    }
}

fn agrees(said: &str) -> bool {
    ["yes please", "yep, do it", "that's right, go ahead", "absolutely"].contains(&said)
}

fn reply(chance: &mut Chance, plan: &Plan, is: &dyn Fn(&str) -> bool, done: bool) -> String {
    let day = plan.to.strftime("%A, %B %-d").to_string();
    let hour = match plan.to.hour() {
        9 => "nine in the morning",
        10 => "ten a.m.",
        _ => "11 AM",
    };
    if is("which_appointment") {
        return chance.of(&["the {d} one", "the one on {d}", "{d}'s, please"]).replace("{d}", plan.old_day);
    }
    if is("ask_when_move") || is("ask_when") || is("none_left") || is("none_free") || is("same_time") {
        return chance
            .of(&["{d} at {h}", "um, {h} on {d}", "how about {d}, {h}"])
            .replace("{d}", &day)
            .replace("{h}", hour);
    }
    if is("which_day") {
        return plan.to.strftime("%B %-d").to_string();
    }
    if is("read_back_move") || is("really_move") || is("confirm_cancel") {
        return chance.of(&["yes please", "yep, do it", "that's right, go ahead", "absolutely"]).into();
    }
    if is("offer_rebook") || done {
        return chance.of(&["no thanks", "no, that's all", "nope, bye"]).into();
    }
    let asked = match plan.cancels {
        true => chance.of(&["I have to cancel my {d} appointment", "please cancel my appointment on {d}"]).to_string(),
        false => chance
            .of(&[
                "can I reschedule my {d} appointment",
                "could we move {d}'s appointment to {n} at {h}",
                "I'd like to change my appointment",
            ])
            .replace("{n}", &day)
            .replace("{h}", hour),
    };
    asked.replace("{d}", plan.old_day)
}
