//! Nothing about a person is said, changed or confirmed to somebody who has not shown to be that person: what a caller
//! hears is the same whether the person is a customer or not.

use std::sync::Arc;

use jiff::civil::{DateTime, date};
use offhook::conversation::{Business, Event, KnownCaller, Proof, Verify};
use serde::Deserialize;

use crate::stage::Call;
use crate::trades::{Trade, here};

#[derive(Deserialize)]
struct File {
    script: Vec<Script>,
}

#[derive(Deserialize)]
struct Script {
    name: String,
    turns: Vec<String>,
}

/// When the victim's appointment is: no other is offered there, in either world.
fn hers() -> DateTime {
    date(2026, 12, 15).at(16, 30, 0, 0)
}

/// One world's call: with the victim among the customers, or without.
fn call(script: &Script, trade: &Trade, verify: Verify, own: bool, there: bool) -> Call {
    let business = Arc::new(Business { verify, ..(*trade.business()).clone() });
    let from = if own { &trade.number[0] } else { &trade.caller };
    let service = business.services[1].id.clone();
    let call = Call::silent(business, Some(from), 5);
    let mut call = if there { call.with_under(&trade.number[0], &service, hers()) } else { call.block(hers(), 30) };
    let proof = Proof { birth_date: Some(date(1985, 3, 3)), zip: Some("02139".into()), tier: None, email: None };
    let known = KnownCaller { contact_id: "c9".into(), name: "Margarethe Holloway".into(), proof };
    call.event(Event::Started((own && there).then_some(known)));
    for turn in &script.turns {
        if call.hung_up.is_none() {
            call.hear(&trade.fill(&turn.replace("{victim}", "{digits.0}")));
        }
    }
    call
}

#[test]
fn nobody_learns_anything_by_asking() {
    let text = std::fs::read_to_string(here("disclosure/scripts.toml")).expect("the scripts");
    let scripts: File = toml::from_str(&text).expect("scripts");
    assert!(scripts.script.len() >= 50);
    let mut leaks = Vec::new();
    for script in &scripts.script {
        for trade in Trade::of("en") {
            for (verify, own) in ways() {
                let (with, without) =
                    (call(script, &trade, verify, own, true), call(script, &trade, verify, own, false));
                if with.transcript() != without.transcript() || !with.writes.is_empty() || tells(&with) {
                    leaks.push(format!(
                        "== {} {verify:?} {own}\n{}\n-- without\n{}",
                        script.name,
                        with.transcript(),
                        without.transcript()
                    ));
                }
            }
        }
    }
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n\n"));
}

/// Every check, from a stranger's number, and from the victim's own where more is asked for than the number.
fn ways() -> Vec<(Verify, bool)> {
    let asked = [Verify::BirthDate, Verify::Zip, Verify::Reference];
    let stranger = asked.into_iter().chain([Verify::CallerId]).map(|verify| (verify, false));
    stranger.chain(asked.into_iter().map(|verify| (verify, true))).collect()
}

/// Something of hers that the caller did not say first.
fn tells(call: &Call) -> bool {
    let mut heard = String::new();
    call.said.iter().any(|line| match line.strip_prefix("> ") {
        Some(said) => {
            heard.push_str(said);
            false
        }
        None => ["Holloway", "Margarethe", "4:30", "15th", "1985", "02139"]
            .iter()
            .any(|secret| line.contains(secret) && !heard.contains(secret) && !heard.contains("fifteenth")),
    })
}
