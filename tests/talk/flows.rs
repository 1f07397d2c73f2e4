//! Flows as data: the scripts notice every change of them.

use std::sync::Arc;

use offhook::conversation::{Business, Flows, Kind, Policy};

use crate::script::all;
use crate::scripted::run_on;
use crate::trades::Trade;

const BUILT_IN: &str = include_str!("../../src/conversation/flows.toml");

/// What is changed: the flow, a part of its text, and what stands there instead.
const MUTATIONS: [(&str, &str, &str); 15] = [
    ("book", r#"["service", "time", "name", "phone"]"#, r#"["service", "time", "phone", "name"]"#),
    ("book", r#"["service", "time", "name", "phone"]"#, r#"["name", "service", "time", "phone"]"#),
    ("book", r#"["service", "time", "name", "phone"]"#, r#"["time", "service", "name", "phone"]"#),
    ("book", r#"["service", "time", "name", "phone"]"#, r#"["service", "time", "phone"]"#),
    ("book", r#"["service", "time", "name", "phone"]"#, r#"["service", "time", "name"]"#),
    ("book", r#"then = "book""#, r#"then = "message""#),
    ("move", r#"then = "move""#, r#"then = "message""#),
    ("cancel", "asks", "on = false\nasks"),
    ("when", "intent", "on = false\nintent"),
    ("faq", "intent", "on = false\nintent"),
    ("message", r#"["message", "name", "phone"]"#, r#"["message", "phone"]"#),
    ("callback", "asks", "on = false\nasks"),
    ("person", "asks", "on = false\nasks"),
    ("sales", "intent", "on = false\nintent"),
    ("wrong_number", r#"intent = "wrong_number""#, r#"intent = "other""#),
];

#[test]
fn a_change_of_the_flows_makes_scripts_fail() {
    let scripts = all();
    for (flow, from, to) in MUTATIONS {
        let text = mutated(flow, from, to);
        let flows = Arc::new(Flows::parse("flows.toml", &text).unwrap_or_else(|error| panic!("{flow}: {error}")));
        let fails = |script: &crate::script::Script| {
            Trade::of(&script.language).iter().any(|trade| {
                let policy = Policy { flows: Arc::clone(&flows), ..Policy::default() };
                let business = Arc::new(Business { policy: Arc::new(policy), ..(*trade.business()).clone() });
                !run_on(business, script, trade).1.is_empty()
            })
        };
        assert!(scripts.iter().any(fails), "no script noticed [{flow}] {from} -> {to}");
    }
}

#[test]
fn a_business_overrides_single_keys() {
    let text = std::fs::read_to_string(crate::trades::here("trades/vet.toml")).expect("a configuration");
    let with = |flows: &str| offhook::config::parse("vet.toml", &format!("{text}\n{flows}"));
    let config = with("[flows.sales]\non = false\n\n[flows.book]\nclosed = \"We open again in the morning.\"\n");
    let business = Arc::clone(&config.expect("sound").businesses[0]);
    assert!(!business.policy.flows.of(Kind::Sales).on && business.policy.flows.of(Kind::Book).on);
    let lines = text.lines().count();
    let error = with("[flows.book]\nasks = [\"name\"]\n").expect_err("no booking without a time").to_string();
    assert!(error.starts_with(&format!("vet.toml:{}: `service` is missing", lines + 3)), "{error}");
    let error = with("[flows.dance]\non = true\n").expect_err("no such flow").to_string();
    assert!(error.contains("no flow `dance`; known: book, move"), "{error}");
}

#[test]
fn what_is_said_first_after_hours_is_said_once() {
    let text = BUILT_IN.replacen("[book]\n", "[book]\nclosed = \"The diary is open all night.\"\n", 1);
    let flows = Arc::new(Flows::parse("flows.toml", &text).expect("sound"));
    let policy = Arc::new(Policy { flows, ..Policy::default() });
    let business = Arc::new(Business { policy, ..(*crate::shops::dental()).clone() });
    let call = crate::stage::Call::new(business).says(&["I need a cleaning", "Tuesday at 2:30"]);
    assert_eq!(call.transcript().matches("all night").count(), 1, "{}", call.transcript());
}

/// The built-in flows with one flow's text changed.
fn mutated(flow: &str, from: &str, to: &str) -> String {
    let start = BUILT_IN.find(&format!("[{flow}]")).expect("a flow");
    let (before, rest) = BUILT_IN.split_at(start);
    assert!(rest.contains(from), "{flow}: {from}");
    format!("{before}{}", rest.replacen(from, to, 1))
}
