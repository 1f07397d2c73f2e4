//! What was seen of the calls, what the disk knew when the server died, and whether both came true.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use offhook::call::{CallRecord, CallState, Disposition};
use offhook::record::{Effect, proposals};
use offhook::store::{AppointmentRow, JobRow, JobState, Store};

use crate::events::Happening;
use crate::server::{Server, block_on, rows};

/// Everything seen from the outside, over all rounds.
#[derive(Debug, Default)]
pub struct Witness {
    /// In order of their start.
    pub calls: Vec<Seen>,
    /// Appointments that were on the disk at some kill.
    appointments: BTreeMap<String, AppointmentRow>,
    /// Calls that had ended on the disk at some kill.
    ended: BTreeMap<String, Disposition>,
}

/// One call as the live events told it.
#[derive(Debug, Default)]
pub struct Seen {
    pub id: String,
    pub answered: bool,
    pub ended: bool,
    /// Speaker and text.
    lines: Vec<(String, String)>,
}

/// The database as a kill left it.
pub struct Disk {
    calls: BTreeMap<String, CallRecord>,
    appointments: Vec<AppointmentRow>,
    jobs: Vec<JobRow>,
}

impl Witness {
    /// Takes note of an event.
    pub fn note(&mut self, event: Happening) {
        let id = event.call_id().to_owned();
        if event.name == "call.started" {
            self.calls.push(Seen { id, ..Seen::default() });
            return;
        }
        let Some(call) = self.calls.iter_mut().find(|call| call.id == id) else { return };
        match event.name.as_str() {
            "call.answered" => call.answered = true,
            "call.ended" => call.ended = true,
            "transcript.line" => {
                let part = |name: &str| event.data["line"][name].as_str().unwrap_or_default().to_owned();
                call.lines.push((part("speaker"), part("text")));
            }
            _ => {}
        }
    }

    /// What the disk knew is a fact from now on.
    pub fn remember(&mut self, disk: &Disk) {
        self.appointments.extend(disk.appointments.iter().map(|row| (row.id.clone(), row.clone())));
        let ended = disk.calls.values().filter(|call| call.state == CallState::Ended);
        for call in ended {
            self.ended.entry(call.id.clone()).or_insert(call.disposition.expect("an ended call has one"));
        }
    }
}

impl Seen {
    pub fn caller_lines(&self) -> usize {
        self.lines.iter().filter(|(speaker, _)| speaker == "caller").count()
    }

    /// The last word is the caller's, to a read-back.
    pub fn said_yes(&self) -> bool {
        matches!(self.lines.as_slice(), [.., (_, asked), (speaker, _)] if speaker == "caller" && is_read_back(asked))
    }

    fn heard_booked(&self) -> bool {
        self.lines.iter().any(|(speaker, text)| speaker == "agent" && BOOKED.iter().any(|words| text.contains(words)))
    }

    /// The call in its own words.
    pub fn told(&self) -> String {
        self.lines.iter().map(|(speaker, text)| format!("\n    {speaker}: {text}")).collect()
    }

    /// Where the call was when the disk was left like this.
    pub fn place(&self, disk: &Disk) -> String {
        let booked = disk.appointments.iter().any(|row| row.call_id == self.id);
        let jobs: Vec<&JobRow> = disk.jobs.iter().filter(|job| job.call_id == self.id).collect();
        let on_disk = disk.calls.get(&self.id).is_some_and(|call| call.state == CallState::Ended);
        match self.caller_lines() {
            _ if self.ended && !on_disk => "ended, end not on the disk yet".into(),
            _ if on_disk => delivered(&jobs),
            _ if booked && self.heard_booked() => "closing, booked".into(),
            _ if booked => "appointment just written".into(),
            _ if self.said_yes() => "yes said, appointment not written".into(),
            0 if !self.answered => "ringing".into(),
            0 => "greeting".into(),
            n => format!("after turn {n}"),
        }
    }
}

impl Disk {
    /// Reads a copy: the files themselves are left as the kill left them.
    pub fn copy_of(folder: &Path) -> Self {
        let copy = tempfile::tempdir().expect("a temporary folder");
        for name in ["offhook.db", "offhook.db-wal"] {
            let from = folder.join(name);
            if from.exists() {
                std::fs::copy(from, copy.path().join(name)).expect("the folder is ours");
            }
        }
        block_on(async {
            let store = open(copy.path()).await;
            let appointments = store.appointments(None, ROWS_MAX).await.expect("readable");
            let jobs = store.jobs(None, ROWS_MAX).await.expect("readable");
            let page = offhook::store::Page { limit: ROWS_MAX, before: None };
            let calls = store.calls(page).await.expect("readable");
            store.close().await;
            Self { calls: calls.into_iter().map(|call| (call.id.clone(), call)).collect(), appointments, jobs }
        })
    }

    /// Of every call with rows that wait, how far they are.
    pub fn undelivered(&self) -> Vec<String> {
        let waiting: BTreeSet<&str> =
            self.jobs.iter().filter(|job| job.state != JobState::Done).map(|job| job.call_id.as_str()).collect();
        let of = |id: &str| self.jobs.iter().filter(|job| job.call_id == id).collect::<Vec<_>>();
        waiting.into_iter().map(|id| delivered(&of(id))).collect()
    }
}

fn delivered(jobs: &[&JobRow]) -> String {
    match jobs.iter().find(|job| job.state != JobState::Done) {
        Some(job) => format!("outbox: {} {}", job.kind, job.state.as_str()),
        None => "all delivered".into(),
    }
}

/// Holds the restarted server to everything that was seen.
pub fn judge(server: &Server, witness: &Witness) {
    server.wait("/api/v1/outbox?limit=500", "the outbox drains", DRAIN_DEADLINE, |jobs| {
        rows(jobs).iter().all(|job| job["state"] == "done")
    });
    block_on(async {
        let store = open(server.folder.path()).await;
        for seen in &witness.calls {
            judge_call(&store, seen, witness).await;
        }
        let appointments = store.appointments(None, ROWS_MAX).await.expect("readable");
        for row in witness.appointments.values() {
            assert!(appointments.iter().any(|kept| kept.id == row.id && kept.status == row.status), "lost: {row:#?}");
        }
        for row in &appointments {
            assert!(witness.calls.iter().any(|seen| seen.id == row.call_id), "from nowhere: {row:#?}");
        }
        let contacts = store.contacts(None, ROWS_MAX).await.expect("readable");
        let phones: BTreeSet<_> = contacts.iter().map(|contact| contact.phone.as_str()).collect();
        assert_eq!(phones.len(), contacts.len(), "{contacts:#?}");
        let parked = store.jobs(Some(JobState::Parked), ROWS_MAX).await.expect("readable");
        assert!(parked.is_empty(), "{parked:#?}");
        store.close().await;
    });
}

async fn judge_call(store: &Store, seen: &Seen, witness: &Witness) {
    let appointments = store.appointments_of_call(&seen.id).await.expect("readable");
    let (activities, tasks) = store.effects_of_call(&seen.id).await.expect("readable");
    let Some(call) = store.call(&seen.id).await.expect("readable") else {
        // Killed within the first milliseconds: nobody has spoken, nothing may be left.
        assert!(seen.lines.is_empty() && !seen.ended && appointments.is_empty(), "lost: {seen:#?}");
        assert!(activities.is_empty() && tasks.is_empty(), "{seen:#?}");
        return;
    };
    let expected = witness.ended.get(&call.id).copied().unwrap_or(Disposition::Failed);
    assert_eq!((call.state, call.disposition), (CallState::Ended, Some(expected)), "{call:#?}");
    let wanted = proposals(&CallRecord { contact_id: None, ..call.clone() });
    let task = wanted.iter().any(|proposal| matches!(proposal.effect, Effect::Task { .. }));
    assert_eq!((activities.len(), tasks.len()), (1, usize::from(task)), "{call:#?}\n{activities:#?}\n{tasks:#?}");
    let contact = call.contact_id.clone().expect("everybody here shows a number");
    assert_eq!(activities[0].contact_id.as_ref(), Some(&contact), "{call:#?}");
    assert!(tasks.iter().all(|task| task.contact_id.as_ref() == Some(&contact)), "{tasks:#?}");
    let known = store.contacts(None, ROWS_MAX).await.expect("readable");
    assert!(known.iter().any(|row| row.id == contact), "{call:#?}");
    assert!(appointments.len() <= 1, "booked twice: {appointments:#?}");
    assert!(!appointments.is_empty() || !seen.heard_booked(), "told so, but not booked: {seen:#?}");
    let booked = call.outcome.booking.as_ref().map(|booking| booking.appointment_id.clone());
    assert_eq!(appointments.first().map(|row| row.id.clone()), booked, "{call:#?}");
    assert!(appointments.iter().all(|row| row.contact_id.as_ref() == Some(&contact)), "{appointments:#?}");
}

async fn open(folder: &Path) -> Store {
    let url = format!("sqlite:{}", folder.join("offhook.db").display());
    Store::open(&url).await.unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn is_read_back(text: &str) -> bool {
    READ_BACK.iter().any(|words| text.contains(words))
}

/// How the receptionist asks for the yes that books.
const READ_BACK: [&str; 2] = ["hall I book it", "Is that correct"];
/// How it says that it is done.
const BOOKED: [&str; 2] = ["You're booked", "is booked for"];
/// More rows than any run here makes.
const ROWS_MAX: u32 = 10_000;
/// Leases of a dead process run out first.
const DRAIN_DEADLINE: Duration = Duration::from_secs(60);
