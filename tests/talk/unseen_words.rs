//! Hundreds of single answers in other people's words, each in the state in which it is said, on both businesses.

use std::sync::Arc;

use offhook::conversation::Business;

use crate::prompts::{keys_of, prompts};
use crate::shops::{dental, garage};
use crate::stage::Call;

const TABLES: [&str; 3] =
    [include_str!("unseen_words.tsv"), include_str!("unseen_words_more.tsv"), include_str!("unseen_words_last.tsv")];

type Shop = fn() -> Arc<Business>;

/// What a shop sells and the numbers its callers have, for the holes in the table.
struct Holes {
    service: &'static str,
    other: &'static str,
    number: &'static str,
}

const DENTIST: Holes = Holes { service: "a cleaning", other: "a whitening", number: "617 555 2671" };
const GARAGE: Holes = Holes { service: "an oil change", other: "an inspection", number: "699 123 456" };

#[test]
fn answers_nobody_wrote_into_the_lexicon() {
    let prompts = prompts();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in TABLES.iter().flat_map(|t| t.lines()).filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
        let [state, shops, text, want] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("four columns: {line}");
        };
        let mut runs: Vec<(Shop, &Holes)> = Vec::new();
        if shops != "g" {
            runs.push((dental, &DENTIST));
        }
        if shops != "d" {
            runs.push((garage, &GARAGE));
        }
        for (shop, holes) in runs {
            count += 1;
            let mut call = Call::new(shop());
            for turn in before(state) {
                call.hear(&filled(turn, holes));
            }
            let start = call.said.len();
            call.hear(&filled(text, holes));
            let said = call.said[start + 1..].to_vec();
            let keys: Vec<Vec<String>> = said.iter().map(|t| keys_of(t, &prompts, &call.business)).collect();
            if let Err(why) = judge(&filled(want, holes), &keys, &said.join(" ")) {
                wrong.push(format!(
                    "{state:9} {}: {}\n    want {want} ({why})\n    said {said:?}",
                    call.business.id,
                    filled(text, holes)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The turns that lead to a state.
fn before(state: &str) -> Vec<&'static str> {
    let booking = ["{a_s} on Tuesday at ten in the morning", "Ruth Abbott", "yes", "yes", "yes"];
    let other = ["{a_s} on Tuesday at ten in the morning", "Ruth Abbott", "no", "{number}"];
    match state {
        "open" => vec![],
        "service" => vec!["I'd like to book an appointment"],
        "when" => vec!["I need {a_s}"],
        "offer" => vec!["I need {a_s}", "on Tuesday"],
        "whichday" => vec!["{a_s} next Tuesday at ten in the morning"],
        "name" => booking[..1].to_vec(),
        "confirm" => booking[..2].to_vec(),
        "readback" => booking[..3].to_vec(),
        "change" => [&booking[..3], &["no"]].concat(),
        "done" => booking[..4].to_vec(),
        "phone" => other[..3].to_vec(),
        "back" => other.to_vec(),
        "message" => vec!["I'd like to leave a message"],
        "msgname" => vec!["I'd like to leave a message", "the parcel for number nine is with us"],
        _ => panic!("no such state: {state}"),
    }
}

fn filled(text: &str, holes: &Holes) -> String {
    let bare = |s: &str| s.split_once(' ').map_or(String::new(), |(_, name)| name.to_string());
    text.replace("{a_s2}", holes.other)
        .replace("{s2}", &bare(holes.other))
        .replace("{a_s}", holes.service)
        .replace("{s}", &bare(holes.service))
        .replace("{number}", holes.number)
}

/// "a|b c ; words ; !words": prompts in that order, and words heard or not heard.
fn judge(want: &str, keys: &[Vec<String>], said: &str) -> Result<(), String> {
    let mut parts = want.split(" ; ");
    let mut rest = keys;
    let mut refused: Vec<&str> = Vec::new();
    let first = parts.next().unwrap_or_default();
    let expected: Vec<&str> = first.split(' ').filter(|k| !k.is_empty() && !k.starts_with('!')).collect();
    refused.extend(first.split(' ').filter_map(|k| k.strip_prefix('!')));
    for part in parts {
        if part.starts_with('!') || part.split('|').all(|k| k.contains('_')) {
            refused.extend(part.strip_prefix('!'));
            if !part.starts_with('!') {
                named(part, &mut rest)?;
            }
        } else if !part.split('|').any(|w| said.contains(w)) {
            return Err(format!("not heard: {part}"));
        }
    }
    for key in expected {
        named(key, &mut rest)?;
    }
    for word in refused {
        if keys.iter().flatten().any(|k| k.starts_with(word)) || said.contains(word) {
            return Err(format!("must not: {word}"));
        }
    }
    let surprised = keys.iter().flatten().any(|k| k.starts_with("missed"));
    if surprised && !want.contains("missed") { Err("not understood".into()) } else { Ok(()) }
}

fn named(alternatives: &str, rest: &mut &[Vec<String>]) -> Result<(), String> {
    let hit = |keys: &Vec<String>| {
        alternatives.split('|').any(|a| keys.iter().any(|k| k == a || a == "missed" && k.starts_with("missed_")))
    };
    match rest.iter().rposition(hit) {
        Some(at) => {
            *rest = &rest[at + 1..];
            Ok(())
        }
        None => Err(format!("no {alternatives}")),
    }
}
