//! SIGKILL at any moment of a call and of the writing after it: the next start closes what was cut off, and every
//! effect is there once. `KILL_POINTS` says how many calls are cut off, `KILL_SEED` when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::events::Events;
use crate::judge::{Disk, Seen, Witness, judge};
use crate::points::{Aim, Round, rounds};
use crate::server::{Business, Server};
use crate::sounds::Dice;

#[test]
fn what_was_cut_off_is_closed_and_every_effect_is_there_once() {
    let points = number("KILL_POINTS").map_or(POINTS, |points| points as usize);
    let mut dice = Dice(number("KILL_SEED").unwrap_or(SEED));
    let mut folder = tempfile::tempdir().expect("a temporary folder");
    let mut witness = Witness::default();
    let mut killed = BTreeMap::new();
    for (n, round) in rounds(points, &mut dice).into_iter().enumerate() {
        let began = Instant::now();
        let aim = round.aim;
        folder = play(folder, round, &mut witness, &mut killed);
        folder = kill_in_recovery(folder, &mut dice, &mut witness, &mut killed);
        let server = Server::start_in(folder, Business::Dental, "");
        judge(&server, &witness);
        folder = server.kill();
        println!("round {n}, {aim:?}: {} s", began.elapsed().as_secs());
    }
    println!("{points} calls cut off, at:");
    killed.iter().for_each(|(place, count)| println!("{count:5}  {place}"));
    assert!(killed.values().sum::<usize>() >= points, "{killed:?}");
}

/// One server, some calls, one kill. Counts where each of the calls was.
fn play(
    folder: tempfile::TempDir,
    round: Round,
    witness: &mut Witness,
    killed: &mut BTreeMap<String, usize>,
) -> tempfile::TempDir {
    let server = Server::start_in(folder, Business::Dental, "");
    let events = Events::of(&server);
    let count = round.calls.len();
    let callers: Vec<_> = round.calls.into_iter().map(|plan| plan.dial(&server)).collect();
    let seen_before = witness.calls.len();
    let deadline = Instant::now() + ROUND_MAX;
    while !witness.has_come_to(round.aim, seen_before, count) {
        let Some(event) = events.next(deadline) else { break };
        witness.note(event);
    }
    let moment = Instant::now() + round.late;
    while let Some(event) = events.next(moment) {
        witness.note(event);
    }
    let folder = server.kill();
    while let Some(event) = events.next(Instant::now() + Duration::from_secs(1)) {
        witness.note(event);
    }
    callers.into_iter().for_each(crate::callers::Caller::vanish);
    let disk = Disk::copy_of(folder.path());
    for call in &witness.calls[seen_before..] {
        let place = call.place(&disk);
        println!("{place}:{}", call.told());
        *killed.entry(place).or_default() += 1;
    }
    let unseen = count - (witness.calls.len() - seen_before).min(count);
    if unseen > 0 {
        *killed.entry("dialling".into()).or_default() += unseen;
    }
    witness.remember(&disk);
    folder
}

/// The start after a kill is killed, too: right when it delivers what the calls that were cut off leave behind.
fn kill_in_recovery(
    folder: tempfile::TempDir,
    dice: &mut Dice,
    witness: &mut Witness,
    killed: &mut BTreeMap<String, usize>,
) -> tempfile::TempDir {
    let server = Server::start_in(folder, Business::Dental, "");
    std::thread::park_timeout(Duration::from_millis(dice.below(RECOVERY_MS_MAX)));
    let folder = server.kill();
    let disk = Disk::copy_of(folder.path());
    for place in disk.undelivered() {
        *killed.entry(format!("recovery, {place}")).or_default() += 1;
    }
    witness.remember(&disk);
    folder
}

impl Witness {
    fn has_come_to(&self, aim: Aim, first: usize, count: usize) -> bool {
        let calls = &self.calls[first..];
        if calls.len() == count && calls.iter().all(|call| call.ended) {
            return true;
        }
        match aim {
            Aim::Ringing => calls.len() >= count,
            Aim::Greeting => calls.iter().filter(|call| call.answered).count() >= count,
            Aim::Turn(lines) => calls.iter().any(|call| call.caller_lines() >= lines),
            Aim::Yes => calls.iter().any(Seen::said_yes),
            Aim::Ended => calls.iter().any(|call| call.ended),
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Calls cut off when nothing else is asked for: two rounds.
const POINTS: usize = 8;
const SEED: u64 = 6;
/// A round in which nothing comes to the aimed moment is cut off where it stands.
const ROUND_MAX: Duration = Duration::from_secs(90);
/// Delivering what a few calls leave takes about so long, milliseconds.
const RECOVERY_MS_MAX: u64 = 25;
