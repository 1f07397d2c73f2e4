//! Whose call it was: the number first, then the address, then name and post code; never a second contact, and never a
//! guess.

use std::sync::Arc;

use offhook::call::Disposition;
use offhook::crm::{BuiltIn, Crm, Fields, Object};
use offhook::outbox::Outbox;
use offhook::store::{CallWrite, JobRow, JobState, NewJob, Store};
use serde_json::json;

use crate::fixtures::{call, db, ended, quick};

async fn known(store: &Store, key: &str, fields: serde_json::Value) -> String {
    let fields: Fields = serde_json::from_value(fields).unwrap();
    BuiltIn::new(store.clone()).create("harbor", Object::Contact, key, &fields).await.unwrap()
}

/// Writes somebody as a contact; how the row ended.
async fn meets(store: &Store, id: &str, fields: serde_json::Value) -> JobRow {
    let over = ended(call(id, None), Disposition::InfoOnly);
    let job = NewJob {
        key: format!("{id}/contact/upsert"),
        after: None,
        call_id: id.to_owned(),
        business: "harbor".to_owned(),
        kind: "contact".to_owned(),
        payload: fields,
        lane: Some(format!("harbor/{id}")),
        state: JobState::Ready,
        reason: None,
        basis: json!({}),
        run_at: jiff::Timestamp::now(),
    };
    store.write_calls(&[CallWrite { call: &over, over: true, jobs: &[job], events: &[] }]).await.unwrap();
    let outbox = Outbox::start(store.clone(), Arc::new(BuiltIn::new(store.clone())), quick()).await.unwrap();
    outbox.drained().await;
    outbox.stop().await;
    store.jobs(None, 1).await.unwrap().remove(0)
}

#[tokio::test]
async fn the_number_then_the_address_then_name_and_zip() {
    let db = db().await;
    let jane = json!({"phone": "+12125550101", "name": "Jane Doe"});
    let jane = known(&db.store, "k1", jane).await;
    let ana = known(&db.store, "k2", json!({"email": "Ana@Sol.example", "name": "Ana Sol"})).await;
    let bo = known(&db.store, "k3", json!({"name": "Bo Li", "zip": "10001", "phone": "+12125550103"})).await;

    let by_phone = json!({"phone": "+12125550101", "email": "ana@sol.example", "name": "Janet"});
    assert_eq!(meets(&db.store, "c1", by_phone).await.external_id, Some(jane.clone()), "the number comes first");
    let by_email = json!({"phone": "+12125550102", "email": "ana@sol.EXAMPLE"});
    assert_eq!(meets(&db.store, "c2", by_email).await.external_id, Some(ana.clone()), "it stayed hers");
    let by_zip = json!({"phone": "+12125550199", "name": "bo li", "zip": "10001"});
    assert_eq!(meets(&db.store, "c3", by_zip).await.external_id, Some(bo.clone()));
    let contacts = db.store.contacts(None, 100).await.unwrap();
    assert_eq!(contacts.len(), 3, "no second contact for anybody");
    let row = contacts.iter().find(|row| row.id == bo).unwrap();
    assert_eq!(
        (row.phone.as_str(), row.notes.as_slice()),
        ("+12125550103", &["Also uses +12125550199".to_owned()][..])
    );
    let row = contacts.iter().find(|row| row.id == ana).unwrap();
    assert_eq!((row.name.as_deref(), row.phone.as_str()), (Some("Ana Sol"), "+12125550102"));
    let row = contacts.iter().find(|row| row.id == jane).unwrap();
    let twin = format!("May be the same person as {ana}");
    assert!(row.notes.iter().any(|note| note.starts_with(&twin)), "{:?}", row.notes);
}

#[tokio::test]
async fn an_address_two_people_share_is_for_a_person_to_decide() {
    let db = db().await;
    for (key, name) in [("k1", "Jane Doe"), ("k2", "John Doe")] {
        known(&db.store, key, json!({"email": "home@doe.example", "name": name})).await;
    }
    let row = meets(&db.store, "c1", json!({"phone": "+12125550102", "email": "home@doe.example"})).await;
    assert_eq!(row.state, JobState::Parked);
    assert!(row.reason.unwrap().starts_with("ambiguous: 2 contacts have this email"));
}

#[tokio::test]
async fn a_namesake_next_door_is_for_a_person_to_decide() {
    let db = db().await;
    known(&db.store, "k1", json!({"name": "Bo Li", "zip": "10001", "birth_date": "1980-02-03"})).await;
    let son = json!({"phone": "+12125550104", "name": "Bo Li", "zip": "10001", "birth_date": "2005-06-07"});
    let row = meets(&db.store, "c1", son).await;
    assert_eq!((row.state, row.external_id), (JobState::Parked, None));
    assert_eq!(db.store.contacts(None, 10).await.unwrap().len(), 1);
    let other_zip = json!({"phone": "+12125550105", "name": "Bo Li", "zip": "94110"});
    assert_eq!(meets(&db.store, "c2", other_zip).await.state, JobState::Done);
    assert_eq!(db.store.contacts(None, 10).await.unwrap().len(), 2, "who lives elsewhere is somebody else");
}
