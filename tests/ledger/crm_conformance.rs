//! What every CRM has to get right: `exercise` is run on each of them.

use std::time::{Duration, Instant};

use offhook::crm::{BuiltIn, Crm, CrmError, Fields, Lookup, Object, Record};
use serde_json::{Value, json};

use crate::crms::{desk, listener};
use crate::fixtures::db;

const BUSINESS: &str = "harbor";

/// Runs the whole suite on a CRM with nothing in it.
pub async fn exercise(crm: &dyn Crm) {
    creates_once_per_key(crm).await;
    finds_by_every_mark(crm).await;
    // The built-in CRM keeps one contact per number.
    if crm.name() != "builtin" {
        answers_all_matches(crm).await;
    }
    reads_back_what_was_written(crm).await;
    changes_only_what_is_given(crm).await;
    is_linked_later(crm).await;
    finds_the_open_deals_of_a_contact(crm).await;
    refuses_an_older_version(crm).await;
    // And whatever else it is given.
    if crm.name() != "builtin" {
        refuses_a_field_nobody_has(crm).await;
    }
    forgets_what_is_deleted(crm).await;
    describes_what_it_keeps(crm).await;
}

async fn creates_once_per_key(crm: &dyn Crm) {
    for (object, fields) in examples(crm, "once").await {
        let key = format!("once/{object}/1");
        let first = crm.create(BUSINESS, object, &key, &fields).await.unwrap();
        let second = crm.create(BUSINESS, object, &key, &fields).await.unwrap();
        assert_eq!(first, second, "{}: the same key, the same {object}", crm.name());
        let found = found(crm, object, Lookup::Key(&key), 1).await;
        assert_eq!(found[0].id, first);
        assert_eq!(crm.find(BUSINESS, object, Lookup::Key("once/nobody")).await, Ok(Vec::new()));
    }
}

async fn finds_by_every_mark(crm: &dyn Crm) {
    let fields = person("+12125550142", "Vera.Lang@example.com", "Vera Anne Lang", "10012");
    let id = crm.create(BUSINESS, Object::Contact, "marks/contact/1", &fields).await.unwrap();
    let other = person("+12125550143", "other@example.com", "Vera Anne Lang", "10013");
    crm.create(BUSINESS, Object::Contact, "marks/contact/2", &other).await.unwrap();
    for by in [
        Lookup::Key("marks/contact/1"),
        Lookup::Phone("+12125550142"),
        Lookup::Email("vera.lang@example.com"),
        Lookup::NameZip { name: "vera anne lang", zip: "10012" },
    ] {
        let found = found(crm, Object::Contact, by, 1).await;
        assert_eq!(found[0].id, id, "{} by {by:?}", crm.name());
    }
    for by in [
        Lookup::Phone("+442125550142"),
        Lookup::Email("lang@example.com"),
        Lookup::NameZip { name: "Anne Lang", zip: "10012" },
        Lookup::NameZip { name: "Vera Anne Lang", zip: "10014" },
    ] {
        assert_eq!(crm.find(BUSINESS, Object::Contact, by).await, Ok(Vec::new()), "{} by {by:?}", crm.name());
    }
}

/// Two people in one household: a person decides, so both have to be seen.
async fn answers_all_matches(crm: &dyn Crm) {
    let mut made = Vec::new();
    for (n, name) in ["Ida Roth", "Max Roth", "Leo Roth"].into_iter().enumerate() {
        let fields = person("+12125550150", &format!("roth{n}@example.com"), name, "10015");
        made.push(crm.create(BUSINESS, Object::Contact, &format!("all/contact/{n}"), &fields).await.unwrap());
    }
    let mut ids: Vec<String> =
        found(crm, Object::Contact, Lookup::Phone("+12125550150"), 3).await.into_iter().map(|r| r.id).collect();
    ids.sort();
    made.sort();
    assert_eq!(ids, made, "{}", crm.name());
}

async fn reads_back_what_was_written(crm: &dyn Crm) {
    for (object, fields) in examples(crm, "back").await {
        let id = crm.create(BUSINESS, object, &format!("back/{object}/1"), &fields).await.unwrap();
        let record = crm.read(BUSINESS, object, &id).await.unwrap().unwrap();
        assert_eq!(record.id, id);
        for (field, value) in &fields {
            assert!(same(record.fields.get(field), value), "{}: {object}.{field}: {record:?}", crm.name());
        }
    }
}

/// As a call's events come in one after the other.
async fn changes_only_what_is_given(crm: &dyn Crm) {
    let (_, fields) = examples(crm, "change").await.remove(1);
    let id = crm.create(BUSINESS, Object::Activity, "change/activity/1", &fields).await.unwrap();
    let later: [Fields; 3] = [
        fields_of(json!({"sentiment": "negative", "transcript": "Agent: hello\nCaller: hi"})),
        fields_of(json!({"status": "COMPLETED", "answer_insurance": "Delta"})),
        fields_of(json!({"body": "Wants a new date; said: \"soon\" & <now>"})),
    ];
    let mut expected = fields.clone();
    for change in later {
        crm.update(BUSINESS, Object::Activity, &id, None, &change).await.unwrap();
        expected.extend(change);
    }
    let record = crm.read(BUSINESS, Object::Activity, &id).await.unwrap().unwrap();
    for (field, value) in &expected {
        assert!(same(record.fields.get(field), value), "{}: {field}: {record:?}", crm.name());
    }
    found(crm, Object::Activity, Lookup::Key("change/activity/1"), 1).await;
}

/// Who called may be known only when the call is over.
async fn is_linked_later(crm: &dyn Crm) {
    let (_, mut fields) = examples(crm, "later").await.remove(1);
    let whose = fields.remove("contact_id").unwrap();
    let id = crm.create(BUSINESS, Object::Activity, "later/activity/1", &fields).await.unwrap();
    let change = fields_of(json!({"contact_id": whose, "status": "COMPLETED", "body": "Asks for a date."}));
    crm.update(BUSINESS, Object::Activity, &id, None, &change).await.unwrap();
    let record = crm.read(BUSINESS, Object::Activity, &id).await.unwrap().unwrap();
    for (field, value) in &change {
        assert!(same(record.fields.get(field), value), "{}: {field}: {record:?}", crm.name());
    }
}

/// Whose deal it is says the link, in CRMs whose deals have no number of their own.
async fn finds_the_open_deals_of_a_contact(crm: &dyn Crm) {
    let examples = examples(crm, "whose").await;
    let Some((_, deal)) = examples.iter().find(|(object, _)| *object == Object::Deal) else { return };
    // There the link is a record of its own, which people make.
    if crm.name() == "salesforce" {
        return;
    }
    let id = crm.create(BUSINESS, Object::Deal, "whose/deal/1", deal).await.unwrap();
    let contact = deal["contact_id"].as_str().unwrap();
    let found = found(crm, Object::Deal, Lookup::Contact(contact), 1).await;
    assert_eq!(found[0].id, id, "{}", crm.name());
    let stranger = crm.find(BUSINESS, Object::Contact, Lookup::Email("whose@example.com")).await.unwrap();
    for stranger in stranger {
        assert_eq!(crm.find(BUSINESS, Object::Deal, Lookup::Contact(&stranger.id)).await, Ok(Vec::new()));
    }
}

async fn refuses_an_older_version(crm: &dyn Crm) {
    let fields = person("+12125550160", "vic@example.com", "Vic Stone", "10016");
    let id = crm.create(BUSINESS, Object::Contact, "version/contact/1", &fields).await.unwrap();
    let old = crm.read(BUSINESS, Object::Contact, &id).await.unwrap().unwrap();
    let Some(version) = old.version.as_deref() else { return };
    let change = fields_of(json!({"zip": "10017"}));
    crm.update(BUSINESS, Object::Contact, &id, Some(version), &change).await.unwrap();
    let late = crm.update(BUSINESS, Object::Contact, &id, Some(version), &fields_of(json!({"zip": "10018"}))).await;
    assert!(matches!(late, Err(CrmError::Conflict { .. })), "{}: {late:?}", crm.name());
    let now = crm.read(BUSINESS, Object::Contact, &id).await.unwrap().unwrap();
    assert_eq!(now.fields["zip"], "10017");
    crm.update(BUSINESS, Object::Contact, &id, now.version.as_deref(), &fields_of(json!({"zip": "10019"})))
        .await
        .unwrap();
}

async fn refuses_a_field_nobody_has(crm: &dyn Crm) {
    let mut fields = person("+12125550170", "shoe@example.com", "Shu Ito", "10017");
    fields.insert("shoe_size".to_owned(), json!("42"));
    let made = crm.create(BUSINESS, Object::Contact, "shoe/contact/1", &fields).await;
    let Err(CrmError::Rejected { field, .. }) = &made else { panic!("{}: {made:?}", crm.name()) };
    assert_eq!(field.as_deref(), Some("shoe_size"));
    assert_eq!(crm.find(BUSINESS, Object::Contact, Lookup::Key("shoe/contact/1")).await, Ok(Vec::new()));
}

async fn forgets_what_is_deleted(crm: &dyn Crm) {
    for (object, fields) in examples(crm, "gone").await {
        let id = crm.create(BUSINESS, object, &format!("gone/{object}/1"), &fields).await.unwrap();
        for _ in 0..2 {
            assert_eq!(crm.delete(BUSINESS, object, &id).await, Ok(()), "{}: {object}", crm.name());
        }
        assert_eq!(crm.read(BUSINESS, object, &id).await, Ok(None), "{}: {object}", crm.name());
        let field = if object == Object::Deal { "next_step" } else { "body" };
        let field = if object == Object::Contact { "zip" } else { field };
        let changed = crm.update(BUSINESS, object, &id, None, &fields_of(json!({field: "10020"}))).await;
        assert_eq!(changed, Err(CrmError::Gone), "{}: {object}", crm.name());
    }
}

async fn describes_what_it_keeps(crm: &dyn Crm) {
    let schema = crm.describe().await.unwrap();
    for (object, fields) in examples(crm, "schema").await {
        for field in fields.keys() {
            let known = schema.open
                || schema.field(object, field).is_some()
                || field.starts_with("answer_")
                || field.ends_with("name");
            assert!(known, "{}: {object}.{field}", crm.name());
        }
    }
}

/// One record of each kind that the CRM keeps, linked to a contact.
async fn examples(crm: &dyn Crm, start: &str) -> Vec<(Object, Fields)> {
    let n = start.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 90);
    let contact = person(&format!("+121255502{n:02}"), &format!("{start}@example.com"), "Ann Moss", "10011");
    let key = format!("{start}/contact/0");
    let whose = person(&format!("+121255503{n:02}"), &format!("{start}0@example.com"), "Bo Reed", "10011");
    let whose = crm.create(BUSINESS, Object::Contact, &key, &whose).await.unwrap();
    let activity = fields_of(json!({
        "contact_id": whose, "call_id": format!("call-{start}"), "subject": "Call about a cleaning",
        "body": "Asks for a date.\nPrefers mornings.", "status": "IN_PROGRESS", "disposition": "booked",
        "started_at": "2026-11-23T15:00:00Z", "duration_s": 90, "from": "+12125550199", "to": "+12125550100",
        "intent": "book", "urgency": "normal", "sentiment": "positive", "lead_score": 72,
        "source": "AI receptionist", "answer_new_patient": "yes",
    }));
    let task = fields_of(json!({
        "contact_id": whose, "call_id": format!("call-{start}"), "subject": "Call back", "body": "About the bill.",
        "due_at": "2026-11-24T15:00:00Z", "status": "open",
    }));
    let deal = fields_of(json!({
        "contact_id": whose, "name": "Ann Moss, whitening", "amount": 450, "next_step": "Send the offer",
        "summary": "Wants an offer.",
    }));
    let all = [(Object::Contact, contact), (Object::Activity, activity), (Object::Task, task), (Object::Deal, deal)];
    let kept = crm.describe().await.unwrap();
    all.into_iter().filter(|(object, _)| kept.objects.contains_key(object)).collect()
}

fn person(phone: &str, email: &str, name: &str, zip: &str) -> Fields {
    fields_of(json!({"phone": phone, "email": email, "name": name, "zip": zip, "source": "AI receptionist"}))
}

pub fn fields_of(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

/// A search may lag: it is asked until it shows as many, and never more.
pub async fn found(crm: &dyn Crm, object: Object, by: Lookup<'_>, count: usize) -> Vec<Record> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let found = crm.find(BUSINESS, object, by).await.unwrap();
        assert!(found.len() <= count, "{} {by:?}: {found:?}", crm.name());
        if found.len() == count {
            return found;
        }
        assert!(Instant::now() < until, "{}: {by:?} shows {} of {count}", crm.name(), found.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A point in time may come back as its day, where a CRM keeps no more.
fn same(read: Option<&Value>, written: &Value) -> bool {
    let day = |read: &str| written.as_str().is_some_and(|w| w.len() > 10 && read.len() == 10 && w.starts_with(read));
    read == Some(written) || read.and_then(Value::as_str).is_some_and(day)
}

#[tokio::test]
async fn the_built_in_crm_conforms() {
    let db = db().await;
    exercise(&BuiltIn::new(db.store.clone())).await;
}

#[tokio::test]
async fn a_webhook_conforms() {
    exercise(&*listener().crm).await;
}

#[tokio::test]
async fn hubspot_conforms() {
    exercise(&*desk("hubspot", &["--lifetime", "3", "--delay", "0.3"]).crm).await;
}

#[tokio::test]
async fn salesforce_conforms() {
    let desk = desk("salesforce", &["--lifetime", "3"]);
    exercise(&*desk.crm).await;
    let (_, deal) = examples(&*desk.crm, "role").await.pop().unwrap();
    let opportunity = desk.crm.create(BUSINESS, Object::Deal, "role/deal/1", &deal).await.unwrap();
    let contact = deal["contact_id"].as_str().unwrap();
    found(&*desk.crm, Object::Deal, Lookup::Contact(contact), 0).await;
    desk.add(json!({"role": {"opportunity": opportunity, "contact": contact}})).await;
    assert_eq!(found(&*desk.crm, Object::Deal, Lookup::Contact(contact), 1).await[0].id, opportunity);
}

#[tokio::test]
async fn pipedrive_conforms() {
    exercise(&*desk("pipedrive", &["--lifetime", "3", "--rotate"]).crm).await;
}

#[tokio::test]
async fn dynamics_conforms() {
    exercise(&*desk("dynamics", &["--lifetime", "3"]).crm).await;
}
