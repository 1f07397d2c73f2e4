//! A CRM that fails three times in ten, or for an hour: every effect is there once, and in order.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use offhook::call::{CallRecord, Disposition};
use offhook::outbox::{Limits, Outbox, Settings};
use offhook::store::{JobState, Store};

use crate::faulty_crm::{Client, Effect, Faulty};
use crate::fixtures::{call, db, ended, quick};

/// Each leaves a contact, an activity and a task, or a contact and an activity.
fn calls(count: usize, people: usize) -> Vec<CallRecord> {
    let phone = |n: usize| format!("+1212555{:04}", n % people);
    let over = |n: usize| {
        let how = if n.is_multiple_of(2) { Disposition::Escalated } else { Disposition::InfoOnly };
        ended(call(&format!("c{n:04}"), Some(&phone(n))), how)
    };
    (0..count).map(over).collect()
}

fn settings() -> Settings {
    let limits = Limits { rest: Duration::from_millis(100), ..Limits::none() };
    Settings { workers: 8, attempts: 60, limits, ..quick() }
}

async fn deliver(store: &Store, crm: &Faulty, calls: Vec<CallRecord>) {
    let outbox = Outbox::start(store.clone(), Client::new(crm), settings()).await.unwrap();
    for call in calls {
        outbox.hand_off().ended(call);
    }
    outbox.drained().await;
    outbox.stop().await;
}

fn creates(journal: &[Effect]) -> Vec<&Effect> {
    journal.iter().filter(|effect| effect.what == "create").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_payloads_have_a_thousand_effects() {
    let (db, crm) = (db().await, Faulty::start(30));
    // 400 calls of 400 people: 400 contacts, 400 activities, 200 tasks.
    deliver(&db.store, &crm, calls(400, 400)).await;
    let journal = crm.journal().await;
    let keys: HashSet<&str> = creates(&journal).iter().map(|effect| effect.key.as_str()).collect();
    assert_eq!((creates(&journal).len(), keys.len()), (1000, 1000), "each once");
    assert!(journal.iter().all(|effect| effect.what == "create"), "and nothing beside it");
    assert_eq!(db.store.jobs(Some(JobState::Done), 2000).await.unwrap().len(), 1000);
    let fields: Vec<_> = creates(&journal).into_iter().filter(|e| e.object == "activity").collect();
    assert!(fields.iter().all(|e| e.fields.contains_key("contact_id") && e.fields["status"] != ""), "whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_drains_in_order_without_a_duplicate() {
    let (db, crm) = (db().await, Faulty::start(0));
    crm.down(true).await;
    let outbox = Outbox::start(db.store.clone(), Client::new(&crm), settings()).await.unwrap();
    let people = 20;
    for call in calls(200, people) {
        outbox.hand_off().ended(call);
    }
    // Several rests long: everybody has met the closed door.
    let mut met = 0;
    while met < people {
        tokio::time::sleep(Duration::from_millis(20)).await;
        met = db.store.jobs(Some(JobState::Retrying), 1000).await.unwrap().len();
    }
    assert!(crm.journal().await.is_empty());
    crm.down(false).await;
    outbox.drained().await;
    outbox.stop().await;
    let journal = crm.journal().await;
    let made = creates(&journal);
    let keys: HashSet<&str> = made.iter().map(|effect| effect.key.as_str()).collect();
    assert_eq!((made.len(), keys.len()), (people + 200 + 100, people + 200 + 100));
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    for effect in made.iter().filter(|effect| effect.object == "activity") {
        let (who, call) = (effect.fields["contact_id"].to_string(), effect.key[..5].to_owned());
        let before = last.insert(who, call.clone());
        assert!(before.is_none_or(|before| before < call), "one person's calls in their order: {call}");
    }
    let rows = db.store.jobs(None, 1000).await.unwrap();
    assert!(rows.iter().all(|row| row.state == JobState::Done && row.attempts < 60), "an outage is not a row's fault");
}
