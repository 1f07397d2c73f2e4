//! Cells are called, some at a time.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Instant;

use crate::cell::{Cell, Codec, Phone, Protection, Transport, Way};
use crate::conversation::{FIRST, Heard, KEYS, Later, SECOND, converse, spoken};
use crate::house::{House, missing};
use crate::likeness::{likeness, sound};
use crate::matrix::cells;
use crate::server::ECHO;
use crate::table::{Outcome, Row, counts, table};
use crate::{apart, baresip, linphone, pjsua, sipp};

/// A few of the matrix: each transport, each kind of codec, protected and plain, held, with keys.
#[test]
fn a_few_cells() {
    let cell = |phone, transport, codec, protection, hold, keys| Cell {
        phone,
        way: Way::Direct,
        transport,
        codec,
        protection,
        hold,
        keys,
    };
    let few = [
        cell(Phone::Baresip, Transport::Tls, Codec::Opus, Protection::Sdes, true, true),
        cell(Phone::Pjsua2, Transport::Tls, Codec::G722, Protection::Sdes, true, true),
        cell(Phone::Baresip, Transport::Tcp, Codec::Pcma, Protection::None, false, true),
        cell(Phone::Pjsua2, Transport::Udp, Codec::Pcmu, Protection::None, true, true),
    ];
    must_all_be_heard(&called(&few, few.len()));
}

/// The whole matrix; in INTEROP_TABLE the tables are left. INTEROP_ONLY calls the cells whose names hold these
/// words; what phones recorded is left in the folder INTEROP_KEEP.
#[test]
#[ignore = "minutes: make interop"]
fn every_cell() {
    let only = std::env::var("INTEROP_ONLY").unwrap_or_default();
    let wanted = |cell: &Cell| only.split(',').all(|word| cell.to_string().contains(word));
    let mut rows = called(&cells().into_iter().filter(wanted).collect::<Vec<_>>(), AT_A_TIME);
    call_again(&mut rows);
    let text = format!("{}\n{}", counts(&rows), table(&rows));
    println!("{text}");
    if let Some(file) = std::env::var_os("INTEROP_TABLE") {
        std::fs::write(file, text).expect("INTEROP_TABLE can be written");
    }
    must_all_be_heard(&rows);
}

/// Each phone talks to the receptionist, one at a time.
#[test]
#[ignore = "a minute: make interop"]
fn each_direction_apart() {
    let cells = apart::calls();
    let house = House::start(&cells);
    let shown =
        |(number, cell): (usize, &Cell)| apart::shown(cell, &house, number).err().map(|why| format!("{cell}: {why}"));
    let others: Vec<String> = cells.iter().enumerate().filter_map(shown).collect();
    assert!(others.is_empty(), "{}", others.join("\n"));
}

/// Those that failed among others, once more and alone: a busy machine stretches what a phone hears. The table says so.
fn call_again(rows: &mut [Row]) {
    let mut failed: Vec<&mut Row> = rows.iter_mut().filter(|row| matches!(row.1, Outcome::Failed(_))).collect();
    let cells: Vec<Cell> = failed.iter().map(|row| row.0).collect();
    let once_more = if cells.is_empty() { Vec::new() } else { called(&cells, 1) };
    for (row, (_, outcome)) in failed.iter_mut().zip(once_more) {
        row.1 = match outcome {
            Outcome::Heard { first, again, took, .. } => Outcome::Heard { first, again, took, twice: true },
            other => other,
        };
    }
}

fn called(cells: &[Cell], at_a_time: usize) -> Vec<Row> {
    let house = House::start(cells);
    let waiting = Mutex::new(cells.iter().copied().enumerate().collect::<VecDeque<_>>());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("nobody panics with it").pop_front();
                    let Some((number, cell)) = next else { return };
                    let outcome = outcome(&cell, &house, number);
                    println!("{cell}: {}", told(&outcome));
                    done.lock().expect("nobody panics with it").push((number, (cell, outcome)));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("nobody panics with it");
    done.sort_by_key(|(number, _)| *number);
    if std::env::var_os("INTEROP_LOG").is_some() {
        println!("{}", house.log());
    }
    done.into_iter().map(|(_, row)| row).collect()
}

fn outcome(cell: &Cell, house: &House, number: usize) -> Outcome {
    if let Some(program) = missing(cell) {
        return Outcome::Missing(program);
    }
    let (uri, number, began) = (house.uri(cell, ECHO), format!("+12125552{number:03}"), Instant::now());
    let heard = catch_unwind(AssertUnwindSafe(|| match cell.phone {
        Phone::Baresip => converse(baresip::dial(cell, &uri, &number), cell),
        Phone::Pjsua2 => converse(pjsua::dial(cell, &uri, &number), cell),
        Phone::Linphone => converse(linphone::dial(cell, &uri, &number), cell),
        Phone::Sipp => sipp::converse(cell, &uri, &number),
    }));
    match heard {
        Ok(heard) => judged(cell, &heard, began),
        Err(why) => {
            let text = why.downcast_ref::<String>().map(String::as_str);
            Outcome::Failed(text.or(why.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned())
        }
    }
}

fn judged(cell: &Cell, heard: &Heard, began: Instant) -> Outcome {
    let like = |text, heard: &[i16]| likeness(&sound(&spoken(text, cell.codec)), heard);
    let first = like(FIRST, &heard.sound);
    let again = cell.hold.then_some(&heard.later).and_then(|later| match later {
        Later::Recorded => Some(like(SECOND, &heard.sound)),
        Later::Sent(sound) => Some(like(SECOND, sound)),
        Later::Key => None,
    });
    let mark = cell.codec.mark();
    if let Some(folder) = std::env::var_os("INTEROP_KEEP") {
        let name = format!("{cell}.wav").replace(' ', "-");
        crate::voices::write(&std::path::Path::new(&folder).join(name), &heard.sound);
    }
    if first < mark || again.is_some_and(|again| again < mark) {
        let seconds = heard.sound.len() / 8_000;
        return Outcome::Failed(format!("not like what was said: {first:.2}, {again:.2?}, in {seconds} s"));
    }
    if cell.keys && heard.keys != KEYS {
        return Outcome::Failed(format!("pressed {KEYS}, {:?} came back", heard.keys));
    }
    Outcome::Heard { first, again, took: began.elapsed(), twice: false }
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Heard { first, again, took, .. } => {
            format!("heard {first:.2} {again:.2?} in {:.1} s", took.as_secs_f64())
        }
        Outcome::Missing(program) => format!("no {program} here"),
        Outcome::Failed(why) => why.clone(),
    }
}

fn must_all_be_heard(rows: &[Row]) {
    let others: Vec<String> = rows
        .iter()
        .filter(|(_, outcome)| !matches!(outcome, Outcome::Heard { .. }))
        .map(|(cell, outcome)| format!("{cell}: {}", told(outcome)))
        .collect();
    assert!(others.is_empty(), "{} of {} cells:\n{}", others.len(), rows.len(), others.join("\n"));
}

/// Calls at a time: a phone and our half of its call take little, but two cores are shared.
const AT_A_TIME: usize = 4;
