//! One contact per business and number, whoever writes it how often.

use offhook::crm::{BuiltIn, Crm, CrmError, NewContact};
use tokio::task::JoinSet;

use crate::fixtures::db;

const PHONE: &str = "+12125550123";

fn contact(name: Option<&str>, call_id: &str) -> NewContact {
    NewContact {
        phone: PHONE.to_owned(),
        name: name.map(str::to_owned),
        email: None,
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

#[tokio::test]
async fn a_known_address_under_another_number_is_the_same_person() {
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    let first = NewContact { email: Some("Jane@Example.com".into()), ..contact(Some("Jane Doe"), "c1") };
    let id = crm.upsert_contact("harbor", &first, "c1/contact/upsert").await.unwrap();
    for call in ["c2", "c2", "c3"] {
        let again = NewContact {
            phone: "+12125550199".into(),
            email: Some("jane@example.com".into()),
            ..contact(Some("Jane Doe"), call)
        };
        assert_eq!(crm.upsert_contact("harbor", &again, &format!("{call}/contact/upsert")).await.unwrap(), id);
    }
    let [row] = db.store.contacts(None, 10).await.unwrap().try_into().expect("one contact");
    assert_eq!((row.phone.as_str(), row.email.as_deref()), (PHONE, Some("jane@example.com")));
    assert_eq!(row.notes, ["Also uses +12125550199"]);
    assert_eq!(db.store.tasks(&id).await.unwrap(), []);
    let elsewhere = crm.upsert_contact("taller", &NewContact { phone: "+12125550199".into(), ..first }, "key").await;
    assert_ne!(elsewhere.unwrap(), id, "another business's customer is a stranger");
}

#[tokio::test]
async fn an_empty_address_is_filled_and_another_is_noted() {
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    for (n, email) in [None, Some("jane@example.com"), Some("jane@work.example"), None].into_iter().enumerate() {
        let contact = NewContact { email: email.map(str::to_owned), ..contact(Some("Jane Doe"), &format!("c{n}")) };
        crm.upsert_contact("harbor", &contact, "key").await.unwrap();
    }
    let found = crm.find_by_phone("harbor", PHONE).await.unwrap().unwrap();
    assert_eq!(found.email.as_deref(), Some("jane@example.com"));
    let row = db.store.contact_by_phone("harbor", PHONE).await.unwrap().unwrap();
    assert_eq!(row.notes, ["Also uses jane@work.example"]);
}

#[tokio::test]
async fn nothing_is_merged_on_a_guess() {
    // Whose address it is, who gives it, and why that is no proof.
    let someone = |phone: &str, name: &str, email: Option<&str>, call: &str| NewContact {
        phone: phone.into(),
        email: email.map(str::to_owned),
        ..contact(Some(name), call)
    };
    for (there, caller, why) in [
        (
            vec![someone(PHONE, "Jane Doe", Some("home@example.com"), "c1")],
            someone("+12125550199", "Bob Ray", Some("home@example.com"), "c9"),
            "another name",
        ),
        (
            vec![
                someone(PHONE, "Jane Doe", Some("home@example.com"), "c1"),
                someone("+12125550199", "Jane Doe", None, "c2"),
            ],
            someone("+12125550199", "Jane Doe", Some("home@example.com"), "c9"),
            "the number is a contact already",
        ),
    ] {
        let db = db().await;
        let crm = BuiltIn::new(db.store.clone());
        for one in &there {
            crm.upsert_contact("harbor", one, "key").await.unwrap();
        }
        let before = db.store.contact_by_phone("harbor", PHONE).await.unwrap();
        let id = crm.upsert_contact("harbor", &caller, "key").await.unwrap();
        assert_eq!(crm.upsert_contact("harbor", &caller, "key").await.unwrap(), id, "{why}: repeated");
        assert_eq!(db.store.contact_by_phone("harbor", PHONE).await.unwrap(), before, "{why}: left alone");
        let rows = db.store.contacts(None, 10).await.unwrap();
        assert_eq!(rows.iter().filter(|row| row.email.is_some()).count(), 1, "{why}: {rows:?}");
        let [task] = db.store.tasks(&id).await.unwrap().try_into().expect("one task, however often");
        assert!(task.subject.contains("one person") && task.body.contains("home@example.com"), "{task:?}");
    }
}
