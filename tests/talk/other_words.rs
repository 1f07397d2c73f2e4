//! The same wishes in other people's words: what was once mistaken, in wordings that were never heard.

use std::sync::Arc;

use offhook::conversation::Disposition;
use serde::Deserialize;

use crate::script::{Script, monday, own};
use crate::scripted::{answered, check, likeness};
use crate::trades::{Trade, here};

/// Some calls that differ in their first words alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    name: String,
    /// The file of the business.
    shop: String,
    #[serde(default = "monday")]
    now: String,
    #[serde(default)]
    appointments: Vec<Vec<String>>,
    #[serde(default)]
    busy: Vec<String>,
    /// What is said before.
    #[serde(default)]
    before: Vec<String>,
    /// Which of the questions it is plainly like.
    asks: Option<usize>,
    /// The wordings: each of them in a call of its own.
    words: Vec<String>,
    /// What is said after.
    #[serde(default)]
    after: Vec<String>,
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
    for_whom: Option<String>,
    disposition: Disposition,
}

#[derive(Deserialize)]
struct File {
    wish: Vec<Wish>,
}

#[test]
fn other_words_come_to_the_same() {
    let text = std::fs::read_to_string(here("other_words.toml")).expect("tests/talk/other_words.toml");
    let file: File = toml::from_str(&text).expect("wishes");
    let mut wrong = Vec::new();
    let mut count = 0;
    for wish in &file.wish {
        for words in &wish.words {
            count += 1;
            wrong.extend(wish.fault(words));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n\n"));
}

impl Wish {
    /// What went wrong, with the call.
    fn fault(&self, words: &str) -> Option<String> {
        let trade = Trade::of_shop(&format!("../strangers/shops/{}.toml", self.shop));
        let business = trade.business();
        let script = self.script(words, &business.language);
        let mut call = answered(Arc::clone(&business), &script, &trade);
        let before = call.there.clone();
        let turns = self.before.iter().map(String::as_str).chain([words]).chain(self.after.iter().map(String::as_str));
        for turn in turns {
            if call.hung_up.is_none() {
                let asks = self.asks.filter(|_| turn == words).map(|n| format!("ask:{n}")).unwrap_or_default();
                call.answers = likeness(&asks, business.faqs.len());
                call.hear(turn);
            }
        }
        let mut faults = Vec::new();
        check(&script, &trade, &call, &before, &mut faults);
        let told = || format!("== {}: {words}\n   {}\n{}", self.name, faults.join("\n   "), call.transcript());
        (!faults.is_empty()).then(told)
    }

    fn script(&self, words: &str, language: &str) -> Script {
        Script {
            theme: "other words".into(),
            name: format!("{} {words}", self.name),
            language: language.into(),
            known: None,
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
            for_whom: self.for_whom.clone(),
            disposition: self.disposition,
        }
    }
}
