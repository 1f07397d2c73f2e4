//! Exactly once. Two callers want one time; answers of the calendar are lost, late, or never come, before the write or
//! after it; callers say yes twice, speak over the agent, are heard provisionally, hang up while it is being booked;
//! somebody outside takes the time in the same instant; the process dies. The law, once everything is at rest:
//!
//! 1. No two appointments overlap, and a caller who wanted one has at most one.
//! 2. Who was told "you're booked" (or moved, or cancelled) finds exactly that, unless told otherwise since.
//! 3. Who was told that the calendar could not be reached has no appointment from that booking; a move or a cancellation
//!    that was made all the same is in the call's record, and somebody has the task to say so.
//! 4. What is in the calendar is in the call's record, and what the record has is in the calendar.
//! 5. Nothing is left unsettled or parked.
//!
//! `INTERLEAVINGS` says how many, `SEED` the first.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use offhook::calendar::BuiltIn;
use offhook::call::{CallRecord, CallState, Disposition};
use offhook::conversation::{
    Action, Became, Business, Caller, Change, Conversation, Event, Expectation, Outcome, Service,
};
use offhook::gateway::{Limits, Tools};
use offhook::outbox::{Backoff, Doors, Outbox, Settings};
use offhook::store::{AppointmentRow, JobState, NewAppointment, Store, TaskRow};
use tokio::task::{JoinHandle, JoinSet};

use crate::chance::Chance;
use crate::faults::Faulty;
use crate::fixtures::{at, call, harbor, url};

/// The time both want: Tuesday at ten in New York.
const WANTED: &str = "2026-11-24T15:00:00Z";
const NOW: &str = "2026-11-23T12:00:00Z";
const STEPS_MAX: usize = 90;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_happens_nobody_is_told_one_thing_and_finds_another() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let (first, count) = (number("SEED", 1), number("INTERLEAVINGS", 1_000));
    let mut running = JoinSet::new();
    let (mut broken, mut tally) = (Vec::new(), Tally::default());
    let mut done = |result: Result<Tally, String>| match result {
        Ok(more) => tally.add(&more),
        Err(why) => broken.push(why),
    };
    for seed in first..first + count {
        if running.len() >= AT_ONCE {
            done(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(interleaving(seed));
    }
    while let Some(result) = running.join_next().await {
        done(result.unwrap());
    }
    assert!(broken.is_empty(), "{} of {count}:\n{}", broken.len(), broken[..broken.len().min(5)].join("\n\n"));
    println!("{tally:?}");
    // A run that saw none of it would prove nothing.
    if count >= 1_000 {
        let Tally { booked, failed, withdrawn, written, raced, crashed } = tally;
        assert!([booked, failed, withdrawn, written, raced, crashed].iter().all(|n| *n >= 10), "{tally:?}");
    }
}

/// What was seen, over all runs.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    booked: u32,
    failed: u32,
    withdrawn: u32,
    written: u32,
    raced: u32,
    crashed: u32,
}

impl Tally {
    fn add(&mut self, more: &Tally) {
        self.booked += more.booked;
        self.failed += more.failed;
        self.withdrawn += more.withdrawn;
        self.written += more.written;
        self.raced += more.raced;
        self.crashed += more.crashed;
    }
}

/// What the caller was last told about the appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Done,
    Off,
    /// The calendar could not be reached.
    Failed,
}

struct OnThePhone {
    id: String,
    conversation: Conversation,
    /// As it was before the last words, while nothing was written since.
    before: Option<Conversation>,
    /// Asked and not answered: whether it writes, and the answer.
    asked: Vec<(bool, JoinHandle<Event>)>,
    told: Told,
    lines: Vec<String>,
    /// What the disk may know of it when the process dies.
    snapshots: Vec<Outcome>,
    /// The line is gone, a write is waited for.
    gone: bool,
    over: bool,
    crashed: bool,
    tries: u32,
    changed: bool,
}

async fn interleaving(seed: u64) -> Result<Tally, String> {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    // A real file, in memory where there is one: a thousand databases need no platters.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let store = Store::open(&url(folder.path())).await.unwrap();
    let service = Service { aliases: vec!["clean".into()], ..harbor().services[0].clone() };
    let business = Arc::new(Business { services: vec![service], ..harbor() });
    let calendar = Faulty::new(BuiltIn::with_clock(store.clone(), Arc::new(|| at(NOW))), seed);
    let limits = Limits { write: Duration::from_millis(25), ..Limits::default() };
    let crm = Arc::new(offhook::crm::BuiltIn::new(store.clone()));
    let tools = Tools::new(Arc::new(calendar.clone()), crm.clone(), limits);
    let mut callers = [OnThePhone::dial("a", &business, seed), OnThePhone::dial("b", &business, seed + 1)];
    let outside = chance.below(3) == 0;
    let mut outside_at = chance.below(40) as usize;
    for _ in 0..STEPS_MAX {
        let caller = &mut callers[chance.below(2) as usize];
        if outside && outside_at == 0 {
            write_outside(&store).await;
        }
        outside_at = outside_at.wrapping_sub(1);
        if !caller.over {
            caller.step(&mut chance, &tools, &business).await;
        }
    }
    for caller in &mut callers {
        caller.end(&mut chance, &tools, &business).await;
    }
    let records: Vec<CallRecord> = callers.iter().map(OnThePhone::record).collect();
    for record in records.iter().filter(|record| record.state != CallState::Ended) {
        store.save_call(record).await.unwrap();
    }
    let doors = Doors {
        crm,
        calendar: Some(Arc::new(calendar.clone())),
        businesses: vec![business],
        confirmations: Default::default(),
    };
    // Some writes arrive while the outbox already settles.
    let outbox = Outbox::start_with(store.clone(), doors, settings()).await.unwrap();
    for record in records.into_iter().filter(|record| record.state == CallState::Ended) {
        outbox.hand_off().ended(record);
    }
    calendar.mend().await;
    outbox.drained().await;
    outbox.stop().await;
    judge(seed, &store, &callers).await
}

/// Somebody at the desk takes the time.
async fn write_outside(store: &Store) {
    let starts_at = at(WANTED);
    let taken = NewAppointment {
        key: "outside".into(),
        business: "harbor".into(),
        resource: "default".into(),
        service: "cleaning".into(),
        starts_at,
        ends_at: starts_at + jiff::SignedDuration::from_mins(30),
        timezone: "America/New_York".into(),
        name: "Somebody".into(),
        phone: "+12125550000".into(),
        reason: None,
        call_id: "desk".into(),
        needs: Default::default(),
    };
    store.add_appointment(&taken).await.unwrap();
}

impl OnThePhone {
    fn dial(id: &str, business: &Arc<Business>, seed: u64) -> OnThePhone {
        let caller = Caller { number: Some(number(id).into()), call_id: id.into() };
        let mut one = OnThePhone {
            id: id.into(),
            conversation: Conversation::new(business.clone(), caller, seed),
            before: None,
            asked: Vec::new(),
            told: Told::Nothing,
            lines: Vec::new(),
            snapshots: Vec::new(),
            gone: false,
            over: false,
            crashed: false,
            tries: 0,
            changed: false,
        };
        one.conversation.handle(Event::Started(None), at(NOW));
        while let Some(action) = one.conversation.poll_action() {
            assert!(matches!(action, Action::Say(_)));
        }
        one
    }

    fn is_writing(&self) -> bool {
        self.asked.iter().any(|(writes, _)| *writes)
    }

    async fn step(&mut self, chance: &mut Chance, tools: &Tools, business: &Arc<Business>) {
        if self.gone {
            return self.answered(tools, business).await;
        }
        match chance.below(24) {
            0..=8 if !self.asked.is_empty() => self.answered(tools, business).await,
            0..=11 => self.says(&self.wish(), tools, business),
            12 => self.says("yes", tools, business),
            13 => {
                self.tell(Event::Interrupted, tools, business);
                self.says("yes please", tools, business);
            }
            14 => self.tell(Event::Waiting, tools, business),
            15 => self.tell(Event::NotUnderstood, tools, business),
            16 => self.tell(Event::Silence, tools, business),
            // Heard provisionally: the copy's writes are never carried out.
            17 | 18 => self.conversation.clone().handle(heard(&self.wish()), at(NOW)),
            // The caller went on speaking: the last words are taken back.
            19 if !self.is_writing() => {
                if let Some(before) = self.before.take() {
                    self.conversation = before;
                    self.asked.clear();
                }
                self.says(&self.wish(), tools, business);
            }
            // After "press 1 to book", whoever is booked would book another, and be right to.
            20 if !self.would_book_another() => self.tell(Event::Keys("1".into()), tools, business),
            21 if chance.below(4) == 0 => self.hang_up(),
            22 if chance.below(12) == 0 => (self.crashed, self.over) = (true, true),
            _ => {}
        }
    }

    fn would_book_another(&self) -> bool {
        self.conversation.outcome().booking.is_some() && self.conversation.expectation() == Expectation::Open
    }

    /// What this caller would say now.
    fn wish(&self) -> String {
        let last = self.lines.last().map_or("", String::as_str);
        let booked = self.conversation.outcome().booking.is_some();
        if self.is_writing() {
            return "yes".into();
        }
        match self.conversation.expectation() {
            Expectation::YesNo if last.contains("another time") || last.contains("message") => "no".into(),
            Expectation::YesNo => "yes".into(),
            Expectation::Choice => "the first one".into(),
            Expectation::DateTime => "Tuesday at 10 AM".into(),
            Expectation::Name => "Anna Smith".into(),
            Expectation::Phone => "617 555 2671".into(),
            Expectation::Email => "anna at example dot com".into(),
            Expectation::Message => "please call me back".into(),
            Expectation::Open if booked && !self.changed => match self.tries % 3 {
                0 => "can you move my appointment to Wednesday at 11 AM".into(),
                1 => "please cancel my appointment".into(),
                _ => "no thanks, goodbye".into(),
            },
            Expectation::Open if !booked && self.told != Told::Off && self.tries < 3 => match self.tries % 2 {
                0 => "I'd like to book a cleaning on Tuesday at 10 AM".into(),
                _ => "I'd like to book a cleaning on Thursday at 2 PM".into(),
            },
            Expectation::Open => "no thanks, goodbye".into(),
        }
    }

    fn says(&mut self, text: &str, tools: &Tools, business: &Arc<Business>) {
        // The line may have gone with the answer just heard.
        if self.gone {
            return;
        }
        if text.contains("like to book") {
            self.tries += 1;
        }
        self.changed |= text.contains("my appointment");
        if !self.is_writing() {
            self.before = Some(self.conversation.clone());
        }
        self.lines.push(format!("> {text}"));
        self.tell(heard(text), tools, business);
    }

    fn tell(&mut self, event: Event, tools: &Tools, business: &Arc<Business>) {
        self.conversation.handle(event, at(NOW));
        while let Some(action) = self.conversation.poll_action() {
            self.carry_out(action, tools.clone(), business.clone());
        }
        self.snapshots.push(self.conversation.outcome().clone());
    }

    fn carry_out(&mut self, action: Action, tools: Tools, business: Arc<Business>) {
        let writes = matches!(action, Action::Book { .. } | Action::Reschedule { .. } | Action::Cancel { .. });
        let answer = match action {
            // Nobody hears what is said to a line that is gone.
            Action::Say(_) if self.gone => return,
            Action::Say(text) => return self.hears(text),
            Action::HangUp(_) => return self.hang_up(),
            // There is no model here.
            Action::Interpret { .. } | Action::PutThrough { .. } | Action::CallNobody { .. } => return,
            Action::FindSlots { request, query } => {
                tokio::spawn(async move { Event::Slots { request, slots: tools.find_slots(&business, &query).await } })
            }
            Action::Book { request, booking } => {
                tokio::spawn(async move { Event::Booked { request, result: tools.book(&business, &booking).await } })
            }
            Action::FindAppointments { request, phone } => tokio::spawn(async move {
                Event::Appointments { request, found: tools.appointments(&business, &phone).await }
            }),
            Action::Reschedule { request, appointment_id, slot, key } => tokio::spawn(async move {
                Event::Changed { request, result: tools.reschedule(&business, &appointment_id, slot, &key).await }
            }),
            Action::Cancel { request, appointment_id, key } => tokio::spawn(async move {
                Event::Cancelled { request, result: tools.cancel(&business, &appointment_id, &key).await }
            }),
        };
        if writes {
            // What it will come to is yet to be said.
            self.told = Told::Nothing;
        }
        self.asked.push((writes, answer));
    }

    fn hears(&mut self, text: String) {
        let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
        if says(&["You're booked", "All done", "That's changed", "All moved"]) {
            self.told = Told::Done;
        } else if says(&["That's cancelled", "I've cancelled it"]) {
            self.told = Told::Off;
        } else if says(&["can't reach the calendar", "calendar isn't answering"]) && self.told != Told::Done {
            self.told = Told::Failed;
        }
        self.lines.push(text);
    }

    /// The oldest question is answered.
    async fn answered(&mut self, tools: &Tools, business: &Arc<Business>) {
        if self.asked.is_empty() {
            self.over |= self.gone;
            return;
        }
        let (writes, answer) = self.asked.remove(0);
        let event = answer.await.unwrap();
        if writes {
            self.before = None;
        }
        self.tell(event, tools, business);
    }

    fn hang_up(&mut self) {
        self.gone = true;
        self.asked.retain(|(writes, _)| *writes);
        self.over = self.asked.is_empty();
    }

    /// Whatever is under way comes to its end; now and then nobody waits for it.
    async fn end(&mut self, chance: &mut Chance, tools: &Tools, business: &Arc<Business>) {
        let patient = chance.below(10) > 0;
        if !self.crashed {
            self.hang_up();
        }
        while patient && !self.asked.is_empty() && !self.crashed {
            self.answered(tools, business).await;
        }
        if self.crashed {
            // The newest snapshot may not have reached the disk, unless a write waited for it.
            let lost = if self.is_writing() { 0 } else { chance.below(2) as usize };
            self.asked.iter().for_each(|(_, question)| question.abort());
            let kept = self.snapshots.len().saturating_sub(lost);
            self.snapshots.truncate(kept.max(1));
        }
    }

    fn record(&self) -> CallRecord {
        let live = call(&self.id, Some(number(&self.id)));
        match self.crashed {
            true => CallRecord { outcome: self.snapshots.last().cloned().unwrap_or_default(), ..live },
            false => CallRecord {
                state: CallState::Ended,
                disposition: Some(self.conversation.disposition()),
                ended_at: Some(at(NOW)),
                outcome: self.conversation.outcome().clone(),
                ..live
            },
        }
    }
}

async fn judge(seed: u64, store: &Store, callers: &[OnThePhone]) -> Result<Tally, String> {
    let rows = store.appointments(None, 100).await.unwrap();
    let on: Vec<&AppointmentRow> = rows.iter().filter(|row| row.status == "confirmed").collect();
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for (n, one) in on.iter().enumerate() {
        if on[n + 1..].iter().any(|two| one.starts_at < two.ends_at && two.starts_at < one.ends_at) {
            wrong.push("two at one time".to_owned());
        }
    }
    for caller in callers {
        let record = store.call(&caller.id).await.unwrap().expect("every call is on the disk");
        let own: Vec<&AppointmentRow> = on.iter().filter(|row| row.call_id == caller.id).copied().collect();
        let (_, tasks) = store.effects_of_call(&caller.id).await.unwrap();
        wrong.extend(broken_laws(caller, &record, &own, &tasks).into_iter().map(|why| {
            let said = caller.lines.join("\n  ");
            format!("{}: {why}\n  {said}\n{:?}\n{own:#?}\n{:#?}", caller.id, caller.told, record.outcome)
        }));
        let became = |b: Became| record.outcome.unsettled.iter().filter(|w| w.became == Some(b)).count() as u32;
        tally.booked += u32::from(record.disposition == Some(Disposition::Booked));
        tally.failed += u32::from(caller.told == Told::Failed);
        tally.withdrawn += became(Became::Withdrawn);
        tally.written += became(Became::Written);
        tally.crashed += u32::from(caller.crashed);
        tally.raced += u32::from(caller.lines.iter().any(|line| line.contains("just t")));
    }
    let parked = store.jobs(Some(JobState::Parked), 10).await.unwrap();
    if !parked.is_empty() {
        wrong.push(format!("parked: {parked:?}"));
    }
    if wrong.is_empty() { Ok(tally) } else { Err(format!("== seed {seed}: {}", wrong.join("\n"))) }
}

fn broken_laws(
    caller: &OnThePhone,
    record: &CallRecord,
    own: &[&AppointmentRow],
    tasks: &[TaskRow],
) -> Vec<&'static str> {
    let outcome = &record.outcome;
    let written = |change: Change, start: Option<Timestamp>| {
        let found = outcome.unsettled.iter().any(|write| {
            write.change == change
                && write.became == Some(Became::Written)
                && start.is_none_or(|at| at == write.starts_at)
        });
        found && tasks.iter().any(|task| task.subject.starts_with("Changed after all"))
    };
    let start = own.first().map(|row| row.starts_at.timestamp());
    let noted = outcome.booking.as_ref().map(|booking| booking.starts_at);
    let says_so = match (start, noted) {
        (Some(start), Some(noted)) => start == noted || written(Change::Move, Some(start)),
        (Some(_), None) => false,
        (None, Some(_)) => written(Change::Cancel, None),
        (None, None) => true,
    };
    let changed = written(Change::Move, None) || written(Change::Cancel, None);
    let finds = match caller.told {
        Told::Done => own.len() == 1 || changed,
        // A crash may forget that it was said that the calendar failed; then the record names what is there.
        Told::Failed if caller.crashed => true,
        Told::Off => own.is_empty(),
        // What was there before a change that failed is still the record's.
        Told::Failed => own.is_empty() || noted.is_some(),
        Told::Nothing => true,
    };
    let mut wrong = Vec::new();
    let mut law = |holds: bool, why: &'static str| {
        if !holds {
            wrong.push(why)
        }
    };
    law(own.len() <= 1, "more than one appointment");
    law(says_so, "record and calendar differ");
    law(finds, "told one thing, finds another");
    let failed = outcome.unsettled.iter().filter(|write| write.change == Change::Book && write.told);
    let found = failed.into_iter().any(|write| own.iter().any(|row| row.key == write.key));
    law(!found, "a booking the caller was told had failed");
    law(outcome.unsettled.iter().all(|write| write.became.is_some()), "not settled");
    wrong
}

fn heard(text: &str) -> Event {
    Event::Heard { text: text.into(), confidence: 0.9, answers: vec![] }
}

fn number(id: &str) -> &'static str {
    if id == "a" { "+16175550101" } else { "+16175550102" }
}

fn settings() -> Settings {
    let backoff = Backoff { first: Duration::from_millis(2), factor: 1, longest: Duration::from_millis(4) };
    Settings { attempts: 40, backoff, ..Settings::default() }
}

/// Runs at once: most of a run is waiting for answers that do not come.
const AT_ONCE: usize = 8;
