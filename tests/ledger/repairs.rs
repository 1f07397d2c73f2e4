//! Reconciling, replaying and taking back: what is missing comes back once, what is there stays single.

use std::sync::Arc;

use jiff::Timestamp;
use offhook::call::{CallRecord, Disposition, Outcome};
use offhook::crm::{BuiltIn, Crm, Fields, Object};
use offhook::outbox::{Outbox, Reconciled, Settings, reconcile, roll_back};
use offhook::store::{JobRow, JobState, Store};

use crate::fixtures::{Db, call, db, ended, quick};

fn over(n: usize) -> CallRecord {
    let outcome = Outcome { name: Some(format!("Person {n}")), ..Outcome::default() };
    CallRecord { outcome, ..ended(call(&format!("c{n:04}"), Some(&format!("+1212555{n:04}"))), Disposition::InfoOnly) }
}

fn settings() -> Settings {
    Settings { workers: 8, ..quick() }
}

async fn deliver(store: &Store, calls: Vec<CallRecord>) {
    let outbox = Outbox::start(store.clone(), Arc::new(BuiltIn::new(store.clone())), settings()).await.unwrap();
    for call in calls {
        outbox.hand_off().ended(call);
    }
    outbox.drained().await;
    outbox.stop().await;
}

async fn pool(db: &Db) -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(db.folder.path().join("data/offhook.db"));
    sqlx::SqlitePool::connect_with(options).await.unwrap()
}

async fn count(pool: &sqlx::SqlitePool, table: &'static str) -> i64 {
    let sql = match table {
        "contacts" => "SELECT COUNT(*) FROM contacts",
        "activities" => "SELECT COUNT(*) FROM activities",
        _ => "SELECT COUNT(*) FROM jobs",
    };
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

async fn reconciled(db: &Db) -> Reconciled {
    let since = Timestamp::UNIX_EPOCH;
    reconcile(&db.store, &BuiltIn::new(db.store.clone()), &settings(), &[], since).await.unwrap()
}

/// The newest row of that kind.
async fn row(store: &Store, kind: &str) -> JobRow {
    store.jobs(None, 100).await.unwrap().into_iter().find(|row| row.kind == kind).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_rows_deleted_by_hand_come_back_as_a_thousand_effects() {
    let db = db().await;
    let calls: Vec<_> = (0..500).map(over).collect();
    // Ended, and their rows gone before anything was delivered.
    for call in &calls {
        db.store.finish_call(call, &[]).await.unwrap();
    }
    let pool = pool(&db).await;
    assert_eq!((count(&pool, "jobs").await, count(&pool, "contacts").await), (0, 0));
    let found = reconciled(&db).await;
    assert_eq!((found.calls, found.expected, found.repaired.len()), (500, 1000, 1000));
    deliver(&db.store, Vec::new()).await;
    assert_eq!((count(&pool, "contacts").await, count(&pool, "activities").await), (500, 500));
    assert_eq!(
        reconciled(&db).await,
        Reconciled { calls: 500, expected: 1000, present: 1000, ..Reconciled::default() }
    );
    // And once more, with what was delivered left in the CRM: its rows are forgotten, nothing is written twice.
    sqlx::query("DELETE FROM jobs").execute(&pool).await.unwrap();
    assert_eq!(reconciled(&db).await.repaired.len(), 0);
    deliver(&db.store, Vec::new()).await;
    assert_eq!((count(&pool, "contacts").await, count(&pool, "activities").await), (500, 500));
}

#[tokio::test]
async fn a_record_deleted_over_there_is_written_again_and_a_rejected_one_is_not() {
    let db = db().await;
    deliver(&db.store, (0..3).map(over).collect()).await;
    let crm = BuiltIn::new(db.store.clone());
    let activity = row(&db.store, "activity").await;
    crm.delete("harbor", Object::Activity, activity.external_id.as_deref().unwrap()).await.unwrap();
    let taken_back = db.store.jobs_of_call("c0000").await.unwrap().remove(1);
    roll_back(&db.store, &crm, taken_back.id, "ann").await.unwrap();
    let found = reconciled(&db).await;
    assert_eq!(found.repaired, [activity.key]);
    deliver(&db.store, Vec::new()).await;
    assert_eq!(count(&pool(&db).await, "activities").await, 2, "what ann took back stays away");
}

#[tokio::test]
async fn what_was_made_is_deleted_and_what_was_changed_gets_its_old_value() {
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    let stored = Fields::from([("phone".into(), "+12125550007".into()), ("zip".into(), "10001".into())]);
    let contact = crm.create("harbor", Object::Contact, "by hand", &stored).await.unwrap();
    deliver(&db.store, vec![over(7)]).await;
    let filled = crm.read("harbor", Object::Contact, &contact).await.unwrap().unwrap();
    assert_eq!(filled.text("name"), Some("Person 7"));

    let (made, changed) = (row(&db.store, "activity").await, row(&db.store, "contact").await);
    assert!(roll_back(&db.store, &crm, made.id, "ann").await.unwrap().deleted);
    assert!(roll_back(&db.store, &crm, made.id, "ann").await.is_err(), "once is enough");
    let back = roll_back(&db.store, &crm, changed.id, "ann").await.unwrap();
    assert_eq!((back.restored.as_slice(), back.left.len(), back.deleted), (&["name".to_owned()][..], 0, false));
    let after = crm.read("harbor", Object::Contact, &contact).await.unwrap().unwrap();
    assert_eq!((after.text("name"), after.text("zip")), (None, Some("10001")));
    assert_eq!(db.store.effects_of_call("c0007").await.unwrap().0, []);
    assert_eq!(db.store.jobs(Some(JobState::RolledBack), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_somebody_has_changed_since_is_left_alone() {
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    let stored = Fields::from([("phone".into(), "+12125550007".into())]);
    let contact = crm.create("harbor", Object::Contact, "by hand", &stored).await.unwrap();
    deliver(&db.store, vec![over(7)]).await;
    let married = Fields::from([("name".into(), "Person Seven".into())]);
    crm.update("harbor", Object::Contact, &contact, None, &married).await.unwrap();
    let back = roll_back(&db.store, &crm, row(&db.store, "contact").await.id, "ann").await.unwrap();
    assert_eq!((back.restored.len(), back.left.as_slice()), (0, &["name".to_owned()][..]));
    let after = crm.read("harbor", Object::Contact, &contact).await.unwrap().unwrap();
    assert_eq!(after.text("name"), Some("Person Seven"));
}
