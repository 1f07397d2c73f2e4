//! SIGKILL, or a power cut, at the Nth write, sync or cut of the database's files and at the Nth send or receive on the
//! line to the CRM: the real binary, with short calls over SIP and events of another platform, and again and again while
//! it delivers what the last death left. What was acknowledged, and what was on the disk, has its effects in the CRM's
//! own journal, each once. One of the CRMs has external ids, the other has none.
//!
//! `KILL_POINTS` says how often it dies, `KILL_SEED` when.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::callers::Caller;
use crate::harm::{Aim, Number, STRUCK};
use crate::house::House;
use crate::sounds::Dice;
use crate::traffic::short_calls;

/// How often it died where.
type Deaths = BTreeMap<String, u64>;

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_done_twice() {
    let points = number("KILL_POINTS").unwrap_or(POINTS);
    let mut dice = Dice(number("KILL_SEED").unwrap_or(SEED));
    let mut deaths = Deaths::new();
    for round in 0.. {
        let left = points.saturating_sub(total(&deaths, ""));
        if left == 0 {
            break;
        }
        let mut house = House::open(if round % 2 == 0 { "pipedrive" } else { "hubspot" });
        suffer(&mut house, left.min(POINTS_PER_ROUND), &mut dice, &mut deaths);
        house.recovers();
    }
    println!("{} deaths, {} of them on the line to the CRM:", total(&deaths, ""), total(&deaths, "wire"));
    deaths.iter().for_each(|(place, count)| println!("{count:6}  {place}"));
    assert!(total(&deaths, "wire") >= points / 4 && total(&deaths, "disk") >= points / 4, "{deaths:?}");
}

/// Dies `points` times: amid calls, then some times amid the work they leave.
fn suffer(house: &mut House, points: u64, dice: &mut Dice, deaths: &mut Deaths) {
    let (mut done, mut until_calls, mut placed) = (0, 0, 0);
    while done < points {
        let amid_calls = until_calls == 0;
        let aim = aim(amid_calls, dice);
        let died = match amid_calls {
            true => die_amid_calls(house, aim, placed),
            false => die_amid_delivery(house, aim),
        };
        placed += if amid_calls { CALLS } else { 0 };
        if died {
            *deaths.entry(place(house, aim, amid_calls)).or_default() += 1;
            done += 1;
        }
        until_calls = match (amid_calls, died) {
            (true, _) => DELIVERIES,
            // Nothing is left to deliver.
            (false, false) => 0,
            (false, true) => until_calls - 1,
        };
    }
}

fn die_amid_calls(house: &mut House, aim: Aim, placed: usize) -> bool {
    house.harm.disarm();
    let folder = house.take();
    let server = house.harm.start(folder);
    house.harm.aim(aim);
    let callers = short_calls(&server, placed, CALLS);
    house.platform.more(CALLS_TOLD);
    let telling = house.platform.tell(&server);
    let (died, folder) = server.dies(WORK_DEADLINE);
    house.platform.heard(telling);
    callers.into_iter().for_each(Caller::vanish);
    house.give_back(folder);
    died
}

fn die_amid_delivery(house: &mut House, aim: Aim) -> bool {
    let folder = house.take();
    house.harm.aim(aim);
    let (died, folder) = house.harm.spawn(folder).dies(WORK_DEADLINE);
    house.give_back(folder);
    died
}

fn aim(amid_calls: bool, dice: &mut Dice) -> Aim {
    let wire = dice.below(2) == 0;
    let most = match (wire, amid_calls) {
        (true, true) => 150,
        (false, true) => 250,
        (true, false) => 60,
        (false, false) => 120,
    };
    Aim { wire, nth: 1 + dice.below(most), how: dice.below(3), power: dice.below(2) == 0 }
}

fn place(house: &House, aim: Aim, amid_calls: bool) -> String {
    let what = STRUCK[house.harm.get(Number::Struck) as usize % STRUCK.len()];
    let line = if aim.wire { "wire" } else { "disk" };
    let how = ["before", "amid", "after"][aim.how as usize % 3];
    let when = if amid_calls { "calls" } else { "delivery" };
    let fate = if aim.power { "power cut" } else { "SIGKILL" };
    format!("{line}: {how} a {what}, in {when}, {fate}")
}

fn total(deaths: &Deaths, line: &str) -> u64 {
    deaths.iter().filter(|(place, _)| place.starts_with(line)).map(|(_, count)| count).sum()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Deaths when nothing else is asked for.
const POINTS: u64 = 20;
/// Deaths of one folder.
const POINTS_PER_ROUND: u64 = 60;
const SEED: u64 = 4;
/// Deaths amid the work that one life leaves.
const DELIVERIES: u32 = 9;
/// Over SIP, and told by the platform, in one life.
const CALLS: usize = 5;
const CALLS_TOLD: usize = 15;
/// A life that does not come to its end by then has nothing left to do.
const WORK_DEADLINE: Duration = Duration::from_secs(6);
