//! A call is one activity of the CRM, told as it happens: once, in order, and nothing stale after the end, whatever
//! fails in between.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use offhook::call::{CallRecord, Disposition, Transfer};
use offhook::crm::{BoxFuture, BuiltIn, Crm, CrmError, Fields, Lookup, Object, Record, Schema};
use offhook::events::{Share, Shared};
use offhook::outbox::{Outbox, RollbackError, Settings, reconcile, roll_back};
use offhook::store::{AuditAction, AuditSearch, JobState, Store};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::as_inner::as_inner;
use crate::chance::Chance;
use crate::fixtures::{at, call, db, ended, quick};

const FROM: Option<&str> = Some("+12125550123");
const PATIENCE: Duration = Duration::from_secs(60);

/// The built-in CRM that notes the status of every write of an activity, and can be down, or slow.
struct Watched {
    inner: BuiltIn,
    told: Mutex<Vec<String>>,
    down: AtomicBool,
    slow: AtomicBool,
    /// A slow write takes a permit.
    gate: Semaphore,
    waiting: Semaphore,
}

impl Watched {
    fn new(store: &Store) -> Arc<Watched> {
        let (told, down, slow) = (Mutex::default(), AtomicBool::new(false), AtomicBool::new(false));
        let (gate, waiting) = (Semaphore::new(0), Semaphore::new(0));
        Arc::new(Watched { inner: BuiltIn::new(store.clone()), told, down, slow, gate, waiting })
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    async fn write<T>(
        &self,
        object: Object,
        fields: &Fields,
        write: BoxFuture<'_, Result<T, CrmError>>,
    ) -> Result<T, CrmError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(CrmError::Retry { after: None, reason: "down".to_owned() });
        }
        if self.slow.load(Ordering::SeqCst) && object == Object::Activity {
            self.waiting.add_permits(1);
            self.gate.acquire().await.unwrap().forget();
        }
        let done = write.await?;
        let status = fields.get("status").and_then(|status| status.as_str());
        self.told.lock().unwrap().extend(status.map(str::to_owned));
        Ok(done)
    }
}

impl Crm for Watched {
    fn name(&self) -> &'static str {
        "watched"
    }
    as_inner!(describe find read delete);
    fn create<'a>(
        &'a self,
        b: &'a str,
        o: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(self.write(o, fields, self.inner.create(b, o, key, fields)))
    }
    fn update<'a>(
        &'a self,
        b: &'a str,
        o: Object,
        id: &'a str,
        version: Option<&'a str>,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(self.write(o, fields, self.inner.update(b, o, id, version, fields)))
    }
}

async fn outbox(store: &Store, crm: &Arc<Watched>) -> Outbox {
    Outbox::start(store.clone(), crm.clone(), Settings { attempts: 1000, ..quick() }).await.unwrap()
}

/// One call, its activity told when it was answered and when it was over.
async fn told_to_the_end(outbox: &Outbox) {
    outbox.hand_off().progress(call("c1", FROM));
    outbox.drained().await;
    outbox.hand_off().ended(ended(call("c1", FROM), Disposition::InfoOnly));
    outbox.drained().await;
}

fn transferred(mut call: CallRecord) -> CallRecord {
    call.outcome.transferred =
        Some(Transfer { at: at("2026-11-23T15:00:30Z"), to: Some("+12125550111".to_owned()), rang_ms: None });
    call
}

/// The one activity there is.
async fn activity(store: &Store) -> Record {
    let (all, _) = store.effects_of_call("c1").await.unwrap();
    assert_eq!(all.len(), 1, "{all:#?}");
    store.record("harbor", Object::Activity, &all[0].id).await.unwrap().unwrap()
}

#[tokio::test]
async fn it_is_told_when_it_is_answered_when_a_person_takes_it_and_when_it_ends() {
    let db = db().await;
    let crm = Watched::new(&db.store);
    let share = Share::new("a key of some length", "https://desk.example.com", SignedDuration::from_hours(24));
    let settings = Settings { share: Some(share.clone()), ..quick() };
    let outbox = Outbox::start(db.store.clone(), crm.clone(), settings).await.unwrap();
    let hand = outbox.hand_off();
    let ringing = CallRecord { answered_at: None, ..call("c1", FROM) };
    hand.opened(ringing.clone()).unwrap();
    hand.on_disk("c1", PATIENCE).await;
    assert_eq!(db.store.jobs(None, 10).await.unwrap(), [], "nobody is on the phone yet");
    let live = call("c1", FROM);
    hand.progress(live.clone());
    outbox.drained().await;
    let first = activity(&db.store).await;
    let text = |record: &Record, field: &str| record.text(field).unwrap_or("-").to_owned();
    assert_eq!([text(&first, "status"), text(&first, "subject")], ["IN_PROGRESS", "Inbound call: in progress"]);
    assert_eq!(text(&first, "body"), "From: +12125550123\nDialled: demo");
    for field in ["disposition", "duration_s", "ended_at", "transcript", "contact_id"] {
        assert_eq!(first.fields.get(field), None, "{field} is not known yet");
    }
    hand.progress(transferred(live.clone()));
    outbox.drained().await;
    let second = activity(&db.store).await;
    assert_eq!(text(&second, "status"), "TRANSFERRED");
    assert!(text(&second, "body").starts_with("Taken over by +12125550111 at 2026-11-23T15:00:30Z"), "{second:?}");
    hand.ended(ended(transferred(live), Disposition::Escalated));
    outbox.drained().await;
    outbox.stop().await;
    let last = activity(&db.store).await;
    assert_eq!((&last.id, &first.id), (&second.id, &second.id), "one record");
    assert_eq!([text(&last, "status"), text(&last, "disposition")], ["TRANSFERRED", "escalated"]);
    assert_eq!(text(&last, "routing_path"), "demo > harbor > +12125550111");
    assert_eq!(text(&last, "transcript"), "Caller: I would like a cleaning");
    let link = text(&last, "transcript_url");
    let (path, sig) = link.split_once("&sig=").unwrap();
    let until: i64 = path.split_once("/share/transcript/c1?until=").unwrap().1.parse().unwrap();
    assert!(share.opens(Shared::Transcript, "c1", until, sig, Timestamp::now()), "{link}");
    assert_eq!(crm.told(), ["IN_PROGRESS", "TRANSFERRED"], "the end set no other status");
    assert!(db.store.effects_of_call("c1").await.unwrap().1.is_empty(), "nobody has to call back");
}

#[tokio::test]
async fn a_crm_that_is_down_is_told_only_how_it_ended() {
    let db = db().await;
    let crm = Watched::new(&db.store);
    crm.down.store(true, Ordering::SeqCst);
    let outbox = outbox(&db.store, &crm).await;
    let hand = outbox.hand_off();
    hand.progress(call("c1", FROM));
    let mut changed = outbox.changed();
    while db.store.jobs(Some(JobState::Retrying), 10).await.unwrap().is_empty() {
        tokio::time::timeout(PATIENCE, changed.changed()).await.unwrap().unwrap();
    }
    hand.ended(ended(call("c1", FROM), Disposition::InfoOnly));
    hand.on_disk("c1", PATIENCE).await;
    crm.down.store(false, Ordering::SeqCst);
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(crm.told(), ["COMPLETED"]);
    assert_eq!(db.store.jobs(None, 10).await.unwrap().len(), 2, "the contact and the activity");
    let search = AuditSearch { action: Some(AuditAction::Approve), limit: 10, ..AuditSearch::default() };
    let steps = db.store.audit(&search).await.unwrap();
    let old: Vec<&str> = steps
        .iter()
        .filter(|step| step.entry.approval_status.as_deref() == Some("superseded"))
        .map(|step| step.key.as_str())
        .collect();
    assert_eq!(old, ["c1/activity/upsert@started"], "it is not lost, it is said");
}

#[tokio::test]
async fn an_end_waits_for_the_write_that_is_under_way() {
    let db = db().await;
    let crm = Watched::new(&db.store);
    crm.slow.store(true, Ordering::SeqCst);
    let outbox = outbox(&db.store, &crm).await;
    // The number given is another person's: what follows is in another lane.
    let mut live = call("c1", FROM);
    outbox.hand_off().progress(live.clone());
    crm.waiting.acquire().await.unwrap().forget();
    live.outcome.phone = Some("+12125550199".to_owned());
    outbox.hand_off().ended(ended(live, Disposition::InfoOnly));
    outbox.hand_off().on_disk("c1", PATIENCE).await;
    crm.slow.store(false, Ordering::SeqCst);
    assert_eq!(crm.told(), Vec::<String>::new());
    crm.gate.add_permits(1);
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(crm.told(), ["IN_PROGRESS", "COMPLETED"]);
}

#[tokio::test]
async fn a_call_found_dead_is_a_failed_one_and_not_one_in_progress() {
    for delivered in [true, false] {
        let db = db().await;
        let crm = Watched::new(&db.store);
        crm.slow.store(!delivered, Ordering::SeqCst);
        let dying = outbox(&db.store, &crm).await;
        dying.hand_off().progress(call("c1", FROM));
        match delivered {
            true => dying.drained().await,
            false => crm.waiting.acquire().await.unwrap().forget(),
        }
        // As a killed process leaves it: in mid call, and maybe with a row that somebody held.
        drop(dying);
        crm.slow.store(false, Ordering::SeqCst);
        let outbox = outbox(&db.store, &crm).await;
        outbox.drained().await;
        outbox.stop().await;
        let expected: &[&str] =
            if delivered { &["IN_PROGRESS", "FAILED - NO DISPOSITION"] } else { &["FAILED - NO DISPOSITION"] };
        assert_eq!(crm.told(), expected);
        assert_eq!(activity(&db.store).await.fields["disposition"], "failed");
        assert!(db.store.jobs(None, 10).await.unwrap().iter().all(|job| job.state == JobState::Done));
    }
}

#[tokio::test]
async fn a_last_word_that_was_written_over_is_repaired() {
    let db = db().await;
    let crm = Watched::new(&db.store);
    let outbox = outbox(&db.store, &crm).await;
    told_to_the_end(&outbox).await;
    // A request that was given up arrives after all.
    let stale: Fields = serde_json::from_value(json!({"status": "IN_PROGRESS"})).unwrap();
    let id = activity(&db.store).await.id;
    crm.inner.update("harbor", Object::Activity, &id, None, &stale).await.unwrap();
    let found = reconcile(&db.store, &crm.inner, &quick(), &[], at("2026-11-23T00:00:00Z")).await.unwrap();
    assert_eq!(found.repaired, ["c1/activity/upsert"]);
    outbox.stop().await;
    let outbox = self::outbox(&db.store, &crm).await;
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(activity(&db.store).await.fields["status"], "COMPLETED");
}

#[tokio::test]
async fn it_is_taken_back_as_one() {
    let db = db().await;
    let crm = Watched::new(&db.store);
    let outbox = outbox(&db.store, &crm).await;
    told_to_the_end(&outbox).await;
    outbox.stop().await;
    let rows = db.store.jobs_of_call("c1").await.unwrap();
    let row = |key: &str| rows.iter().find(|row| row.key == key).unwrap().id;
    let (first, last) = (row("c1/activity/upsert@started"), row("c1/activity/upsert"));
    let refused = roll_back(&db.store, &crm.inner, first, "ann").await;
    assert!(matches!(refused, Err(RollbackError::NotLast { last: l, .. }) if l == last), "{refused:?}");
    assert!(roll_back(&db.store, &crm.inner, last, "ann").await.unwrap().deleted);
    assert!(db.store.effects_of_call("c1").await.unwrap().0.is_empty());
    for id in [first, last] {
        assert_eq!(db.store.job(id).await.unwrap().unwrap().state, JobState::RolledBack);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_order_there_is_one_and_it_says_how_the_call_ended() {
    for seed in 1..=60_u64 {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let db = db().await;
        let crm = Watched::new(&db.store);
        let mut running = outbox(&db.store, &crm).await;
        let (mut live, mut over) = (call("c1", FROM), false);
        let mut story = Vec::new();
        for _ in 0..12 {
            let step = chance.below(8);
            let hand = running.hand_off();
            match step {
                0 | 1 => hand.progress(live.clone()),
                2 => {
                    live = transferred(live);
                    hand.progress(live.clone());
                }
                3 => {
                    hand.ended(ended(live.clone(), Disposition::InfoOnly));
                    over = true;
                }
                4 => crm.down.store(chance.below(2) == 0, Ordering::SeqCst),
                5 => tokio::time::sleep(Duration::from_millis(chance.below(4))).await,
                6 => hand.on_disk("c1", PATIENCE).await,
                _ => {
                    // Half of them die.
                    match chance.below(2) {
                        0 => running.stop().await,
                        _ => drop(running),
                    }
                    running = outbox(&db.store, &crm).await;
                }
            }
            story.push(step);
        }
        crm.down.store(false, Ordering::SeqCst);
        running.hand_off().on_disk("c1", PATIENCE).await;
        running.stop().await;
        let running = outbox(&db.store, &crm).await;
        running.drained().await;
        running.stop().await;
        let Some(record) = db.store.call("c1").await.unwrap() else { continue };
        let status = match (record.disposition, &record.outcome.transferred) {
            (Some(Disposition::Failed), _) => "FAILED - NO DISPOSITION",
            (_, Some(_)) => "TRANSFERRED",
            (_, None) => "COMPLETED",
        };
        let why = format!("seed {seed}, {story:?}, over: {over}: {:?}", crm.told());
        assert_eq!(activity(&db.store).await.fields["status"], status, "{why}");
        let rank = |word: &String| ["IN_PROGRESS", "TRANSFERRED", status].iter().position(|known| known == word);
        let told = crm.told();
        assert!(told.windows(2).all(|two| rank(&two[0]) <= rank(&two[1])), "{why}");
        let jobs = db.store.jobs(None, 10).await.unwrap();
        assert!(jobs.iter().all(|job| job.state == JobState::Done), "{why}: {jobs:#?}");
    }
}
