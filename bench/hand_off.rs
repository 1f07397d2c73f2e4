//! What a call's task pays to hand its record on: a call that opens, saves three times and ends, with forty lines of
//! transcript, from four threads. Well: a quick disk, an empty outbox. Harmed: each operation of the disk takes 200 ms
//! longer, 10,000 rows are queued and the CRM does not answer. In the order well, harmed, harmed, well; told are
//! microseconds of the hand-off alone, and with the copy of the record the call makes for it. Called by slow_disk.sh,
//! which preloads the slow disk.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use offhook::call::{CallRecord, CallState, Disposition, Line, MediaStats, Outcome, Speaker};
use offhook::crm::{BoxFuture, BuiltIn, Crm, CrmError, Fields, Lookup, Object, Record, Schema};
use offhook::outbox::{HandOff, Outbox, Settings};
use offhook::store::Store;

/// Microseconds of each hand-off, and of each with its copy.
#[derive(Default)]
struct Took {
    alone: Vec<f64>,
    copied: Vec<f64>,
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (well, sick) = (store(folder.path(), "well").await, store(folder.path(), "sick").await);
    let settings = Settings { workers: 4, ..Settings::default() };
    let quick =
        Outbox::start(well.clone(), Arc::new(BuiltIn::new(well.clone())), settings.clone()).await.expect("it starts");
    let stuck = Outbox::start(sick.clone(), Arc::new(Silent), settings).await.expect("it starts");
    for n in 0..ROWS_QUEUED / ROWS_PER_CALL + 1 {
        stuck.hand_off().ended(ended(record(&format!("queued{n}"), n)));
    }
    while sick.jobs_pending().await.expect("readable") < ROWS_QUEUED as u64 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (mut good, mut bad) = (Took::default(), Took::default());
    for (round, harmed) in [false, true, true, false].into_iter().enumerate() {
        disk_takes(if harmed { DISK_MS } else { 0 });
        let hand_off = if harmed { stuck.hand_off() } else { quick.hand_off() };
        let took = tokio::task::spawn_blocking(move || crowd(&hand_off, round)).await.expect("no thread panics");
        let all = if harmed { &mut bad } else { &mut good };
        all.alone.extend(took.alone);
        all.copied.extend(took.copied);
    }
    disk_takes(0);
    println!("  {:34}{:>8}{:>8}{:>8}{:>8}", "us per hand-off", "p50", "p99", "max", "n");
    for (name, took) in [("well", &mut good), ("harmed", &mut bad)] {
        row(&format!("{name}: alone"), &mut took.alone);
        row(&format!("{name}: with the record's copy"), &mut took.copied);
    }
    println!("  p99 harmed : well = {:.2}", quantile(&bad.alone, 0.99) / quantile(&good.alone, 0.99));
    // What is still to be written does not matter any more.
    std::process::exit(0);
}

fn crowd(hand_off: &HandOff, round: usize) -> Took {
    let one = |thread: usize| {
        let hand_off = hand_off.clone();
        thread::spawn(move || calls(&hand_off, round * THREADS + thread))
    };
    let threads: Vec<_> = (0..THREADS).map(one).collect();
    let mut all = Took::default();
    for thread in threads {
        let took = thread.join().expect("no thread panics");
        all.alone.extend(took.alone);
        all.copied.extend(took.copied);
    }
    all
}

/// One call's hand-offs after the other's, as many a second as a hundred times the busiest line has.
fn calls(hand_off: &HandOff, thread: usize) -> Took {
    let mut took = Took::default();
    for n in 0..CALLS_PER_THREAD {
        let live = record(&format!("call{thread}-{n}"), n);
        let mut hand = |record: &CallRecord, hand: &dyn Fn(CallRecord)| {
            let begun = Instant::now();
            let copy = record.clone();
            let copied = Instant::now();
            hand(copy);
            took.alone.push(copied.elapsed().as_secs_f64() * 1e6);
            took.copied.push(begun.elapsed().as_secs_f64() * 1e6);
            thread::sleep(PAUSE);
        };
        hand(&live, &|call| drop(hand_off.opened(call)));
        for _ in 0..3 {
            hand(&live, &|call| hand_off.progress(call));
        }
        hand(&ended(live.clone()), &|call| hand_off.ended(call));
    }
    took
}

fn row(name: &str, took: &mut [f64]) {
    took.sort_by(f64::total_cmp);
    let max = took.last().copied().unwrap_or_default();
    println!("  {name:34}{:8.1}{:8.1}{max:8.1}{:8}", quantile(took, 0.5), quantile(took, 0.99), took.len());
}

/// Of sorted values.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted.get((sorted.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN)
}

/// The preloaded disk's number for its delay.
fn disk_takes(ms: u64) {
    let path = std::env::var_os("OFFHOOK_HARM").expect("slow_disk.sh preloads the disk and names its numbers");
    let numbers = File::options().write(true).open(path).expect("slow_disk.sh has made it");
    numbers.write_all_at(&(ms * 1000).to_ne_bytes(), DELAY_AT).expect("it is as long as that");
}

async fn store(folder: &Path, name: &str) -> Store {
    Store::open(&format!("sqlite:{}", folder.join(format!("{name}.db")).display())).await.expect("a new database")
}

fn record(id: &str, n: usize) -> CallRecord {
    let line = |n: u64| Line {
        speaker: if n.is_multiple_of(2) { Speaker::Agent } else { Speaker::Caller },
        text: "I would like to come in some time next week, if that is possible at all.".to_owned(),
        start_ms: n * 3_000,
        end_ms: n * 3_000 + 2_500,
        confidence: 0.9,
    };
    CallRecord {
        id: id.to_owned(),
        sip_call_id: format!("{id}@phone"),
        business: "demo".to_owned(),
        from: Some(format!("+1212{n:07}")),
        to: "demo".to_owned(),
        state: CallState::Active,
        disposition: None,
        started_at: Timestamp::UNIX_EPOCH,
        answered_at: Some(Timestamp::UNIX_EPOCH),
        ended_at: None,
        contact_id: None,
        language: "en".to_owned(),
        transcript: (0..LINES).map(line).collect(),
        turns: Vec::new(),
        digits: String::new(),
        media: MediaStats::default(),
        outcome: Outcome::default(),
        elsewhere: None,
        arrival: None,
    }
}

fn ended(call: CallRecord) -> CallRecord {
    let over = Some(Timestamp::UNIX_EPOCH + Duration::from_secs(120));
    CallRecord { state: CallState::Ended, disposition: Some(Disposition::Escalated), ended_at: over, ..call }
}

/// A CRM that never answers.
struct Silent;

impl Crm for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }
    fn describe<'a>(&'a self) -> BoxFuture<'a, Result<Schema, CrmError>> {
        Box::pin(std::future::pending())
    }
    fn find<'a>(&'a self, _: &'a str, _: Object, _: Lookup<'a>) -> BoxFuture<'a, Result<Vec<Record>, CrmError>> {
        Box::pin(std::future::pending())
    }
    fn read<'a>(&'a self, _: &'a str, _: Object, _: &'a str) -> BoxFuture<'a, Result<Option<Record>, CrmError>> {
        Box::pin(std::future::pending())
    }
    fn create<'a>(
        &'a self,
        _: &'a str,
        _: Object,
        _: &'a str,
        _: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(std::future::pending())
    }
    fn update<'a>(
        &'a self,
        _: &'a str,
        _: Object,
        _: &'a str,
        _: Option<&'a str>,
        _: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(std::future::pending())
    }
    fn delete<'a>(&'a self, _: &'a str, _: Object, _: &'a str) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(std::future::pending())
    }
}

const ROWS_QUEUED: usize = 10_000;
/// A contact, an activity and a task.
const ROWS_PER_CALL: usize = 3;
const DISK_MS: u64 = 200;
const THREADS: usize = 4;
const CALLS_PER_THREAD: usize = 500;
const PAUSE: Duration = Duration::from_micros(500);
const LINES: u64 = 40;
/// Where the shim's number is: the seventh of eight bytes each (tests/harm/disk.c).
const DELAY_AT: u64 = 48;
