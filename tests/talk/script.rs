//! Scripted conversations as data: what a caller says, turn by turn, and the calendar and record that must result.

use offhook::conversation::Disposition;
use serde::Deserialize;

use crate::trades::here;

/// One conversation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The theme's file.
    #[serde(skip)]
    pub theme: String,
    pub name: String,
    #[serde(default = "english")]
    pub language: String,
    /// The caller's name in the CRM, when it knows the number.
    pub known: Option<String>,
    /// "own" (the default), "withheld", or a number.
    #[serde(default = "own")]
    pub from: String,
    /// Local time of the call; Monday morning unless said.
    #[serde(default = "monday")]
    pub now: String,
    /// Appointments there are: service, local time, and a number that is not the caller's own.
    #[serde(default)]
    pub appointments: Vec<Vec<String>>,
    /// Local times somebody else has, an hour each.
    #[serde(default)]
    pub busy: Vec<String>,
    /// The calendar does not answer.
    #[serde(default)]
    pub down: bool,
    /// This many bookings are lost to somebody faster.
    #[serde(default)]
    pub race: usize,
    /// What each turn does ([`ACTS`]), and its words.
    pub turns: Vec<(String, String)>,
    /// Parts of what the agent must say, and must not say.
    #[serde(default)]
    pub says: Vec<String>,
    #[serde(default)]
    pub never: Vec<String>,
    /// "0 2026-11-24 10:00": the service's place in the list, or its key, and the start; a day alone is enough where
    /// the caller took what was offered.
    #[serde(default)]
    pub booked: Vec<String>,
    /// As `booked`: what became of the appointments there were.
    #[serde(default)]
    pub moved: Vec<String>,
    /// As `booked`: where they were.
    #[serde(default)]
    pub cancelled: Vec<String>,
    /// The record's name and number.
    pub name_taken: Option<String>,
    pub phone: Option<String>,
    /// Parts of the message's text; no message unless there are some.
    #[serde(default)]
    pub message: Vec<String>,
    /// For whom it is.
    pub for_whom: Option<String>,
    pub disposition: Disposition,
}

#[derive(Deserialize)]
struct File {
    script: Vec<Script>,
}

/// Every script of the folder.
pub fn all() -> Vec<Script> {
    let folder = std::fs::read_dir(here("scripts")).expect("tests/talk/scripts");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = std::fs::read_to_string(file).expect("a theme");
        let parsed: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let theme = file.file_stem().expect("a name").to_string_lossy().into_owned();
        parsed.script.into_iter().map(move |script| Script { theme: theme.clone(), ..script })
    };
    files.iter().flat_map(read).collect()
}

impl Script {
    /// What a turn does, one word each.
    pub fn acts(&self) -> impl Iterator<Item = Vec<&str>> {
        self.turns.iter().map(|(acts, _)| acts.split_whitespace().collect())
    }

    /// The intents, slots and corrections turn by turn; manners and noises are no part of it.
    pub fn sequence(&self) -> String {
        let counts = |act: &&str| !MANNERS.contains(act);
        let turns = self.acts().map(|acts| acts.into_iter().filter(counts).collect::<Vec<_>>().join("+"));
        turns.filter(|turn| !turn.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The caller takes back something said before.
    pub fn corrects(&self) -> bool {
        self.acts().flatten().any(|act| act.starts_with('!'))
    }

    /// A question is put while something else is being settled.
    pub fn asks_midway(&self) -> bool {
        let acts: Vec<Vec<&str>> = self.acts().collect();
        let settling = |act: &&str| FLOWS.contains(act);
        let Some(first) = acts.iter().position(|turn| turn.iter().any(settling)) else { return false };
        let Some(last) = acts.iter().rposition(|turn| turn.iter().any(|act| is_slot(act))) else { return false };
        (first..=last).any(|i| i > first && i < last && acts[i].iter().any(|act| act.starts_with("ask:")))
    }

    /// Two answers in one turn.
    pub fn doubles(&self) -> bool {
        self.acts().any(|turn| turn.iter().filter(|act| is_slot(act)).count() > 1)
    }

    /// The caller is hostile, or makes no sense.
    pub fn is_hostile(&self) -> bool {
        self.acts().flatten().any(|act| matches!(act, "abuse" | "nonsense"))
    }

    /// Words for acts that do not exist.
    pub fn unknown_acts(&self) -> Vec<&str> {
        let known = |act: &&str| {
            let act = act.trim_start_matches('!');
            let act = act.split(':').next().unwrap_or(act);
            FLOWS.contains(&act) || is_slot(act) || MANNERS.contains(&act) || OTHERS.contains(&act)
        };
        self.acts().flatten().filter(|act| !known(act)).collect()
    }
}

/// Whether an act answers something.
pub fn is_slot(act: &str) -> bool {
    SLOTS.contains(&act.trim_start_matches('!'))
}

fn english() -> String {
    "en".into()
}

/// From the caller's own number.
pub fn own() -> String {
    "own".into()
}

/// When calls are made unless said.
pub fn monday() -> String {
    "2026-11-23 09:40".into()
}

/// What a caller may want done.
pub const FLOWS: [&str; 8] = ["book", "move", "cancel", "when", "message", "callback", "person", "department"];
/// Wishes that settle nothing by themselves; `ask:` names its question, `!task` is a change of mind.
const OTHERS: [&str; 9] = ["ask", "complaint", "emergency", "wrong", "sales", "robot", "late", "records", "task"];
/// What a caller gives; `!` before it takes back what was said before.
const SLOTS: [&str; 15] = [
    "service",
    "day",
    "time",
    "part",
    "offer",
    "name",
    "phone",
    "words",
    "which",
    "yes",
    "no",
    "birth",
    "zip",
    "reference",
    "whom",
];
/// What changes nothing.
const MANNERS: [&str; 12] =
    ["hello", "bye", "thanks", "hold", "repeat", "abuse", "nonsense", "silence", "noise", "keys", "aside", "cut"];
