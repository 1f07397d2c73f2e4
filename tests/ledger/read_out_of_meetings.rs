//! What is read out of a conversation goes the way of everything else: promised tasks are written up to the cap, fields
//! of deals wait for a yes, who was met waits for a yes, and a deal is only written where it is the only one.

use std::sync::Arc;

use jiff::Timestamp;
use offhook::call::{CallRecord, Disposition, Elsewhere, Participant, Speaker};
use offhook::crm::{BuiltIn, Crm, Lookup, Mapping, Object};
use offhook::outbox::{Outbox, Settings};
use offhook::record::Policy;
use offhook::store::{JobRow, JobState, Store};
use serde_json::json;

use crate::crm_conformance::found;
use crate::crms::{connector, desk};
use crate::fixtures::{call, db, ended, line, quick};

fn meeting(said: &[(&str, &str)], people: &[(&str, Option<&str>, Option<bool>)]) -> CallRecord {
    let ours = |name: &str| people.iter().any(|(known, _, ours)| *known == name && *ours == Some(true));
    let mut call = ended(call("m1", None), Disposition::NoDisposition);
    call.to = "Offer for Ray".to_owned();
    let lines = said.iter().zip((0u64..).step_by(4000));
    let speaker = |name: &str| if ours(name) { Speaker::Agent } else { Speaker::Caller };
    call.transcript = lines.map(|((name, text), at)| line(speaker(name), text, at, at + 3000)).collect();
    let person = |(name, email, ours): &(&str, Option<&str>, Option<bool>)| Participant {
        name: (*name).to_owned(),
        email: email.map(str::to_owned),
        ours: *ours,
    };
    call.elsewhere = Some(Box::new(Elsewhere {
        source: "zoom".to_owned(),
        key: "WEz4".to_owned(),
        meeting: true,
        people: people.iter().map(person).collect(),
        speakers: said.iter().map(|(name, _)| (*name).to_owned()).collect(),
    }));
    call
}

const PEOPLE: [(&str, Option<&str>, Option<bool>); 2] =
    [("Ann Lee", Some("ann@offhook.example"), Some(true)), ("Bob Ray", Some("bob@ray.example"), Some(false))];

async fn after(store: &Store, settings: Settings, call: CallRecord) -> Vec<JobRow> {
    after_in(Arc::new(BuiltIn::new(store.clone())), store, settings, call).await
}

async fn after_in(crm: Arc<dyn Crm>, store: &Store, settings: Settings, call: CallRecord) -> Vec<JobRow> {
    let outbox = Outbox::start(store.clone(), crm, settings).await.unwrap();
    outbox.hand_off().ended(call);
    outbox.drained().await;
    outbox.stop().await;
    store.jobs_of_call("m1").await.unwrap()
}

fn row<'a>(rows: &'a [JobRow], key: &str) -> &'a JobRow {
    rows.iter().find(|row| row.key == key).unwrap_or_else(|| panic!("no {key}: {rows:#?}"))
}

#[tokio::test]
async fn what_was_promised_becomes_tasks_with_their_words_and_the_fourth_is_for_a_person() {
    let said = [
        ("Ann Lee", "I'll send you the recap by Friday."),
        ("Bob Ray", "Good."),
        ("Ann Lee", "And I will send you the contract tomorrow."),
        ("Ann Lee", "I'll call you back on Tuesday."),
        ("Ann Lee", "I will send you the proposal next week."),
    ];
    let db = db().await;
    let rows = after(&db.store, quick(), meeting(&said, &PEOPLE)).await;
    let tasks: Vec<&JobRow> = rows.iter().filter(|row| row.kind == "task").collect();
    let states: Vec<JobState> = tasks.iter().map(|row| row.state).collect();
    assert_eq!(states, [JobState::Done, JobState::Done, JobState::Done, JobState::Parked], "{tasks:#?}");
    assert!(tasks[3].reason.as_deref().unwrap().contains("more than 3 tasks"), "{tasks:#?}");
    let recap = row(&rows, "m1/task/send_recap");
    let due: Timestamp = recap.payload["due_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(due.to_string()[..10], *"2026-11-27", "by Friday: {recap:?}");
    assert_eq!(recap.payload["type"], "send_recap");
    assert_eq!(recap.payload["owner"], "ann@offhook.example", "whoever promised it");
    assert_eq!(recap.basis["citations"][0]["words"], "I'll send you the recap by Friday.");
    assert_eq!(recap.basis["citations"][0]["speaker"], "Ann Lee");
    assert!(recap.payload["body"].as_str().unwrap().contains("Ann Lee, 0:00"), "{recap:?}");
    assert_eq!((recap.basis["source"].as_str(), recap.basis["event_key"].as_str()), (Some("zoom"), Some("WEz4")));
}

#[tokio::test]
async fn in_phase_one_a_meeting_writes_its_note_and_asks_about_everything_else() {
    let said = [
        ("Bob Ray", "Our budget is 25,000 dollars."),
        ("Bob Ray", "Honestly, that is too expensive for us."),
        ("Ann Lee", "I'll send you the proposal by Friday."),
    ];
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    let fields = serde_json::from_value(json!({"name": "Ray", "email": "bob@ray.example"})).unwrap();
    crm.create("harbor", Object::Deal, "deal/1", &fields).await.unwrap();
    let rows = after(&db.store, quick(), meeting(&said, &PEOPLE)).await;
    assert_eq!(row(&rows, "m1/activity/upsert").state, JobState::Done);
    assert!(row(&rows, "m1/activity/upsert").payload["subject"].as_str().unwrap().contains("Offer for Ray"));
    for key in ["m1/contact/upsert", "m1/deal/amount", "m1/deal/objections"] {
        assert_eq!(row(&rows, key).state, JobState::AwaitingApproval, "{key}: {rows:#?}");
    }
    assert_eq!(db.store.contacts(None, 10).await.unwrap(), [], "who was met waits for a yes");
    let amount = row(&rows, "m1/deal/amount");
    assert_eq!(amount.payload["amount"], json!(25_000.0));
    assert_eq!(amount.basis["citations"][0]["words"], "Our budget is 25,000 dollars.");
    assert!(db.store.decide_job(amount.id, true, "ann", None, Timestamp::now()).await.unwrap());
    let outbox = Outbox::start(db.store.clone(), Arc::new(BuiltIn::new(db.store.clone())), quick()).await.unwrap();
    outbox.drained().await;
    outbox.stop().await;
    let deals = crm.find("harbor", Object::Deal, Lookup::Key("deal/1")).await.unwrap();
    assert_eq!(deals[0].fields["amount"], json!(25_000.0), "{deals:?}");
    assert_eq!(deals[0].fields.get("objections"), None, "nobody said yes to that");
}

#[tokio::test]
async fn in_phase_two_what_only_grows_is_added_unasked_and_figures_still_wait() {
    let said = [("Bob Ray", "Our budget is 25,000 dollars."), ("Bob Ray", "Honestly, that is too expensive for us.")];
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    let fields = serde_json::from_value(json!({"name": "Ray", "email": "bob@ray.example", "objections": "timing"}));
    crm.create("harbor", Object::Deal, "deal/1", &fields.unwrap()).await.unwrap();
    let policy = Arc::new(Policy { meeting_phase: 2, ..Policy::default() });
    let rows = after(&db.store, Settings { policy, ..quick() }, meeting(&said, &PEOPLE)).await;
    assert_eq!(row(&rows, "m1/deal/objections").state, JobState::Done, "{rows:#?}");
    assert_eq!(row(&rows, "m1/deal/amount").state, JobState::AwaitingApproval);
    let deals = crm.find("harbor", Object::Deal, Lookup::Key("deal/1")).await.unwrap();
    let objections = deals[0].text("objections").unwrap();
    assert!(objections.starts_with("timing\n") && objections.contains("too expensive"), "{objections}");
}

/// As it is in most CRMs: a deal knows its people, and an owner is a number.
#[tokio::test]
async fn in_hubspot_the_deal_is_found_by_who_was_there_and_a_task_belongs_to_whom_the_mapping_names() {
    let (db, mut desk) = (db().await, desk("hubspot", &[]));
    let owner = r#"owner = { to = "hubspot_owner_id", type = "pick" }"#;
    let named = r#"owner = { to = "hubspot_owner_id", values = { "ann@offhook.example" = "51843" } }"#;
    let mapping = offhook::crm::shipped("hubspot").unwrap().replacen(owner, named, 1);
    desk.crm = connector(&desk.provider, Mapping::parse("hubspot", &mapping).unwrap());
    let make = async |object, key, fields| {
        desk.crm.create("harbor", object, key, &serde_json::from_value(fields).unwrap()).await.unwrap()
    };
    let bob = make(Object::Contact, "old/contact", json!({"name": "Bob Ray", "email": "bob@ray.example"})).await;
    let sue = make(Object::Contact, "old/sue", json!({"name": "Sue Ray", "email": "sue@ray.example"})).await;
    make(Object::Deal, "old/deal", json!({"name": "Ray", "contact_id": bob})).await;
    make(Object::Deal, "old/won", json!({"name": "Ray, last year", "contact_id": bob, "stage": "closedwon"})).await;
    make(Object::Deal, "old/other", json!({"name": "Sue", "contact_id": sue})).await;
    let people = [PEOPLE[0], PEOPLE[1], ("Cy Orr", Some("cy@offhook.example"), Some(true))];
    let said = [
        ("Bob Ray", "Honestly, that is too expensive for us."),
        ("Ann Lee", "I'll send you the recap by Friday."),
        ("Cy Orr", "I will send you the contract tomorrow."),
    ];
    let policy = Arc::new(Policy { meeting_phase: 2, ..Policy::default() });
    let crm: Arc<dyn Crm> = desk.crm.clone();
    let rows = after_in(crm, &db.store, Settings { policy, ..quick() }, meeting(&said, &people)).await;
    assert!(rows.iter().all(|row| row.state == JobState::Done), "{rows:#?}");
    let deal = &found(&*desk.crm, Object::Deal, Lookup::Key("old/deal"), 1).await[0];
    assert!(deal.text("objections").is_some_and(|text| text.contains("too expensive")), "{deal:?}");
    let task = async |key| found(&*desk.crm, Object::Task, Lookup::Key(key), 1).await.remove(0);
    assert_eq!(task("m1/task/send_recap").await.fields["owner"], "ann@offhook.example");
    let contract = rows.iter().find(|row| row.key.contains("contract")).unwrap();
    assert_eq!(contract.payload["owner"], "cy@offhook.example");
    assert_eq!(task(&contract.key).await.fields.get("owner"), None, "nobody is guessed");
}

#[tokio::test]
async fn an_address_nobody_confirmed_waits_for_a_yes() {
    let db = db().await;
    let mut over = ended(call("m1", Some("+12125550123")), Disposition::InfoOnly);
    over.transcript = vec![line(Speaker::Caller, "My email is jane@example.com, write to me.", 0, 2000)];
    let rows = after(&db.store, quick(), over.clone()).await;
    assert_eq!(row(&rows, "m1/contact/email").state, JobState::AwaitingApproval, "{rows:#?}");
    let contacts = db.store.contacts(None, 10).await.unwrap();
    assert_eq!((contacts.len(), &contacts[0].email), (1, &None));
    over.outcome.email = Some("jane@example.com".to_owned());
    let other = crate::fixtures::db().await;
    let rows = after(&other.store, quick(), over).await;
    assert!(rows.iter().all(|row| row.key != "m1/contact/email"), "it was confirmed: {rows:#?}");
}

#[tokio::test]
async fn a_meetings_note_goes_to_the_contact_that_is_known() {
    let db = db().await;
    let crm = BuiltIn::new(db.store.clone());
    let bob = serde_json::from_value(json!({"name": "Bob Ray", "email": "bob@ray.example"})).unwrap();
    let id = crm.create("harbor", Object::Contact, "old/contact", &bob).await.unwrap();
    let rows = after(&db.store, quick(), meeting(&[("Bob Ray", "Good.")], &PEOPLE)).await;
    for key in ["m1/activity/upsert", "m1/contact/upsert"] {
        assert_eq!(row(&rows, key).state, JobState::Done, "he is known: {rows:#?}");
    }
    assert_eq!(db.store.activities(&id).await.unwrap().len(), 1);
    assert_eq!(db.store.contacts(None, 10).await.unwrap().len(), 1);
}
