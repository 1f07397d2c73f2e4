//! One contact per business and number, whoever writes it how often.

use std::sync::Arc;

use offhook::call::{CallRecord, Disposition, Outcome};
use offhook::crm::{BuiltIn, Crm, CrmError, Fields, Lookup, Object};
use offhook::outbox::{Outbox, Settings};
use offhook::store::{JobState, Store};

use crate::fixtures::{call, db, ended, quick};

const PHONE: &str = "+12125550123";

fn over(id: &str, name: Option<&str>) -> CallRecord {
    let outcome = Outcome { name: name.map(str::to_owned), ..Outcome::default() };
    CallRecord { outcome, ..ended(call(id, Some(PHONE)), Disposition::InfoOnly) }
}

async fn deliver(store: &Store, calls: Vec<CallRecord>) {
    let settings = Settings { workers: 4, ..quick() };
    let outbox = Outbox::start(store.clone(), Arc::new(BuiltIn::new(store.clone())), settings).await.unwrap();
    for call in calls {
        outbox.hand_off().ended(call);
    }
    outbox.drained().await;
    outbox.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_calls_from_one_number_are_one_contact() {
    let db = db().await;
    deliver(&db.store, (0..50).map(|n| over(&format!("c{n}"), Some("Jane Doe"))).collect()).await;
    let contacts = db.store.contacts(None, 100).await.unwrap();
    assert_eq!(contacts.len(), 1);
    assert_eq!(db.store.activities(&contacts[0].id).await.unwrap().len(), 50);
    assert_eq!(db.store.jobs(Some(JobState::Done), 200).await.unwrap().len(), 100);
    assert_eq!(db.store.contacts(Some("+34915550123"), 100).await.unwrap().len(), 0);
}

#[tokio::test]
async fn the_first_name_stays_and_another_is_noted_once() {
    let db = db().await;
    let names = [None, Some(" "), Some("Jane Doe"), Some("jane doe "), Some("Jane Dough"), Some("Jane Dough")];
    for (n, name) in names.into_iter().enumerate() {
        deliver(&db.store, vec![over(&format!("c{n}"), name)]).await;
    }
    let row = db.store.contact_by_phone("harbor", PHONE).await.unwrap().unwrap();
    assert_eq!(row.name.as_deref(), Some("Jane Doe"));
    assert_eq!(row.notes, ["Also heard as Jane Dough"]);
    let crm = BuiltIn::new(db.store.clone());
    let found = crm.find("harbor", Object::Contact, Lookup::Phone(PHONE)).await.unwrap();
    assert_eq!((found.len(), &found[0].id, found[0].text("name")), (1, &row.id, row.name.as_deref()));
    let elsewhere = crm.find("taller", Object::Contact, Lookup::Phone(PHONE)).await.unwrap();
    assert_eq!(elsewhere, [], "another business's customer is a stranger");
}

#[tokio::test]
async fn a_number_that_is_none_is_refused() {
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    for phone in ["+", "anonymous", "2125550123", "+12125550123x", "+1234567890123456"] {
        let contact = Fields::from([("phone".to_owned(), phone.into())]);
        let result = crm.create("harbor", Object::Contact, "key", &contact).await;
        assert!(matches!(result, Err(CrmError::Rejected { .. })), "{phone:?}: {result:?}");
    }
    assert_eq!(db.store.contacts(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_known_address_under_another_number_is_the_same_person() {
    let db = db().await;
    let call_from = |id: &str, from: &str| {
        let call = over(id, Some("Jane Doe"));
        let outcome = Outcome { email: Some("jane@example.com".into()), ..call.outcome };
        CallRecord { outcome, from: Some(from.into()), ..call }
    };
    deliver(&db.store, vec![call_from("c1", PHONE)]).await;
    for id in ["c2", "c3"] {
        deliver(&db.store, vec![call_from(id, "+12125550199")]).await;
    }
    let [row] = db.store.contacts(None, 10).await.unwrap().try_into().expect("one contact");
    assert_eq!((row.phone.as_str(), row.email.as_deref()), (PHONE, Some("jane@example.com")));
    assert_eq!(row.notes, ["Also uses +12125550199"]);
    assert_eq!(db.store.activities(&row.id).await.unwrap().len(), 3);
}
