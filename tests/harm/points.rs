//! Where the server is killed: rounds of a few calls each, and the moment they are cut off at.

use std::time::Duration;

use crate::callers::Plan;
use crate::sounds::{Dice, Sound, spoken};

/// The moment of a kill, as seen in the live events; a seeded while later the server is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// The last of the calls rings.
    Ringing,
    /// The last of the calls was answered.
    Greeting,
    /// Some caller has said so much.
    Turn(usize),
    /// Some caller has said yes to the booking.
    Yes,
    /// Some call has ended: what it leaves is being written.
    Ended,
}

/// Some calls and their common end.
pub struct Round {
    pub aim: Aim,
    /// From the aimed moment to the kill.
    pub late: Duration,
    pub calls: Vec<Plan>,
}

/// Rounds with `points` calls together.
pub fn rounds(points: usize, dice: &mut Dice) -> Vec<Round> {
    let mut placed = 0;
    let mut rounds = Vec::new();
    while placed < points {
        let (aim, talking) = AIMS[rounds.len() % AIMS.len()];
        let count = CALLS_PER_ROUND.min(points - placed);
        let calls = (0..count).map(|n| plan(placed + n, n, aim, talking, dice)).collect();
        let late = Duration::from_millis(dice.below(late_ms_max(aim)));
        rounds.push(Round { aim, late, calls });
        placed += count;
    }
    rounds
}

fn late_ms_max(aim: Aim) -> u64 {
    match aim {
        Aim::Ringing => 1,
        Aim::Greeting => 4_000,
        Aim::Turn(_) => 3_000,
        Aim::Yes => 60,
        Aim::Ended => 50,
    }
}

/// The `index`th call of all, `n`th of its round.
fn plan(index: usize, n: usize, aim: Aim, talking: bool, dice: &mut Dice) -> Plan {
    let number = format!("+1212555{:04}", 3000 + index % NUMBERS);
    if !talking {
        // All hang up at about the same time: their rows crowd the outbox.
        let hang_up_after = Duration::from_millis(1_500 + dice.below(60));
        return Plan { hang_up_after, ..Plan::silent(&number) };
    }
    let sentences = if n == CALLS_PER_ROUND - 1 && aim != Aim::Yes { message() } else { booking(index) };
    let sentences: Vec<(&str, Sound)> = sentences.iter().map(|text| (text.as_str(), voice(index, text))).collect();
    let gap = if matches!(aim, Aim::Ringing | Aim::Greeting) { 3_000 } else { 2_000 };
    let wait = Duration::from_millis(n as u64 * gap + dice.below(1_000));
    Plan { wait, ..Plan::spoken(&number, &sentences) }
}

fn booking(index: usize) -> Vec<String> {
    let (day, time) = (DAYS[index % DAYS.len()], TIMES[index / DAYS.len() % TIMES.len()]);
    let week = WEEKS[index / (DAYS.len() * TIMES.len()) % WEEKS.len()];
    let name = NAMES[index % NAMES.len()];
    [
        "Hi, I would like to book a cleaning.".to_owned(),
        format!("{day}{week} at {time}, please."),
        format!("My name is {name}."),
        "Yes, please.".to_owned(),
        "Yes, please.".to_owned(),
        "No, thank you. Goodbye.".to_owned(),
    ]
    .into()
}

fn message() -> Vec<String> {
    [
        "I would like to leave a message, please.",
        "Please tell the doctor that the crown is loose again.",
        "My name is Peter Brown.",
        "Yes, please.",
        "No, thank you. Goodbye.",
    ]
    .map(str::to_owned)
    .into()
}

fn voice(index: usize, text: &str) -> Sound {
    spoken(VOICES[index % VOICES.len()], text)
}

/// The first two make the short run: a booking's yes, and the outbox.
const AIMS: [(Aim, bool); 13] = [
    (Aim::Yes, true),
    (Aim::Ended, false),
    (Aim::Turn(1), true),
    (Aim::Ended, false),
    (Aim::Turn(3), true),
    (Aim::Ringing, true),
    (Aim::Yes, true),
    (Aim::Ended, true),
    (Aim::Turn(2), true),
    (Aim::Greeting, true),
    (Aim::Turn(5), true),
    (Aim::Ended, false),
    (Aim::Yes, true),
];
/// As many as two cores can listen to.
const CALLS_PER_ROUND: usize = 4;
/// People; most of them call more than once.
const NUMBERS: usize = 23;
const VOICES: [&str; 2] = ["kal16", "awb"];
/// Names, days and times that both voices say so that they are understood.
const NAMES: [&str; 3] = ["David Miller", "Mary Jones", "Paul Smith"];
const DAYS: [&str; 3] = ["Tuesday", "Thursday", "Friday"];
const TIMES: [&str; 3] = ["nine thirty", "ten thirty", "nine"];
const WEEKS: [&str; 4] = ["", " next week", " in two weeks", " in three weeks"];
