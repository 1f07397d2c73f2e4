//! One contact per business and number, whoever writes it how often.

use offhook::crm::{BuiltIn, Crm, CrmError, NewContact};
use tokio::task::JoinSet;

use crate::fixtures::db;

const PHONE: &str = "+12125550123";

fn contact(name: Option<&str>, call_id: &str) -> NewContact {
    NewContact {
        phone: PHONE.to_owned(),
        name: name.map(str::to_owned),
        notes: Vec::new(),
        call_id: call_id.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_calls_from_one_number_are_one_contact() {
    let db = db().await;
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let crm = BuiltIn::new(db.store.clone());
        tasks.spawn(async move {
            let call = format!("c{n}");
            crm.upsert_contact("harbor", &contact(Some("Jane Doe"), &call), &format!("{call}/contact/upsert"))
                .await
                .unwrap()
        });
    }
    let ids = tasks.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(db.store.contacts(None, 100).await.unwrap().len(), 1);
    assert_eq!(db.store.contacts(Some("+34915550123"), 100).await.unwrap().len(), 0);
}

#[tokio::test]
async fn the_first_name_stays_and_another_is_noted_once() {
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    for (n, name) in [None, Some(" "), Some("Jane Doe"), Some("jane doe "), Some("Jane Dough"), Some("Jane Dough")]
        .into_iter()
        .enumerate()
    {
        crm.upsert_contact("harbor", &contact(name, &format!("c{n}")), "key").await.unwrap();
    }
    let row = db.store.contact_by_phone("harbor", PHONE).await.unwrap().unwrap();
    assert_eq!(row.name.as_deref(), Some("Jane Doe"));
    assert_eq!(row.notes, ["Also heard as Jane Dough"]);
    let found = crm.find_by_phone("harbor", PHONE).await.unwrap().unwrap();
    assert_eq!((found.id, found.name), (row.id, row.name));
    assert_eq!(crm.find_by_phone("taller", PHONE).await.unwrap(), None, "another business's customer is a stranger");
}

#[tokio::test]
async fn a_number_that_is_none_is_refused() {
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    for phone in ["", "+", "anonymous", "2125550123", "+12125550123x", "+1234567890123456"] {
        let contact = NewContact { phone: phone.to_owned(), ..contact(None, "c1") };
        let result = crm.upsert_contact("harbor", &contact, "key").await;
        assert!(matches!(result, Err(CrmError::Rejected { .. })), "{phone:?}: {result:?}");
    }
    assert_eq!(db.store.contacts(None, 10).await.unwrap(), []);
}
