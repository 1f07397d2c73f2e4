//! Retries, backing off, parking, freeing, taking over: with a CRM that does as it is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use offhook::call::Disposition;
use offhook::crm::{BoxFuture, BuiltIn, Crm, CrmError, Fields, Lookup, Object, Record, Schema};
use offhook::outbox::Outbox;
use offhook::store::{Done, JobRow, JobState, Store};
use tokio::sync::Semaphore;

use crate::as_inner::as_inner;
use crate::fixtures::{call, db, ended, quick};

const FROM: Option<&str> = Some("+12125550123");

/// Before (or after) the real write, what the script says for that attempt at that key.
struct Scripted {
    inner: BuiltIn,
    script: fn(key: &str, attempt: usize) -> Act,
    tries: Mutex<HashMap<String, usize>>,
    /// Deliveries told to hang take a permit, which tests give.
    gate: Semaphore,
    hanging: AtomicUsize,
}

enum Act {
    Write,
    Fail(Option<Duration>),
    Refuse,
    /// The write happens, its answer is lost.
    WriteThenFail,
    Hang,
}

impl Scripted {
    fn new(store: &Store, script: fn(&str, usize) -> Act) -> Arc<Scripted> {
        let (tries, gate, hanging) = (Mutex::default(), Semaphore::new(0), AtomicUsize::new(0));
        Arc::new(Scripted { inner: BuiltIn::new(store.clone()), script, tries, gate, hanging })
    }

    fn tries(&self, key: &str) -> usize {
        self.tries.lock().unwrap().get(key).copied().unwrap_or(0)
    }

    async fn act(&self, key: &str, write: BoxFuture<'_, Result<String, CrmError>>) -> Result<String, CrmError> {
        let attempt = {
            let mut tries = self.tries.lock().unwrap();
            let tries = tries.entry(key.to_owned()).or_default();
            *tries += 1;
            *tries
        };
        let failed = |after| Err(CrmError::Retry { after, reason: "the script says so".to_owned() });
        match (self.script)(key, attempt) {
            Act::Write => write.await,
            Act::Fail(after) => failed(after),
            Act::Refuse => Err(CrmError::rejected("no such field")),
            Act::WriteThenFail => {
                write.await.and_then(|_| Err(CrmError::Unknown { reason: "the answer was lost".to_owned() }))
            }
            Act::Hang => {
                self.hanging.fetch_add(1, Ordering::SeqCst);
                self.gate.acquire().await.unwrap().forget();
                write.await
            }
        }
    }
}

impl Crm for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }
    as_inner!(describe find read update delete);
    fn create<'a>(
        &'a self,
        b: &'a str,
        o: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(self.act(key, self.inner.create(b, o, key, fields)))
    }
}

fn done(id: &str) -> Done<'_> {
    Done { external_id: id, contact: true, ..Done::default() }
}

async fn job(store: &Store, key: &str) -> JobRow {
    store.jobs(None, 1000).await.unwrap().into_iter().find(|j| j.key == key).unwrap()
}

/// One failed call from a known number: contact, activity and task.
async fn run(store: &Store, crm: &Arc<Scripted>) -> Outbox {
    let outbox = Outbox::start(store.clone(), crm.clone(), quick()).await.unwrap();
    outbox.hand_off().ended(ended(call("c1", FROM), Disposition::Failed));
    outbox
}

#[tokio::test]
async fn what_fails_for_a_while_is_written_once_and_in_order() {
    let db = db().await;
    let crm = Scripted::new(&db.store, |_, attempt| match attempt {
        1 | 2 => Act::Fail(None),
        _ => Act::WriteThenFail,
    });
    let outbox = run(&db.store, &crm).await;
    outbox.drained().await;
    outbox.stop().await;
    let (activities, tasks) = db.store.effects_of_call("c1").await.unwrap();
    let contact = db.store.contact_by_phone("harbor", FROM.unwrap()).await.unwrap().unwrap();
    assert_eq!((activities.len(), tasks.len()), (1, 1));
    assert_eq!(activities[0].contact_id, Some(contact.id.clone()));
    assert_eq!(tasks[0].contact_id, Some(contact.id));
    assert_eq!(activities[0].writes, 1, "the answer was lost; reading back found it written");
    for key in ["c1/contact/upsert", "c1/activity/upsert", "c1/task/create"] {
        assert_eq!(crm.tries(key), 3);
        let row = job(&db.store, key).await;
        assert_eq!((row.state, row.attempts, row.reason), (JobState::Done, 2, None));
    }
}

#[tokio::test]
async fn out_of_tries_is_parked_with_what_waits_for_it_and_freed_by_hand() {
    let db = db().await;
    let crm = Scripted::new(&db.store, |key, attempt| match key {
        "c1/contact/upsert" if attempt <= 5 => Act::Fail(None),
        _ => Act::Write,
    });
    let outbox = run(&db.store, &crm).await;
    outbox.drained().await;
    assert_eq!(crm.tries("c1/contact/upsert"), 5);
    assert_eq!(crm.tries("c1/activity/upsert"), 0, "no activity before its contact");
    let contact = job(&db.store, "c1/contact/upsert").await;
    assert_eq!((contact.state, contact.attempts), (JobState::Parked, 5));
    assert!(contact.reason.unwrap().starts_with("gave up after 5 tries"));
    let activity = job(&db.store, "c1/activity/upsert").await;
    assert_eq!(activity.reason.as_deref(), Some("waits for c1/contact/upsert, which is parked"));

    assert!(outbox.hand_off().park(activity.id, "not wanted").await.unwrap());
    assert!(outbox.hand_off().retry(contact.id).await.unwrap());
    outbox.drained().await;
    assert_eq!(job(&db.store, "c1/task/create").await.state, JobState::Done, "freed with the contact");
    let activity = job(&db.store, "c1/activity/upsert").await;
    assert_eq!((activity.state, activity.reason.as_deref()), (JobState::Parked, Some("not wanted")));
    assert!(!outbox.hand_off().retry(contact.id).await.unwrap(), "done is done");
    assert!(!outbox.hand_off().park(contact.id, "late").await.unwrap());
    assert!(!outbox.hand_off().retry(4711).await.unwrap());
    outbox.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_parked_at_once() {
    let db = db().await;
    let crm = Scripted::new(&db.store, |key, _| if key.ends_with("task/create") { Act::Refuse } else { Act::Write });
    let outbox = run(&db.store, &crm).await;
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(crm.tries("c1/task/create"), 1);
    let task = job(&db.store, "c1/task/create").await;
    assert_eq!((task.state, task.reason.as_deref()), (JobState::Parked, Some("no such field")));
    assert_eq!(job(&db.store, "c1/activity/upsert").await.state, JobState::Done);
}

#[tokio::test]
async fn the_wait_the_crm_asks_for_is_kept() {
    let db = db().await;
    let crm =
        Scripted::new(
            &db.store,
            |_, attempt| if attempt == 1 { Act::Fail(Some(Duration::from_millis(300))) } else { Act::Write },
        );
    let begin = std::time::Instant::now();
    let outbox = run(&db.store, &crm).await;
    outbox.drained().await;
    outbox.stop().await;
    // Contact, then activity and task side by side: two waits.
    assert!(begin.elapsed() >= Duration::from_millis(600), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_hanging_delivery_keeps_its_lease_until_its_deadline() {
    let db = db().await;
    let crm = Scripted::new(&db.store, |key, attempt| match (key, attempt) {
        ("c1/contact/upsert", 1) => Act::Hang,
        _ => Act::Write,
    });
    // Four leases long: renewed, nobody else takes the row meanwhile.
    let settings = offhook::outbox::Settings {
        lease: Duration::from_millis(300),
        deadline: Duration::from_millis(1200),
        ..quick()
    };
    let outbox = Outbox::start(db.store.clone(), crm.clone(), settings).await.unwrap();
    outbox.hand_off().ended(ended(call("c1", FROM), Disposition::InfoOnly));
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(crm.hanging.load(Ordering::SeqCst), 1);
    assert_eq!(crm.tries("c1/contact/upsert"), 2, "given up at the deadline, then tried again");
    assert_eq!(job(&db.store, "c1/contact/upsert").await.attempts, 1);
}

#[tokio::test]
async fn a_lost_lease_acknowledges_nothing() {
    let db = db().await;
    let over = ended(call("c1", FROM), Disposition::InfoOnly);
    let crm = Scripted::new(&db.store, |_, _| Act::Fail(None));
    let outbox = Outbox::start(db.store.clone(), crm, quick()).await.unwrap();
    outbox.hand_off().ended(over);
    outbox.stop().await;
    let contact = job(&db.store, "c1/contact/upsert").await;
    db.store.retry_job(contact.id, Timestamp::now()).await.unwrap();
    // No worker is left: take the row twice by hand.
    let now = Timestamp::now() + SignedDuration::from_hours(1);
    let hold = SignedDuration::from_secs(10);
    let first = db.store.lease_job("one", now, hold).await.unwrap().unwrap();
    assert_eq!(db.store.lease_job("two", now, hold).await.unwrap(), None, "the activity waits, the contact is held");
    let later = now + SignedDuration::from_secs(11);
    let second = db.store.lease_job("two", later, hold).await.unwrap().unwrap();
    assert_eq!(first.job.key, second.job.key);
    assert!(second.fence > first.fence);
    assert!(!db.store.renew_lease(&first, later, hold).await.unwrap());
    assert!(!db.store.job_done(&first, done("x"), later).await.unwrap());
    assert!(!db.store.job_failed(&first, "x", later, later).await.unwrap());
    assert!(!db.store.job_rejected(&first, "x", later).await.unwrap());
    assert!(db.store.job_done(&second, done("contact-1"), later).await.unwrap());
    assert_eq!(db.store.call("c1").await.unwrap().unwrap().contact_id.as_deref(), Some("contact-1"));
    let next = db.store.lease_job("two", later, hold).await.unwrap().unwrap();
    assert_eq!((next.job.key.as_str(), next.after_id.as_deref()), ("c1/activity/upsert", Some("contact-1")));
}

#[tokio::test]
async fn the_default_lease_is_taken_over_within_five_seconds() {
    assert!(offhook::outbox::Settings::default().lease < Duration::from_secs(5));
    let db = db().await;
    let quiet = Scripted::new(&db.store, |_, _| Act::Write);
    let over = ended(call("c1", FROM), Disposition::InfoOnly);
    // A worker of a dead process holds the row.
    let dead = Outbox::start(
        db.store.clone(),
        Scripted::new(&db.store, |_, _| Act::Fail(Some(Duration::from_secs(3600)))),
        quick(),
    );
    let dead = dead.await.unwrap();
    dead.hand_off().ended(over);
    dead.stop().await;
    let contact = job(&db.store, "c1/contact/upsert").await;
    db.store.retry_job(contact.id, Timestamp::now()).await.unwrap();
    let held = db.store.lease_job("dead", Timestamp::now(), SignedDuration::from_millis(400)).await.unwrap();
    assert!(held.is_some());
    let begin = std::time::Instant::now();
    let outbox = Outbox::start(db.store.clone(), quiet.clone(), quick()).await.unwrap();
    outbox.drained().await;
    outbox.stop().await;
    assert!(begin.elapsed() >= Duration::from_millis(300), "the lease was respected");
    assert_eq!(quiet.tries("c1/contact/upsert"), 1);
}
