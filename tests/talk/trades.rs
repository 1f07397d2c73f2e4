//! The businesses the scripts run on, configured as their owners would, and the words their callers fill in.

use std::path::PathBuf;
use std::sync::Arc;

use offhook::conversation::Business;
use serde::Deserialize;

/// One business and what its callers say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trade {
    pub language: String,
    config: String,
    /// The number callers call from unless a script says otherwise.
    pub caller: String,
    /// Other numbers, E.164.
    pub number: Vec<String>,
    /// The same, as dictated.
    digits: Vec<String>,
    /// The same, as typed on a keypad.
    typed: Vec<String>,
    service: Vec<String>,
    person: Vec<String>,
    department: Vec<String>,
    thing: Vec<String>,
    ask: Vec<String>,
    answer: Vec<String>,
    place: String,
    unknown: String,
    ailment: String,
}

#[derive(Deserialize)]
struct Trades {
    trade: Vec<Trade>,
}

impl Trade {
    /// The businesses of a language.
    pub fn of(language: &str) -> Vec<Trade> {
        let text = std::fs::read_to_string(here("trades.toml")).expect("tests/talk/trades.toml");
        let all: Trades = toml::from_str(&text).expect("the businesses of the scripts");
        all.trade.into_iter().filter(|trade| trade.language == language).collect()
    }

    /// A business whose callers have words of their own.
    pub fn of_shop(config: &str) -> Trade {
        let mut trade = Trade { config: config.into(), ..Trade::default() };
        let business = trade.business();
        trade.language.clone_from(&business.language);
        trade.caller = if business.country == "US" { "+16175550142" } else { "+34612345142" }.into();
        if business.country == "GB" {
            trade.caller = "+447700900142".into();
        }
        trade
    }

    /// The business as configured.
    pub fn business(&self) -> Arc<Business> {
        let file = here("trades").join(&self.config);
        let text = std::fs::read_to_string(&file).expect("a configuration");
        let config = offhook::config::parse(&self.config, &text).unwrap_or_else(|error| panic!("{error}"));
        Arc::clone(config.businesses.first().expect("one business"))
    }

    /// `text` with the business's words in it.
    pub fn fill(&self, text: &str) -> String {
        let lists = [
            ("ask", &self.ask),
            ("service", &self.service),
            ("person", &self.person),
            ("department", &self.department),
            ("thing", &self.thing),
            ("answer", &self.answer),
            ("number", &self.number),
            ("digits", &self.digits),
            ("typed", &self.typed),
        ];
        let single = [("place", &self.place), ("unknown", &self.unknown), ("ailment", &self.ailment)];
        let mut filled = text.to_string();
        for (name, list) in lists {
            for (i, words) in list.iter().enumerate() {
                filled = filled.replace(&format!("{{{name}.{i}}}"), words);
            }
        }
        for (name, words) in single {
            filled = filled.replace(&format!("{{{name}}}"), words);
        }
        filled = filled.replace("{caller}", &self.caller);
        assert!(!filled.contains('{'), "{}: no words for {text}", self.config);
        filled
    }
}

/// A file of this folder.
pub fn here(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/talk").join(name)
}
