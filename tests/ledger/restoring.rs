//! `docs/backup.md`, done: a copy taken while rows are being delivered is whole, and starting from it doubles nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use offhook::call::Disposition;
use offhook::crm::BuiltIn;
use offhook::outbox::{Outbox, Settings};
use offhook::store::{JobState, Store};

use crate::fixtures::{Db, call, db, ended, quick, url};

const CALLS: usize = 60;

async fn deliver(from: &Store, crm: &Db, calls: usize) -> Outbox {
    // Somebody else's machine, as far as the restored one knows.
    let crm = Arc::new(BuiltIn::new(crm.store.clone()));
    let outbox = Outbox::start(from.clone(), crm, Settings { workers: 4, ..quick() }).await.unwrap();
    for n in 0..calls {
        let over = ended(call(&format!("c{n:03}"), Some(&format!("+12125550{n:03}"))), Disposition::Escalated);
        outbox.hand_off().ended(over);
    }
    outbox
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_at_work_is_whole_and_doubles_nothing() {
    let (first, crm) = (db().await, db().await);
    let outbox = deliver(&first.store, &crm, CALLS).await;
    let mut changed = outbox.changed();
    while first.store.jobs(Some(JobState::Done), 1000).await.unwrap().len() < CALLS {
        changed.changed().await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(first.folder.path().join("data/offhook.db"));
    let by_hand = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let copy = folder.path().join("data/offhook.db").display().to_string();
    sqlx::query("VACUUM INTO $1").bind(copy).execute(&by_hand).await.unwrap();
    outbox.drained().await;
    outbox.stop().await;

    let restored = Store::open(&url(folder.path())).await.unwrap();
    assert_eq!(restored.verify_audit().await.unwrap().broken_at, None);
    let done = restored.jobs(Some(JobState::Done), 1000).await.unwrap().len();
    assert!((CALLS..3 * CALLS).contains(&done), "the copy is of a moment in between: {done}");
    let outbox = deliver(&restored, &crm, 0).await;
    outbox.drained().await;
    outbox.stop().await;
    assert_eq!(restored.jobs(Some(JobState::Done), 1000).await.unwrap().len(), 3 * CALLS);
    assert_eq!(restored.verify_audit().await.unwrap().broken_at, None);
    let contacts = crm.store.contacts(None, 1000).await.unwrap();
    assert_eq!(contacts.len(), CALLS);
    let mut activities = BTreeSet::new();
    for contact in &contacts {
        let of = crm.store.activities(&contact.id).await.unwrap();
        let tasks = crm.store.tasks(&contact.id).await.unwrap();
        assert_eq!((of.len(), tasks.len()), (1, 1), "one each: {}", contact.phone);
        activities.extend(of.into_iter().map(|activity| activity.call_id));
    }
    assert_eq!(activities.len(), CALLS);
}
