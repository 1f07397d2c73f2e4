//! Generated addresses in every way of saying them: understood, or asked again; never silently wrong.

use offhook::conversation::Expectation;

use crate::chance::Chance;
use crate::email::asking;
use crate::stage::Call;

/// Callers.
const CALLERS: u64 = 200;
/// Of a hundred, at least so many are understood the first time.
const FIRST_TIME_MIN: u64 = 90;

#[test]
fn any_address_is_understood_or_asked_again() {
    let (mut first, mut wrong, mut missed) = (0, Vec::new(), Vec::new());
    for seed in 0..CALLERS {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 7);
        let spanish = seed.is_multiple_of(4);
        let parts = parts(&mut chance);
        let address = address(&parts);
        let opening = match spanish {
            false => ["a cleaning on Tuesday at 2:30", "Anna Bell", "yes"],
            true => ["una limpieza el martes a las dos y media", "Ana Bell", "sí"],
        };
        let mut call = Call::new(asking(true, if spanish { "es" } else { "en" })).says(&opening);
        let mut tries = 0;
        while matches!(call.conversation.expectation(), Expectation::Email) && tries < 4 {
            tries += 1;
            let said = said(&mut chance, &parts, spanish);
            call.hear(&said);
            if call.conversation.expectation() == Expectation::YesNo {
                // The caller compares what is spelled with what was meant.
                let right = heard_back(&call.last(), spanish) == address;
                first += u64::from(right && tries == 1);
                if !right && tries == 1 {
                    missed.push(format!("{address}: {said} -> {}", call.last()));
                }
                call.hear(match (right, spanish) {
                    (true, false) => "yes",
                    (true, true) => "sí",
                    (false, _) => "no",
                });
            } else if tries == 1 {
                missed.push(format!("{address}: {said} -> {}", call.last()));
            }
        }
        let outcome = call.conversation.outcome();
        let right = outcome.email.as_ref().map_or(outcome.email_wanted, |email| *email == address);
        if !right {
            wrong.push(format!("== {address}\n{}", call.transcript()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n\n"));
    assert!(first * 100 >= CALLERS * FIRST_TIME_MIN, "{first} of {CALLERS} at once:\n{}", missed.join("\n"));
}

/// Words and what stands between them, up to the domain.
struct Parts {
    local: Vec<(String, char)>,
    host: (String, String),
}

fn parts(chance: &mut Chance) -> Parts {
    let names = ["anna", "bell", "ruiz", "smith", "oliver", "carmen", "lee", "okafor", "zoe", "jj", "harbor", "desk"];
    let mut local = vec![(chance.of(&names).to_string(), ' ')];
    if chance.below(3) > 0 {
        local[0].1 = ['.', '_', '-', ' '][chance.below(4) as usize];
        local.push((chance.of(&names).to_string(), ' '));
    }
    if chance.below(3) == 0 {
        local.push(((10 + chance.below(90)).to_string(), ' '));
    }
    let hosts =
        [("gmail", "com"), ("hotmail", "com"), ("outlook", "es"), ("yahoo", "com"), ("icloud", "com"), ("aol", "com")];
    let others = [("harbordental", "com"), ("bell", "net"), ("lopez", "es"), ("garage", "org")];
    let (name, end) =
        if chance.below(4) == 0 { others[chance.below(4) as usize] } else { hosts[chance.below(6) as usize] };
    Parts { local, host: (name.into(), end.into()) }
}

fn address(parts: &Parts) -> String {
    let local: String = parts.local.iter().flat_map(|(word, mark)| [word.clone(), mark.to_string()]).collect();
    format!("{}@{}.{}", local.replace(' ', ""), parts.host.0, parts.host.1)
}

/// One way of saying it.
fn said(chance: &mut Chance, parts: &Parts, spanish: bool) -> String {
    let (at, dot, under, dash) = match spanish {
        false => (" at ", " dot ", " underscore ", chance.of(&[" dash ", " hyphen "])),
        true => (" arroba ", " punto ", " guion bajo ", " guion "),
    };
    let whole = address(parts);
    let text = match chance.below(8) {
        0 => whole,
        1 => whole.replacen('@', " at ", usize::from(!spanish)),
        2 => whole.to_uppercase().replacen('@', at, 1),
        style => {
            let mut text = String::new();
            for (word, mark) in &parts.local {
                text += &spelled(chance, word, style, spanish);
                text += match mark {
                    '.' => dot,
                    '_' => under,
                    '-' => dash,
                    _ => " ",
                };
            }
            let (name, end) = &parts.host;
            let name = match (name.as_str(), chance.below(3)) {
                ("gmail", 0) => "g mail".to_string(),
                ("hotmail", 0) => "hot mail".into(),
                ("outlook", 0) => "out look".into(),
                ("icloud", 0) => "i cloud".into(),
                (name, 1) if chance.below(2) == 0 => letters(name, " "),
                (name, _) => name.into(),
            };
            format!("{}{at}{name}{dot}{end}", text.trim_end())
        }
    };
    let lead = match spanish {
        false => chance.of(&["", "it's ", "Sure, it's ", "my email is ", "um, ", "yes, that's "]),
        true => chance.of(&["", "es ", "mi correo es ", "sí, es "]),
    };
    format!("{lead}{text}{}", chance.of(&["", ".", ", please."]))
}

fn spelled(chance: &mut Chance, word: &str, style: u64, spanish: bool) -> String {
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return match chance.below(2) {
            0 => word.into(),
            _ => letters(word, " "),
        };
    }
    const RADIO: [&str; 26] = [
        "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
        "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey",
        "x-ray", "yankee", "zulu",
    ];
    let each = |f: &dyn Fn(char) -> String| word.chars().map(f).collect::<Vec<_>>().join(" ");
    match style {
        3 => letters(word, " "),
        4 => letters(word, "-").to_uppercase(),
        5 if !spanish && word.len() > 2 => each(&|c| RADIO[usize::from(c as u8 - b'a')].to_string()),
        6 if !spanish => each(&|c| format!("{c} as in {}", RADIO[usize::from(c as u8 - b'a')])),
        _ => word.to_string(),
    }
}

fn letters(word: &str, between: &str) -> String {
    word.chars().map(|c| c.to_string()).collect::<Vec<_>>().join(between)
}

/// What a caller hears read back.
fn heard_back(text: &str, spanish: bool) -> String {
    let (before, after) = if spanish { (". ", ". ¿") } else { (". ", ". Is") };
    let from = text.find(before).map_or(0, |at| at + before.len());
    let inner = &text[from..text.rfind(after).unwrap_or(text.len())];
    let plain = inner.replace("guion bajo", "_").replace("underscore", "_").replace("guion", "-").replace("dash", "-");
    let plain = plain.replace("arroba", "@").replace(" at ", " @ ").replace("punto", ".").replace("dot", ".");
    plain.replace([' ', ','], "").to_lowercase()
}
