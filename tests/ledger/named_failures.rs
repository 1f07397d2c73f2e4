//! Each failure that receptionist integrations are known for, by its name. Two more are told of in `tests/events`: event order
//! and unmonitored webhook loss.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use offhook::call::{CallRecord, Disposition};
use offhook::crm::{BoxFuture, BuiltIn, Crm, CrmError, Fields, Lookup, Object, Record, Schema};
use offhook::outbox::{Limits, Outbox, Settings};
use offhook::store::{AuditSearch, JobState, Store};

use crate::as_inner::as_inner;
use crate::fixtures::{Db, call, db, ended, quick};

/// The built-in CRM with a fault of the test's choice.
pub struct Ailing {
    inner: BuiltIn,
    ill: Illness,
    pub on: AtomicBool,
    pub asked: AtomicUsize,
    creates: Mutex<HashMap<String, usize>>,
    moments: Mutex<Vec<Instant>>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Illness {
    None,
    /// Every write happens, no first answer arrives.
    LosesAnswers,
    /// The token is over until somebody renews it.
    TokenOver,
    /// A field it drops without a word.
    DropsDisposition,
    /// It says yes and does nothing.
    OnlySays,
    /// A value it has no such choice for.
    RefusesTasks,
}

impl Ailing {
    pub fn new(store: &Store, ill: Illness) -> Arc<Ailing> {
        Arc::new(Ailing {
            inner: BuiltIn::new(store.clone()),
            ill,
            on: AtomicBool::new(true),
            asked: AtomicUsize::new(0),
            creates: Mutex::default(),
            moments: Mutex::default(),
        })
    }

    fn is(&self, ill: Illness) -> bool {
        self.ill == ill && self.on.load(Ordering::SeqCst)
    }

    fn ask(&self) -> Result<(), CrmError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.moments.lock().unwrap().push(Instant::now());
        match self.is(Illness::TokenOver) {
            true => Err(CrmError::Unauthorized { reason: "the token has expired".to_owned() }),
            false => Ok(()),
        }
    }
}

impl Crm for Ailing {
    fn name(&self) -> &'static str {
        "ailing"
    }
    as_inner!(describe delete);
    fn find<'a>(&'a self, b: &'a str, o: Object, by: Lookup<'a>) -> BoxFuture<'a, Result<Vec<Record>, CrmError>> {
        Box::pin(async move {
            self.ask()?;
            self.inner.find(b, o, by).await
        })
    }
    fn read<'a>(&'a self, b: &'a str, o: Object, id: &'a str) -> BoxFuture<'a, Result<Option<Record>, CrmError>> {
        Box::pin(async move {
            self.ask()?;
            self.inner.read(b, o, id).await
        })
    }
    fn create<'a>(
        &'a self,
        b: &'a str,
        o: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(async move {
            self.ask()?;
            *self.creates.lock().unwrap().entry(key.to_owned()).or_default() += 1;
            if self.is(Illness::OnlySays) {
                return Ok("no such record".to_owned());
            }
            if o == Object::Task && self.is(Illness::RefusesTasks) {
                return Err(CrmError::Rejected { field: Some("due_at".into()), reason: "not a valid choice".into() });
            }
            let mut fields = fields.clone();
            if self.is(Illness::DropsDisposition) {
                fields.remove("disposition");
            }
            let id = self.inner.create(b, o, key, &fields).await?;
            match self.is(Illness::LosesAnswers) {
                true => Err(CrmError::Unknown { reason: "timed out".to_owned() }),
                false => Ok(id),
            }
        })
    }
    fn update<'a>(
        &'a self,
        b: &'a str,
        o: Object,
        id: &'a str,
        version: Option<&'a str>,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(async move {
            self.ask()?;
            let mut fields = fields.clone();
            if self.is(Illness::DropsDisposition) {
                fields.remove("disposition");
            }
            self.inner.update(b, o, id, version, &fields).await
        })
    }
}

pub fn over(n: usize) -> CallRecord {
    let how = if n.is_multiple_of(2) { Disposition::Escalated } else { Disposition::InfoOnly };
    ended(call(&format!("c{n:03}"), Some(&format!("+12125550{n:03}"))), how)
}

async fn start(db: &Db, crm: &Arc<Ailing>, settings: Settings) -> Outbox {
    Outbox::start(db.store.clone(), crm.clone(), settings).await.unwrap()
}

async fn state(db: &Db, key: &str) -> (JobState, Option<String>) {
    let row = db.store.jobs(None, 1000).await.unwrap().into_iter().find(|row| row.key == key).unwrap();
    (row.state, row.reason)
}

#[tokio::test]
async fn duplicates_from_retries() {
    let db = db().await;
    let crm = Ailing::new(&db.store, Illness::LosesAnswers);
    let outbox = start(&db, &crm, quick()).await;
    (0..20).for_each(|n| outbox.hand_off().ended(over(n)));
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(db.store.jobs(Some(JobState::Done), 100).await.unwrap().len(), 50);
    let creates = crm.creates.lock().unwrap().clone();
    assert!(creates.len() == 50 && creates.values().all(|times| *times == 1), "an answer lost is not a write lost");
    assert_eq!(db.store.contacts(None, 100).await.unwrap().len(), 20);
}

#[tokio::test]
async fn silent_loss_behind_a_yes() {
    let db = db().await;
    let crm = Ailing::new(&db.store, Illness::OnlySays);
    let outbox = start(&db, &crm, quick()).await;
    outbox.hand_off().ended(over(1));
    outbox.drained().await;
    let (parked, reason) = state(&db, "c001/contact/upsert").await;
    assert!(parked == JobState::Parked && reason.unwrap().contains("silent"), "a yes is not believed");
    crm.on.store(false, Ordering::SeqCst);
    assert_eq!(db.store.drain_jobs(jiff::Timestamp::now()).await.unwrap(), 2);
    outbox.stop().await;
    let outbox = start(&db, &crm, quick()).await;
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(db.store.effects_of_call("c001").await.unwrap().0.len(), 1);
}

#[tokio::test]
async fn partial_failure_names_the_field() {
    let db = db().await;
    let crm = Ailing::new(&db.store, Illness::DropsDisposition);
    let outbox = start(&db, &crm, quick()).await;
    outbox.hand_off().ended(over(1));
    outbox.drained().await;
    outbox.stop().await;
    let (parked, reason) = state(&db, "c001/activity/upsert").await;
    let reason = reason.unwrap();
    assert!(
        parked == JobState::Parked && reason.starts_with("partial:") && reason.ends_with("disposition"),
        "{reason}"
    );
    assert_eq!(state(&db, "c001/contact/upsert").await.0, JobState::Done);
}

#[tokio::test]
async fn validation_rejection_goes_to_a_person_and_holds_up_nobody() {
    let db = db().await;
    let crm = Ailing::new(&db.store, Illness::RefusesTasks);
    let outbox = start(&db, &crm, quick()).await;
    (0..4).for_each(|n| outbox.hand_off().ended(over(n)));
    outbox.drained().await;
    outbox.stop().await;
    let parked = db.store.jobs(Some(JobState::Parked), 10).await.unwrap();
    assert_eq!(parked.len(), 2);
    assert!(parked.iter().all(|row| row.attempts == 1 && row.reason.as_deref() == Some("not a valid choice")));
    assert_eq!(db.store.jobs(Some(JobState::Done), 20).await.unwrap().len(), 8);
}

#[tokio::test]
async fn token_expiry_in_mid_campaign() {
    let db = db().await;
    let crm = Ailing::new(&db.store, Illness::TokenOver);
    crm.on.store(false, Ordering::SeqCst);
    let limits = Limits { failures_max: 4, rest: Duration::from_millis(20), ..Limits::none() };
    let outbox = start(&db, &crm, Settings { limits, workers: 4, ..quick() }).await;
    (0..10).for_each(|n| outbox.hand_off().ended(over(n)));
    outbox.drained().await;
    crm.on.store(true, Ordering::SeqCst);
    let before = crm.asked.load(Ordering::SeqCst);
    (10..30).for_each(|n| outbox.hand_off().ended(over(n)));
    while crm.asked.load(Ordering::SeqCst) < before + 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    crm.on.store(false, Ordering::SeqCst);
    outbox.drained().await;
    outbox.stop().await;
    let done = db.store.jobs(Some(JobState::Done), 200).await.unwrap().len();
    let parked = db.store.jobs(Some(JobState::Parked), 200).await.unwrap();
    assert_eq!((done, parked.len()), (75, 0), "nothing is lost, nothing is given up: {parked:?}");
    assert_eq!(db.store.contacts(None, 100).await.unwrap().len(), 30);
}

#[tokio::test]
async fn rate_limit_exhaustion() {
    let db = db().await;
    let crm = Ailing::new(&db.store, Illness::None);
    let limits = Limits { per_second: 100.0, burst: 10, ..Limits::default() };
    let outbox = start(&db, &crm, Settings { limits, workers: 4, ..quick() }).await;
    (0..10).for_each(|n| outbox.hand_off().ended(over(n)));
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(db.store.jobs(Some(JobState::Done), 100).await.unwrap().len(), 25);
    let moments = crm.moments.lock().unwrap().clone();
    // The clock of the gate and of this test may differ by a little.
    for (n, from) in moments.iter().enumerate() {
        let within = moments[n..].iter().filter(|at| at.duration_since(*from) < Duration::from_millis(190)).count();
        assert!(within <= 10 + 20 + 2, "{within} requests in 190 ms");
    }
    assert!(db.store.jobs(None, 100).await.unwrap().iter().all(|row| row.attempts == 0), "waiting is no failure");
}

#[tokio::test]
async fn unmonitored_loss_shows_in_the_audit() {
    let db = db().await;
    let crm = Ailing::new(&db.store, Illness::RefusesTasks);
    let outbox = start(&db, &crm, quick()).await;
    outbox.hand_off().ended(over(0));
    outbox.drained().await;
    outbox.stop().await;
    let search = AuditSearch { correlation_id: Some("c000".into()), limit: 100, ..AuditSearch::default() };
    let steps = db.store.audit(&search).await.unwrap();
    let refused = steps.iter().find(|step| step.entry.error.as_deref() == Some("not a valid choice")).unwrap();
    assert_eq!((refused.object_type.as_str(), refused.key.as_str()), ("task", "c000/task/create"));
    assert!(refused.entry.fields.contains_key("due_at"), "with what was to be written");
}
